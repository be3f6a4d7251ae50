"""Measurements → a Markdown table of rates and ratios."""

from __future__ import annotations

from typing import Any

_MEANING = {
    "predict": "the original's call: TensorFlow, one text a `predict`, padded to 128",
    "padded": "(a) as the original served: TensorFlow, padded to 128, batches of 32",
    "tensorflow": "(b) TensorFlow with our sorted chunks",
    "openvino": "(c) the default scorer alone",
    "exactly_once": "(d) end to end through the broker, exactly once",
    "at_least_once": "    the same, at least once",
    "constant": "(e) the loop with a constant scorer",
    "constant_watched": "    the same, with its page asked for its numbers every 2 s",
    "constant_unmonitored": "    the same, without drift, expected accuracy and page",
    "constant_untokenised": "(e') the same, without cleaning and tokenising",
    "bare": "(f) bare poll, send, commit in the same transactions",
    "chunk": "`training chunk`: rows of a file into chunks and splits",
    "train": "(g) `training train`: our loop, reading and tokenising included",
    "train_bare": "(h) a bare TensorFlow loop over the same batches",
}
_RATIOS = (
    ("c / a", "openvino", "padded", "≥ 15"),
    ("c / one text a `predict`", "openvino", "predict", ""),
    ("c / b", "openvino", "tensorflow", ""),
    ("d / c", "exactly_once", "openvino", "≥ 0.92"),
    ("d / at least once", "exactly_once", "at_least_once", "≥ 0.90"),
    ("e' / f", "constant_untokenised", "bare", "≥ 0.5"),
    (
        "e with its page open / e without drift, expected accuracy and page",
        "constant_watched",
        "constant_unmonitored",
        "≥ 0.95",
    ),
    ("e / d", "constant", "exactly_once", "≥ 5"),
    ("h / g", "train_bare", "train", "≤ 1.3"),
)
_COMMAND = (
    ("start to ready, three starts in a row", "≤ 3 s once compiled"),
    ("peak resident memory", "≤ 500 MB"),
    ("p50, p95, p99 to a subscriber at 20 tweets/s", "p99 ≤ 250 ms"),
    ("p50, p95, p99 of a text over HTTP, idle stream", "p99 ≤ 60 ms"),
    ("p50, p95, p99 of a scrape in long batches", "p99 ≤ 100 ms"),
    ("`training chunk`, rows a second", "≥ 50,000"),
)
_MEGABYTE = 1_000_000
ROWS = (*(m.strip() for m in _MEANING.values()), *(label for label, *_ in _RATIOS), *(n for n, _ in _COMMAND))
WANTED = frozenset(label for label, _, _, wanted in _RATIOS if wanted)


def markdown(found: dict[str, Any]) -> str:
    """The whole report."""
    ways = found["ways"]
    lines = [f"Measured on {found['source']}; medians, all ways in turn on one machine.", ""]
    lines += ["| way | texts/s | rounds | peak memory |", "|---|---|---|---|"]
    for name, meaning in _MEANING.items():
        way = ways[name]
        lines.append(
            f"| {meaning} | {way['per_second']:,.1f} | {', '.join(f'{r:,.0f}' for r in way['all'])} "
            f"| {way['peak_bytes'] / _MEGABYTE:,.0f} MB |"
        )
    lines += ["", "| ratio | measured | wanted |", "|---|---|---|"]
    for label, over, under, wanted in _RATIOS:
        lines.append(f"| {label} | {ways[over]['per_second'] / ways[under]['per_second']:.2f} | {wanted} |")
    lines += ["", "| the real command | measured | wanted |", "|---|---|---|"]
    lines += [
        f"| {name} | {value} | {wanted} |"
        for (name, wanted), value in zip(_COMMAND, _real(found), strict=True)
    ]
    return "\n".join([*lines, ""])


def _real(found: dict[str, Any]) -> list[str]:
    """What was measured of the real command, in the order of ``_COMMAND``."""
    live, asked, scraped = (found[name] for name in ("live", "asked", "scraped"))
    starts = ", ".join(f"{s:.2f}" for s in live["start_seconds"])
    return [
        f"{starts} s",
        f"{live['peak_bytes'] / _MEGABYTE:.0f} MB",
        f"{_percentiles(live)} of {live['results']}",
        f"{_percentiles(asked)} of {asked['requests']}",
        f"{_percentiles(scraped)} of {scraped['scrapes']}",
        f"{found['ways']['chunk']['per_second']:,.0f}",
    ]


def _percentiles(found: dict[str, Any]) -> str:
    return f"{found['p50_ms']:.0f}, {found['p95_ms']:.0f}, {found['p99_ms']:.0f} ms"
