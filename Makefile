# What a person or a pipeline runs here. `make help` lists it.
# Every target makes the virtual environment it needs first; nothing is installed outside .venv.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python
# What the environment is made from: it is made again when one of these changes.
PINS := pyproject.toml requirements.txt deploy/set_up.sh
LIGHT := .venv/.demo-ready
FULL := .venv/.all-ready

.PHONY: help setup lint format type test test-all demo demo-compose image image-training bench chaos rolling scale capacity soak fuzz audit kafka train train-small docs site panels pins clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

$(LIGHT): $(PINS)
	@sh deploy/set_up.sh light

$(FULL): $(PINS)
	@sh deploy/set_up.sh full

setup: $(FULL) ## make .venv with everything: TensorFlow, training and test tools
	@echo "set up: .venv holds everything ($$($(PY) --version))"

demo: $(LIGHT) ## the main job here and now: broker, consumer, producer, live results, account
	@$(PY) -m deploy.demo

demo-compose: $(LIGHT) ## the same in containers, brought up, accounted for, brought down (needs Docker)
	@$(PY) -m deploy.demo --containers

IMAGE ?= tweet-sentiment
BASE ?= python:3.11-slim
OF_THIS = --build-arg BASE=$(BASE) --build-arg CREATED="$$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
	--build-arg VERSION="$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' consumer/__init__.py)" \
	--build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null || echo unknown)"
image: ## the consumer's image (IMAGE=, BASE=)
	@docker build -f deploy/Dockerfile $(OF_THIS) -t $(IMAGE) .

image-training: ## the image for training (IMAGE=, BASE= with a GPU's libraries)
	@docker build -f deploy/training.Dockerfile $(OF_THIS) -t $(IMAGE)-training .

kafka: $(LIGHT) ## a local Apache Kafka, until Ctrl-C
	@$(PY) -m deploy.local_kafka

lint: $(FULL) ## ruff: rules and format
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

format: $(FULL) ## let ruff mend what it can
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

type: $(FULL) ## mypy, strict
	@$(PY) -m mypy

test: $(FULL) ## unit tests and tests on a real broker (set KAFKA_BOOTSTRAP_SERVERS for one of yours)
	@$(PY) -m pytest -m "not slow" && echo "TESTS PASSED" || { echo "TESTS FAILED"; exit 1; }

test-all: $(FULL) ## those and the slow proofs
	@$(PY) -m pytest && echo "TESTS PASSED" || { echo "TESTS FAILED"; exit 1; }

bench: $(FULL) ## throughput, latency, start and memory, as ratios measured in one run
	@$(PY) -m tests.bench

SEED ?=
KILLS ?= 30
MINUTES ?=
BROKERS ?= 1
DELIVERY ?= exactly_once
chaos: $(FULL) ## faults at random moments, then the count (KILLS=, SEED=, MINUTES=, BROKERS=3, DELIVERY=)
	@$(PY) -m tests.chaos --kills $(KILLS) --brokers $(BROKERS) --delivery $(DELIVERY) \
		$(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

OLD ?=
rolling: $(FULL) ## replicas replaced one by one by another version under load, and back, then the count (OLD=COMMIT)
	@$(PY) -m tests.chaos.rolling $(if $(OLD),--old $(OLD))

scale: $(FULL) ## 1, 2 and 4 replicas with a scorer of fixed cost: how much more each number of them carries (MS=)
	@$(PY) -m tests.scale $(if $(MS),--ms-a-text $(MS) --out build/scale/cheap.json)

capacity: scale ## that, and what a tweet costs here, for docs/capacity.md
	@$(PY) -m tests.capacity

soak: $(FULL) ## steady load with faults for MINUTES=30; what grows, in a report with plots under runs/soak
	@$(PY) -m tests.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

audit: $(FULL) ## known faults of the pinned packages (NOT RUN where the database is not reached)
	@$(PY) -m deploy.audit

INPUTS ?= 200000
fuzz: $(FULL) ## ugly inputs through the whole path, each judged (INPUTS=, SEED=)
	@$(PY) -m tests.fuzz --inputs $(INPUTS) $(if $(SEED),--seed $(SEED))

train-small: $(FULL) ## train, evaluate: a tiny shipped set, the same to the last digit every time
	@$(PY) -m training small

# The recipe of the model that ships; docs/training.md says what each file is and why.
RAW ?= Data/raw
NOISY ?= $(RAW)/sentiment140_train.csv.gz
HUMAN ?= $(RAW)/semeval2013_2016.csv.gz
RANDOM_ROWS ?= $(RAW)/sentiment140_validation.csv.gz
MANUAL ?= $(RAW)/sentiment140_manual_test.csv.gz
HELD_OUT := Data/held-out
ENCODER ?= $(RAW)/bge-small-en-v1.5
LAYERS ?= 0,2,4,7,9,11
EPOCHS ?= 2 2 2.5
RUNS ?= runs
NAME ?= distilbert-mini
TODAY := $(shell date -u +%Y.%m.%d)
VERSION ?= $(TODAY)
MODEL ?= Models/$(NAME)-$(VERSION)

# A run that has a state goes on from it, or is finished and stays; not where one that it builds on begins anew:
# its state goes then, or the next call would take it for one to go on from.
begun = $(wildcard $(RUNS)/$(1)/state*.npz)
RESUME_1 = $(and $(call begun,teacher-noisy),--resume)
RESUME_2 = $(and $(RESUME_1),$(call begun,teacher-human),--resume)
RESUME_3 = $(and $(RESUME_2),$(call begun,student),--resume)

train: $(FULL) ## the whole recipe of the model that ships, from Data/raw: hours on two cores (VERSION=, RUNS=, …)
	@for file in $(NOISY) $(HUMAN) $(RANDOM_ROWS) $(MANUAL) $(ENCODER); do [ -e "$$file" ] || \
		{ echo "make train: $$file is missing: docs/training.md says what it is" >&2; exit 2; }; done; \
		[ ! -e $(MODEL) ] || { echo "make train: $(MODEL) is there already: give another VERSION=, or take it into use with" \
		"\`python -m training promote $(MODEL) --on Data/noisy/test.csv\`" >&2; exit 2; }
	@$(if $(RESUME_1),:,rm -f $(RUNS)/teacher-human/state*.npz $(RUNS)/student/state*.npz)
	@$(if $(RESUME_2),:,rm -f $(RUNS)/student/state*.npz)
	@$(PY) -m training chunk sentiment140=$(NOISY) semeval=$(HUMAN) --neutral keep --even-days 0.2 --all-rows
	@$(PY) -m training chunk sentiment140=$(NOISY) --even-days 0.2 --out Data/noisy
	@$(PY) -m training chunk semeval=$(HUMAN) --neutral keep --all-rows --out Data/human
	@mkdir -p $(HELD_OUT)
	@cp Data/human/test.csv $(HELD_OUT)/semeval_test.csv
	@$(PY) -m training train --from $(ENCODER) --chunks Data/noisy/Chunks --validation $(RANDOM_ROWS) \
		--out $(RUNS)/teacher-noisy --epochs $(word 1,$(EPOCHS)) --learning-rate 1e-4 --label-smoothing 0.05 \
		--ema 0.999 --bf16 --validate-every 380 $(RESUME_1)
	@$(PY) -m training train --from $(RUNS)/teacher-noisy/best --chunks Data/human/Chunks \
		--validation Data/human/validation.csv --out $(RUNS)/teacher-human --epochs $(word 2,$(EPOCHS)) \
		--learning-rate 5e-5 --label-smoothing 0.05 --ema 0.99 --bf16 --validate-every 100 $(RESUME_2)
	@$(PY) -m training teach --teacher sentiment140=$(RUNS)/teacher-noisy/best \
		--teacher semeval=$(RUNS)/teacher-human/best --also Data/processed/neutral.csv --share 0.8 --keep
	@$(PY) -m training train --from $(RUNS)/teacher-noisy/best --layers $(LAYERS) --chunks Data/taught/Chunks \
		--validation $(RANDOM_ROWS) Data/human/validation.csv --out $(RUNS)/student \
		--epochs $(word 3,$(EPOCHS)) --learning-rate 1.5e-4 --ema 0.999 --bf16 --validate-every 400 $(RESUME_3)
	@$(PY) -m training export --from $(RUNS)/student/best --out $(MODEL) --name $(NAME) --version $(VERSION) \
		--calibration Data/noisy/calibration.csv --ranges Data/processed/calibration.csv \
		--validation $(RANDOM_ROWS) --gate-rows 5000 \
		--choose-band Data/human/validation.csv --evaluate $(RANDOM_ROWS) $(MANUAL) $(HELD_OUT)/semeval_test.csv
	@$(PY) -m training promote $(MODEL) --on Data/noisy/test.csv
	@$(PY) -m training report --model $(MODEL)

docs: $(FULL) ## write the parts of docs/ and deploy/ that follow from the code
	@$(PY) -m docs.generate
	@$(PY) -m deploy.observability

site: $(FULL) ## the documentation as a site, in site/index.html; a broken link fails it
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --clean --strict
	@echo "site/index.html"

panels: $(FULL) ## every panel's and alert's expression, asked of a real Prometheus (needs `prometheus`)
	@$(PY) -m tests.observability.panels

pins: $(FULL) ## resolve requirements.txt again, newer only where pyproject.toml asks for it
	@$(PY) -m uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras \
		--no-annotate --no-emit-index-url --custom-compile-command "make pins" --quiet \
		--output-file requirements.txt

clean: ## remove what was made here: .venv, caches, state (not Data, runs or Models)
	@rm -rf .venv .cache .state .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist site *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "clean"
