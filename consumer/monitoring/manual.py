"""The manual of the metrics: ``python -m consumer.monitoring.manual > docs/metrics.md``."""

from __future__ import annotations

import sys

from consumer.monitoring.catalogue import CATALOGUE, Metric

HEAD = """\
# Metrics

Served at `/metrics`. Written from the catalogue by `python -m consumer.monitoring.manual`; edit there.

At every scrape `sentiment_consumed_total` equals the sum of `sentiment_messages_total`: both move
together, once, when a micro-batch is committed. A batch that was given up counts in
`sentiment_transaction_aborts_total` alone.

A replica has at most 500 series of its own, buckets included, and one more for each partition assigned to
it: label values come from closed lists, a model or a group takes the place of the one before, and the series
of a revoked partition disappear. Nothing that is read from a topic ever becomes a label.

The Python client's own `process_*` and `python_*` metrics are served beside these.
"""


def manual() -> str:
    """Returns the page as Markdown."""
    return "\n".join([HEAD, *(_entry(metric) for metric in CATALOGUE)])


def _entry(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`{_known(metric, index)}" for index, label in enumerate(metric.labels))
    lines = [f"## `{metric.name}`", "", f"{metric.kind.capitalize()}. {metric.help}", ""]
    if labels:
        lines += [f"Labels: {labels}.", ""]
    return "\n".join([*lines, "```promql", metric.query, "```", ""])


def _known(metric: Metric, index: int) -> str:
    words = dict.fromkeys(series[index] for series in metric.values)
    return f" ({', '.join(words)})" if words else ""


if __name__ == "__main__":
    sys.stdout.write(manual())
