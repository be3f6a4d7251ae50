"""Every event the log may tell of, by its stable name: the one list, and its manual."""

from __future__ import annotations

from collections.abc import Mapping

EVENTS: Mapping[str, str] = {
    "starting": "the version and every setting in force, secrets hidden",
    "setting_misspelt": "a variable that is nearly a setting's name",
    "model_fetching": "MODEL_PATH=hub:… is not here yet and is fetched; its commit",
    "model_from_hub": "MODEL_PATH=hub:… was fetched or found; its commit",
    "model_loaded": "a model is verified and warm: the first one, or one that is about to take over",
    "model_loading": "the pointer in MODEL_PATH names another model, which is loaded beside the one in use",
    "model_unchanged": "what was loaded is the model in use: nothing is switched",
    "model_switched": "another model labels from the next batch on",
    "model_refused": "the other model cannot be used, and why; the one in use goes on",
    "ready_to_join": "the topics are as they should be; the group is joined next",
    "partitions_assigned": "the group gave this replica its partitions",
    "batch_committed": "a micro-batch is committed (DEBUG): `batch`, how many of each outcome, why it closed",
    "batch_abandoned": "a micro-batch was given up and is read again: `batch`, the reason",
    "producer_not_started": "no producer could be had; it is tried again",
    "producer_discarded": "a producer that failed could not be closed in order (DEBUG)",
    "abort_failed": "a transaction could not be aborted (DEBUG); the next producer ends it",
    "poll_failed": "a poll raised; it is tried again",
    "position_lost": "what is committed could not be read; it is tried again",
    "offset_gap": "retention removed records before they were read: from where to where",
    "position_past_end": "the committed position lies behind the topic's end; where reading goes on",
    "rewind_failed": "going back to what is committed failed; it is tried again",
    "broker_not_reached": "no broker answered at the start; it is tried again",
    "broker_gone": "the broker was away for too long: exit 4",
    "breaker_opened": "too many dead letters: nothing is read until a pause is over",
    "breaker_half_open": "a few records are tried",
    "breaker_closed": "reading goes on",
    "ended_while_scoring": "the process before ended while it scored these positions",
    "suspicion_unreadable": "the note of what was being scored is damaged; nothing is suspected",
    "suspicion_not_written": "that note cannot be written",
    "drift_alarm": "a signal is above its critical value and large enough to matter",
    "drift_alarm_over": "it no longer is",
    "drift_not_watched": "the model has no reference",
    "drift_window_restarted": "another model: the window begins anew, with its reference",
    "drift_state_ignored": "the saved window is damaged; it begins anew",
    "drift_state_not_saved": "the window cannot be written",
    "reference_not_shown": "a signal cannot be compared with the model's reference in Prometheus, and why",
    "labels_not_read": "the labels' topic cannot be read; it is tried again",
    "samples_not_written": "the sample log cannot be written",
    "serving": "`serve` answers; the port",
    "http_scoring_failed": "texts that came by HTTP could not be scored; how many",
    "replay_interrupted": "`dlq replay` met a fault; it is tried again",
    "stopped": "a clean stop",
    "thread_died": "a thread ended by an exception: its name, the class and the way through the code",
    "library_message": "a line of a library, in its own words; repeated ones are held back and counted",
}


def table() -> str:
    """The list as a Markdown table."""
    return "\n".join(["| event | says |", "|---|---|", *(f"| `{n}` | {t} |" for n, t in EVENTS.items()), ""])
