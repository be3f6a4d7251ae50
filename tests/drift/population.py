"""Endless streams of tweets with known signals, drawn with replacement: what trials are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt

from consumer.batch import Rules, label, prepare
from consumer.label import LabelRule
from consumer.model.folder import open_model
from consumer.monitoring.drift.distance import Counts
from consumer.monitoring.drift.tally import Rule, Tally, bins, tally
from consumer.records import Result
from consumer.scoring.load import load_scorer
from consumer.signals import SIGNALS, read_pieces
from consumer.tokenise import Tokeniser
from producer_sim.drift import Drift, shift
from producer_sim.tweets import Tweet, load_tweets
from tests.doubles import tweet_record

CURRENT = Path(__file__).parents[2] / "Models" / "CURRENT"
BINS = bins(SIGNALS)
LANGUAGES = ("en", "nl", "de", "fr", "es", "it", "pt")  # of the tweets that ship; none of them is a shift


@dataclass(frozen=True, slots=True)
class Population:
    """Kinds of tweets, each as likely as any other."""

    places: Mapping[str, npt.NDArray[np.intp]]  # signal → (k,) the bin of each kind
    confidence: npt.NDArray[np.float64]  # (k,)

    def draw(self, rng: np.random.Generator, tweets: int) -> Tally:
        """So many tweets, counted."""
        kinds = rng.integers(len(self.confidence), size=tweets)
        counts: dict[str, Counts] = {
            signal: np.bincount(places[kinds], minlength=len(BINS[signal]) + 1).astype(np.int64)
            for signal, places in self.places.items()
        }
        return Tally(tweets, counts, tweets, float(self.confidence[kinds].sum()))


def synthetic(rng: np.random.Generator, kinds: int = 200_000, positive: float = 0.5) -> Population:
    """Tweets as numbers: sure and unsure scores, rare unknown pieces and cuts, no other language."""
    turned = rng.random(kinds) < positive
    sure = rng.beta(5.0, 1.2, kinds)
    score = np.where(turned, 0.5 + sure / 2, 0.5 - sure / 2)
    length = np.clip(np.round(rng.lognormal(2.8, 0.5, kinds)), 3, 128)
    confidence = np.maximum(score, 1 - score)
    values = {
        "score": score,
        "confidence": confidence,
        "length_tokens": length,
        "unknown_share": np.where(rng.random(kinds) < 0.003, 0.1, 0.0),
        "continued_share": rng.binomial(length.astype(np.int64) - 2, 0.12) / np.maximum(length - 2, 1),
        "capital_share": rng.beta(1.0, 9.0, kinds),
        "positive_share": score >= 0.5,
        "truncated_share": rng.random(kinds) < 0.0005,
        "other_language_share": np.zeros(kinds),
    }
    return Population({name: np.searchsorted(BINS[name], values[name]) for name in BINS}, confidence)


class Scored:
    """The simulator's own tweets, scored by the model in use: as they are, and under each of its drifts."""

    def __init__(self) -> None:
        folder = open_model(CURRENT)
        self._rules = Rules(
            Tokeniser(folder.tokeniser_path, folder.max_length),
            LabelRule(folder.threshold, scale=folder.scale),
        )
        self._scorer = load_scorer(folder.path, "openvino", streams=2, chunk_tokens=512, cache_dir=None)
        self.rule = Rule(folder.threshold, LANGUAGES, read_pieces(folder.tokeniser_path), BINS)
        self._tweets = load_tweets()

    def quiet(self) -> Population:
        """The tweets that ship."""
        return self._population(self._tweets)

    def drifted(self, kind: str, kinds: int = 648, seed: int = 1) -> Population:
        """The same under a drift, where it draws at random drawn so often."""
        rng, drift = Random(seed), Drift(kind, 0.0)
        shifted = (
            shift(self._tweets[i % len(self._tweets)], drift, 0.0, rng, self._tweets) for i in range(kinds)
        )
        return self._population(tuple(shifted))

    def results(self, tweets: Sequence[Tweet]) -> list[Result]:
        """Each of them through the consumer's own steps."""
        records = [tweet_record(tweet.text, i, lang=tweet.lang) for i, tweet in enumerate(tweets)]
        found = label(prepare(records, self._rules), self._scorer, self._rules.label)
        return list(found.results)

    def _population(self, tweets: Sequence[Tweet]) -> Population:
        found = self.results(tweets)
        alone = [tally([result], self.rule).counts for result in found]
        places = {name: np.array([int(one[name].argmax()) for one in alone]) for name in BINS}
        return Population(places, np.array([result.confidence for result in found]))

    def close(self) -> None:
        """Free the model."""
        self._scorer.close()
