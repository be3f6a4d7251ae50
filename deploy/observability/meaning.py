"""The rows about what the stream says: sentiment, confidence and drift, dead letters, model."""

from __future__ import annotations

from deploy.observability import alerts
from deploy.observability import fleet_drift as fleet
from deploy.observability import objectives as o
from deploy.observability.panel import GROUPS, MINE, RATE, Kind, Panel, Query, Row, heat, quantiles

_LABELS = f"sum by (label) (rate(sentiment_predictions_total{{{MINE}}}[{RATE}]))"
_PSI = f'sentiment_drift_score{{{MINE},statistic="psi"}}'
_CRITICAL = f'sentiment_drift_critical_value{{{MINE},statistic="psi"}}'
_REFERENCE = f'sum by (le) (sentiment_reference_ratio_bucket{{{MINE},signal="confidence"}})'

SENTIMENT = Row(
    "Sentiment over time",
    (
        Panel(
            "Share of each label",
            "What part of the results is positive, negative or neutral.",
            "percentunit",
            [Query(f"{_LABELS} / ignoring (label) group_left () sum({_LABELS})", "{{label}}")],
            highest=1,
        ),
        Panel("Labels a second", "Results by label.", "cps", [Query(_LABELS, "{{label}}")], Kind.STACK),
        Panel(
            "Probability of positive",
            "How many results a second have which calibrated probability.",
            "percentunit",
            [heat("sentiment_score_ratio")],
            Kind.HEATMAP,
        ),
    ),
)
DRIFT = Row(
    "Confidence and drift",
    (
        Panel(
            "Confidence",
            "The stream's median confidence and its lowest tenth, beside those of the model's reference.",
            "percentunit",
            [
                *quantiles("sentiment_confidence_ratio", 0.1, 0.5),
                *(
                    Query(f"histogram_quantile({q}, {_REFERENCE})", f"p{q * 100:g} reference")
                    for q in (0.1, 0.5)
                ),
            ],
            highest=1,
        ),
        Panel(
            "Drift of each replica",
            "Population stability index of each signal over the greater of its critical value and "
            "DRIFT_SMALLEST_PSI: above 1 chance does not explain it, and it matters.",
            "none",
            [Query(alerts.DRIFT.value.replace(o.MINE, MINE), "{{instance}} {{signal}}")],
            alerts=(alerts.DRIFT,),
        ),
        Panel(
            "Drift and its critical value",
            "Each replica's index, the critical value for its window, and the smallest shift that matters "
            "(DRIFT_SMALLEST_PSI). An alert wants the index above both.",
            "none",
            [
                Query(_PSI, "{{instance}} {{signal}}"),
                Query(_CRITICAL, "{{instance}} {{signal}} critical"),
                Query(f"max(sentiment_drift_smallest_shift_score{{{MINE}}})", "smallest that matters"),
            ],
        ),
        Panel(
            "Drift of the fleet",
            f"The index over all replicas in {o.FLEET_WINDOW}, over the greater of its critical value and "
            f"DRIFT_SMALLEST_PSI; nothing below {o.FLEET_LEAST_TWEETS:,} tweets.",
            "none",
            [Query(alerts.FLEET_DRIFT.value.replace(o.MINE, GROUPS), "{{consumer_group}} {{signal}}")],
            alerts=(alerts.FLEET_DRIFT,),
        ),
        Panel(
            "Tweets that drift is told from",
            "In each replica's window, and in the fleet's.",
            "none",
            [
                Query(f"sentiment_drift_window_samples{{{MINE}}}", "{{instance}}"),
                Query(f"max by (consumer_group) ({fleet.TWEETS}{{{GROUPS}}})", "{{consumer_group}}"),
            ],
        ),
        Panel(
            "Expected accuracy",
            "Share of right labels that the model's probabilities promise; blind to words that change their "
            "meaning.",
            "percentunit",
            [Query(f"sentiment_expected_accuracy_ratio{{{MINE}}}", "{{instance}}")],
            alerts=(alerts.ACCURACY,),
            width=12,
            highest=1,
        ),
        Panel(
            "Measured accuracy",
            "Where true labels come (KAFKA_LABELS_TOPIC): the share of each replica's labels that was right, "
            "beside what the confidence of the same results promised. Labels well below the promise: words "
            "have changed their meaning. Empty below 100 labelled results.",
            "percentunit",
            [
                Query(f'sentiment_labelled_accuracy_ratio{{{MINE},by="labels"}}', "{{instance}} by labels"),
                Query(
                    f'sentiment_labelled_accuracy_ratio{{{MINE},by="confidence"}}',
                    "{{instance}} by confidence",
                ),
            ],
            width=12,
            highest=1,
        ),
    ),
)
DEAD_LETTERS = Row(
    "Dead letters",
    (
        Panel(
            "Share of dead letters",
            "Of what was committed in 5 minutes.",
            "percentunit",
            [
                Query(
                    f'sum by (job) (rate(sentiment_messages_total{{{MINE},outcome="dead_lettered"}}[5m]))'
                    f" / sum by (job) (rate(sentiment_consumed_total{{{MINE}}}[5m]))",
                    "{{job}}",
                )
            ],
            alerts=(alerts.DEAD_LETTERS,),
            width=6,
            highest=1,
        ),
        Panel(
            "Dead letters in an hour",
            "By the stage that rejected the record, and the reason. `dlq list` shows them.",
            "none",
            [
                Query(
                    f"sum by (stage, reason) (increase(sentiment_dead_letters_total{{{MINE}}}[1h]))",
                    "{{stage}} {{reason}}",
                )
            ],
            width=6,
        ),
        Panel(
            "Circuit breaker",
            "1 for the state each replica's breaker is in, where that is not closed; open, it reads nothing.",
            "none",
            [
                Query(
                    f'max by (instance, state) (sentiment_breaker_state{{{MINE},state!="closed"}})',
                    "{{instance}} {{state}}",
                )
            ],
            alerts=(alerts.BREAKER,),
            width=6,
        ),
        Panel(
            "Optional fields left out in an hour",
            "Fields of scored tweets that had a wrong type and so are missing in the result.",
            "none",
            [
                Query(
                    f"sum by (field) (increase(sentiment_fields_left_out_total{{{MINE}}}[1h]))",
                    "{{field}}",
                )
            ],
            width=6,
        ),
    ),
)
MODEL = Row(
    "Model and build",
    (
        Panel(
            "Models in use",
            "Replicas by model; two at a time only while one takes the place of the other.",
            "none",
            [
                Query(
                    "count by (name, version, scorer, threshold, cleaning_version) "
                    f"(sentiment_model_info{{{MINE}}})",
                    "{{name}} {{version}}",
                )
            ],
            Kind.TABLE,
            width=9,
        ),
        Panel(
            "Builds in use",
            "Replicas by the consumer's version and the Python it runs on.",
            "none",
            [Query(f"count by (version, python) (sentiment_build_info{{{MINE}}})", "{{version}}")],
            Kind.TABLE,
            width=5,
        ),
        Panel(
            "Memory",
            "Resident in each replica.",
            "bytes",
            [Query(f"process_resident_memory_bytes{{{MINE}}}", "{{instance}}")],
            width=5,
        ),
        Panel(
            "Cores in use",
            "Seconds of computing a second, of each replica.",
            "none",
            [Query(f"rate(process_cpu_seconds_total{{{MINE}}}[{RATE}])", "{{instance}}")],
            width=5,
        ),
    ),
)
