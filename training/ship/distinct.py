"""No two models beside each other share a name and a version: results would not tell them apart."""

from __future__ import annotations

from pathlib import Path

from consumer.errors import ModelRefusedError
from consumer.model.folder import ModelFolder
from consumer.model.manifest import NAME, Manifest, read_manifest

# What decides a probability; two folders that differ elsewhere, in their card for one, are one model.
_DECIDES = ("model.safetensors", "openvino/model.bin", "openvino/model.xml", "calibration.json")


def require_own_version(new: ModelFolder) -> None:
    """Compare the manifest of a verified folder with those of the folders beside it.

    Raises:
        ModelRefusedError: another model of this name and version is there; names its folder.
    """
    if new.manifest is None:
        return
    here = new.path.resolve()
    for folder in sorted(here.parent.iterdir()):
        if folder.name.startswith(".") or folder.resolve() == here:
            continue
        other = _manifest(folder / NAME)
        if other is not None and _looks_like(new.manifest, other):
            raise ModelRefusedError(
                f"{new.path}: {folder} is another model of the same name and version, {new.name} "
                f"{new.version}, and results tell models apart by these: export it with another --version"
            )


def _looks_like(one: Manifest, other: Manifest) -> bool:
    """The same name and version on something that scores otherwise."""
    return (one.name, one.version) == (other.name, other.version) and _scoring(one) != _scoring(other)


def _scoring(manifest: Manifest) -> tuple[object, ...]:
    files = [manifest.files.get(name) for name in _DECIDES]
    return (manifest.tokeniser_fingerprint, manifest.cleaning_version, manifest.max_length, *files)


def _manifest(path: Path) -> Manifest | None:
    """``None`` where there is none that can be read: no consumer would load that."""
    try:
        return read_manifest(path)
    except ModelRefusedError:
        return None
