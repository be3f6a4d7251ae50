"""`score`: the stream's own steps over lines, without a broker."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from consumer.__main__ import main
from consumer.assembly import Model
from consumer.cli import score
from consumer.model.folder import ModelFolder
from consumer.tokenise import Tokeniser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.scoring.scorer import Logits

WORDS = ["[UNK]", "good", "bad", "day", "{"]


class Judge:
    """Positive where the word good is in it."""

    padded_tokens = 0

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """4 or -4."""
        return np.array([4.0 if 1 in row else -4.0 for row in ids], dtype=np.float32)

    def close(self) -> None:
        """Nothing to free."""


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A model that knows two words."""
    pieces = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))  # noqa: S106 - a word piece
    pieces.pre_tokenizer = pre_tokenizers.Whitespace()
    path = tmp_path / "tokenizer.json"
    pieces.save(str(path))
    folder = ModelFolder(tmp_path, "toy", "1", 16, path)
    made = Model(folder, Tokeniser(path, 16), Judge())
    monkeypatch.setattr(score, "load_model", lambda _settings: made)


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    """Run it with these words and this standard input; the lines it prints."""

    def run(*words: str, given: bytes = b"", code: int = 0) -> list[dict[str, Any]]:
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as end:
            end.write(given)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(os.fdopen(reader, "rb")))
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(os.fdopen(os.dup(1), "wb")))
        assert main(["score", *words]) == code
        sys.stdout.flush()
        return [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]

    return run


def test_texts_from_arguments_give_a_result_each(say: Any) -> None:
    """The fields are those of the topic, but for the source, which there is none."""
    first, second = say("good day", "bad day")
    assert (first["label"], second["label"]) == ("positive", "negative")
    assert first["confidence"] == first["probability"] > 0.98
    assert first["model"] == {"name": "toy", "version": "1"}
    assert first["text"] == "good day"
    assert "source" not in first


def test_lines_may_be_plain_or_json_and_keep_their_order(say: Any) -> None:
    """As on the topic, mixed with plain ones; a bad line gives an error in its place and costs no other."""
    given = (
        b'good day\n{"id": 7, "text": "bad day", "lang": "en"}\n{"text": "no id"}\n\nbad\r\n{"id"\nlast good'
    )
    bodies = say(given=given)
    labels = [body.get("label") or body.get("error") for body in bodies]
    assert labels == [
        "positive",
        "negative",
        "missing_id",
        "empty_after_cleaning",
        "negative",
        "invalid_json",
        "positive",
    ]
    assert bodies[1]["id"] == "7"
    assert bodies[1]["lang"] == "en"
    assert bodies[4]["text"] == "bad"


def test_bytes_that_are_no_text_cost_one_line(say: Any) -> None:
    """Also on standard input."""
    assert [body.get("error") for body in say(given=b"\xff\xfe\ngood\n")] == ["invalid_utf8", None]


def test_a_text_argument_that_looks_like_json_is_a_text(say: Any) -> None:
    """What is typed is the text, as is every line under INPUT_FORMAT=text."""
    (body,) = say("{ good }")
    assert body["text"] == "{ good }"
    (body,) = say("--input-format", "text", given=b"{ good }\n")
    assert body["label"] == "positive"


def test_a_skipped_language_says_so(say: Any) -> None:
    """A line in, a line out."""
    (body,) = say("--languages", "en", given=b'{"id": 1, "text": "guter Tag", "lang": "de"}\n')
    assert body == {"skipped": "language"}


def test_more_lines_than_a_batch_holds_all_come_out(say: Any) -> None:
    """The batch is a bound of memory, not of the input."""
    bodies = say("--max-batch-messages", "3", given=b"good\nbad\n" * 5)
    assert [body["label"] for body in bodies] == ["positive", "negative"] * 5
    assert [body["id"] for body in bodies] == [f"line-0-{n}" for n in range(10)]


def test_a_neutral_band_beside_the_models_threshold_is_refused(say: Any) -> None:
    """The setting cannot know the model's threshold; the command does."""
    assert say("--neutral-band", "0.6,0.7", "good", code=2) == []
