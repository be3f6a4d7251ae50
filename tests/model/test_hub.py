"""``MODEL_PATH=hub:…``: fetched once and whole, or refused in one line."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from consumer.errors import ConfigurationError, ModelRefusedError
from consumer.model.folder import open_model
from consumer.model.hub import Wanted, fetch
from consumer.model.manifest import hash_files
from tests.model.folders import make_folder, seal
from tests.model.hub_server import Hub, running_hub

REPO = "birds/toy"
SECRET = "hf_planted_secret"  # noqa: S105 - planted to be looked for


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub on loopback."""
    with running_hub() as hub:
        yield hub


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A valid model folder."""
    return make_folder(tmp_path / "toy")


def read(folder: Path) -> dict[str, bytes]:
    """Every file by its path in the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.fixture
def commit(hub: Hub, source: Path) -> str:
    """The folder on the hub, tagged v1, beside a file that its manifest does not list."""
    return hub.repository(REPO, read(source) | {"pytorch_model.bin": b"not ours"})


def wanted(hub: Hub, revision: str = "v1", token: str | None = None) -> Wanted:
    """A request to the hub on loopback."""
    return Wanted(REPO, revision, token, hub.url)


def test_a_tag_is_fetched_whole(hub: Hub, commit: str, source: Path, tmp_path: Path) -> None:
    """What the manifest lists and nothing else arrives, as plain files, in a folder named by the commit."""
    folder = fetch(wanted(hub), tmp_path / "cache")
    assert folder.name == commit
    assert read(folder) == read(source)
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    assert open_model(folder).name == "toy"


def test_a_commit_is_fetched_by_its_hash(hub: Hub, commit: str, tmp_path: Path) -> None:
    """The full hash is the surest name."""
    assert fetch(wanted(hub, commit), tmp_path / "cache").name == commit


@pytest.mark.parametrize("by_hash", [True, False])
def test_a_filled_cache_needs_no_network(hub: Hub, commit: str, tmp_path: Path, *, by_hash: bool) -> None:
    """The second start asks nobody, by tag or by hash."""
    first = fetch(wanted(hub), tmp_path / "cache")
    hub.asked.clear()
    hub.status = 500
    assert fetch(wanted(hub, commit if by_hash else "v1"), tmp_path / "cache") == first
    assert hub.asked == []


def test_the_commit_is_logged_and_the_token_is_not(
    hub: Hub, commit: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At every start, also from the cache."""
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.DEBUG):
            fetch(wanted(hub, token=SECRET), tmp_path / "cache")
        fields = [r.__dict__["fields"] for r in caplog.records if r.message == "model_from_hub"]
        assert fields == [{"repo": REPO, "revision": "v1", "commit": commit}]
        assert SECRET not in caplog.text
    assert {authorisation for _, _, authorisation in hub.asked} == {f"Bearer {SECRET}"}
    assert SECRET not in repr(wanted(hub, token=SECRET))


def test_without_a_token_none_is_sent(
    hub: Hub, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one left in the home folder nor the library's other variable is used."""
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", SECRET)
    fetch(wanted(hub), tmp_path / "cache")
    assert {authorisation for _, _, authorisation in hub.asked} == {None}


def test_a_private_model_needs_its_token(hub: Hub, commit: str, tmp_path: Path) -> None:
    """Without it there is no such repository; with it there is."""
    hub.token, hub.repositories[REPO].private = SECRET, True
    with pytest.raises(ConfigurationError, match="no such repository, or shows it only with the right"):
        fetch(wanted(hub), tmp_path / "cache")
    assert fetch(wanted(hub, token=SECRET), tmp_path / "cache").name == commit


@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        ("v2", "has the repository, but not this revision"),
        ("main", "main is neither a tag nor a whole commit hash"),
    ],
)
def test_a_revision_must_be_fixed(hub: Hub, commit: str, tmp_path: Path, revision: str, reason: str) -> None:
    """A branch is refused, and so is what is not there."""
    with pytest.raises(ConfigurationError, match=reason) as refusal:
        fetch(wanted(hub, revision), tmp_path / "cache")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "answers 403: HF_TOKEN"), (503, "answers 503: try again")]
)
def test_an_answer_that_is_a_fault(hub: Hub, commit: str, tmp_path: Path, status: int, reason: str) -> None:
    """The hub's status stands in the line."""
    hub.status = status
    with pytest.raises(ConfigurationError, match=reason) as refusal:
        fetch(wanted(hub, token=SECRET), tmp_path / "cache")
    assert SECRET not in str(refusal.value)


def test_nobody_there(tmp_path: Path) -> None:
    """A refused connection: one line that names the address."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match=f"{endpoint} is not reachable"):
            fetch(Wanted(REPO, "v1", None, endpoint), tmp_path / "cache")


def test_a_repository_of_something_else(hub: Hub, tmp_path: Path) -> None:
    """Without a manifest it is no model folder of ours."""
    hub.repository(REPO, {"config.json": b"{}"})
    with pytest.raises(ConfigurationError, match="no such file there"):
        fetch(wanted(hub), tmp_path / "cache")


def test_damage_on_the_way_is_refused_and_not_kept(hub: Hub, commit: str, tmp_path: Path) -> None:
    """A wrong byte is found by its hash; the next start fetches anew."""
    hub.damaged = {"openvino/model.bin"}
    with pytest.raises(ModelRefusedError, match=r"model\.bin is damaged"):
        fetch(wanted(hub), tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache" / "birds--toy").iterdir()] == [".lock"]
    hub.damaged.clear()
    assert open_model(fetch(wanted(hub), tmp_path / "cache")).name == "toy"


def test_a_transfer_cut_short_leaves_no_folder(
    hub: Hub, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is half there stands under another name, and the next start goes on with it."""
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _seconds: None)
    hub.cut = {"tokenizer.json"}
    with pytest.raises(ConfigurationError, match="not reachable, or the transfer broke off"):
        fetch(wanted(hub), tmp_path / "cache")
    shelf = tmp_path / "cache" / "birds--toy"
    assert [path.name for path in shelf.iterdir() if path.is_dir()] == [f"{commit}.partial"]
    hub.cut.clear()
    hub.asked.clear()
    assert open_model(fetch(wanted(hub), tmp_path / "cache")).name == "toy"
    assert not any("config.json" in path for _, path, _ in hub.asked if path.endswith("/config.json"))


@pytest.mark.parametrize("name", ["../../outside.txt", "/outside.txt"])
def test_a_manifest_that_leads_outside_writes_nothing_there(
    hub: Hub, source: Path, tmp_path: Path, name: str
) -> None:
    """Names in a manifest come from somebody else."""
    files = hash_files(source)
    seal(source, files=files | {name: "0" * 64})
    hub.repository(REPO, read(source))
    with pytest.raises(ModelRefusedError, match="is not a path inside the folder"):
        fetch(wanted(hub), tmp_path / "cache")
    assert not list(tmp_path.rglob("outside.txt"))


def test_a_model_of_other_cleaning_is_refused(hub: Hub, source: Path, tmp_path: Path) -> None:
    """Before it is kept."""
    seal(source, cleaning_version="0")
    hub.repository(REPO, read(source))
    with pytest.raises(ModelRefusedError, match="cleaning version"):
        fetch(wanted(hub), tmp_path / "cache")


def test_without_the_library_its_installation_is_named(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra of the consumer."""
    monkeypatch.delitem(sys.modules, "consumer.model.download", raising=False)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'tweet-sentiment\[hub\]'"):
        fetch(wanted(hub), tmp_path / "cache")


def test_a_cache_that_cannot_be_written(hub: Hub, tmp_path: Path) -> None:
    """Said of the folder, not of the hub."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="cannot be kept in"):
        fetch(wanted(hub), tmp_path / "file" / "cache")
