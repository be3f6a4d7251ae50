"""Which scorer: a model folder and the name of a back end → a scorer.

Only the asked-for runtime is imported: TensorFlow costs ten seconds and 600 MB that the default
does without.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Literal, cast

from consumer.errors import ConfigurationError, ModelRefusedError
from consumer.scoring.scorer import Scorer

Kind = Literal["openvino", "tensorflow"]
OPENVINO_MODEL = "openvino/model.xml"


def load_scorer(
    folder: Path, kind: Kind, *, streams: int = 1, chunk_tokens: int = 512, cache_dir: Path | None = None
) -> Scorer:
    """A scorer of ``kind`` on the verified model folder.

    Args:
        folder: a model folder, as ``consumer.model.folder.open_model`` verified it.
        kind: which runtime.
        streams: chunks scored at the same time, one core each.
        chunk_tokens: padded tokens a chunk may have.
        cache_dir: where OpenVINO keeps the compiled model; ``None`` compiles at every start.

    Raises:
        ModelRefusedError: the folder holds no model for this back end, or a damaged one.
        ConfigurationError: the back end is not installed.
    """
    if kind == "openvino":
        return _openvino(folder, streams, chunk_tokens, cache_dir)
    module = _import("consumer.scoring.tensorflow", "pip install 'tweet-sentiment[tensorflow]'")
    return cast("Scorer", module.TensorFlowScorer(folder, streams=streams, chunk_tokens=chunk_tokens))


def _openvino(folder: Path, streams: int, chunk_tokens: int, cache_dir: Path | None) -> Scorer:
    model = folder / OPENVINO_MODEL
    if not model.is_file():
        raise ModelRefusedError(
            f"{model} is missing: the folder was not exported for OpenVINO; "
            "set SCORER=tensorflow or run `python -m training export`"
        )
    module = _import("consumer.scoring.openvino", "pip install openvino")
    return cast(
        "Scorer",
        module.OpenVinoScorer(model, streams=streams, chunk_tokens=chunk_tokens, cache_dir=cache_dir),
    )


def _import(name: str, cure: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{error.name} is not installed: {cure}") from error
