"""Committed results → counts of every watched signal. Pure; about 3 µs a tweet, in whole batches."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from consumer.monitoring.drift.distance import Counts, Floats
from consumer.records import Label, Result
from consumer.signals import SIGNALS, WATCHED, Bounds, Pieces, capital_shares

_SPECIAL_PIECES = 2  # [CLS] and [SEP]


@dataclass(frozen=True, slots=True)
class Tally:
    """So many tweets, and how each signal is spread over them."""

    tweets: int
    counts: Mapping[str, Counts]  # signal → (b,)
    sure: int = 0  # tweets that were given one of the two labels
    confidence: float = 0.0  # the sum of theirs: so many of them are expected to be right

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.tweets + other.tweets,
            {signal: counts + other.counts[signal] for signal, counts in self.counts.items()},
            self.sure + other.sure,
            self.confidence + other.confidence,
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """How a result's signals are told, as they were for the reference."""

    threshold: float  # the model's own, whatever labels are given by
    languages: Collection[str]  # those of the model, as ISO codes; a tweet that says none is in one of them
    pieces: Pieces
    bins: Mapping[str, Bounds]  # signal → bounds, of the signals that are watched


def tally(results: Sequence[Result], rule: Rule) -> Tally:
    """Counts over n results."""
    values = _values(results, rule) if rule.bins else {}
    sure = [r.confidence for r in results if r.label is not Label.NEUTRAL]
    return Tally(
        len(results),
        {signal: _count(values[signal], bounds) for signal, bounds in rule.bins.items()},
        len(sure),
        float(sum(sure)),
    )


def _values(results: Sequence[Result], rule: Rule) -> dict[str, Any]:
    """Every signal there is, each (n,)."""
    probability = np.fromiter((r.probability for r in results), np.float64, len(results))  # (n,)
    positive = probability >= rule.threshold
    return {
        "score": probability,
        "confidence": np.where(positive, probability, 1 - probability),
        **_of_pieces(results, rule.pieces),
        "capital_share": capital_shares([r.tweet.text for r in results]),
        "positive_share": positive,
        "truncated_share": [r.truncated for r in results],
        "other_language_share": [not _is_ours(r.tweet.lang, rule.languages) for r in results],
    }


def bins(signals: Mapping[str, Bounds]) -> dict[str, Bounds]:
    """The bounds of every watched signal, given those of the reference's histograms; a share has two bins."""
    return {name: signals.get(name, (0.0,)) for name in WATCHED if name in signals or name not in SIGNALS}


def _count(values: object, bounds: Bounds) -> Counts:
    places = np.searchsorted(np.asarray(bounds), np.asarray(values, np.float64), side="left")
    return np.bincount(places, minlength=len(bounds) + 1).astype(np.int64)


def _of_pieces(results: Sequence[Result], pieces: Pieces) -> dict[str, Floats]:
    """The signals of the word pieces, each (n,); the shares leave [CLS] and [SEP] out."""
    lengths = np.fromiter((len(r.pieces) for r in results), np.intp, len(results))
    ids = np.fromiter(itertools.chain.from_iterable(r.pieces for r in results), np.intp, int(lengths.sum()))
    rows = np.repeat(np.arange(len(results)), lengths)  # which text each id belongs to
    ordinary = np.maximum(lengths - _SPECIAL_PIECES, 1)

    def share(kind: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
        found: Floats = np.bincount(rows, weights=kind[ids], minlength=len(results)) / ordinary
        return found

    return {
        "length_tokens": lengths.astype(np.float64),
        "unknown_share": share(pieces.unknown),
        "continued_share": share(pieces.continued),
    }


def _is_ours(language: str | None, ours: Collection[str]) -> bool:
    return not language or language.partition("-")[0].lower() in ours
