"""A list of findings, each ok, a warning or a fault; the first fault decides the exit code."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal, TextIO

from consumer.errors import ConfigurationError, ConsumerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Status = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line."""

    area: str
    status: Status
    text: str


@dataclass(slots=True)
class Report:
    """Findings in the order in which they were made; ``out``, where given, hears each at once."""

    out: TextIO | None = field(default_factory=lambda: sys.stdout)
    findings: list[Finding] = field(default_factory=list)
    exit_code: int = 0

    def ok(self, area: str, text: str) -> None:
        """All is well with this."""
        self._add(Finding(area, "ok", text))

    def warn(self, area: str, texts: Iterable[str]) -> None:
        """It works, but."""
        for text in texts:
            self._add(Finding(area, "warning", text))

    def fault(self, area: str, error: ConsumerError) -> None:
        """It does not work; a message of several lines is as many faults."""
        for text in str(error).splitlines():
            self._add(Finding(area, "fault", text.strip()))
        self.exit_code = self.exit_code or error.exit_code

    def faults(self, area: str, texts: Iterable[str]) -> None:
        """Faults of configuration."""
        for text in texts:
            self.fault(area, ConfigurationError(text))

    @contextlib.contextmanager
    def area(self, name: str) -> Iterator[None]:
        """Errors that end the process elsewhere are faults of this area here."""
        try:
            yield
        except ConsumerError as error:
            self.fault(name, error)

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        if self.out is not None:
            print(f"{finding.status:<8} {finding.area:<9} {finding.text}", file=self.out, flush=True)

    def as_json(self, settings: Mapping[str, str]) -> str:
        """The whole as one JSON object."""
        body = {
            "ok": self.exit_code == 0,
            "exit_code": self.exit_code,
            "findings": [asdict(finding) for finding in self.findings],
            "settings": dict(settings),
        }
        return json.dumps(body, indent=2)
