"""Every metric there is, in one typed list; the help texts are the manual.

A metric's label values are listed where their set is closed: these series exist, at zero, from the
start, so that a rate over them never lacks its first step.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from consumer.breaker import State
from consumer.records import Label, Reason, SkipReason, Stage
from consumer.signals import CONFIDENCE_BINS, SCORE_BINS, WATCHED

LATENCY_BUCKETS = (
    *(0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75),
    *(1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0, 600.0, 3600.0),  # a backlog is read hours late
)
STAGE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
RATIO_BUCKETS = tuple(round(i * 0.05, 2) for i in range(21))
SIZE_BUCKETS = tuple(float(2**i) for i in range(13))  # 1 … 4,096 messages
TOKEN_BUCKETS = tuple(float(2**i) for i in range(3, 18))  # 8 … 131,072 tokens

OUTCOMES = ("scored", "dead_lettered", "skipped")
CLOSE_REASONS = ("messages", "tokens", "wait", "other")
ABORT_REASONS = ("publish", "rebalance", "fenced", "other")
OPTIONAL_FIELDS = ("author_id", "created_at", "lang")
STEPS = ("poll", "parse", "clean", "tokenise", "score", "label", "encode", "publish")
FATES = ("joined", "unmatched", "neutral", "unreadable")
HTTP_ROUTES = ("/predict", "/tweet", "other")
HTTP_STATUSES = ("200", "404", "405", "413", "415", "422", "429", "500", "503", "other")
HTTP_FATES = ("scored", "failed")
HTTP_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
RELOADS = ("switched", "refused", "unchanged", "overtaken")
MODEL_LABELS = ("name", "version", "scorer", "cleaning_version", "threshold", "max_length")

STAGE_REASONS: dict[Stage, tuple[Reason, ...]] = {
    Stage.PARSE: (
        Reason.INVALID_UTF8,
        Reason.INVALID_JSON,
        Reason.NOT_AN_OBJECT,
        Reason.MISSING_ID,
        Reason.INVALID_ID,
        Reason.MISSING_TEXT,
        Reason.INVALID_TEXT,
        Reason.TOO_LARGE,
    ),
    Stage.CLEAN: (Reason.EMPTY_AFTER_CLEANING,),
    Stage.TOKENISE: (Reason.SCORER_FAILED,),
    Stage.SCORE: (Reason.SCORER_FAILED,),
    Stage.PUBLISH: (Reason.RESULT_TOO_LARGE,),
}


class Kind(StrEnum):
    """How a metric moves: a counter only up, a gauge both ways, a histogram counts in buckets."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, its meaning and what its series look like."""

    kind: Kind
    name: str
    help: str
    query: str  # PromQL that puts it to use
    labels: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] = ((),)  # the series that exist from the start
    buckets: tuple[float, ...] = ()  # upper bounds, inclusive, without +Inf


def _each(values: tuple[str, ...] | type[StrEnum]) -> tuple[tuple[str, ...], ...]:
    return tuple((str(value),) for value in values)


CONSUMED = Metric(
    Kind.COUNTER,
    "sentiment_consumed_total",
    "Input records whose offsets were committed. Always scored + dead-lettered + skipped.",
    "sum(rate(sentiment_consumed_total[$__rate_interval]))",
)
MESSAGES = Metric(
    Kind.COUNTER,
    "sentiment_messages_total",
    "Committed input records by what became of them.",
    "sum by (outcome) (rate(sentiment_messages_total[$__rate_interval]))",
    ("outcome",),
    _each(OUTCOMES),
)
SKIPPED = Metric(
    Kind.COUNTER,
    "sentiment_skipped_total",
    "Committed records passed over without result or dead letter, by reason: tombstone (null value) "
    "or language (not one of LANGUAGES).",
    "sum by (reason) (rate(sentiment_skipped_total[$__rate_interval]))",
    ("reason",),
    _each(SkipReason),
)
DEAD_LETTERS = Metric(
    Kind.COUNTER,
    "sentiment_dead_letters_total",
    "Dead letters published, by the stage that rejected the record and the reason.",
    "sum by (stage, reason) (increase(sentiment_dead_letters_total[1h]))",
    ("stage", "reason"),
    tuple((str(stage), str(reason)) for stage, reasons in STAGE_REASONS.items() for reason in reasons),
)
BREAKER_STATE = Metric(
    Kind.GAUGE,
    "sentiment_breaker_state",
    "Where the circuit breaker of the dead letters stands: 1 for that state, 0 for the others. Open: nothing "
    "is read until a pause is over; half_open: a few records are tried.",
    'max by (instance) (sentiment_breaker_state{state="open"})',
    ("state",),
    _each(State),
)
BREAKER_RATIO = Metric(
    Kind.GAUGE,
    "sentiment_breaker_dead_letter_ratio",
    "Share of dead letters that the circuit breaker sees: over its window, or over the records it tries.",
    "max(sentiment_breaker_dead_letter_ratio)",
)
BREAKER_OPENED = Metric(
    Kind.COUNTER,
    "sentiment_breaker_opened_total",
    "Times the circuit breaker opened, failed tries included.",
    "sum(increase(sentiment_breaker_opened_total[1h]))",
)
PREDICTIONS = Metric(
    Kind.COUNTER,
    "sentiment_predictions_total",
    "Results by label; neutral only where NEUTRAL_BAND is set.",
    "sum by (label) (rate(sentiment_predictions_total[$__rate_interval]))",
    ("label",),
    _each(Label),
)
TRUNCATED = Metric(
    Kind.COUNTER,
    "sentiment_truncated_total",
    "Results whose text was cut at the model's maximum length (truncated: true in the result).",
    'sum(rate(sentiment_truncated_total[1h])) / sum(rate(sentiment_messages_total{outcome="scored"}[1h]))',
)
FIELDS_LEFT_OUT = Metric(
    Kind.COUNTER,
    "sentiment_fields_left_out_total",
    "Optional input fields of scored records that had a wrong type and so are missing in the result.",
    "sum by (field) (increase(sentiment_fields_left_out_total[1h]))",
    ("field",),
    _each(OPTIONAL_FIELDS),
)
CONFIDENCE = Metric(
    Kind.HISTOGRAM,
    "sentiment_confidence_ratio",
    "Probability of the label given; results labelled neutral are left out.",
    "histogram_quantile(0.5, sum by (le) (rate(sentiment_confidence_ratio_bucket[$__rate_interval])))",
    buckets=CONFIDENCE_BINS,
)
SCORE = Metric(
    Kind.HISTOGRAM,
    "sentiment_score_ratio",
    "Calibrated probability that the tweet is positive, of every result.",
    "sum by (le) (rate(sentiment_score_ratio_bucket[$__rate_interval]))",
    buckets=SCORE_BINS,
)
REFERENCE = Metric(
    Kind.HISTOGRAM,
    "sentiment_reference_ratio",
    "How score and confidence are spread over the model's own reference rows, in the buckets of "
    "sentiment_score_ratio and sentiment_confidence_ratio. Fixed: it only changes with the model. A signal "
    "that cannot be compared (other bins, a threshold or a neutral band of your own) is not there; no sum.",
    "sum by (signal, le) (sentiment_reference_ratio_bucket)",
    ("signal",),
    (),
)
END_TO_END = Metric(
    Kind.HISTOGRAM,
    "sentiment_end_to_end_latency_seconds",
    "From the source record's timestamp to the commit of its result; scored records only.",
    "histogram_quantile(0.99, sum by (le) "
    "(rate(sentiment_end_to_end_latency_seconds_bucket[$__rate_interval])))",
    buckets=LATENCY_BUCKETS,
)
STAGE_DURATION = Metric(
    Kind.HISTOGRAM,
    "sentiment_stage_duration_seconds",
    "Time one micro-batch spent in a step of its way; publish is the whole transaction, commit included.",
    "histogram_quantile(0.95, sum by (stage, le) "
    "(rate(sentiment_stage_duration_seconds_bucket[$__rate_interval])))",
    ("stage",),
    _each(STEPS),
    buckets=STAGE_BUCKETS,
)
BATCH_MESSAGES = Metric(
    Kind.HISTOGRAM,
    "sentiment_batch_size_messages",
    "Input records of one committed micro-batch.",
    "histogram_quantile(0.5, sum by (le) (rate(sentiment_batch_size_messages_bucket[$__rate_interval])))",
    buckets=SIZE_BUCKETS,
)
BATCH_TOKENS = Metric(
    Kind.HISTOGRAM,
    "sentiment_batch_tokens",
    "Tokens the scorer computed over in one micro-batch, padding included.",
    "sum(rate(sentiment_batch_tokens_sum[$__rate_interval]))",
    buckets=TOKEN_BUCKETS,
)
PADDING = Metric(
    Kind.HISTOGRAM,
    "sentiment_batch_padding_ratio",
    "Share of a micro-batch's computed tokens that were padding; 0 is no waste.",
    "sum(rate(sentiment_batch_padding_ratio_sum[$__rate_interval]))"
    " / sum(rate(sentiment_batch_padding_ratio_count[$__rate_interval]))",
    buckets=RATIO_BUCKETS,
)
BATCHES = Metric(
    Kind.COUNTER,
    "sentiment_batches_total",
    "Committed micro-batches by why they closed: full by messages (MAX_BATCH_MESSAGES) or by "
    "tokens (MAX_BATCH_TOKENS), or nothing more came within the wait (MAX_BATCH_WAIT_MS).",
    "sum by (reason) (rate(sentiment_batches_total[$__rate_interval]))",
    ("reason",),
    _each(CLOSE_REASONS),
)
ABORTS = Metric(
    Kind.COUNTER,
    "sentiment_transaction_aborts_total",
    "Batches given up and read again: not published, the group was rebalancing, or the producer was "
    "fenced. They count nowhere else.",
    "sum by (reason) (increase(sentiment_transaction_aborts_total[10m]))",
    ("reason",),
    _each(ABORT_REASONS),
)
OFFSET_GAP = Metric(
    Kind.COUNTER,
    "sentiment_offset_gap_records_total",
    "Offsets that retention removed before they were read: this many records are lost to this group.",
    "increase(sentiment_offset_gap_records_total[1h]) > 0",
)
REBALANCES = Metric(
    Kind.COUNTER,
    "sentiment_rebalances_total",
    "Times this replica was given a new assignment of partitions, the first included.",
    "sum(increase(sentiment_rebalances_total[10m]))",
)
ASSIGNED = Metric(
    Kind.GAUGE,
    "sentiment_assigned_partitions",
    "Partitions this replica reads; 0 makes it a spare.",
    "sum(sentiment_assigned_partitions)",
)
LAG_RECORDS = Metric(
    Kind.GAUGE,
    "sentiment_consumer_lag_records",
    "Records between the committed position and the end of the partition. Only partitions assigned here.",
    "sum by (topic) (sentiment_consumer_lag_records)",
    ("topic", "partition"),
    (),
)
LAG_SECONDS = Metric(
    Kind.GAUGE,
    "sentiment_consumer_lag_seconds",
    "Age of the oldest record not yet committed, over all partitions; 0 when there is none. An estimate "
    "while none of those that wait is fetched.",
    "max(sentiment_consumer_lag_seconds)",
)
LAST_POLL = Metric(
    Kind.GAUGE,
    "sentiment_last_poll_timestamp_seconds",
    "When the loop last polled, in seconds since 1970; 0 before the first time.",
    "time() - sentiment_last_poll_timestamp_seconds",
)
LAST_COMMIT = Metric(
    Kind.GAUGE,
    "sentiment_last_commit_timestamp_seconds",
    "When a micro-batch was last committed, in seconds since 1970; 0 before the first time.",
    "time() - (sentiment_last_commit_timestamp_seconds > 0)",
)
DRIFT_SCORE = Metric(
    Kind.GAUGE,
    "sentiment_drift_score",
    "How far the window is from the model's reference rows: population stability index, or Jensen-Shannon "
    "divergence in nats. Not there while the window holds fewer than DRIFT_WINDOW_MIN tweets, or the model "
    "has no reference.",
    'sentiment_drift_score{statistic="psi"} / sentiment_drift_critical_value{statistic="psi"}',
    ("signal", "statistic"),
    (),
)
DRIFT_CRITICAL = Metric(
    Kind.GAUGE,
    "sentiment_drift_critical_value",
    "What the score exceeds by chance: together, all signals in all judgements of one window's length of "
    "stream do so in a share DRIFT_FALSE_ALARM_RATIO of windows. It follows from the sizes of window and "
    "reference.",
    'max by (signal) (sentiment_drift_critical_value{statistic="psi"})',
    ("signal", "statistic"),
    (),
)
DRIFT_ALARM = Metric(
    Kind.GAUGE,
    "sentiment_drift_alarm",
    "1 where a signal's population stability index is above its critical value and above DRIFT_SMALLEST_PSI.",
    "max by (signal) (sentiment_drift_alarm) == 1",
    ("signal",),
    _each(WATCHED),
)
DRIFT_WINDOW = Metric(
    Kind.GAUGE,
    "sentiment_drift_window_samples",
    "Tweets in the window that the drift scores and the expected accuracy were last told of.",
    "min by (instance) (sentiment_drift_window_samples)",
)
DRIFT_SMALLEST = Metric(
    Kind.GAUGE,
    "sentiment_drift_smallest_shift_score",
    "The population stability index below which a shift does not matter (DRIFT_SMALLEST_PSI).",
    "max(sentiment_drift_smallest_shift_score)",
)
EXPECTED_ACCURACY = Metric(
    Kind.GAUGE,
    "sentiment_expected_accuracy_ratio",
    "Share of right labels that the model's calibrated probabilities promise: the mean confidence over the "
    "drift window, neutral labels left out. Blind to a change in what words mean. Not there below "
    "DRIFT_WINDOW_MIN tweets.",
    "min(sentiment_expected_accuracy_ratio)",
    (),
    (),
)
EXPECTED_SAMPLES = Metric(
    Kind.GAUGE,
    "sentiment_expected_accuracy_samples",
    "Tweets behind the expected accuracy.",
    "sum(sentiment_expected_accuracy_samples)",
)
LABELLED_ACCURACY = Metric(
    Kind.GAUGE,
    "sentiment_labelled_accuracy_ratio",
    "Of the results whose true label came (KAFKA_LABELS_TOPIC): the share that was right (by labels), and "
    "what their confidence promised (by confidence). Not there below 100 of them.",
    'sentiment_labelled_accuracy_ratio{by="labels"}',
    ("by",),
    (),
)
LABELLED_SAMPLES = Metric(
    Kind.GAUGE,
    "sentiment_labelled_accuracy_samples",
    "Results behind the measured accuracy.",
    "sum(sentiment_labelled_accuracy_samples)",
)
LABELS = Metric(
    Kind.COUNTER,
    "sentiment_labels_total",
    "True labels read, by what became of them: joined to a result of this replica, unmatched in their time "
    "(also those of other replicas' results), neutral, or unreadable.",
    "sum by (outcome) (rate(sentiment_labels_total[$__rate_interval]))",
    ("outcome",),
    _each(FATES),
)
HTTP_REQUESTS = Metric(
    Kind.COUNTER,
    "sentiment_http_requests_total",
    "HTTP requests answered, by route (probes, scrapes and pages are other) and status. Who is turned away "
    "because too many are connected is not among them.",
    'sum by (status) (rate(sentiment_http_requests_total{route="/predict"}[$__rate_interval]))',
    ("route", "status"),
    tuple((route, status) for route in HTTP_ROUTES[:2] for status in ("200", "422", "429", "503")),
)
HTTP_DURATION = Metric(
    Kind.HISTOGRAM,
    "sentiment_http_request_duration_seconds",
    "From a request's head to the end of its answer, whatever the status.",
    "histogram_quantile(0.99, sum by (route, le) "
    "(rate(sentiment_http_request_duration_seconds_bucket[$__rate_interval])))",
    ("route",),
    tuple((route,) for route in HTTP_ROUTES[:2]),
    buckets=HTTP_BUCKETS,
)
HTTP_TEXTS = Metric(
    Kind.COUNTER,
    "sentiment_http_texts_total",
    "Texts that HTTP requests brought, by what became of them: scored, or failed (an error in their place). "
    "They are none of the stream's: no other metric, no drift and no expected accuracy knows them.",
    "sum by (outcome) (rate(sentiment_http_texts_total[$__rate_interval]))",
    ("outcome",),
    _each(HTTP_FATES),
)
HTTP_WAITING = Metric(
    Kind.GAUGE,
    "sentiment_http_waiting_texts",
    "Texts of HTTP requests that wait for their answer; at HTTP_QUEUE_TEXTS requests are answered 429.",
    "max by (instance) (sentiment_http_waiting_texts)",
)
MODEL_INFO = Metric(
    Kind.GAUGE,
    "sentiment_model_info",
    "The model in use: always 1, the facts are its labels.",
    "sentiment_consumed_total * on (instance) group_left (name, version) sentiment_model_info",
    MODEL_LABELS,
    (),
)
MODEL_RELOADS = Metric(
    Kind.COUNTER,
    "sentiment_model_reloads_total",
    "Times the pointer to the model was moved while this replica ran, by what came of it: switched to the "
    "other model, refused (the one before goes on), unchanged (it is the one in use), or overtaken by the "
    "next move.",
    'sum by (instance) (increase(sentiment_model_reloads_total{outcome="refused"}[1h]))',
    ("outcome",),
    _each(RELOADS),
)
CONSUMER_INFO = Metric(
    Kind.GAUGE,
    "sentiment_consumer_info",
    "What this replica consumes: always 1, the facts are its labels. Joins a consumer group to an instance.",
    "count by (consumer_group) (sentiment_consumer_info)",
    ("consumer_group", "input_topic"),
    (),
)
BUILD_INFO = Metric(
    Kind.GAUGE,
    "sentiment_build_info",
    "The consumer's version and the Python it runs on: always 1.",
    "count by (version) (sentiment_build_info)",
    ("version", "python"),
    (),
)

CATALOGUE: tuple[Metric, ...] = (
    *(CONSUMED, MESSAGES, SKIPPED, DEAD_LETTERS, PREDICTIONS, TRUNCATED, FIELDS_LEFT_OUT),
    *(BREAKER_STATE, BREAKER_RATIO, BREAKER_OPENED),
    *(CONFIDENCE, SCORE, REFERENCE, END_TO_END, STAGE_DURATION),
    *(BATCH_MESSAGES, BATCH_TOKENS, PADDING, BATCHES, ABORTS),
    *(OFFSET_GAP, REBALANCES, ASSIGNED, LAG_RECORDS, LAG_SECONDS, LAST_POLL, LAST_COMMIT),
    *(DRIFT_SCORE, DRIFT_CRITICAL, DRIFT_ALARM, DRIFT_WINDOW, DRIFT_SMALLEST),
    *(EXPECTED_ACCURACY, EXPECTED_SAMPLES, LABELLED_ACCURACY, LABELLED_SAMPLES, LABELS),
    *(HTTP_REQUESTS, HTTP_DURATION, HTTP_TEXTS, HTTP_WAITING),
    *(MODEL_INFO, MODEL_RELOADS, CONSUMER_INFO, BUILD_INFO),
)
