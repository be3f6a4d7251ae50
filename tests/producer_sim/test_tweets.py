"""The tweets that ship."""

from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files

from producer_sim.tweets import load_tweets

MAX_TWEET_CHARACTERS = 280


def test_there_are_a_few_hundred_labelled_evenly() -> None:
    """A reader can measure accuracy on them without one label carrying it."""
    labels = Counter(tweet.label for tweet in load_tweets())
    assert set(labels) == {"positive", "negative"}
    assert labels.total() >= 300
    assert abs(labels["positive"] - labels["negative"]) <= labels.total() // 20


def test_each_is_a_tweet_and_none_comes_twice() -> None:
    """No text is empty, too long for a tweet, or a copy of another."""
    texts = [tweet.text for tweet in load_tweets()]
    assert len(set(texts)) == len(texts)
    assert all(text.strip() and len(text) <= MAX_TWEET_CHARACTERS for text in texts)


def test_the_range_is_wide() -> None:
    """What makes real tweets hard is there: emoji, links, names, hashtags, entities, mojibake, lengths."""
    texts = [tweet.text for tweet in load_tweets()]
    for mark in ("😭", "http", "@", "#", "&amp;", "&quot;", "Ã", "!!!", "RT "):
        assert any(mark in text for text in texts), mark
    lengths = sorted(map(len, texts))
    assert lengths[0] <= 10
    assert lengths[-1] >= 270
    assert len({tweet.lang for tweet in load_tweets()}) >= 4


def test_numbers_in_the_file_are_unique() -> None:
    """A tweet of the file can be named by its number."""
    lines = files("producer_sim").joinpath("tweets.jsonl").read_text(encoding="utf-8").splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    assert len(set(ids)) == len(ids)
