"""What the README says of the model: its own numbers, from the files of the folder in use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consumer.model.folder import open_model
from consumer.model.manifest import read_object

# Name of a set in evaluation.json → what it is.
SETS = {
    "sentiment140_validation": "random tweets of Sentiment140, labels from emoticons (chose the weights)",
    "sentiment140_manual_test": "Sentiment140's manual test, labels from people",
    "semeval_test": "SemEval 2013-2016, held out, labels from people",
}
_SERVING, _REFERENCE = "openvino", "tensorflow"


def numbers(pointer: Path) -> str:
    """A table of accuracy and calibration as the model is served, and how far int8 is from float32.

    Raises ``ModelRefusedError`` where the folder is damaged, ``KeyError`` where it was not measured on a set.
    """
    model = open_model(pointer)
    found = read_object(model.path / "evaluation.json")
    sets, intervals = found["back_ends"][_SERVING], found["intervals"]["back_ends"][_SERVING]
    rows = [_row(SETS[name], sets[name], intervals[name]) for name in SETS]
    least = min(found["same_label"].values())
    reference = ", ".join(_short(found["back_ends"][_REFERENCE][name]["accuracy"]) for name in SETS)
    return "\n".join(
        [
            "| set | rows | accuracy (95 %) | F1 | calibration error |",
            "|---|---|---|---|---|",
            *rows,
            "",
            (
                f"Its float32 original gives {reference}, and the same label to at least {_at_least(least)} "
                "of each set. The project this grew out of reported .791 on its own split."
            ),
            "",
        ]
    )


def _at_least(share: float) -> str:
    """A lower bound in words that it keeps: down, never up.

    >>> _at_least(0.991557)
    '99.1%'
    """
    return f"{math.floor(share * 1000) / 10:.1f}%"


def _row(what: str, values: Mapping[str, Any], intervals: Mapping[str, Any]) -> str:
    low, high = (_short(bound) for bound in intervals["accuracy"])
    accuracy = f"{_short(values['accuracy'])} ({low} to {high})"
    return (
        f"| {what} | {int(values['n']):,} | {accuracy} | {_short(values['f1'])} | {_short(values['ece'])} |"
    )


def _short(value: float) -> str:
    """Three digits without the zero before the point.

    >>> _short(0.8271), _short(1.0)
    ('.827', '1.000')
    """
    return f"{value:.3f}".removeprefix("0")
