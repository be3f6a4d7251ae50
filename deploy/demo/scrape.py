"""What the consumer tells of itself over HTTP: readiness and metrics, read as any scraper would."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_TIMEOUT_SECONDS = 2.0


class Scrape:
    """One reading of ``/metrics``."""

    def __init__(self, text: str) -> None:
        self._samples: dict[str, list[tuple[Mapping[str, str], float]]] = defaultdict(list)
        for line in text.splitlines():
            if match := _SAMPLE.match(line):
                labels = dict(_LABEL.findall(match["labels"] or ""))
                self._samples[match["name"]].append((labels, float(match["value"])))

    def total(self, name: str, **labels: str) -> float | None:
        """The sum over the series of that name that carry those labels; None where there is none."""
        values = [
            value
            for given, value in self._samples[name]
            if all(given.get(key) == wanted for key, wanted in labels.items())
        ]
        return sum(values) if values else None

    def buckets(self, name: str) -> dict[float, float]:
        """A histogram's cumulative counts by upper bound, summed over its series."""
        counts: dict[float, float] = defaultdict(float)
        for labels, value in self._samples[name + "_bucket"]:
            counts[float(labels["le"])] += value
        return dict(counts)


def scrape(address: str) -> Scrape | None:
    """The consumer's metrics now; None when it does not answer."""
    text = _get(address + "/metrics")
    return None if text is None else Scrape(text)


def is_ready(address: str) -> bool:
    """Whether ``/readyz`` says so."""
    return _get(address + "/readyz") is not None


def _get(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own http://
            return str(answer.read().decode()) if answer.status == HTTPStatus.OK else None
    except (urllib.error.URLError, OSError):
        return None
