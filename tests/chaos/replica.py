"""A replica for the chaos run: the real command, with a scorer of fixed cost that can be told to hang.

SIGUSR1 makes the next scoring sleep for ``STALL_SECONDS``; ``MAX_POLL_INTERVAL_MS`` is what the group
forgives. The label is a hash of the text, so a result shows whether it belongs to its record; results bear
``MODEL_VERSION`` as the model's.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
from kafka import KafkaConsumer

from consumer import __main__ as command
from consumer.assembly import Model
from consumer.cli import run
from consumer.model.folder import ModelFolder
from consumer.tokenise import Tokeniser
from tests.broker.replica import MAX_LENGTH, write_tokeniser

if TYPE_CHECKING:
    from consumer.scoring.scorer import Logits
    from consumer.settings import Settings

_SECONDS_A_BATCH = 0.01
_SECONDS_A_TEXT = float(os.environ.get("MS_A_TEXT", "0")) / 1000
_stalled = threading.Event()


class SlowScorer:
    """Costs the same time for every batch, or every text of it, and far more when told so."""

    padded_tokens = 0

    def logits(self, token_ids: Sequence[Sequence[int]]) -> Logits:
        """One logit a text."""
        stalled = _stalled.is_set()
        _stalled.clear()
        cost = _SECONDS_A_BATCH + _SECONDS_A_TEXT * len(token_ids)
        time.sleep(float(os.environ["STALL_SECONDS"]) if stalled else cost)
        self.padded_tokens = sum(len(ids) for ids in token_ids)
        return np.array([len(ids) % 3 - 1 for ids in token_ids], dtype=np.float32)

    def close(self) -> None:
        """There is nothing to let go of."""


def load_slow(settings: Settings) -> Model:
    """In place of the model that the settings name."""
    path = settings.state_dir / f"tokeniser-{os.getpid()}.json"
    write_tokeniser(path)
    folder = ModelFolder(path.parent, "slow", os.environ.get("MODEL_VERSION", "1"), MAX_LENGTH, path)
    model = Model(folder, Tokeniser(path, MAX_LENGTH), SlowScorer())
    path.unlink()
    return model


def main() -> int:
    """The command line as the operator has it."""
    signal.signal(signal.SIGUSR1, lambda *_: _stalled.set())
    forgives = {"max_poll_interval_ms": int(os.environ["MAX_POLL_INTERVAL_MS"])}
    with (
        mock.patch.object(run, "load_model", load_slow),
        mock.patch.dict(KafkaConsumer.DEFAULT_CONFIG, forgives),
    ):
        return command.main()


if __name__ == "__main__":
    sys.exit(main())
