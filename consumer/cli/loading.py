"""From settings to a warm model: opened, verified, its golden texts scored again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from consumer.assembly import Model
from consumer.broker.identity import try_state
from consumer.model.folder import open_model
from consumer.model.golden import check_golden
from consumer.scoring.load import load_scorer
from consumer.tokenise import Tokeniser

if TYPE_CHECKING:
    from consumer.settings import Settings


def load_model(settings: Settings) -> Model:
    """The model of ``MODEL_PATH``. Raises ``ModelRefusedError``, or ``ConfigurationError`` for STATE_DIR."""
    try_state(settings)
    folder = open_model(settings.model_path)
    tokeniser = Tokeniser(folder.tokeniser_path, folder.max_length)
    scorer = load_scorer(
        folder.path,
        settings.scorer,
        streams=settings.scorer_streams or usable_cores(),
        chunk_tokens=settings.scorer_chunk_tokens,
        cache_dir=settings.state_dir / "compiled",
    )
    check_golden(folder, tokeniser, scorer, kind=settings.scorer)
    return Model(folder, tokeniser, scorer)


def usable_cores() -> int:
    """Cores this process may run on: a container's share, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
