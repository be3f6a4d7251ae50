"""What a report is written from: the files of a model folder, and one evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consumer.model.folder import ModelFolder
from consumer.model.manifest import read_object
from training.data.rows import BadInputError
from training.measure.evaluation_file import read_evaluation
from training.measure.opened import training_config
from training.measure.view import View, view


@dataclass(frozen=True, slots=True)
class Facts:
    """The content of the files; empty where a file is not there."""

    model: ModelFolder
    config: Mapping[str, Any]  # config.json
    training: Mapping[str, Any]  # training-config.json
    calibration: Mapping[str, Any]  # calibration.json
    evaluation: Mapping[str, Any]  # evaluation.json
    drawn: frozenset[str] = field(default=frozenset())  # names of the figures

    @property
    def view(self) -> View | None:
        """The evaluation as the report reads it, where it measured a set."""
        return view(self.evaluation) if any(self.evaluation.get("back_ends", {}).values()) else None


def read_facts(model: ModelFolder, evaluation: Path | None = None) -> Facts:
    """Everything about a model, with the ``evaluation.json`` given or its own.

    Raises:
        BadInputError: the evaluation is not one, or of another model.
        ModelRefusedError: another file is not readable.
    """
    own = model.path / "evaluation.json"
    content: dict[str, Any] = {}
    if evaluation is not None or own.is_file():
        content = read_evaluation(evaluation or own)
        _check_same(content.get("model", {}), model, evaluation or own)
    return Facts(
        model=model,
        config=_object(model.path / "config.json"),
        training=training_config(model.path),
        calibration=_object(model.path / "calibration.json"),
        evaluation=content,
    )


def _check_same(measured: Mapping[str, Any], model: ModelFolder, path: Path) -> None:
    found = f"{measured.get('name')} {measured.get('version')}"
    if found != f"{model.name} {model.version}":
        raise BadInputError(f"{path}: measures {found}, the model is {model.name} {model.version}")


def _object(path: Path) -> dict[str, Any]:
    return read_object(path) if path.is_file() else {}
