"""Everything the page shows of one moment, as JSON has it. Pure: figures and their history in, values out.

Nothing is told here that the metrics do not tell: totals are the counters, lag and drift the gauges, and
what is told of a stretch of time is the difference of two readings of the counters, as ``increase`` and
``rate`` have it. Each stretch says how many seconds it has.
"""

from __future__ import annotations

from typing import Any

from consumer.monitoring import catalogue as c
from consumer.monitoring.health import Verdict
from consumer.monitoring.live.figures import Figures
from consumer.monitoring.live.history import SAMPLE_SECONDS, SAMPLES, History, Sample, Step
from consumer.monitoring.live.quantile import quantile
from consumer.monitoring.live.state import SIGNAL_WORDS, state
from consumer.records import Label

RATE_SECONDS, LATENCY_SECONDS = 15.0, 60.0
LONG_SECONDS = SAMPLE_SECONDS * SAMPLES
PARTITIONS = 20  # that are told one by one, the farthest behind first
_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

Json = dict[str, Any]


def snapshot(figures: Figures, now: Sample, history: History, ready: Verdict, least_tweets: int) -> Json:
    """``now`` is the sample of ``figures``; ``least_tweets``: of fewer nothing is said of drift."""
    lately, long = history.since(now, RATE_SECONDS), history.since(now, LONG_SECONDS)
    told = state(figures, ready, moves=lately.consumed > 0)
    return {
        "state": {"name": str(told.name), "reasons": list(told.reasons), "kinds": list(told.kinds)},
        "about": _about(figures),
        "rate": {"seconds": _short(lately.at), "per_second": _rate(lately.consumed, lately.at)},
        "totals": _totals(figures),
        "lag": _lag(figures),
        "latency": [_latency(history.since(now, LATENCY_SECONDS)), _latency(long)],
        "sentiment": _sentiment(long),
        "confidence": _confidence(figures, history.since(now, LONG_SECONDS, one_model=True)),
        "drift": _drift(figures, least_tweets),
        "labelled": _labelled(figures),
        "breaker": next(
            (state for (state,), on in figures.numbers[c.BREAKER_STATE.name].items() if on), None
        ),
        "dead_letters": _dead_letters(figures, long),
        "steps": [_step(now.at, step) for step in history.steps()],
    }


def _about(figures: Figures) -> Json:
    return {
        "version": figures.fact(c.BUILD_INFO, "version"),
        "model": figures.fact(c.MODEL_INFO, "name"),
        "model_version": figures.fact(c.MODEL_INFO, "version"),
        "group": figures.fact(c.CONSUMER_INFO, "consumer_group"),
        "topic": figures.fact(c.CONSUMER_INFO, "input_topic"),
    }


def _totals(figures: Figures) -> Json:
    outcomes = {outcome: figures.count(c.MESSAGES, outcome) for outcome in c.OUTCOMES}
    return {"consumed": figures.count(c.CONSUMED), **outcomes}


def _lag(figures: Figures) -> Json:
    behind = figures.numbers[c.LAG_RECORDS.name]
    worst = sorted(behind.items(), key=lambda item: (-item[1], item[0]))[:PARTITIONS]
    return {
        "records": int(sum(behind.values())) if behind else None,
        "seconds": _short(figures.numbers[c.LAG_SECONDS.name][()]),
        "assigned": figures.count(c.ASSIGNED),
        "partitions": [[topic, number, int(records)] for (topic, number), records in worst],
    }


def _latency(stretch: Sample) -> Json:
    bounds = c.END_TO_END.buckets
    shares = {name: quantile(share, bounds, stretch.latency.tolist()) for name, share in _SHARES.items()}
    return {"seconds": _short(stretch.at), "results": int(stretch.latency.sum()), **shares}


def _sentiment(stretch: Sample) -> Json:
    labels = {str(label): int(count) for label, count in stretch.labels.items()}
    share = round(stretch.labels[Label.POSITIVE] / stretch.scored, 6) if stretch.scored else None
    return {"seconds": _short(stretch.at), **labels, "positive_ratio": share}


def _confidence(figures: Figures, stretch: Sample) -> Json:
    known = figures.reference.get(("confidence",))
    return {
        "seconds": _short(stretch.at),
        "bounds": list(c.CONFIDENCE.buckets),
        "stream": stretch.confidence.tolist(),
        "reference": known[1].tolist() if known else None,
    }


def _drift(figures: Figures, least_tweets: int) -> Json:
    alarms = figures.numbers[c.DRIFT_ALARM.name]
    signals = [
        {
            "signal": signal,
            "words": SIGNAL_WORDS[signal],
            "score": score,
            "critical": figures.number(c.DRIFT_CRITICAL, signal, statistic),
            "alarm": bool(alarms[(signal,)]),
        }
        for (signal, statistic), score in figures.numbers[c.DRIFT_SCORE.name].items()
        if statistic == "psi"
    ]
    return {
        "tweets": figures.count(c.DRIFT_WINDOW),
        "least_tweets": least_tweets,
        "smallest": figures.number(c.DRIFT_SMALLEST),
        "signals": signals,
        "expected_accuracy": figures.number(c.EXPECTED_ACCURACY),
    }


def _labelled(figures: Figures) -> Json:
    """What labels that came later say; nothing without a topic of them, or below their least number."""
    return {
        "results": figures.count(c.LABELLED_SAMPLES),
        "accuracy": figures.number(c.LABELLED_ACCURACY, "labels"),
        "expected": figures.number(c.LABELLED_ACCURACY, "confidence"),
    }


def _dead_letters(figures: Figures, stretch: Sample) -> list[Json]:
    """Each kind there was, the latest first."""
    return [
        {
            "stage": stage,
            "reason": reason,
            "at": letter.at,
            "position": f"{letter.position.topic}-{letter.position.partition}@{letter.position.offset}",
            "lately": int(stretch.letters[stage, reason]),
            "total": figures.count(c.DEAD_LETTERS, stage, reason),
        }
        for (stage, reason), letter in sorted(figures.letters.items(), key=lambda item: -item[1].at)
    ]


def _step(now: float, step: Step) -> list[float | None]:
    """Seconds ago, records a second, results, positive share."""
    share = round(step.positive / step.scored, 6) if step.scored else None
    return [_short(now - step.ended_at), _rate(step.consumed, step.seconds), step.scored, share]


def _rate(count: float, seconds: float) -> float:
    return round(count / seconds, 3) if seconds > 0 else 0.0


def _short(seconds: float) -> float:
    return round(seconds, 3)
