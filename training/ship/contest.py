"""Is a model better than the one in use? Both label the same rows, each as a consumer would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from consumer.model.folder import ModelFolder
from consumer.tokenise import Tokeniser
from training.data.rows import BadInputError
from training.measure.labelled import read_labelled, score
from training.measure.measures import probabilities
from training.measure.paired import Comparison, compare
from training.ship.verify import serving_scorer


def contest(new: ModelFolder, old: ModelFolder, rows: Path, seed: int = 7) -> Comparison:
    """Compare two models on a labelled file, each with its tokeniser, calibration and threshold.

    Raises ``BadInputError`` where the file cannot be used.
    """
    p_new, labels = _scored(new, rows)
    p_old, same = _scored(old, rows)
    if not np.array_equal(labels, same):  # cleaning is the consumer's, so this is a changed file
        raise BadInputError(f"{rows}: changed while it was read")
    return compare(p_new, p_old, labels, threshold_new=new.threshold, threshold_old=old.threshold, seed=seed)


def _scored(model: ModelFolder, rows: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    labelled = read_labelled(rows, Tokeniser(model.tokeniser_path, model.max_length))
    _, scorer = serving_scorer(model)
    try:
        logits = score(scorer, labelled.ids)
    finally:
        scorer.close()
    return probabilities(logits, model.scale), labelled.labels
