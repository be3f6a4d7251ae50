"""From settings to a warm model: opened, verified, its golden texts scored again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path
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

_COMPILED_KEPT = 3  # models; about 50 MB each


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
        cache_dir=_compiled(settings.state_dir / "compiled", folder),
    )
    try:
        check_golden(folder, tokeniser, scorer, kind=settings.scorer)
        check_unchanged(folder)
    except BaseException:
        scorer.close()  # a process that goes on with another model has no use for it
        raise
    return Model(folder, tokeniser, scorer)


def _folder(settings: Settings) -> ModelFolder:
    where = settings.model_path
    if isinstance(where, HubModel):
        token = settings.hf_token.get_secret_value() if settings.hf_token else None
        wanted = Wanted(where.repo, where.revision, token, settings.hf_endpoint)
        return open_model(fetch(wanted, settings.state_dir / "hub"))
    return open_model(where)


def _compiled(cache: Path, folder: ModelFolder) -> Path:
    """Where the compiled model is kept: apart for each content.

    OpenVINO knows a model again by its path, time and size, which another model in its place may share, as
    in images built to be reproducible. The last few are kept, since they are large and may come back.
    """
    if folder.manifest is None:
        return cache
    content = json.dumps(sorted(item for item in folder.manifest.files.items() if "openvino" in item[0]))
    mine = cache / hashlib.sha256(content.encode()).hexdigest()[:16]
    mine.mkdir(parents=True, exist_ok=True)
    mine.touch()
    with contextlib.suppress(OSError):  # another replica tidies up, too
        by_age = sorted(filter(Path.is_dir, cache.iterdir()), key=lambda path: path.stat().st_mtime)
        for old in by_age[:-_COMPILED_KEPT]:
            shutil.rmtree(old)
    return mine


def usable_cores() -> int:
    """Cores this process may run on: a container's share, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
