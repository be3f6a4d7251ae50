"""Files from the Hugging Face Hub. The only module that knows the library; loaded when a model is asked for.

Every failure of the Hub or of the way to it becomes one line, within seconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

# Its faster transfer keeps a cache in the user's home; a container writes to STATE_DIR alone.
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")

from huggingface_hub import HfApi, constants
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import disable_progress_bars

from consumer.errors import ConfigurationError

if TYPE_CHECKING:
    from consumer.model.hub import Wanted

TIMEOUT_SECONDS = 10.0
_REFUSED = (401, 403)


def commit_of(wanted: Wanted) -> str:
    """The commit that a tag names; a branch is refused. Raises ``ConfigurationError``."""
    api = HfApi(wanted.endpoint, token=wanted.token or False)
    with told(repr(wanted), wanted.endpoint):
        found = api.model_info(wanted.repo, revision=wanted.revision, timeout=TIMEOUT_SECONDS).sha
        if found == wanted.revision:
            return found
        tags = {tag.name: tag.target_commit for tag in api.list_repo_refs(wanted.repo).tags}
    if wanted.revision not in tags or not found:
        raise ConfigurationError(
            f"{wanted!r}: {wanted.revision} is neither a tag nor a whole commit hash, what it names may "
            f"move; today that is hub:{wanted.repo}@{found}"
        )
    return found


def get(wanted: Wanted, commit: str, name: str, folder: Path) -> None:
    """One file into ``folder``; goes on with what an earlier call left. Raises ``ConfigurationError``."""
    disable_progress_bars()
    api = HfApi(wanted.endpoint, token=wanted.token or False)
    with told(repr(wanted), wanted.endpoint):
        api.hf_hub_download(
            wanted.repo, name, revision=commit, local_dir=folder, etag_timeout=TIMEOUT_SECONDS
        )


@contextmanager
def told(what: str, endpoint: str | None) -> Iterator[None]:
    """A failure inside becomes a ``ConfigurationError`` of one line, which never holds the token."""
    try:
        yield
    except (HfHubHTTPError, OSError, EntryNotFoundError, RuntimeError) as error:
        # The library wraps what befell one of several files in a bare RuntimeError.
        cause = error.__cause__ if isinstance(error, RuntimeError) else error
        if not isinstance(cause, HfHubHTTPError | OSError):
            raise
        raise ConfigurationError(f"{what}: {_reason(cause, endpoint or constants.ENDPOINT)}") from error


def _reason(error: Exception, hub: str) -> str:  # noqa: PLR0911 - a table of errors, one line each
    if isinstance(error, GatedRepoError):
        return f"{hub} grants access on request only; HF_TOKEN must be of a user who has it"
    if isinstance(error, RevisionNotFoundError):
        return f"{hub} has the repository, but not this revision"
    if isinstance(error, RepositoryNotFoundError):
        return f"{hub} has no such repository, or shows it only with the right HF_TOKEN"
    if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
        return f"{hub} has no such file there; is it a model folder of `python -m training push`?"
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code if error.response is not None else "an error"
        refused = "HF_TOKEN is missing or may not do this" if status in _REFUSED else "try again later"
        return f"{hub} answers {status}: {refused}"
    if isinstance(error, OSError) and error.errno and error.filename:
        return f"{error.filename}: {error.strerror}"
    cause = error.__cause__ or error
    return f"{hub} is not reachable, or the transfer broke off ({type(cause).__name__})"
