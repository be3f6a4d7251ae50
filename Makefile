# What a person or a pipeline runs here. `make help` lists it.
# Every target makes the virtual environment it needs first; nothing is installed outside .venv.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python
# What the environment is made from: it is made again when one of these changes.
PINS := pyproject.toml requirements.txt deploy/set_up.sh
LIGHT := .venv/.demo-ready
FULL := .venv/.all-ready

.PHONY: help setup lint format type test test-all demo demo-compose bench kafka train docs pins clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

$(LIGHT): $(PINS)
	@sh deploy/set_up.sh light

$(FULL): $(PINS)
	@sh deploy/set_up.sh full

setup: $(FULL) ## make .venv with everything: TensorFlow, training and test tools
	@echo "set up: .venv holds everything ($$($(PY) --version))"

demo: $(LIGHT) ## the main job here and now: broker, consumer, producer, live results, account
	@$(PY) -m deploy.demo

demo-compose: ## the same in containers (needs Docker)
	@docker compose --profile demo up --build

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

# The recipe of the model that ships; docs/training.md says what each file is.
LABELLED ?= sentiment140=Data/raw/sentiment140_train.csv.gz semeval=Data/raw/semeval2013_2016.csv.gz
HELD_OUT ?= Data/raw/sentiment140_validation.csv.gz Data/processed/validation.csv
MEASURED ?= Data/raw/sentiment140_validation.csv.gz Data/raw/sentiment140_manual_test.csv.gz Data/processed/test.csv
ENCODER ?= Data/raw/all-minilm-l6-v2
EPOCHS ?= 1.6
RUN ?= runs/mini
MODEL ?= Models/distilbert-mini

train: $(FULL) ## the whole recipe of the model, from Data/raw: about two hours on two cores
	@$(PY) -m training chunk $(LABELLED)
	@$(PY) -m training train --from $(ENCODER) --validation $(HELD_OUT) --out $(RUN) --epochs $(EPOCHS)
	@$(PY) -m training export --from $(RUN)/best --out $(MODEL) \
		--validation $(firstword $(HELD_OUT)) --evaluate $(MEASURED)
	@$(PY) -m training promote $(MODEL)

docs: $(FULL) ## write the parts of docs/ that follow from the code
	@$(PY) -m docs.generate

pins: $(FULL) ## resolve requirements.txt again, newer only where pyproject.toml asks for it
	@$(PY) -m uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras \
		--no-annotate --no-emit-index-url --custom-compile-command "make pins" --quiet \
		--output-file requirements.txt

clean: ## remove what was made here: .venv, caches, state (not Data, runs or Models)
	@rm -rf .venv .cache .state .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "clean"
