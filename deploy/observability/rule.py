"""What a rule of Prometheus is, and how a file of them is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Recording:
    """A series computed again and again, under a name of its own."""

    name: str  # level:metric:operation
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


class Severity(StrEnum):
    """Critical wakes somebody; a warning is looked at in working hours."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Alert:
    """A value that is too much for too long.

    The value is apart from its limit, so that a panel can show both and a test can see the value while
    nothing is wrong.
    """

    name: str
    value: str
    above: float | None  # one of the two limits
    below: float | None
    for_: str
    severity: Severity
    summary: str
    description: str
    also: str = ""  # `and …` or `or …`, told after the comparison

    @property
    def limit(self) -> float:
        """The number it is compared with."""
        return self.above if self.above is not None else float(self.below or 0.0)

    @property
    def expr(self) -> str:
        """True while it is too much."""
        sign = ">" if self.above is not None else "<"
        return f"({self.value}) {sign} {self.limit:g}{self.also and ' ' + self.also}"


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are computed together, one after the other."""

    name: str
    rules: Sequence[Recording | Alert]


def write(groups: Sequence[Group], runbooks: str) -> str:
    """The file's text; ``runbooks`` is the address under which each alert's page is, or a template of it."""
    return "\n".join([*_HEAD, *(line for group in groups for line in _group(group, runbooks))]) + "\n"


_HEAD = ("# Written by `python -m deploy.observability`; change it there.", "groups:")


def _group(group: Group, runbooks: str) -> Iterator[str]:
    yield f"  - name: {group.name}"
    yield "    rules:"
    for rule in group.rules:
        yield from _recording(rule) if isinstance(rule, Recording) else _alert(rule, runbooks)


def _recording(rule: Recording) -> Iterator[str]:
    yield f"      - record: {rule.name}"
    yield from _expr(rule.expr)
    yield from _mapping("labels", rule.labels)


def _alert(rule: Alert, runbooks: str) -> Iterator[str]:
    yield f"      - alert: {rule.name}"
    yield from _expr(rule.expr)
    yield f"        for: {rule.for_}"
    yield from _mapping("labels", {"severity": str(rule.severity)})
    yield from _mapping(
        "annotations",
        {
            "summary": rule.summary,
            "description": rule.description,
            "runbook_url": f"{runbooks}/{rule.name}.md",
        },
    )


def _expr(expr: str) -> Iterator[str]:
    yield "        expr: |-"
    yield from (f"          {line}" for line in expr.splitlines())


def _mapping(name: str, values: Mapping[str, str]) -> Iterator[str]:
    if values:
        yield f"        {name}:"
    for key, value in values.items():
        yield f"          {key}: '{value.replace(chr(39), 2 * chr(39))}'"
