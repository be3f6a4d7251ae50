"""The drift reference of a model: its signals over a split that neither trained nor calibrated it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from consumer.clean import clean
from consumer.model.reference import Histogram, Reference
from consumer.signals import SIGNALS, Pieces, capital_shares, count
from consumer.tokenise import Tokeniser
from training.measure.labelled import Labelled
from training.measure.measures import probabilities
from training.ship.calibration import Calibration

Floats = npt.NDArray[np.float64]


def make_reference(
    rows: Labelled, logits: npt.ArrayLike, calibration: Calibration, tokeniser: Tokeniser, pieces: Pieces
) -> Reference:
    """Counts of every signal over n rows with logits (n,).

    Args:
        rows: the split, with its texts.
        logits: of the back end that serves.
        calibration: the model's own; confidence is told at its threshold.
        tokeniser: says which texts it cuts.
        pieces: which of its word pieces are unknown, and which go on with a word.
    """
    p = probabilities(logits, calibration.scale)
    positive = p >= calibration.threshold
    confidence = np.where(positive, p, 1 - p)
    signals = {
        "score": p,
        "confidence": confidence,
        **_of_texts(rows.ids, pieces),
        "capital_share": capital_shares(rows.texts),
    }
    return Reference(
        rows=len(p),
        set=rows.name,
        signals={name: Histogram(bins, tuple(count(signals[name], bins))) for name, bins in SIGNALS.items()},
        positive_share=float(positive.mean()),
        truncated_share=float(
            np.mean([t.truncated for t in tokeniser([clean(text) for text in rows.texts])])
        ),
        accuracy=float(np.mean(positive == (rows.labels == 1))),
        mean_confidence=float(confidence.mean()),
    )


def _of_texts(ids: list[list[int]], pieces: Pieces) -> dict[str, Floats]:
    shares = np.array([pieces.shares(one) for one in ids])  # (n, 2)
    return {
        "length_tokens": np.array([len(one) for one in ids], np.float64),
        "unknown_share": shares[:, 0],
        "continued_share": shares[:, 1],
    }
