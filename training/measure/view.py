"""An ``evaluation.json`` as figures and reports read it: one back end, its sets, its numbers as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.data.rows import BadInputError

_PREFERRED = "openvino"  # what serves


@dataclass(frozen=True, slots=True)
class View:
    """One back end's part of an evaluation; empty where the file has no such part."""

    content: Mapping[str, Any]
    kind: str

    @property
    def sets(self) -> list[str]:
        """Names of the sets measured, in the file's order."""
        return list(self.content["back_ends"][self.kind])

    @property
    def drawn(self) -> list[str]:
        """Names of the sets whose curves are there."""
        return [name for name in self.sets if self.curves(name) and self.thresholds(name)]

    @property
    def threshold(self) -> float:
        """Where P(positive) becomes positive."""
        return float(self.content.get("model", {}).get("threshold", 0.5))

    def numbers(self, name: str) -> dict[str, Any]:
        """Measures of a set; ``None`` where one is undefined."""
        return dict(self.content["back_ends"][self.kind][name])

    def interval(self, name: str, measure: str) -> tuple[float, float] | None:
        """The interval of a measure, where there is one."""
        bounds = self.content.get("intervals", {}).get("back_ends", {}).get(self.kind, {}).get(name, {})
        return pair(bounds.get(measure))

    def shown(self, name: str, measure: str) -> str:
        """A measure with its interval."""
        return with_interval(self.numbers(name).get(measure), self.interval(name, measure))

    def slices(self, name: str) -> dict[str, Any]:
        """Measures of each slice of a set."""
        return self._part("slices", name)

    def thresholds(self, name: str) -> dict[str, Any]:
        """Measures over the threshold."""
        return self._part("thresholds", name)

    def curves(self, name: str) -> dict[str, Any]:
        """What the figures draw."""
        return self._part("curves", name)

    def three_way(self) -> dict[str, Any]:
        """Set → measures with neutral rows."""
        return dict(self.content.get("three_way", {}).get("back_ends", {}).get(self.kind, {}))

    def _part(self, part: str, name: str) -> dict[str, Any]:
        return dict(self.content.get(part, {}).get(self.kind, {}).get(name, {}))


def view(content: Mapping[str, Any], kind: str | None = None) -> View:
    """The view of one back end: the one that serves where it was measured; raises ``BadInputError``."""
    kinds = [name for name, sets in content["back_ends"].items() if sets]
    if not kinds:
        raise BadInputError("the evaluation has no set: `training evaluate FILE… --out` measures some")
    return View(content, kind or (_PREFERRED if _PREFERRED in kinds else kinds[0]))


def with_interval(value: float | None, bounds: tuple[float, float] | None, digits: int = 3) -> str:
    """A measure for people, without the nought before the point.

    >>> with_interval(0.8271, (0.8166, 0.8378)), with_interval(None, None), with_interval(1.0, None)
    ('.827 (.817–.838)', '–', '1.000')
    """
    if value is None:
        return "–"
    number = shortened(value, digits)
    return f"{number} ({shortened(bounds[0], digits)}–{shortened(bounds[1], digits)})" if bounds else number


def shortened(value: float, digits: int = 3) -> str:
    """A number between -1 and 1 without its nought.

    >>> shortened(0.5), shortened(-0.25, 2), shortened(1.0)
    ('.500', '-.25', '1.000')
    """
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def pair(bounds: Any) -> tuple[float, float] | None:
    """Both ends of an interval, where it has them."""
    if not bounds or None in bounds:
        return None
    return float(bounds[0]), float(bounds[1])


def unlabelled(rows: Any, data: Mapping[str, Any]) -> int:
    """How many of the rows trained on had the teachers' word alone, by the manifest ``data`` of them."""
    labelled = (data.get("splits") or {}).get("train")
    if not data.get("also") or not isinstance(rows, int) or not isinstance(labelled, int):
        return 0
    return rows - labelled
