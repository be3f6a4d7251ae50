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
    ("e with its page open / e", "constant_watched", "constant", "≥ 0.95"),
    ("e / d", "constant", "exactly_once", "≥ 5"),
    ("h / g", "train_bare", "train", "≤ 1.3"),
)
_MEGABYTE = 1_000_000


def markdown(found: dict[str, Any]) -> str:
    """The whole report."""
    ways, live, asked, scraped = (found[name] for name in ("ways", "live", "asked", "scraped"))
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
    starts = ", ".join(f"{s:.2f}" for s in live["start_seconds"])
    latency = f"{live['p50_ms']:.0f}, {live['p95_ms']:.0f}, {live['p99_ms']:.0f} ms"
    by_http = f"{asked['p50_ms']:.0f}, {asked['p95_ms']:.0f}, {asked['p99_ms']:.0f} ms"
    by_scrape = f"{scraped['p50_ms']:.0f}, {scraped['p95_ms']:.0f}, {scraped['p99_ms']:.0f} ms"
    lines += [
        "",
        "| the real command | measured | wanted |",
        "|---|---|---|",
        f"| start to ready, three starts in a row | {starts} s | ≤ 3 s once compiled |",
        f"| peak resident memory | {live['peak_bytes'] / _MEGABYTE:.0f} MB | ≤ 500 MB |",
        f"| p50, p95, p99 to a subscriber at 20 tweets/s ({live['results']}) | {latency} | p99 ≤ 250 ms |",
        f"| p50, p95, p99 of a text over HTTP, idle stream ({asked['requests']}) | {by_http} | p99 ≤ 60 ms |",
        f"| p50, p95, p99 of a scrape in long batches ({scraped['scrapes']}) | {by_scrape} | p99 ≤ 100 ms |",
        f"| `training chunk`, rows a second | {ways['chunk']['per_second']:,.0f} | ≥ 50,000 |",
        "",
    ]
    return "\n".join(lines)
