"""``training-config.json``: all that decided what a run's weights are."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from consumer.clean import CLEANING_VERSION
from consumer.model.manifest import read_object, sha256
from training.data.chunk_files import read_manifest
from training.data.mixture import Labelled
from training.data.rows import BadInputError
from training.data.split import SPLITS
from training.fit.disk import naming, sync
from training.fit.loop import Progress
from training.fit.state import read_facts

NAME = "training-config.json"
_PACKAGES = ("tensorflow", "tf-keras", "transformers", "tokenizers", "numpy")
# What a run that goes on may do otherwise without getting other weights.
FREE = frozenset({"versions", "command"})


def data_hash(files: Iterable[Labelled]) -> str:
    """One hash over the files in order."""
    return hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()


def split_ratios() -> dict[str, float]:
    """Share of each split; a text's place is by its hash."""
    bounds = [("", 0.0), *SPLITS]
    shares = {
        name: round(bound - before, 6) for (_, before), (name, bound) in zip(bounds, SPLITS, strict=False)
    }
    return shares | {"train": round(1.0 - sum(shares.values()), 6)}


def common() -> dict[str, Any]:
    """The part that every run has."""
    return {
        "cleaning_version": CLEANING_VERSION,
        "split_ratios": split_ratios(),
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def manifest_of(chunks: Path, count: int) -> dict[str, Any] | None:
    """What ``training chunk`` wrote beside the chunks, their number instead of their list.

    Raises ``BadInputError`` where that is damaged.
    """
    content = read_manifest(chunks.parent)
    return None if content is None else content | {"chunks": count}


def portable(arguments: Sequence[str]) -> list[str]:
    """Absolute paths tell of one machine; their last part is what matters."""
    return [Path(one).name if Path(one).is_absolute() else one for one in arguments]


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What a run would do otherwise than the one whose state it is to go on from, in words."""
    found: list[str] = []
    for key in sorted({*before, *now} - FREE):
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, f"{prefix}{key}.")
        elif old != new:
            found.append(f"{prefix}{key} was {_short(old)}, is {_short(new)}")
    return found


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - a line stays readable


def as_json(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content as it comes back from a file: with lists for tuples and text for every key."""
    return dict(json.loads(json.dumps(content)))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write under a temporary name, flush to the disk, then rename."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with naming(path):
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            sync(temporary)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)
    sync(path.parent)


def weights_hash(file: Path | None) -> str | None:
    """Hash of the file of weights that training started from, if it did from one."""
    return None if file is None else sha256(file)


def beside(file: Path | None) -> dict[str, Any] | None:
    """The training configuration beside the weights in ``file``; None where there is none."""
    path = file.parent / NAME if file is not None else None
    return read_object(path) if path is not None and path.is_file() else None


def made_before(file: Path | None) -> dict[str, Any]:
    """How the weights in ``file`` were trained, where that lies beside them; not what each step scored."""
    told = beside(file)
    if told is None:
        return {}
    return {"start": {key: value for key, value in told.items() if key != "history"}}


def where_to_begin(out: Path, config: Mapping[str, Any], *, resume: bool) -> tuple[Progress, Path | None]:
    """The progress to go on from, and the file of its state; from the very start there is none.

    Raises:
        BadInputError: the state is of a run that was to do something else; names what.
        ModelRefusedError: there is no whole state.
    """
    if not resume:
        out.mkdir(parents=True, exist_ok=True)
        return Progress(), None
    path, facts = read_facts(out)
    changed = differences(facts["config"], config)
    if changed:
        raise BadInputError(
            f"{path}: --resume goes on with the same run only: {'; '.join(changed[:3])}; "
            f"to begin anew, remove {out}"
        )
    progress = Progress.of_facts(facts["progress"])
    print(f"going on after step {progress.step}")
    return progress, path
