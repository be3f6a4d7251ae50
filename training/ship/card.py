"""The model card: ``README.md`` of a model folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from training.evaluate import Numbers, table
from training.ship.parity import Parity

# What an encoder's licence asks to be told. The key is the name of the folder training started from.
_ORIGINS = {
    "all-minilm-l6-v2": "[sentence-transformers/all-MiniLM-L6-v2]"
    "(https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2), Apache-2.0",
}

_TEXT = """\
---
language: en
license: apache-2.0
library_name: transformers
pipeline_tag: text-classification
tags: [sentiment, tweets, distilbert, openvino, int8]
---
# {name} {version}

Positive or negative: one logit for an English tweet, P(positive) = sigmoid(logit / {temperature:.4f}).
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

`openvino` is the int8 model, `tensorflow` the float32 reference from the same weights. Set by set, with
calibration, at threshold 0.5. Small sets are uncertain: on 359 rows one standard error is 1.7 points.

int8 against float32 on {parity.rows} rows of {gate}: labels agree {parity.agreement:.2%}, mean |Δp|
{parity.mean_delta:.4f}, largest {parity.max_delta:.3f}, accuracy {parity.accuracy_fp32:.4f} in float32 and
{parity.accuracy_int8:.4f} in int8.

## Where it comes from
Fine-tuned from {origin}. Weights are kept in float16 and widened to float32 at load;
`openvino/` holds them quantised to int8 (static, activation ranges from {samples} tweets).
`training-config.json` has every hyper-parameter, the data's hashes and the versions.
Licence: Apache-2.0.
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the card says."""

    name: str
    version: str
    temperature: float
    max_length: int
    cleaning_version: str
    samples: int
    gate: str
    parity: Parity
    results: dict[str, dict[str, Numbers]]
    config: dict[str, Any]  # config.json
    training: dict[str, Any]  # training-config.json


def write_card(facts: Facts) -> str:
    """The card as Markdown."""
    start = str(facts.training.get("started_from", "unknown"))
    return _TEXT.format(
        name=facts.name,
        version=facts.version,
        temperature=facts.temperature,
        layers=facts.config.get("n_layers"),
        dim=facts.config.get("dim"),
        max_length=facts.max_length,
        cleaning_version=facts.cleaning_version,
        data=_data(facts.training),
        numbers=table(facts.results) if facts.results else "None measured at export.",
        parity=facts.parity,
        gate=facts.gate,
        origin=_ORIGINS.get(start, start),
        samples=facts.samples,
    )


def _data(training: dict[str, Any]) -> str:
    rows, data = training.get("rows"), training.get("data") or {}
    if not rows:
        return "The training configuration names none."
    steps, parameters = training.get("steps"), training.get("hyper_parameters", {})
    counted = (
        f"{rows:,} labelled tweets, half of them positive; {steps:,} steps of {parameters.get('batch_size')}."
    )
    sources = [f"- `{name}`, sha256 {digest[:16]}…" for name, digest in data.get("sources", {}).items()]
    return "\n".join(
        [f"{counted} Duplicates and contradictory labels were dropped, splits made by hash.", *sources]
    )
