"""What a model was made from, step by step, with the licence of what came from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The key is the name of the folder training started from, in small letters.
_LICENSED = {
    "all-minilm-l6-v2": "[sentence-transformers/all-MiniLM-L6-v2]"
    "(https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2), Apache-2.0",
    "bge-small-en-v1.5": "[BAAI/bge-small-en-v1.5](https://huggingface.co/BAAI/bge-small-en-v1.5), MIT",
    "distilbert-base-uncased": "[distilbert-base-uncased]"
    "(https://huggingface.co/distilbert/distilbert-base-uncased), Apache-2.0",
}
_MOST_STEPS = 10  # a chain is as long as somebody's patience; a file may say anything


def origin(training: Mapping[str, Any]) -> str:
    """One sentence a step, the first one first.

    Read from ``training-config.json``: ``started_from`` names a folder, or is itself such a configuration;
    ``masked_language`` tells of pre-training on raw texts, here or in ``start``, the configuration of the
    folder that training started from.

    >>> origin({"started_from": "all-minilm-l6-v2"})[:36]
    'Fine-tuned from [sentence-transforme'
    >>> origin({"started_from": "first", "start_layers": [0, 2], "start": {"started_from": "enc"}})
    'Fine-tuned from enc. Fine-tuned, with only its layers 0, 2 (from 0).'
    >>> origin({"started_from": "enc", "masked_language": {"started_from": "random", "texts": 1200}})
    'Pre-trained as a masked language model on 1,200 tweets without labels, from random weights. Fine-tuned.'
    >>> blended = [{"name": "a", "share": 0.6}, {"name": "b", "share": 0.4}]
    >>> origin({"started_from": "enc", "blended": blended})
    'Fine-tuned from enc. Then blended, weight by weight: 60% of a and 40% of b.'
    >>> trimmed = {"pieces": 10000, "pieces_before": 30522, "share_of_tokens_kept": 0.98}
    >>> origin({"started_from": "enc", "trimmed": trimmed})
    'Fine-tuned from enc. Then cut down to 10,000 of 30,522 word pieces, 98.0% of what tweets use.'
    """
    steps: list[str] = []
    _walk(training, steps)
    return (
        " ".join(reversed(steps)) if steps else "Fine-tuned from something the configuration does not name."
    )


def _walk(training: Mapping[str, Any], steps: list[str]) -> None:
    if len(steps) >= _MOST_STEPS:
        return
    steps.extend(reversed(_afterwards(training)))
    before = _before(training)
    if before is None:
        if training.get("started_from"):
            steps.append(f"Fine-tuned from {_named(training['started_from'])}{_how(training)}.")
        return
    steps.append(f"Fine-tuned{_how(training)}.")
    masked = before.get("masked_language")
    if not isinstance(masked, Mapping):
        _walk(before, steps)
        return
    texts = f"{masked['texts']:,} tweets" if isinstance(masked.get("texts"), int) else "tweets"
    start = _named(masked.get("started_from") or before.get("started_from") or "an unnamed encoder")
    steps.append(f"Pre-trained as a masked language model on {texts} without labels, from {start}.")


def _afterwards(training: Mapping[str, Any]) -> list[str]:
    """What was done to the weights once they were trained: ``training blend`` and ``training trim``."""
    told: list[str] = []
    parts = training.get("blended")
    if isinstance(parts, list):
        named = " and ".join(f"{part['share']:.0%} of {part['name']}" for part in parts)
        told.append(f"Then blended, weight by weight: {named}.")
    trimmed = training.get("trimmed")
    if isinstance(trimmed, Mapping):
        kept = f"{trimmed['pieces']:,} of {trimmed['pieces_before']:,} word pieces"
        told.append(f"Then cut down to {kept}, {trimmed['share_of_tokens_kept']:.1%} of what tweets use.")
    return told


def _how(training: Mapping[str, Any]) -> str:
    """What was particular: only some layers kept, teachers beside the labels, the sources."""
    data = training.get("data") or {}
    parts: list[str] = []
    if layers := training.get("start_layers"):
        parts.append(f", with only its layers {', '.join(map(str, layers))} (from 0)")
    sources = data.get("sources") or {}
    if sources:
        parts.append(f" on {' and '.join(sources)}")
    if teachers := data.get("teachers"):
        names = " and ".join(str(teacher.get("name")) for teacher in teachers)
        parts.append(f", {data.get('share', 1):.0%} towards what its teachers {names} say of each text")
    return "".join(parts)


def _before(training: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The configuration of what this one started from, wherever it stands."""
    if isinstance(training.get("masked_language"), Mapping):
        return {"masked_language": training["masked_language"]}
    for key in ("started_from", "start", "start_config"):
        if isinstance(training.get(key), Mapping):
            found: Mapping[str, Any] = training[key]
            return found
    return None


def _named(start: Any) -> str:
    name = str(start)
    return "random weights" if name == "random" else _LICENSED.get(name.lower(), name)
