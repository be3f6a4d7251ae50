"""From settings to a warm model: opened, verified, its golden texts scored again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from consumer.assembly import Model
from consumer.broker.identity import try_state
from consumer.model.folder import ModelFolder, check_unchanged, open_model
from consumer.model.golden import check_golden
from consumer.model.hub import Wanted, fetch
from consumer.scoring.load import load_scorer
from consumer.settings.values import HubModel
from consumer.tokenise import Tokeniser

if TYPE_CHECKING:
    from consumer.settings import Settings


def load_model(settings: Settings) -> Model:
    """The model of ``MODEL_PATH``.

    Raises:
        ModelRefusedError: it is damaged, does not fit, or was replaced meanwhile.
        ConfigurationError: STATE_DIR cannot be written to, or the hub does not give the model.
    """
    try_state(settings)
    folder = _folder(settings)
    tokeniser = Tokeniser(folder.tokeniser_path, folder.max_length)
    scorer = load_scorer(
        folder.path,
        settings.scorer,
        streams=settings.scorer_streams or usable_cores(),
        chunk_tokens=settings.scorer_chunk_tokens,
        cache_dir=settings.state_dir / "compiled",
    )
    check_golden(folder, tokeniser, scorer, kind=settings.scorer)
    check_unchanged(folder)
    return Model(folder, tokeniser, scorer)


def _folder(settings: Settings) -> ModelFolder:
    where = settings.model_path
    if isinstance(where, HubModel):
        token = settings.hf_token.get_secret_value() if settings.hf_token else None
        wanted = Wanted(where.repo, where.revision, token, settings.hf_endpoint)
        return open_model(fetch(wanted, settings.state_dir / "hub"))
    return open_model(where)


def usable_cores() -> int:
    """Cores this process may run on: a container's share, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
