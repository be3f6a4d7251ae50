"""The sample log: whom it gives away (nobody), what it takes, how large it gets."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.monitoring import sample_log
from consumer.monitoring.anonymise import anonymise
from consumer.monitoring.sample_log import FILES, SALT_BYTES, SampleLog, read_salt
from consumer.records import Label, Result, Tweet
from tests.doubles import record

SALT = b"s" * SALT_BYTES
LARGE = 10_000_000

# What is planted, and what of it must not be found.
PERSONAL = [
    ("@ann_miller so good", ["ann", "miller"]),
    ("RT @Ann_Miller: so good", ["ann", "miller"]),
    (".@annmiller,@bobby so good", ["ann", "bobby"]),
    ("&#64;annmiller and ＠annmiller", ["ann"]),
    ("see https://example.com/ann?id=7 now", ["example", "ann"]),
    ("see example.com/ann and www.annmiller.example", ["example", "ann"]),
    ("(HTTPS://EXAMPLE.COM/ANN)", ["example", "ann"]),
    ("mail ann.miller+x@example.co.uk!", ["ann", "miller", "example"]),
    ("mail <ann@localhost>", ["ann", "localhost"]),
    ("call +49 (170) 123-45.67 today", ["49", "170", "123", "45", "67"]),
    ("call ０１７０１２３４５ or ٠١٢٣٤٥", ["0", "1", "2", "3", "4", "5", "٠", "١"]),
    ("card 4111 1111 1111 1111, pin 0815", ["4111", "1111", "0815"]),
    ("room12b, 3rd floor, born 7/4/1990", ["12", "3", "7", "4", "1990"]),
    ("ann\u200b@exam\u200bple.org", ["ann", "exam", "ple"]),
    ("my id is &#49;&#50;&#51;", ["1", "2", "3", "49"]),
]
KNOWN_WORDS = re.compile(r"<(?:mention|link|e-mail|number)>")


@pytest.mark.parametrize(("text", "secrets"), PERSONAL)
def test_planted_personal_data_is_not_found(tmp_path: Path, text: str, secrets: list[str]) -> None:
    """Not in the text, and the tweet's and author's ids nowhere in the line."""
    (line,) = written(tmp_path, [result("424242424242", text=text)], ratio=1.0)
    kept = KNOWN_WORDS.sub("", line["text"]).casefold()
    assert [secret for secret in secrets if secret in kept] == []
    assert "424242424242" not in json.dumps(line)
    assert "7654321" not in json.dumps(line)


@given(st.text(max_size=300))
def test_no_text_keeps_an_at_sign_or_a_digit(text: str) -> None:
    """Whatever comes: neither what is left of a mention or an address, nor of a number."""
    kept = anonymise(text)
    assert "@" not in kept
    assert not re.search(r"\d", kept)


def test_a_text_cannot_feign_what_is_put_in() -> None:
    """Only what was taken out stands in angle brackets."""
    assert anonymise("I am a <mention> of @ann") == "I am a (mention) of <mention>"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("(@ann) ann@ so good", "<mention> so good"),
        ("@ann @bob x@y.org a@b.org no no no", "<mention> <e-mail> no no no"),
        ("ftp://ann ANN.EXAMPLE www.ann.example", "<link>"),
    ],
)
def test_what_is_taken_out_is_told_once_by_its_kind(text: str, kept: str) -> None:
    """A row of mentions is one; words that people repeat stay repeated."""
    assert anonymise(text) == kept


def test_ordinary_words_stay() -> None:
    """A sample can still be understood."""
    assert anonymise("I don't LOVE this... but it's ok?! #monday :)") == (
        "I don't LOVE this... but it's ok?! monday :)"
    )


@pytest.mark.parametrize("piece", ["a", "1", "1-", "a.", "@", "a@", "://", "<", "1 ", "&#49;"])
def test_hostile_texts_take_no_longer(piece: str) -> None:
    """64 KiB of anything in well under a second of the process's time: nothing is quadratic."""
    before = time.process_time()
    anonymise(piece * (65_536 // len(piece)))
    assert time.process_time() - before < 5


def result(identity: str, confidence: float = 0.9, text: str = "so good") -> Result:
    """A labelled tweet."""
    tweet = Tweet(identity, text, author_id="7654321")
    return Result(record(), tweet, Label.POSITIVE, confidence, confidence, 0.5, 3, truncated=False)


def written(tmp_path: Path, results: list[Result], **given: Any) -> list[dict[str, Any]]:
    """The lines of a log of these."""
    path = tmp_path / "samples" / "one.jsonl"
    options: dict[str, Any] = {"salt": SALT, "ratio": 0.1, "most_bytes": LARGE, "model": "m 1"} | given
    samples = SampleLog(path, **options)
    for at in range(0, len(results), 500):
        samples.committed(results[at : at + 500], 1_700_000_000.0)
    samples.close()
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_a_line_says_what_was_made_of_it(tmp_path: Path) -> None:
    """Time, hashed id, text, label, confidence, the chance it was taken with, model."""
    (line,) = written(tmp_path, [result("1", 0.61)], ratio=1.0)
    assert line == {
        "at": "2023-11-14T22:13:20Z",
        "id": line["id"],
        "text": "so good",
        "label": "positive",
        "confidence": 0.61,
        "chance": 1.0,
        "model": "m 1",
    }
    assert re.fullmatch(r"[0-9a-f]{16}", line["id"])


def test_unsure_ones_are_taken_more_often_and_a_tenth_on_the_whole(tmp_path: Path) -> None:
    """The share is kept, the unsure half fills most of it, and the chances put a mean right again."""
    count = 20_000
    found = written(tmp_path, [result(str(n), 0.55 if n % 2 else 0.95) for n in range(count)])
    assert len(found) == pytest.approx(count * 0.1, rel=0.1)
    unsure = [line for line in found if line["confidence"] < 0.6]
    assert len(unsure) > 3 * (len(found) - len(unsure)) > 0
    weights = [1 / line["chance"] for line in found]
    mean = sum(w * line["confidence"] for w, line in zip(weights, found, strict=True)) / sum(weights)
    assert mean == pytest.approx(0.75, abs=0.02)


def test_sure_ones_are_taken_now_and_then(tmp_path: Path) -> None:
    """Or nobody would ever see where a model is sure and wrong."""
    results = [result(str(n), confidence=p) for n, p in enumerate([0.5, 1.0] * 1_000)]
    assert {line["confidence"] for line in written(tmp_path, results, ratio=0.3)} == {0.5, 1.0}


def test_what_is_written_of_an_id_does_not_tell_why_it_was_taken(tmp_path: Path) -> None:
    """The hash decides by another part than the one in the line: those are as random as ever."""
    lines = written(tmp_path, [result(str(n)) for n in range(2_000)], ratio=0.1)
    assert len({line["id"][0] for line in lines}) == 16


def test_nothing_at_a_ratio_of_nothing(tmp_path: Path) -> None:
    """Off is off: nothing is written, not even an empty file."""
    assert written(tmp_path, [result(str(n)) for n in range(100)], ratio=0.0) == []
    assert not (tmp_path / "samples").exists()


def test_the_share_is_kept_whatever_the_model_is_sure_of(tmp_path: Path) -> None:
    """How unsure the stream is on the whole is learnt as it goes by, not taken for granted."""
    count = 20_000
    found = written(tmp_path, [result(str(n), 0.99) for n in range(count)])
    assert len(found) == pytest.approx(count * 0.1, rel=0.2)


def test_an_id_that_utf_8_cannot_hold_is_hashed_as_any(tmp_path: Path) -> None:
    """JSON can escape half a character."""
    assert len(written(tmp_path, [result("\ud800"), result("\udfff")], ratio=1.0)) == 2


def test_a_tweet_labelled_again_is_the_same_sample(tmp_path: Path) -> None:
    """The same tweets are taken each time, and with another salt others, under other names."""
    tweets = [result(str(n)) for n in range(5_000)]
    first = {line["id"] for line in written(tmp_path / "a", tweets)}
    assert {line["id"] for line in written(tmp_path / "b", tweets)} == first
    other = {line["id"] for line in written(tmp_path / "c", tweets, salt=b"t" * SALT_BYTES)}
    assert other & first == set()


def test_files_turn_over_and_the_oldest_goes(tmp_path: Path) -> None:
    """Five files at most, none larger than its bound by more than a batch, the newest lines kept."""
    tweets = [result(str(n), text=f"word {'x' * 50}") for n in range(10_000)]
    last = written(tmp_path, tweets, ratio=1.0, most_bytes=200_000)
    files = sorted((tmp_path / "samples").iterdir())
    assert [path.name for path in files] == [
        "one.1.jsonl",
        "one.2.jsonl",
        "one.3.jsonl",
        "one.4.jsonl",
        "one.jsonl",
    ]
    assert len(files) == FILES
    assert all(path.stat().st_size <= 200_000 for path in files)
    assert last
    kept = [
        json.loads(line)["id"]
        for path in (files[3], files[2], files[1], files[0], files[4])
        for line in path.open()
    ]
    everything = [line["id"] for line in written(tmp_path / "all", tweets, ratio=1.0)]
    assert kept == everything[-len(kept) :]


def test_only_this_user_may_read_it(tmp_path: Path) -> None:
    """Neither the samples nor the salt that hides the ids."""
    written(tmp_path, [result("1")], ratio=1.0)
    read_salt(tmp_path / "salt")
    for path in (tmp_path / "samples" / "one.jsonl", tmp_path / "salt"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_salt_is_made_once(tmp_path: Path) -> None:
    """A restart hashes as before, another STATE_DIR otherwise; nothing else is left lying about."""
    salt = read_salt(tmp_path / "a" / "salt")
    assert read_salt(tmp_path / "a" / "salt") == salt
    assert len(salt) == SALT_BYTES
    assert read_salt(tmp_path / "b" / "salt") != salt
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["salt"]


def test_two_replicas_that_make_the_salt_at_once_have_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in containers on one volume, where every process has the same number."""
    path, link, other = tmp_path / "salt", os.link, list[bytes]()

    def link_as_the_other_does(made: Path, to: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        other.append(read_salt(path))
        link(made, to)

    monkeypatch.setattr(os, "link", link_as_the_other_does)
    assert [read_salt(path)] == other
    assert list(tmp_path.iterdir()) == [path]


def test_a_salt_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica that is started again and again does not fill the folder."""

    def refuse(descriptor: int, _mode: str) -> None:
        os.close(descriptor)
        raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr(sample_log, "open", refuse, raising=False)
    with pytest.raises(OSError, match="full"):
        read_salt(tmp_path / "salt")
    assert list(tmp_path.iterdir()) == []


def test_a_salt_that_is_there_needs_no_room(tmp_path: Path) -> None:
    """Nothing is written any more, as on a disk that is full or may only be read."""
    salt = read_salt(tmp_path / "salt")
    tmp_path.chmod(0o500)
    try:
        before = tmp_path.stat().st_mtime_ns
        assert read_salt(tmp_path / "salt") == salt
        assert tmp_path.stat().st_mtime_ns == before
    finally:
        tmp_path.chmod(0o700)


def test_a_file_is_full_by_its_bytes(tmp_path: Path) -> None:
    """A letter may take three of them."""
    path, most_bytes = tmp_path / "one.jsonl", 2_000
    samples = SampleLog(path, SALT, 1.0, most_bytes, "m 1")
    for number in range(10):
        samples.committed([result(str(number), text="日本" * 100)], 1_700_000_000.0)
    assert len(list(tmp_path.iterdir())) == FILES
    assert all(file.stat().st_size <= most_bytes for file in tmp_path.iterdir())


def test_a_disk_that_is_full_does_not_stop_the_stream(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, without a word of the tweet."""
    (tmp_path / "samples").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        SampleLog(tmp_path / "samples" / "one.jsonl", SALT, 1.0, LARGE, "m").committed([result("1")], 0.0)
    assert [line.message for line in caplog.records] == ["samples_not_written"]
    assert "so good" not in caplog.text
