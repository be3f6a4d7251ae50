"""One micro-batch from records to results: parse → clean → tokenise → score → label.

Nothing here knows a broker, a metric or the environment. A bad record is a value made where its
position is known, so it costs its batch mates nothing:

    Record ─parse→ Tweet ─clean→ text ─tokenise→ Prepared ─score→ logit ─label→ Result
       │             │                │                       │
       └─ Skip       └─ Reject        └─ Reject               └─ Reject (after halving)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from consumer.clean import clean
from consumer.label import LabelRule, confidence
from consumer.parse import TWITTERS, InputFormat, Places, parse
from consumer.records import Outcome, Prepared, Reason, Record, Reject, Result, Skip, Stage, Tokens, Tweet
from consumer.scoring.scorer import Logits, Scorer
from consumer.tokenise import Tokeniser

Item = Prepared | Reject | Skip
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the steps need to know besides the records."""

    tokeniser: Tokeniser
    label: LabelRule = field(default_factory=LabelRule)
    input_format: InputFormat = "json"
    languages: Collection[str] = ()
    places: Places = TWITTERS


class Visit(NamedTuple):
    """One stay in a stage, by the clock that measured it."""

    stage: str
    began: float
    ended: float


class StageClock:
    """Seconds spent in each stage, added up, and every visit to one; the clock is monotonic."""

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        self._clock = clock
        self._last = self._marked = clock()
        self.seconds: dict[str, float] = {}
        self.visits: list[Visit] = []

    def start(self) -> None:
        """What comes next belongs to the stage that ``stop`` will name."""
        self._last = self._marked = self._clock()

    def mark(self, visit: str) -> None:
        """A part of the stage is over: note the visit, and book nothing yet."""
        now = self._clock()
        self.visits.append(Visit(visit, self._marked, now))
        self._marked = now

    def stop(self, stage: str, rest: str = "") -> None:
        """Book the time since the last stop on ``stage``; what its marks left of it is noted as ``rest``."""
        self.mark(rest or stage)
        self.seconds[stage] = self.seconds.get(stage, 0.0) + self._marked - self._last
        self._last = self._marked


def prepare(records: Iterable[Record], rules: Rules, watch: StageClock | None = None) -> list[Item]:
    """Parse, clean and tokenise; one item a record, in order."""
    watch = watch or StageClock()
    watch.start()
    parsed = [(r, parse(r, rules.input_format, rules.languages, rules.places)) for r in records]
    watch.stop(Stage.PARSE)
    items: list[Item | None] = []
    waiting: list[tuple[int, Record, Tweet, str]] = []
    for record, found in parsed:
        if isinstance(found, Tweet):
            text = clean(found.text)
            if text:
                waiting.append((len(items), record, found, text))
                items.append(None)
            else:
                items.append(_empty(record))
        else:
            items.append(found)
    watch.stop(Stage.CLEAN)
    tokens = _tokenise([text for *_, text in waiting], rules.tokeniser)
    for (index, record, tweet, _), token in zip(waiting, tokens, strict=True):
        items[index] = _prepared(record, tweet, token)
    watch.stop(Stage.TOKENISE)
    return [item for item in items if item is not None]


def _empty(record: Record) -> Reject:
    return Reject(record, Stage.CLEAN, Reason.EMPTY_AFTER_CLEANING, "no text is left after cleaning")


def _prepared(record: Record, tweet: Tweet, tokens: Tokens | Exception) -> Item:
    if isinstance(tokens, Exception):
        name = type(tokens).__name__
        return Reject(record, Stage.TOKENISE, Reason.SCORER_FAILED, f"the tokeniser raised {name}", name)
    return Prepared(record, tweet, tokens)


def _tokenise(texts: Sequence[str], tokeniser: Tokeniser) -> Sequence[Tokens | Exception]:
    try:
        return tokeniser(texts)
    except Exception:  # noqa: BLE001 - whatever the runtime raises, one text is to blame: find it
        return [_tokenise_one(text, tokeniser) for text in texts]


def _tokenise_one(text: str, tokeniser: Tokeniser) -> Tokens | Exception:
    try:
        return tokeniser([text])[0]
    except Exception as error:  # noqa: BLE001 - becomes this record's dead letter
        return error


def label(
    items: Sequence[Item], scorer: Scorer, rules: LabelRule, watch: StageClock | None = None
) -> Outcome:
    """Score and label what is prepared; every item ends in exactly one list of the outcome."""
    watch = watch or StageClock()
    watch.start()
    prepared = [item for item in items if isinstance(item, Prepared)]
    meter = _Meter(scorer)
    scored = meter.score(prepared) if prepared else []
    watch.stop(Stage.SCORE)
    results = [_result(p, s, rules) for p, s in zip(prepared, scored, strict=True) if isinstance(s, float)]
    faults = [s for s in scored if isinstance(s, Reject)]
    watch.stop("label")
    return Outcome(
        results=tuple(results),
        rejects=tuple(item for item in items if isinstance(item, Reject)) + tuple(faults),
        skips=tuple(item for item in items if isinstance(item, Skip)),
        seconds=dict(watch.seconds),
        padded_tokens=meter.padded_tokens,
    )


class _BadLogits(Exception):  # noqa: N818 - a fault found, raised and caught in this file
    """The scorer answered with something that is not one finite logit a text."""


class _Meter:
    """Calls the scorer, adds up padded tokens, and halves a failing batch down to the guilty records."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.padded_tokens = 0

    def score(self, prepared: Sequence[Prepared]) -> list[float | Reject]:
        """A logit or a reject for each; at most 2n - 1 calls however many are guilty."""
        try:
            logits = self._call(prepared)
        except Exception as error:  # noqa: BLE001 - any fault of a runtime must cost only its record
            if len(prepared) == 1:
                return [_scorer_failed(prepared[0], error)]
            middle = len(prepared) // 2
            return self.score(prepared[:middle]) + self.score(prepared[middle:])
        return [float(x) for x in logits]

    def _call(self, prepared: Sequence[Prepared]) -> Logits:
        logits = self._scorer.logits([p.tokens.ids for p in prepared])
        if logits.shape != (len(prepared),):
            raise _BadLogits(f"the scorer gave {logits.shape} logits for {len(prepared)} texts")
        if not np.isfinite(logits).all():
            raise _BadLogits("the scorer gave a logit that is not finite")
        self.padded_tokens += self._scorer.padded_tokens
        return logits


def _scorer_failed(item: Prepared, error: Exception) -> Reject:
    # A runtime's own message may quote the input; ours do not.
    message = str(error) if isinstance(error, _BadLogits) else "the scorer failed on this text alone"
    return Reject(item.record, Stage.SCORE, Reason.SCORER_FAILED, message, type(error).__name__)


def _result(item: Prepared, logit: float, rules: LabelRule) -> Result:
    probability = rules.probability(logit)
    name = rules.label(probability)
    return Result(
        record=item.record,
        tweet=item.tweet,
        label=name,
        probability=probability,
        confidence=confidence(name, probability),
        threshold=rules.threshold,
        tokens=len(item.tokens),
        truncated=item.tokens.truncated,
        pieces=item.tokens.ids,
    )
