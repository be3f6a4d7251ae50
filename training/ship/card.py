"""The model card: ``README.md`` of a model folder, written from the other files of the folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consumer.clean import CLEANING_VERSION
from consumer.model.manifest import read_object
from consumer.model.reference import NAME as REFERENCE
from consumer.scale import Scale
from training.measure.evaluation import table
from training.measure.view import unlabelled
from training.ship.origin import origin

_TEXT = """\
---
language: en
license: apache-2.0
library_name: transformers
pipeline_tag: text-classification
tags: [sentiment, tweets, distilbert, openvino{tag}]
---
# {name} {version}

Positive or negative: one logit for an English tweet, P(positive) = sigmoid({margin}),
positive from {threshold} on.
DistilBERT, {layers} layers, {dim} wide; word pieces of the uncased BERT vocabulary, at most {max_length} a
text.

## Intended use
Labelling a stream of short, informal English texts; shares and trends over many texts more than the
verdict on one. Texts are cleaned first (cleaning version {cleaning_version}): use the `consumer` package,
or clean alike.

## Limits
- Tweets without sentiment get one of the two labels all the same. A low confidence, or the consumer's
  `NEUTRAL_BAND`, is the only sign.
- Irony, mixed feelings and the point of a link or a picture are often missed. Other languages are scored
  but not understood.
- Most training labels were made from emoticons, which agree with human readers on about 88 %. Words, names
  and views of the years 2009 to 2016 are in the weights; people and groups may be judged by the company
  their names kept then. Not for decisions about persons.

## Data
{data}
No tweet is part of this folder; the golden texts were written for it.

## Numbers
{numbers}

{parity}

Calibrated on {calibrated}. Threshold by the rule `{rule}`: {reason}.
{reference}

## Where it comes from
{origin} Weights are kept in float16 and widened to float32 at load;
`openvino/` holds {serving}.
`training-config.json` has every hyper-parameter, the data's hashes and the versions.
Licence: Apache-2.0.
"""


def write_card(folder: Path, name: str, version: str, max_length: int) -> str:
    """The card as Markdown, from the files in ``folder``; ``ModelRefusedError`` where one is damaged."""
    config, calibration = (read_object(folder / f"{file}.json") for file in ("config", "calibration"))
    evaluation = read_object(folder / "evaluation.json")
    training_file = folder / "training-config.json"
    training = read_object(training_file) if training_file.exists() else {}
    parity = evaluation.get("int8_against_float32") or {}
    is_int8 = parity.get("precision", "int8") == "int8"
    return _TEXT.format(
        name=name,
        version=version,
        tag=", int8" if is_int8 else "",
        margin=Scale.of(calibration),
        threshold=calibration["threshold"],
        layers=config.get("n_layers"),
        dim=config.get("dim"),
        max_length=max_length,
        cleaning_version=CLEANING_VERSION,
        data=_data(training),
        numbers=_numbers(evaluation),
        parity="\n".join(filter(None, [_parity(parity), _same_label(evaluation)]))
        if parity
        else "How far int8 is from float32 is not known.",
        calibrated=f"{calibration.get('rows', 0):,} rows of {calibration.get('set', 'an unnamed set')}",
        rule=calibration.get("rule", "fixed=0.5"),
        reason=calibration.get("reason", "as told"),
        reference=_reference(folder),
        origin=origin(training),
        serving=_serving(parity, is_int8=is_int8),
    )


def _data(training: Mapping[str, Any]) -> str:
    rows, data = training.get("rows"), training.get("data") or {}
    if not rows:
        return "The training configuration names none."
    steps, parameters = training.get("steps"), training.get("hyper_parameters", {})
    counted = f"{_rows(rows, data)}; {steps or 0:,} steps of {parameters.get('batch_size')}."
    sources = [f"- {_source(name, about)}" for name, about in (data.get("sources") or {}).items()]
    return "\n".join(
        [f"{counted} Duplicates and contradictory labels were dropped, splits made by hash.", *sources]
    )


def _rows(rows: int, data: Mapping[str, Any]) -> str:
    taught = unlabelled(rows, data)
    more = f" and {taught:,} neutral ones with the teachers' word alone" if taught else ""
    return f"{rows - taught:,} labelled tweets{more}"


def _source(name: str, about: Any) -> str:
    """A source's line: its hash, whether the manifest gives that alone or among other facts."""
    digest = about.get("sha256") if isinstance(about, Mapping) else about
    return f"`{name}`, sha256 {digest[:16]}…" if isinstance(digest, str) else f"`{name}`"


def _numbers(evaluation: Mapping[str, Any]) -> str:
    results = evaluation.get("back_ends") or {}
    if not any(results.values()):
        return "None measured with this calibration."
    kinds = " ".join(
        text
        for kind, text in (
            ("openvino", "`openvino` is the model that serves."),
            ("tensorflow", "`tensorflow` is the float32 reference from the same weights."),
        )
        if kind in results
    )
    notes = f"{kinds} Set by set, with calibration and at the model's threshold."
    return "\n\n".join(filter(None, [table(results), notes, _intervals(evaluation)]))


def _intervals(evaluation: Mapping[str, Any]) -> str:
    """What chance alone may have done to each accuracy."""
    sets = evaluation.get("intervals", {}).get("back_ends", {}).get("openvino", {})
    found = [
        f"{name} {bounds['accuracy'][0]:.4f} to {bounds['accuracy'][1]:.4f}"
        for name, bounds in sets.items()
        if None not in bounds.get("accuracy", (None,))
    ]
    return f"95 % intervals of the accuracy: {', '.join(found)}." if found else ""


def _parity(parity: Mapping[str, Any]) -> str:
    kind = parity.get("precision", "int8")
    return (
        f"{kind} against float32 before calibration, at even odds, on {parity['rows']} rows of\n"
        f"{parity.get('set', 'an unnamed set')}: labels agree {parity['agreement']:.2%}, mean |Δp| "
        f"{parity['mean_delta']:.4f}, largest {parity['max_delta']:.3f}, accuracy\n"
        f"{parity['accuracy_fp32']:.4f} in float32 and {parity['accuracy_int8']:.4f} in {kind}."
    )


def _same_label(evaluation: Mapping[str, Any]) -> str:
    """How often both back ends give one label, calibrated and at the model's threshold."""
    found = [f"{share:.2%} of {name}" for name, share in (evaluation.get("same_label") or {}).items()]
    return f"As served they give the same label to {', '.join(found)}." if found else ""


def _reference(folder: Path) -> str:
    if not (folder / REFERENCE).exists():
        return "Without a drift reference."
    told = read_object(folder / REFERENCE)
    return (
        f"The drift reference is {told['rows']:,} rows of {told['set']}, {told['positive_share']:.1%} of "
        "them called positive."
    )


def _serving(parity: Mapping[str, Any], *, is_int8: bool) -> str:
    if not is_int8:
        return "them in float16, computed in float32"
    ranges = f", activation ranges from {parity['samples']} tweets" if parity.get("samples") else ""
    return f"them quantised to int8 (static{ranges})"
