"""A report of findings: everything is told, the first fault decides."""

from __future__ import annotations

import io
import json

from consumer.cli.report import Report
from consumer.errors import BrokerGoneError, ConfigurationError, ModelRefusedError


def test_the_first_fault_decides_the_exit_code_and_all_are_told() -> None:
    """A fault in one area does not hide the next."""
    out = io.StringIO()
    report = Report(out)
    report.ok("settings", "sound")
    report.warn("topics", ["thin"])
    with report.area("model"):
        raise ModelRefusedError("damaged")
    with report.area("broker"):
        raise BrokerGoneError("away")
    assert report.exit_code == 3
    assert [line.split()[:2] for line in out.getvalue().splitlines()] == [
        ["ok", "settings"],
        ["warning", "topics"],
        ["fault", "model"],
        ["fault", "broker"],
    ]


def test_warnings_alone_are_a_success() -> None:
    """Unsafe is not broken."""
    report = Report(io.StringIO())
    report.warn("topics", ["thin", "thinner"])
    assert report.exit_code == 0


def test_several_faults_of_one_error_are_several_findings() -> None:
    """The settings' refusal tells all at once; so does the report."""
    report = Report(None)
    report.fault("settings", ConfigurationError("2 settings are wrong:\n  A=1: no\n  B=2: no"))
    body = json.loads(report.as_json({"A": "1"}))
    assert body["exit_code"] == 2
    assert body["ok"] is False
    assert [finding["text"] for finding in body["findings"]][1:] == ["A=1: no", "B=2: no"]
