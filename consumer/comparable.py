"""What of a model's reference the stream's own histograms can be held against."""

from __future__ import annotations

from logging import WARNING, getLogger
from typing import TYPE_CHECKING

from consumer.model.reference import read_reference
from consumer.monitoring.logs import event
from consumer.signals import CONFIDENCE_BINS, SCORE_BINS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from consumer.label import LabelRule
    from consumer.model.folder import ModelFolder
    from consumer.model.reference import Reference

log = getLogger(__name__)

COUNTED_IN = {"score": SCORE_BINS, "confidence": CONFIDENCE_BINS}  # the buckets of the two histograms

Spread = tuple["Sequence[float]", "Sequence[int]"]  # upper bounds (b,), counts (b + 1,)


def comparable(folder: ModelFolder, rule: LabelRule) -> Mapping[str, Spread]:
    """Signal → bounds and counts, of those signals that are counted now as they were for the reference.

    A comparison across other bins, or of confidences told at another threshold, would be a number without
    a meaning: such a signal is left out, and the log says why.
    """
    reference = read_reference(folder.path)
    if reference is None:
        event(log, "reference_not_shown", WARNING, reason=f"{folder.name} has no drift-reference.json")
        return {}
    faults = dict(_faults(reference, rule, folder.threshold))
    for signal, reason in faults.items():
        event(log, "reference_not_shown", WARNING, signal=signal, reason=reason)
    return {
        signal: (one.bins, one.counts)
        for signal, one in reference.signals.items()
        if signal in COUNTED_IN and signal not in faults
    }


def _faults(reference: Reference, rule: LabelRule, threshold: float) -> Iterator[tuple[str, str]]:
    if rule.neutral_band is not None:
        yield "confidence", "NEUTRAL_BAND leaves the least sure ones out of sentiment_confidence_ratio"
    if rule.threshold != threshold:
        yield "confidence", "THRESHOLD is not the model's own"
    for signal, bins in COUNTED_IN.items():
        if signal not in reference.signals:
            yield signal, "the reference lacks it"
        elif reference.signals[signal].bins != bins:
            yield signal, "the reference was counted in other bins than this consumer counts in"
