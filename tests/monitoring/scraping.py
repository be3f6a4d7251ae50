"""What Prometheus would read of a replica's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from consumer.monitoring.metrics import Metrics

Scrape = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels."""
    body, _ = metrics.render()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def value(found: Scrape, name: str, **labels: str) -> float:
    """One sample."""
    return found[name, tuple(sorted(labels.items()))]
