"""Sections on how a model was made: data, preprocessing, shape, training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consumer.clean import CLEANING_VERSION, STEPS
from training.measure.figures.album import LOSS
from training.measure.report.facts import Facts
from training.measure.report.markdown import figure, missing, number, table, values
from training.measure.view import shortened, unlabelled


def overview(facts: Facts) -> str:
    """What the model is, and its main number."""
    model, view = facts.model, facts.view
    lines = [
        (
            f"`{model.name}` {model.version} says whether a short English text is positive or negative: one "
            "logit, from which P(positive) is calibrated, and a threshold."
        ),
    ]
    if view:
        accuracies = "; ".join(
            f"{view.shown(name, 'accuracy')} on {name} ({number(view.numbers(name)['n'])} rows)"
            for name in view.sets
        )
        lines.append(f"Accuracy of the back end `{view.kind}`, with 95 % intervals: {accuracies}.")
    else:
        lines.append(missing("no evaluation of this model"))
    return "\n\n".join(lines)


def data(facts: Facts) -> str:
    """Where the rows came from, and how they were split."""
    manifest, ratios = facts.training.get("data") or {}, facts.training.get("split_ratios") or {}
    if not manifest:
        return missing("training-config.json does not say what was trained on")
    parts = [
        (
            f"{_rows(facts.training.get('rows'), manifest)} were trained on. Duplicates by normalised "
            "text were dropped and contradictory labels too; a text's split follows from a hash of what it "
            "says, so no text stands on two sides."
        ),
        table(("source", "sha256"), [(f"`{k}`", f"`{v}`") for k, v in _mapping(manifest, "sources").items()]),
        table(("rows", "count"), [(k.replace("_", " "), number(v)) for k, v in _counts(manifest)]),
        table(
            ("split", "rows", "share"),
            [
                (k, number(v), shortened(ratios[k], 2) if k in ratios else "–")
                for k, v in _mapping(manifest, "splits").items()
            ],
        ),
    ]
    return "\n\n".join(parts)


def _rows(rows: Any, manifest: Mapping[str, Any]) -> str:
    taught = unlabelled(rows, manifest)
    if not taught:
        return f"{number(rows)} labelled rows"
    return f"{number(rows - taught)} labelled rows, and {number(taught)} with the teachers' word alone,"


def _mapping(manifest: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = manifest.get(key)
    return found if isinstance(found, Mapping) else {}


def _counts(manifest: Mapping[str, Any]) -> list[tuple[str, Any]]:
    counts = {k: v for k, v in _mapping(manifest, "counts").items() if isinstance(v, int | float)}
    chunks = manifest.get("chunks")
    counts["chunks"] = chunks if isinstance(chunks, int) else len(chunks or ())
    return list(counts.items())


def preprocessing(facts: Facts) -> str:
    """What is done to a text before the model sees it: the steps of the shared cleaning, in order."""
    steps = [f"{n}. {_first_line(step.__doc__)}" for n, step in enumerate(STEPS, start=1)]
    return "\n".join([
        f"Training and serving clean with the same code, version {CLEANING_VERSION}; in order:",
        "",
        *steps,
        "",
        (f"Then word pieces of BERT's uncased vocabulary ({number(facts.config.get('vocab_size'))} pieces), "
        f"at most {facts.model.max_length} a text with its two marks; longer ones are cut and say so."),
    ])  # fmt: skip


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0] if text else "(not described)"


def shape(facts: Facts) -> str:
    """The network."""
    config = facts.config
    if not config:
        return missing("config.json is not there")
    names = {
        "model_type": "type",
        "n_layers": "layers",
        "dim": "width",
        "n_heads": "attention heads",
        "hidden_dim": "width of the feed-forward layers",
        "max_position_embeddings": "positions",
        "vocab_size": "word pieces",
        "dropout": "dropout",
        "attention_dropout": "dropout of attention",
        "seq_classif_dropout": "dropout before the head",
    }
    rows = [(text, config[name]) for name, text in names.items() if name in config]
    return "\n\n".join([
        ("`TFDistilBertForSequenceClassification` with one logit; binary cross-entropy from logits. Weights "
        "are kept in float16 and computed with in float32; `openvino/` holds them quantised to int8."),
        table(("of the network", "value"), [*rows, ("parameters", number(parameters(config)))]),
    ])  # fmt: skip


def parameters(config: Mapping[str, Any]) -> int | None:
    """How many weights a DistilBERT classifier of one logit has; ``None`` where the shape is not stated."""
    try:
        dim, hidden, layers = config["dim"], config["hidden_dim"], config["n_layers"]
        embeddings = (config["vocab_size"] + config["max_position_embeddings"] + 2) * dim
    except KeyError:
        return None
    layer = 4 * (dim * dim + dim) + 2 * dim * hidden + hidden + dim + 4 * dim
    return int(embeddings + layers * layer + dim * dim + dim + dim + 1)


def training(facts: Facts) -> str:
    """The run: hyper-parameters and history."""
    run = facts.training
    if not run:
        return missing("training-config.json is not there")
    settings = values(run.get("hyper_parameters") or {})
    parts = [
        (
            f"Started from `{run.get('started_from', 'unknown')}`; {number(run.get('steps'))} steps over "
            f"{number(run.get('rows'))} rows, one learning-rate schedule over the whole run. The weights "
            "kept are those best on validation, never on a test set; told below is the run up to them."
        ),
        table(("hyper-parameter", "value"), settings) if settings else missing("no hyper-parameters"),
        _history(run.get("history") or []),
        figure(LOSS, "Training and validation loss up to the weights that were kept", facts.drawn),
    ]
    return "\n\n".join(parts)


def _history(history: list[dict[str, Any]]) -> str:
    if not history:
        return missing("training-config.json has no history")
    sets = list(dict.fromkeys(name for entry in history for name in entry.get("validation", {})))
    header = [
        "step",
        "training loss",
        *(f"{name.removesuffix('.csv')}: {part}" for name in sets for part in ("loss", "accuracy")),
    ]
    rows = []
    for entry in history:
        found = [entry.get("validation", {}).get(name, {}) for name in sets]
        cells = [_number(one.get(part)) for one in found for part in ("log_loss", "accuracy")]
        rows.append([number(entry.get("step")), _number(entry.get("train_loss")), *cells])
    return table(header, rows)


def _number(value: Any) -> str:
    return shortened(value) if isinstance(value, int | float) else "–"
