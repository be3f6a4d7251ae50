"""``MODEL_PATH`` as a setting: a path, or a model on the hub, judged before anything is fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.__main__ import main
from consumer.errors import ConfigurationError
from consumer.settings import Settings, load
from consumer.settings.values import HubModel

SECRET = "hf_planted_secret"  # noqa: S105 - planted to be looked for


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without any of our settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("path", ["Models/CURRENT", "/srv/model", "hub/model", "org/name@v1"])
def test_a_path_stays_a_path(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Only what begins with hub: is asked of a hub."""
    monkeypatch.setenv("MODEL_PATH", path)
    assert load().model_path == Path(path)


@pytest.mark.parametrize("revision", ["v1.0.0", "a" * 40, "2026-01-02"])
def test_a_model_on_the_hub(monkeypatch: pytest.MonkeyPatch, revision: str) -> None:
    """Repository and revision; shown as it was typed."""
    monkeypatch.setenv("MODEL_PATH", f"hub:org/name@{revision}")
    assert load().model_path == HubModel("org/name", revision)
    assert load().redacted()["MODEL_PATH"] == f"hub:org/name@{revision}"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("hub:org/name", "hub:org/name@revision with a commit's hash or a tag"),
        ("hub:name@v1", "hub:org/name@revision"),
        ("hub:org/name@", "hub:org/name@revision"),
        ("hub:../name@v1", "hub:org/name@revision"),
        ("hub:org/name@../v1", "hub:org/name@revision"),
        ("hub:org/name@v1\n", "hub:org/name@revision"),
        ("hub:org/name@main", "a branch moves"),
        ("hub:org/name@HEAD", "a branch moves"),
    ],
)
def test_anything_else_is_refused_before_the_network(
    monkeypatch: pytest.MonkeyPatch, value: str, reason: str
) -> None:
    """With the setting's name and what would be right."""
    monkeypatch.setenv("MODEL_PATH", value)
    with pytest.raises(ConfigurationError, match=f"MODEL_PATH=.*{reason}"):
        load()


def test_the_token_is_a_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Shown redacted; not in a refusal either."""
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setenv("HF_ENDPOINT", "not an address")
    assert main(["settings"]) == 2
    told = capsys.readouterr()
    assert "HF_ENDPOINT='not an address': should be an address" in told.err
    monkeypatch.delenv("HF_ENDPOINT")
    assert main(["settings"]) == 0
    told = capsys.readouterr()
    assert "HF_TOKEN=********" in told.out
    assert SECRET not in told.out + told.err
