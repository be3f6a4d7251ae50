"""The rows about the stream itself: does it run, how fast, how late, in what batches."""

from __future__ import annotations

from deploy.observability import alerts
from deploy.observability import objectives as o
from deploy.observability.latency import burn
from deploy.observability.panel import MINE, RATE, Kind, Panel, Query, Row, heat, quantiles

# A variable lists the replicas that told their group. One that never answered told none: it is left in.
_OTHERS = 'last_over_time(sentiment_consumer_info{job=~"$job",instance!~"$instance"}[1h])'

HEALTH = Row(
    "Health",
    (
        Panel(
            "Replicas that answer",
            "1 where a replica answered its last scrape, 0 where it did not. One that never answered is "
            "shown whatever is chosen, since nobody knows its group.",
            "none",
            [Query(f'up{{job=~"$job"}} unless on (job, instance) {_OTHERS}', "{{instance}}")],
            Kind.STAT,
            (alerts.DOWN,),
            width=6,
        ),
        Panel(
            "Since the last poll",
            "A loop polls several times a second, also where nothing comes. Before the first poll nothing is "
            f"shown for {o.START_SECONDS:g} s, then the time since the process began.",
            "s",
            [Query(f"({alerts.STUCK.value}) {alerts.STUCK.also}".replace(o.MINE, MINE), "{{instance}}")],
            alerts=(alerts.STUCK,),
            width=6,
        ),
        Panel(
            f"Restarts in {o.RESTART_WINDOW.removesuffix('m')} minutes",
            "How often each replica's process began anew and lived to be scraped.",
            "none",
            [Query(alerts.RESTARTS.value.replace(o.MINE, MINE), "{{instance}}")],
            alerts=(alerts.RESTARTS,),
            width=6,
        ),
        Panel(
            "Since the last commit",
            "Grows where nothing comes, and where nothing gets through: the lag tells which.",
            "s",
            [Query(f"time() - (sentiment_last_commit_timestamp_seconds{{{MINE}}} > 0)", "{{instance}}")],
            width=6,
        ),
        Panel(
            "Rebalances in 10 minutes",
            "How often the replica that was moved most was given partitions anew. One or two come with "
            "each replica that starts or stops.",
            "none",
            [Query(f"max by (job) (increase(sentiment_rebalances_total{{{MINE}}}[10m]))", "{{job}}")],
            alerts=(alerts.REBALANCES,),
        ),
        Panel(
            "Batches given up in 10 minutes",
            "Transactions that were aborted, by reason; their records are read again.",
            "none",
            [
                Query(
                    f"sum by (reason) (increase(sentiment_transaction_aborts_total{{{MINE}}}[10m]))",
                    "{{reason}}",
                )
            ],
            alerts=(alerts.ABORTS,),
        ),
        Panel(
            "Partitions",
            "How many each replica reads; 0 makes it a spare.",
            "none",
            [Query(f"sentiment_assigned_partitions{{{MINE}}}", "{{instance}}")],
        ),
    ),
)
THROUGHPUT = Row(
    "Throughput and lag",
    (
        Panel(
            "Tweets a second",
            "Committed input records by what became of them.",
            "cps",
            [Query(f"sum by (outcome) (rate(sentiment_messages_total{{{MINE}}}[{RATE}]))", "{{outcome}}")],
            Kind.STACK,
        ),
        Panel(
            "Lag in seconds",
            "Age of the oldest tweet that waits for its result, fetched and not committed.",
            "s",
            [Query(f"max by (instance) (sentiment_consumer_lag_seconds{{{MINE}}})", "{{instance}}")],
            alerts=(alerts.LAG,),
        ),
        Panel(
            "Lag in records",
            "Records between the committed position and the end of each partition.",
            "none",
            [
                Query(
                    f"sum by (topic, partition) (sentiment_consumer_lag_records{{{MINE}}})",
                    "{{topic}} {{partition}}",
                )
            ],
        ),
        Panel(
            "Skipped a second",
            "Records passed over on purpose, by reason.",
            "cps",
            [Query(f"sum by (reason) (rate(sentiment_skipped_total{{{MINE}}}[{RATE}]))", "{{reason}}")],
        ),
        Panel(
            "Lost to retention in an hour",
            "Records that the topic's retention removed before they were read. They are gone for this group.",
            "none",
            [
                Query(
                    f"sum by (instance) (increase(sentiment_offset_gap_records_total{{{MINE}}}[1h]))",
                    "{{instance}}",
                )
            ],
        ),
    ),
)
LATENCY = Row(
    "Latency by stage",
    (
        Panel(
            "From tweet to committed result",
            "How many results a second took how long, from the source record's timestamp to the commit.",
            "s",
            [heat("sentiment_end_to_end_latency_seconds")],
            Kind.HEATMAP,
            width=12,
        ),
        Panel(
            "From tweet to committed result, quantiles",
            f"The objective: {o.LATENCY_OBJECTIVE:.0%} of the results within {o.LATENCY_SECONDS:g} s.",
            "s",
            quantiles("sentiment_end_to_end_latency_seconds", 0.5, 0.95, 0.99),
            width=6,
        ),
        Panel(
            "How fast the latency budget burns",
            "Results later than the objective allows, as a multiple of what it allows: at 1 the budget of 30 "
            "days is gone in 30 days. Of the whole job, whatever group or replica is chosen.",
            "none",
            [
                Query(burn(window).replace(o.MINE, 'job=~"$job"'), f"over {window}")
                for window in ("5m", "1h", "6h")
            ],
            alerts=(alerts.SLOW_BURN, alerts.FAST_BURN),
            width=6,
        ),
        Panel(
            "$stage: time of a batch",
            "How many micro-batches a second spent how long in this stage; publish is the whole transaction.",
            "s",
            [heat("sentiment_stage_duration_seconds", ',stage="$stage"')],
            Kind.HEATMAP,
            width=6,
            repeat="stage",
        ),
    ),
)
BATCHES = Row(
    "Batches and padding",
    (
        Panel(
            "Records in a batch",
            "A micro-batch is a transaction.",
            "none",
            quantiles("sentiment_batch_size_messages", 0.5, 0.95),
            width=6,
        ),
        Panel(
            "Why batches close",
            "Full by messages or tokens under a backlog; by waiting where tweets are few.",
            "cps",
            [Query(f"sum by (reason) (rate(sentiment_batches_total{{{MINE}}}[{RATE}]))", "{{reason}}")],
            Kind.STACK,
            width=6,
        ),
        Panel(
            "Padding",
            "Share of the computed tokens that were padding; 0 is no waste.",
            "percentunit",
            [
                Query(
                    f"sum(rate(sentiment_batch_padding_ratio_sum{{{MINE}}}[{RATE}]))"
                    f" / sum(rate(sentiment_batch_padding_ratio_count{{{MINE}}}[{RATE}]))",
                    "padding",
                )
            ],
            width=6,
            highest=1,
        ),
        Panel(
            "Tokens computed a second",
            "Padding included: what the scorer's speed is measured in.",
            "cps",
            [Query(f"sum(rate(sentiment_batch_tokens_sum{{{MINE}}}[{RATE}]))", "tokens")],
            width=6,
        ),
    ),
)
