"""The wheel: built, installed where no checkout is near, and at work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from consumer import __version__
from consumer.cli.commands import COMMANDS, INSTALLED
from tests.imports import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(600)
PACKAGES = ("consumer", "producer_sim", "training")
# What is no code and must come along.
DATA = [
    "consumer/model/uncased/tokenizer.json",
    "producer_sim/tweets.jsonl",
    "producer_sim/topic.jsonl",
    "training/small/tweets.csv",
    "training/small/vocab.txt",
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of the files that git knows, with the tools that are here."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in _files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    _do(
        "-m",
        "uv",
        "build",
        "--wheel",
        "--no-build-isolation",
        "--offline",
        "--out-dir",
        str(out),
        str(source),
    )
    (built,) = out.glob("*.whl")
    return built


def _files() -> Iterator[str]:
    told = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *PACKAGES, "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    yield from (name for name in told.stdout.splitlines() if (ROOT / name).is_file())


def _do(*words: str) -> None:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a fresh environment, with the wheel of its own and borrowed libraries."""
    home = tmp_path_factory.mktemp("installed")
    _do("-m", "venv", "--without-pip", str(home))
    (site,) = home.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    python = str(home / "bin" / "python")
    _do("-m", "uv", "pip", "install", "--python", python, "--no-deps", "--offline", str(wheel))
    return home / "bin" / INSTALLED


def run(installed: Path, away: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, started in a folder with nothing in it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [str(installed), *words],
        cwd=away,
        env={**kept, "STATE_DIR": str(away / "state"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_no_code_is_in_the_wheel(wheel: Path) -> None:
    """Vocabulary and samples: all that stands in the packages; and nothing but the packages."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert [name for name in DATA if name not in names] == []
    kept = [name for name in _files() if "/" in name and not name.endswith(".md")]
    assert [name for name in kept if name not in names] == []
    assert {name.split("/")[0] for name in names} == set(PACKAGES)


def test_the_command_is_the_wheels_own(installed: Path, tmp_path: Path) -> None:
    """It speaks of itself by its name, and runs none of the checkout's code."""
    assert run(installed, tmp_path, "--version").stdout == f"tweet-sentiment {__version__}\n"
    shown = run(installed, tmp_path, "--help").stdout
    assert shown.startswith(f"usage: {INSTALLED} [command]")
    assert all(f"  {name} " in shown for name in COMMANDS)
    code = "import consumer, producer_sim; print(consumer.__file__, producer_sim.__file__)"
    told = subprocess.run(
        [str(installed.with_name("python")), "-I", "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert all(path.startswith(str(installed.parents[1])) for path in told.stdout.split())


def test_the_model_is_where_model_path_says(installed: Path, tmp_path: Path) -> None:
    """With it a text is labelled; without it one line says what to set, exit code 3."""
    scored = run(
        installed, tmp_path, "score", "What a lovely morning", MODEL_PATH=str(ROOT / "Models" / "CURRENT")
    )
    assert (scored.returncode, json.loads(scored.stdout)["label"]) == (0, "positive"), scored.stderr
    without = run(installed, tmp_path, "score", "What a lovely morning")
    assert without.returncode == 3
    assert without.stderr == (
        "error: Models/CURRENT is missing: MODEL_PATH must be a model folder, a CURRENT file or "
        "hub:org/name@revision\n"
    )
