"""A replica that a test steers: the real command, with a model whose scores are plain to see.

Its scorer knows words: each "good" adds 2 to the logit, each "bad" takes 2 away; "poison" makes it raise
and "immeasurable" makes it answer with no number; at "hang" it waits for ever, at "clutch" it does so with
the interpreter's lock in its hand, and "crash" ends the process as a fault of a runtime would. At each gate
named in ``GATES`` (``score``, ``commit``, ``committed``, ``positions``) the replica says so on its standard
output and waits for a byte on its standard input, so that a test can end it at a point of its choosing;
once that input is closed, all gates stand open. ``SCORE_SECONDS`` is what a text costs.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
from kafka import KafkaConsumer, KafkaProducer

from consumer import __main__ as command
from consumer.assembly import Model
from consumer.cli import run
from consumer.model.folder import ModelFolder
from consumer.tokenise import Tokeniser

if TYPE_CHECKING:
    from pathlib import Path

    from consumer.scoring.scorer import Logits
    from consumer.settings import Settings

NAME, VERSION = "words", "7"
MAX_LENGTH = 16
_NAMES = ("[UNK]", "good", "bad", "poison", "immeasurable", "hang", "clutch", "crash")
WORDS = {name: number for number, name in enumerate(_NAMES)}
_, GOOD, BAD, POISON, IMMEASURABLE, HANG, CLUTCH, CRASH = range(len(_NAMES))


def pass_gate(name: str) -> None:
    """Wait for leave to go on, where the test asked for this gate."""
    if name in os.environ.get("GATES", "").split(","):
        os.write(sys.stdout.fileno(), f"{name}\n".encode())
        os.read(sys.stdin.fileno(), 1)


class WordScorer:
    """Scores by words it knows."""

    padded_tokens = 0

    def logits(self, token_ids: Sequence[Sequence[int]]) -> Logits:
        """One logit a text."""
        pass_gate("score")
        time.sleep(float(os.environ.get("SCORE_SECONDS", "0")) * len(token_ids))
        if any(POISON in ids for ids in token_ids):
            raise RuntimeError(f"cannot score {token_ids!r}")
        _misbehave({word for ids in token_ids for word in ids})
        self.padded_tokens = sum(len(ids) for ids in token_ids)
        return np.array([_logit(ids) for ids in token_ids], dtype=np.float32)

    def close(self) -> None:
        """There is nothing to let go of."""


def _misbehave(words: Collection[int]) -> None:
    if HANG in words:
        threading.Event().wait()
    if CLUTCH in words:
        re.match(r"(a+)+$", "a" * 60 + "b")  # longer than the universe, and nothing else may run meanwhile
    if CRASH in words:
        signal.raise_signal(signal.SIGSEGV)  # at this thread, as a fault is: it never gets past this line


def _logit(ids: Sequence[int]) -> float:
    if IMMEASURABLE in ids:
        return float("nan")
    return 2.0 * (list(ids).count(GOOD) - list(ids).count(BAD))


def load_words(settings: Settings) -> Model:
    """In place of the model that the settings name."""
    path = settings.state_dir / f"tokeniser-{os.getpid()}.json"
    write_tokeniser(path)
    folder = ModelFolder(path.parent, NAME, VERSION, MAX_LENGTH, path)
    return Model(folder, Tokeniser(path, MAX_LENGTH), WordScorer())


def write_tokeniser(path: Path) -> None:
    """A tokeniser of whole words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_tokeniser()), "utf-8")


def _tokeniser() -> dict[str, Any]:
    return {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": WORDS, "unk_token": "[UNK]"},
    }


def _gated(commit: Callable[..., None]) -> Callable[..., None]:
    def commit_transaction(producer: KafkaProducer) -> None:
        pass_gate("commit")
        commit(producer)
        pass_gate("committed")

    return commit_transaction


def _gated_positions(commit: Callable[..., None]) -> Callable[..., None]:
    def commit_positions(consumer: KafkaConsumer, *arguments: Any, **options: Any) -> None:
        pass_gate("positions")
        commit(consumer, *arguments, **options)

    return commit_positions


def main() -> int:
    """The command line as the operator has it, with our model and gates in it."""
    metadata_max_age_ms = int(os.environ.get("METADATA_MAX_AGE_MS", "300000"))  # as the client ships
    with (
        mock.patch.object(run, "load_model", load_words),
        mock.patch.dict(KafkaConsumer.DEFAULT_CONFIG, metadata_max_age_ms=metadata_max_age_ms),
        mock.patch.object(KafkaProducer, "commit_transaction", _gated(KafkaProducer.commit_transaction)),
        mock.patch.object(KafkaConsumer, "commit", _gated_positions(KafkaConsumer.commit)),
    ):
        return command.main()


if __name__ == "__main__":
    raise SystemExit(main())
