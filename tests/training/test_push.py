"""``training push`` to a hub on loopback, and from there into a consumer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from consumer.__main__ import main as consumer
from consumer.model.folder import ModelFolder, open_model
from consumer.model.hub import Wanted, fetch
from consumer.model.manifest import hash_files
from tests.imports import ROOT
from tests.model.hub_server import Hub, running_hub
from training.__main__ import main

pytestmark = pytest.mark.tensorflow  # the tiny model is exported with it
REPO = "birds/tiny"
TOKEN = "hf_planted_secret"  # noqa: S105 - planted to be looked for


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on loopback that asks for a token, and an environment that has it."""
    with running_hub() as hub:
        hub.token = TOKEN
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        # The library read it when it was imported, long ago.
        template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


def test_pushed_and_fetched_back(
    hub: Hub, tiny: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole folder goes up under the version's tag, and the same bytes come down and open."""
    assert main(["push", str(tiny.path), "--repo", REPO]) == 0
    told = capsys.readouterr()
    assert f"MODEL_PATH=hub:{REPO}@v0.0.1" in told.out
    assert TOKEN not in told.out + told.err
    commit = hub.repositories[REPO].tags["v0.0.1"]
    assert commit in told.out
    assert hub.large  # weights went the way of large files
    folder = fetch(Wanted(REPO, "v0.0.1", None, hub.url), tmp_path / "cache")
    assert hash_files(folder) == hash_files(tiny.path)
    assert open_model(folder).version == "0.0.1"


@pytest.mark.parametrize("dry", [True, False])
def test_for_a_program(hub: Hub, tiny: ModelFolder, capsys: pytest.CaptureFixture[str], *, dry: bool) -> None:
    """`--json`: one object with what MODEL_PATH is to be; no commit where nothing was sent."""
    flags = ["--json", *(["--dry-run"] if dry else [])]
    assert main(["push", str(tiny.path), "--repo", REPO, *flags]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["path"]: one["sha256"] for one in told["files"]}.items() >= hash_files(tiny.path).items()
    assert told["model_path"] == f"hub:{REPO}@v0.0.1"
    assert told["commit"] == (None if dry else hub.repositories[REPO].tags["v0.0.1"])


def test_a_consumer_takes_it_from_there(
    hub: Hub, tiny: ModelFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``MODEL_PATH=hub:…`` with the address in the environment alone; the second time without a hub."""
    main(["push", str(tiny.path), "--repo", REPO, "--private"])
    assert hub.repositories[REPO].private
    capsys.readouterr()
    flags = ["--model-path", f"hub:{REPO}@v0.0.1", "--state-dir", str(tmp_path), "--log-format", "json"]
    assert consumer(["score", "good day", *flags]) == 0
    assert '"version":"0.0.1"' in capsys.readouterr().out
    hub.status = 500
    environment = {k: v for k, v in os.environ.items() if k != "HF_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "consumer", "check", *flags, "--kafka-bootstrap-servers", "127.0.0.1:9"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert f"MODEL_PATH=hub:{REPO}@v0.0.1" in done.stdout
    assert f"commit {hub.repositories[REPO].tags['v0.0.1']}" in done.stdout


def test_dry_run_sends_nothing(
    hub: Hub, tiny: ModelFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size and hash of every file, the manifest included; no token needed."""
    monkeypatch.delenv("HF_TOKEN")
    assert main(["push", str(tiny.path), "--repo", REPO, "--dry-run"]) == 0
    *files, last = capsys.readouterr().out.splitlines()
    listed = {line.split()[2]: line.split()[1] for line in files}
    manifest = listed.pop("manifest.json")
    assert listed == hash_files(tiny.path)
    assert len(manifest) == 64
    assert "nothing was sent" in last
    assert hub.asked == []


def test_a_second_push_leaves_nothing_of_the_first(hub: Hub, tiny: ModelFolder) -> None:
    """A file the model no longer has would be refused by a consumer as unlisted."""
    hub.repository(REPO, {"tf_model.h5": b"old weights", "README.md": b"old"}, tag="v0")
    assert main(["push", str(tiny.path), "--repo", REPO, "--revision", "second"]) == 0
    repository = hub.repositories[REPO]
    assert set(repository.commits[repository.tags["second"]]) == {*hash_files(tiny.path), "manifest.json"}
    assert repository.tags["v0"] in repository.commits


def test_a_tag_that_is_taken_stays(hub: Hub, tiny: ModelFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is sent: somebody runs on it."""
    hub.repository(REPO, {"README.md": b"old"}, tag="v0.0.1")
    assert main(["push", str(tiny.path), "--repo", REPO]) == 2
    assert "has a tag v0.0.1 already" in capsys.readouterr().err
    assert {method for method, _, _ in hub.asked} == {"GET"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--repo", "no-owner"], "should be ORG/NAME"),
        (["--repo", REPO, "--revision", "a b"], "'a b' is not a name for a tag"),
    ],
)
def test_what_is_typed_wrong(
    hub: Hub, tiny: ModelFolder, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    """One line, exit 2, nothing asked."""
    assert main(["push", str(tiny.path), *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert hub.asked == []


@pytest.mark.parametrize(
    ("token", "reason"),
    [(None, "HF_TOKEN is not set"), ("hf_other", "HF_TOKEN is missing or may not do this")],
)
def test_who_may_not_write_is_told(
    hub: Hub,
    tiny: ModelFolder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    token: str | None,
    reason: str,
) -> None:
    """Without the token in the line."""
    monkeypatch.delenv("HF_TOKEN")
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    assert main(["push", str(tiny.path), "--repo", REPO]) == 2
    told = capsys.readouterr().err
    assert reason in told
    assert told.count("\n") == 1
    assert "hf_other" not in told


def test_a_transfer_that_fails_is_told(
    hub: Hub, tiny: ModelFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A large file that is not taken: one line, no commit and no tag."""
    hub.full = True
    assert main(["push", str(tiny.path), "--repo", REPO]) == 2
    assert "answers 403" in capsys.readouterr().err
    assert (hub.repositories[REPO].commits, hub.repositories[REPO].tags) == ({}, {})


def test_a_damaged_folder_is_not_pushed(hub: Hub, tiny: ModelFolder, tmp_path: Path) -> None:
    """What a consumer would refuse is worth nothing to anybody."""
    (tmp_path / "empty").mkdir()
    assert main(["push", str(tmp_path / "empty"), "--repo", REPO]) == 3
    assert hub.asked == []


def test_nobody_there(
    tiny: ModelFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that names the address, exit 2."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert main(["push", str(tiny.path), "--repo", REPO]) == 2
    assert "http://127.0.0.1:9 is not reachable" in capsys.readouterr().err
