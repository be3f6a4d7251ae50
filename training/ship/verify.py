"""Would a consumer load this folder, and does it still compute what it did when it was exported?"""

from __future__ import annotations

from pathlib import Path

from consumer.errors import ModelRefusedError
from consumer.model.folder import ModelFolder, open_model
from consumer.model.golden import check_golden
from consumer.scoring.load import OPENVINO_MODEL, Kind, load_scorer
from consumer.scoring.scorer import Scorer
from consumer.tokenise import Tokeniser
from training.measure.evaluation import usable_cores


def verify(folder: Path) -> ModelFolder:
    """Open a folder and score its golden texts; raises ``ModelRefusedError``."""
    model = open_model(folder)
    if model.manifest is None:
        raise ModelRefusedError(f"{folder} has no manifest.json: run `python -m training export` on it")
    scorer = load_scorer(model.path, "openvino")
    try:
        check_golden(model, Tokeniser(model.tokeniser_path, model.max_length), scorer)
    finally:
        scorer.close()
    return model


def serving_scorer(model: ModelFolder) -> tuple[Kind, Scorer]:
    """The back end that a consumer would serve this model with, on every core there is."""
    kind: Kind = "openvino" if (model.path / OPENVINO_MODEL).is_file() else "tensorflow"
    return kind, load_scorer(model.path, kind, streams=usable_cores())
