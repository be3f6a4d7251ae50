"""What is promised and what is too much: the one place that rules and dashboards take their limits from."""

from __future__ import annotations

JOB = "sentiment-consumer"  # the job's name in prometheus.yml; alerts look at this job alone
MINE = f'job="{JOB}"'

# Where the alerts' pages are. Prometheus serves them itself, at whatever address it says that it has
# (--web.external-url), from the folder given as --web.user-assets.
RUNBOOKS = "{{ $externalURL }}/user/runbooks"
RUNBOOKS_FROM_GRAFANA = "http://localhost:9090/user/runbooks"  # as compose publishes that Prometheus

# A loop polls several times a second. At the settings as they come, the longest it may rightly not is about
# half a minute: records that are not taken (8 s), a commit given up after KAFKA_SESSION_TIMEOUT_MS (10 s), an
# abort and a producer made anew. The limit is above that, and with the alert's half minute below
# SCORER_TIMEOUT_SECONDS (120), which ends the process and with it the alert.
STUCK_SECONDS = 45.0
START_SECONDS = 120.0  # before its first poll: a model is loaded, and a broker waited for
# Kubernetes waits up to five minutes between restarts: half an hour still holds four of them.
RESTART_WINDOW = "30m"
RESTARTS = 2.5  # three and more; between whole numbers, since a colour begins at its limit, an alert above it
LAG_SECONDS = 60.0
DEAD_LETTER_RATIO = 0.05  # a tenth of the circuit breaker's: a person looks before it opens
BREAKER_NOT_CLOSED = 0.5  # between 0 and 1, its only values: a colour begins at its limit, an alert above it

LATENCY_SECONDS = 1.0  # a bucket of sentiment_end_to_end_latency_seconds; p99 is near 0.2 s at 20 tweets/s
LATENCY_OBJECTIVE = 0.99  # of results within it, over 30 days
# From the SRE workbook: a budget of 30 days would be gone in 50 hours, or in 5 days.
FAST_BURN, SLOW_BURN = 14.4, 6.0

FLEET_WINDOW = "1h"
FLEET_LEAST_TWEETS = 1_000
# Of one judgement of one signal. Each evaluation of the rules is one, of windows that overlap: about one hour
# in a hundred has one above by chance. The alert's ten minutes make that a few in a thousand at most:
# `python -m tests.drift.fleet`.
FLEET_TAIL = 0.001

EXPECTED_ACCURACY = 0.75  # the model's own is 0.83 to 0.87 on held-out sets
REBALANCES = 5.0  # of one replica in ten minutes; a rolling update of ten gives about that to a survivor
ABORTS = 5.0  # batches given up in ten minutes, by reason
