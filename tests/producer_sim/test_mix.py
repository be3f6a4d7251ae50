"""What is drawn from a seed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from producer_sim.drift import Drift, parse_drift
from producer_sim.errors import UsageError
from producer_sim.mix import RETWEET, TWEET, Message, Mix, shuffled_for_ever
from producer_sim.planted import PLANTED, TOMBSTONE
from producer_sim.tweets import Tweet, load_topic, load_tweets

NOW = datetime(2026, 11, 22, 10, 0, 0, 50_000, tzinfo=UTC)
MAX_VALUE_BYTES = 64 * 1024


def _mix(seed: int = 7, **ratios: Any) -> Mix:
    tweets = load_tweets()
    return Mix(shuffled_for_ever(tweets, seed), seed=seed, pool=tweets, **ratios)


def _draw(mix: Mix, count: int, *, rate: float = 10.0, now: datetime = NOW) -> list[Message]:
    drawn = (mix.draw(index / rate, now + timedelta(seconds=index)) for index in range(count))
    return [message for message in drawn if message is not None]


def _tweet_of(message: Message) -> dict[str, Any]:
    value = json.loads(message.value or b"")
    tweet: dict[str, Any] = value.get("data", value)
    return tweet


def _text_of(message: Message) -> str:
    tweet = _tweet_of(message)
    return str(tweet.get("full_text", tweet["text"]))


def _without_date(message: Message) -> tuple[Any, ...]:
    try:
        tweet = _tweet_of(message)
    except (ValueError, AttributeError):
        return (message.kind, message.key, message.headers)
    return (message.kind, message.key, message.headers, {**tweet, "created_at": None})


def test_the_same_seed_gives_the_same_messages() -> None:
    """But for their dates: a run can be repeated."""
    ratios: dict[str, Any] = {"bad": 0.1, "retweets": 0.2}
    first = _draw(_mix(**ratios), 400)
    again = _draw(_mix(**ratios), 400, now=NOW + timedelta(days=1))
    assert [_without_date(m) for m in first] == [_without_date(m) for m in again]
    assert first != again
    other = _draw(_mix(seed=8, **ratios), 400)
    assert [_without_date(m) for m in first] != [_without_date(m) for m in other]


def test_bad_records_do_not_change_the_order_of_the_tweets() -> None:
    """The good part of a stream is the same with and without planted records."""
    clean = [_text_of(m) for m in _draw(_mix(), 300)]
    mixed = [_text_of(m) for m in _draw(_mix(bad=0.3), 300) if m.kind == TWEET]
    assert mixed == clean[: len(mixed)]


def test_every_shape_says_id_text_author_and_date() -> None:
    """A v1.1 or v2 reader finds what it looks for, in all four shapes."""
    shapes: Counter[tuple[str, ...]] = Counter()
    for message in _draw(_mix(), 400):
        value = json.loads(message.value or b"")
        tweet = _tweet_of(message)
        shapes[("data",) if "data" in value else tuple(value)] += 1
        assert _text_of(message)
        author = tweet["user"]["id_str"] if "user" in tweet else tweet["author_id"]
        assert author.encode() == message.key
        assert tweet["created_at"].startswith("2026-11-22T10:") or tweet["created_at"].startswith(
            "Sun Nov 22 10:"
        )
        if "id_str" in tweet:
            assert str(tweet["id"]) == tweet["id_str"]
    assert len(shapes) == 4
    assert min(shapes.values()) > 50


def test_ids_rise_and_none_comes_twice() -> None:
    """An id names one message, also between seeds."""
    ids = [int(_tweet_of(m)["id"]) for seed in (1, 2) for m in _draw(_mix(seed), 500)]
    assert ids == sorted(set(ids))


def test_labels_travel_in_a_header() -> None:
    """Every labelled tweet carries its label; a tweet without one carries none."""
    assert all(dict(m.headers)["label"] in (b"positive", b"negative") for m in _draw(_mix(), 50))
    mix = Mix(iter([Tweet("just a text")]), seed=1, pool=load_tweets())
    (message,) = _draw(mix, 2)
    assert message.headers == ()


def test_retweets_pass_on_an_earlier_text_and_its_label() -> None:
    """At about the asked-for ratio."""
    messages = _draw(_mix(retweets=0.25), 800)
    texts = {_text_of(m): m.headers for m in messages if m.kind == TWEET}
    retweets = [m for m in messages if m.kind == RETWEET]
    assert len(retweets) == pytest.approx(200, abs=50)
    for retweet in retweets:
        start, _, text = _text_of(retweet).partition(": ")
        assert start.startswith("RT @")
        assert texts[text] == retweet.headers


def test_some_authors_write_much_and_most_write_little() -> None:
    """Keys are skewed over a few thousand authors, as real ones are."""
    keys = Counter(message.key for message in _draw(_mix(), 5_000))
    assert 1_000 < len(keys) <= 4_000
    assert keys.most_common(1)[0][1] > 20


def test_every_kind_of_bad_record_is_planted_with_its_reason() -> None:
    """The header says what the dead letter must say, and nothing planted carries a label."""
    planted = [m for m in _draw(_mix(bad=0.5), 1_000) if m.kind not in (TWEET, RETWEET)]
    assert len(planted) == pytest.approx(500, abs=75)
    assert {m.kind for m in planted} == set(PLANTED)
    assert all(m.headers == (("planted", m.kind.encode()),) for m in planted)


def _planted(reason: str) -> list[bytes | None]:
    return [m.value for m in _draw(_mix(bad=1.0), 600) if m.kind == reason]


def test_bad_utf8_is_bad_utf8() -> None:
    """No decoder takes it."""
    for value in _planted("invalid_utf8"):
        with pytest.raises(UnicodeDecodeError):
            (value or b"").decode()


def test_bad_json_is_utf8_but_not_json() -> None:
    """No JSON parser takes it."""
    for value in _planted("invalid_json"):
        with pytest.raises(json.JSONDecodeError):
            json.loads((value or b"").decode())


def test_not_an_object_is_json_of_another_type() -> None:
    """A list, a text, a number, a truth or null."""
    values = [json.loads(value or b"") for value in _planted("not_an_object")]
    assert not any(isinstance(value, dict) for value in values)
    assert len({type(value) for value in values}) >= 4


@pytest.mark.parametrize("name", ["id", "text"])
def test_fields_are_missing_or_of_a_wrong_type(name: str) -> None:
    """Alone: the other fields are as they should be."""
    other = {"id": "text", "text": "id"}[name]
    for value in _planted(f"missing_{name}"):
        assert name not in json.loads(value or b"")
        assert other in json.loads(value or b"")
    for value in _planted(f"invalid_{name}"):
        wrong = json.loads(value or b"")[name]
        assert not isinstance(wrong, str)
        assert name == "text" or isinstance(wrong, (bool, list, dict))


def test_too_large_is_above_the_limit_and_otherwise_right() -> None:
    """Only its size is wrong, and a topic with the usual 1 MiB takes it."""
    for value in _planted("too_large"):
        assert MAX_VALUE_BYTES < len(value or b"") < 2 * MAX_VALUE_BYTES
        assert isinstance(json.loads(value or b"")["text"], str)


def test_empty_after_cleaning_holds_links_and_invisible_characters_alone() -> None:
    """There is a text, and nothing in it to score."""
    for value in _planted("empty_after_cleaning"):
        words = json.loads(value or b"")["text"].split()
        assert words
        assert all(w.startswith("https://t.co/") or not w.strip("\u200b\u200d\ufeff") for w in words)


def test_a_tombstone_has_no_value_but_a_key() -> None:
    """As compaction wants it."""
    tombstones = [m for m in _draw(_mix(bad=1.0), 100) if m.kind == TOMBSTONE]
    assert tombstones
    assert all(m.value is None and m.key for m in tombstones)


def test_the_end_of_the_tweets_is_the_end() -> None:
    """A replayed file is published once; bad records are added to it, none of its rows replaced."""
    texts = [f"row {number}" for number in range(40)]
    mix = Mix(iter([Tweet(text) for text in texts]), seed=3, bad=0.3, pool=load_tweets())
    messages = list(islice(iter(lambda: mix.draw(0.0, NOW), None), 1_000))
    assert [_text_of(m) for m in messages if m and m.kind == TWEET] == texts
    assert len(messages) > 40


def test_drift_begins_at_its_second() -> None:
    """From there on the negative share is about .7, before it about .5."""
    messages = _draw(_mix(drift=Drift("negative", 100.0)), 2_000)
    share = [
        sum(dict(m.headers)["label"] == b"negative" for m in part) / 1_000
        for part in (messages[:1_000], messages[1_000:])
    ]
    assert share[0] == pytest.approx(0.5, abs=0.03)
    assert share[1] == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("kind", ["caps", "language", "garbled", "topic"])
def test_other_drifts_change_the_texts_and_keep_the_labels(kind: str) -> None:
    """Each in its way, on every tweet from its second on."""
    changed = _draw(_mix(drift=Drift(kind, 0.0)), 200)
    marks = {
        "caps": lambda m: _text_of(m) == _text_of(m).upper(),
        "language": lambda m: _tweet_of(m)["lang"] != "en",
        "garbled": lambda m: "\ufffd" in _text_of(m),
        "topic": lambda m: _text_of(m) in {tweet.text for tweet in load_topic()},
    }
    assert sum(map(marks[kind], changed)) > 180
    assert all("label" in dict(m.headers) for m in changed)


@pytest.mark.parametrize("text", ["", "negative", "negative@soon", "louder@3"])
def test_a_drift_that_cannot_be_is_refused(text: str) -> None:
    """With a line that says what would be right."""
    with pytest.raises(UsageError, match="negative"):
        parse_drift(text)
