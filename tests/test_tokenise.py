"""Tokenising: the ids that ``transformers`` gives, cut at the model's maximum and said so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from consumer.clean import clean
from consumer.tokenise import Tokeniser, fingerprint
from tests.doubles import small_tokeniser, write_tokeniser

MAX_LENGTH = 24
CURRENT = Path(__file__).parents[1] / "Models" / "CURRENT"
NASTY = [
    "",
    " ",
    "love",
    "I LOVE it!!! sooooo goooood",
    "@bob I &lt;3 #python 😂👍🏽 https://t.co/x",
    "café naïve Ångström ñandú e\u0301",
    "中文字 の テスト 한국어",
    "שלום عليكم привет",
    "a\x00b\u200bc\ufeffd",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "[CLS] [SEP] [PAD] [MASK] [UNK] [cls]",
    "don't can't 'tis ain’t",
    "!?.,;:()[]{}<>@#$%^&*-_=+|\\/~`'\"",
    "x" * 101,
    "x" * 100,
    "good " * 200,
    "\n\r\t mixed \u3000 white \u00a0 space",
    "ｆｕｌｌ ﬁne 𝓵𝓸𝓿𝓮",
    "lone half: \\ud83d",
    "##ing ##s ing",
    "1,000,000.50 2026-11-22T10:00Z",
]


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``tokenizer.json`` of the model in use, or a small one where there is none."""
    if CURRENT.is_file():
        found = CURRENT.parent / CURRENT.read_text("utf-8").strip() / "tokenizer.json"
        if found.is_file():
            return found
    return write_tokeniser(tmp_path_factory.mktemp("tokeniser"))


@pytest.fixture(scope="module")
def reference(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """``transformers``' own tokeniser, made from the same file and without a network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        from transformers import AutoTokenizer  # noqa: PLC0415 - two seconds that few tests need

        folder = tmp_path_factory.mktemp("reference")
        shutil.copy(model_file, folder / "tokenizer.json")
        told = {"tokenizer_class": "DistilBertTokenizerFast", "do_lower_case": True}
        (folder / "tokenizer_config.json").write_text(json.dumps(told), "utf-8")
        return AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("text", NASTY)
def test_the_ids_are_those_of_transformers(text: str, model_file: Path, reference: Any) -> None:
    """A model trained through one is served through the other, raw or cleaned, cut or whole."""
    ours = Tokeniser(model_file, MAX_LENGTH)
    for version in (text, clean(text)):
        wanted = reference(version, truncation=True, max_length=MAX_LENGTH)["input_ids"]
        assert ours([version])[0].ids == wanted


def test_a_batch_gives_what_single_texts_give(tmp_path: Path) -> None:
    """In order, without padding: a text's ids do not depend on its neighbours."""
    tokeniser = small_tokeniser(tmp_path, MAX_LENGTH)
    assert tokeniser(NASTY) == [tokeniser([text])[0] for text in NASTY]
    assert tokeniser([]) == []


@pytest.mark.parametrize(("words", "truncated"), [(6, False), (7, True), (700, True)])
def test_truncation_is_marked(tmp_path: Path, words: int, truncated: bool) -> None:  # noqa: FBT001 - a column
    """A result says that the model did not see all of its text; a text that just fits is not marked."""
    (found,) = small_tokeniser(tmp_path, max_length=8)(["good " * words])
    assert found.truncated is truncated
    assert len(found) == 8


def test_padding_and_truncation_of_the_file_do_not_count(tmp_path: Path) -> None:
    """A ``tokenizer.json`` saved with padding switched on must not make lone texts long."""
    path = write_tokeniser(tmp_path)
    kept = json.loads(path.read_text("utf-8"))
    kept["padding"] = {
        "strategy": {"Fixed": 128},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    kept["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    path.write_text(json.dumps(kept), "utf-8")
    (found,) = Tokeniser(path, 16)(["good day so good day"])
    assert len(found) == 7


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"version": "1.0", "model": 5}'])
def test_a_file_that_is_no_tokeniser_is_named(tmp_path: Path, content: str) -> None:
    """The operator reads which file is damaged."""
    path = tmp_path / "tokenizer.json"
    path.write_text(content, "utf-8")
    with pytest.raises(ValueError, match=r"tokenizer\.json"):
        Tokeniser(path, 8)


def test_the_fingerprint_follows_the_file(tmp_path: Path) -> None:
    """One changed byte is another tokeniser; the same file has the same fingerprint elsewhere."""
    path = write_tokeniser(tmp_path)
    before = fingerprint(path)
    assert fingerprint(Path(shutil.copy(path, tmp_path / "copy.json"))) == before
    path.write_text(path.read_text("utf-8") + " ", "utf-8")
    assert fingerprint(path) != before
