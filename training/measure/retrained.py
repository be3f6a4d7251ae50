"""Did training on more data make the model better? The old one and the new one on the same held-out rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from consumer.clean import clean
from consumer.model.folder import ModelFolder
from consumer.scoring.load import load_scorer
from consumer.tokenise import Tokeniser
from training.data.rows import LABELS, Row
from training.measure.labelled import score
from training.measure.measures import probabilities
from training.measure.paired import Comparison, compare
from training.measure.weighted import Floats

ALIKE = "both without scale and threshold, positive from logit 0 on"


def compare_models(
    new: ModelFolder, old: ModelFolder, sets: Mapping[str, Sequence[Row]], seed: int
) -> dict[str, Comparison]:
    """By set, whether ``new`` is better than ``old``; each cleans and cuts as it would.

    Both are scored in float32 by TensorFlow, and both say positive where the raw logit is 0 or above: the
    new one has neither scale nor threshold yet, and the old one's would be a difference that training did
    not make. Rows must be labelled 0 or 4 and have text.
    """
    p = {model.path: _probabilities(model, sets) for model in (new, old)}
    return {
        name: compare(
            p[new.path][name],
            p[old.path][name],
            np.array([LABELS[row.target] for row in rows]),
            seed=seed,
        )
        for name, rows in sets.items()
    }


def _probabilities(model: ModelFolder, sets: Mapping[str, Sequence[Row]]) -> dict[str, Floats]:
    tokeniser = Tokeniser(model.tokeniser_path, model.max_length)
    scorer = load_scorer(model.path, "tensorflow")
    found: dict[str, Floats] = {}
    for name, rows in sets.items():
        ids = [tokens.ids for tokens in tokeniser([clean(row.text) for row in rows])]
        found[name] = probabilities(score(scorer, ids))
    return found
