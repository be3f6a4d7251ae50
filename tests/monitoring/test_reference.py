"""The model's reference among the metrics: there where it can be compared, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from consumer.comparable import comparable
from consumer.label import LabelRule
from consumer.model.folder import ModelFolder
from consumer.model.reference import Histogram, Reference, write_reference
from consumer.monitoring.metrics import Metrics
from consumer.signals import CONFIDENCE_BINS, SCORE_BINS, Bounds, count

VALUES = {"score": [0.03, 0.05, 0.5, 0.97, 1.0], "confidence": [0.97, 0.95, 0.5, 0.97, 1.0]}


def made(score_bins: Bounds = SCORE_BINS) -> Reference:
    """Five rows."""
    bins = {"score": score_bins, "confidence": CONFIDENCE_BINS, "length_tokens": (8.0, 16.0)}
    values = {**VALUES, "length_tokens": [1, 2, 9, 9, 40]}
    signals = {
        name: Histogram(bounds, tuple(count(values[name], bounds)))  # type: ignore[arg-type] # lists of numbers all
        for name, bounds in bins.items()
    }
    return Reference(5, "drift_reference", signals, 0.6, 0.0, 0.8, 0.85)


def folder(path: Path, reference: Reference | None) -> ModelFolder:
    """A model folder as far as the reference is concerned."""
    if reference is not None:
        write_reference(path, reference)
    return ModelFolder(path, "toy", "1", 32, path / "tokenizer.json", threshold=0.5)


def shown(spread: object) -> dict[tuple[str, str], float]:
    """Signal and upper bound → rows up to it, as a scrape has them."""
    metrics = Metrics(CollectorRegistry())
    metrics.reference(spread)  # type: ignore[arg-type] # as comparable() gives it
    body, _ = metrics.render()
    return {
        (sample.labels["signal"], sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name == "sentiment_reference_ratio_bucket"
    }


def test_the_buckets_are_those_of_the_stream(tmp_path: Path) -> None:
    """The reference counts up to exactly the bounds of the histograms it is compared with."""
    found = shown(comparable(folder(tmp_path, made()), LabelRule()))
    metrics = Metrics(CollectorRegistry())
    for signal in ("score", "confidence"):
        (family,) = [f for f in metrics.collect() if f.name == f"sentiment_{signal}_ratio"]
        bounds = [s.labels["le"] for s in family.samples if s.name.endswith("_bucket")]
        assert [le for name, le in found if name == signal] == bounds
        for le in bounds:
            assert found[signal, le] == sum(value <= float(le) for value in VALUES[signal])
    assert {name for name, _ in found} == {"score", "confidence"}  # lengths have no histogram to compare with


@pytest.mark.parametrize(
    ("rule", "reference", "left"),
    [
        (LabelRule(), made(SCORE_BINS[:-2]), {"confidence"}),
        (LabelRule(threshold=0.6), made(), {"score"}),
        (LabelRule(neutral_band=(0.4, 0.6)), made(), {"score"}),
        (LabelRule(), None, set()),
    ],
    ids=["other bins", "a threshold of one's own", "a neutral band", "no reference"],
)
def test_what_cannot_be_compared_is_not_shown(
    tmp_path: Path, rule: LabelRule, reference: Reference | None, left: set[str]
) -> None:
    """A signal counted otherwise than its reference has none, rather than a number without a meaning."""
    assert {name for name, _ in shown(comparable(folder(tmp_path, reference), rule))} == left
