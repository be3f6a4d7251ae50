"""The desk: what waits is bounded, what was refused may come again, and turns are kept."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from consumer.batch import Rules, prepare
from consumer.encode import ResultStyle
from consumer.http.scoring.desk import Bounds, Desk, Means, _Job, _prepared_by
from consumer.http.scoring.refusal import Refusal
from consumer.label import LabelRule
from consumer.records import Prepared, Result
from consumer.turns import Turns
from tests.broker.stream import wait_until
from tests.doubles import ConstantScorer, small_tokeniser, tweet_record
from tests.http.asking import BOUNDS, WAIT_SECONDS, GatedScorer, at_once, served
from tests.monitoring.scraping import scrape, value


@pytest.mark.parametrize("route", ["/predict", "/tweet"])
def test_before_the_model_is_warm(tmp_path: Path, route: str) -> None:
    """503 and when to come again, whatever was sent; then results, then 503 again while it stops."""
    with served(tmp_path, ConstantScorer(), opened=False) as web:
        body = {"texts": ["good"], "text": "good"}
        before = web.client.post(route, json=body)
        assert web.client.post(route, content=b"nonsense").status_code == 503
        web.desk.open(web.means)
        after = web.client.post(route, json=body)
        web.desk.close()
        closed = web.client.post(route, json=body)
    assert (before.status_code, before.json()["error"]) == (503, "not_ready")
    assert "not warm yet" in before.json()["message"]
    assert int(before.headers["retry-after"]) >= 1
    assert after.status_code == 200
    assert (closed.status_code, "stopping" in closed.json()["message"]) == (503, True)


def test_a_flood_is_answered_429_and_recovers(tmp_path: Path) -> None:
    """As many texts as may wait do wait, the others hear at once when to come again; probes are answered.

    When the scorer has caught up, those who waited have their results and there is room for others.
    """
    scorer, bounds = GatedScorer(), BOUNDS
    with served(tmp_path, scorer) as web:
        waiting, answers = at_once(bounds.queue_texts, lambda: web.predict("good"))
        wait_until(
            lambda: value(scrape(web.metrics), "sentiment_http_waiting_texts") == bounds.queue_texts,
            "all wait",
        )
        refused = [web.predict("good") for _ in range(20)] + [web.tweet("good")]
        assert {answer.status_code for answer in refused} == {429}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert {answer.headers["connection"] for answer in refused} == {"close"}  # room for a probe
        assert web.client.get("/livez").status_code == 200
        scorer.may.set()
        for asker in waiting:
            asker.join(WAIT_SECONDS)
        assert [answer.status_code for answer in answers] == [200] * bounds.queue_texts
        assert web.predict("good").status_code == 200
        assert value(scrape(web.metrics), "sentiment_http_waiting_texts") == 0


def test_a_request_takes_all_its_room_or_none(tmp_path: Path) -> None:
    """Three texts do not fit where two would; two still do."""
    scorer = GatedScorer()
    with served(tmp_path, scorer, bounds=replace(BOUNDS, queue_texts=5)) as web:
        first, answers = at_once(1, lambda: web.predict("good", "good", "good"))
        assert scorer.asked.wait(WAIT_SECONDS)
        assert web.predict("a", "b", "c").status_code == 429
        second, more = at_once(1, lambda: web.predict("good", "day"))
        wait_until(lambda: value(scrape(web.metrics), "sentiment_http_waiting_texts") == 5, "both wait")
        scorer.may.set()
        for asker in (*first, *second):
            asker.join(WAIT_SECONDS)
    assert [answer.status_code for answer in (*answers, *more)] == [200, 200]


def test_who_waited_too_long_is_told_and_not_scored(tmp_path: Path) -> None:
    """503 before the connection is cut; its texts cost no turn, its room is another's."""
    scorer = GatedScorer()
    with served(tmp_path, scorer, bounds=Bounds(2, 64, 0.5)) as web:
        first, _ = at_once(1, lambda: web.predict("good"))
        assert scorer.asked.wait(WAIT_SECONDS)  # it is being scored, the next one waits
        late = web.predict("day")
        assert (late.status_code, late.json()["error"]) == (503, "too_late")
        for asker in first:
            asker.join(WAIT_SECONDS)
        assert value(scrape(web.metrics), "sentiment_http_waiting_texts") == 0
        scorer.may.set()
        wait_until(lambda: scorer.calls == 1, "the first is scored")
        assert web.predict("good").status_code == 200
        assert scorer.calls == 2


def test_a_turn_is_bounded_and_shared(tmp_path: Path) -> None:
    """What waits is scored together, whoever asked, but never more tokens than a turn has; one at least."""
    scorer = GatedScorer()
    with served(tmp_path, scorer, bounds=Bounds(64, 16, WAIT_SECONDS)) as web:
        first, _ = at_once(1, lambda: web.predict("good " * 25))  # 27 tokens: more than a turn, alone
        assert scorer.asked.wait(WAIT_SECONDS)
        others, answers = at_once(12, lambda: web.predict("good day"))  # 4 tokens each
        wait_until(lambda: value(scrape(web.metrics), "sentiment_http_waiting_texts") == 13, "all wait")
        wait_until(lambda: len(web.desk._waiting) == 12, "all are prepared")
        scorer.may.set()
        for asker in (*first, *others):
            asker.join(WAIT_SECONDS)
    assert scorer.tokens == [27, 16, 16, 16]
    assert len(answers) == 12


def test_what_nobody_foresaw_costs_one_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that scores lives on for the next request."""
    with served(tmp_path, ConstantScorer()) as web:
        with monkeypatch.context() as patch:
            patch.setattr("consumer.http.scoring.desk.label", lambda *_: 1 / 0)
            (failed,) = web.predict("good").json()["results"]
        (fine,) = web.predict("good").json()["results"]
    assert (failed["error"], fine["label"]) == ("scorer_failed", "positive")


def test_what_waits_at_the_end_is_still_answered(tmp_path: Path) -> None:
    """Closing takes no more, and lets nobody down who is in."""
    scorer = GatedScorer()
    with served(tmp_path, scorer) as web:
        waiting, answers = at_once(3, lambda: web.predict("good"))
        wait_until(lambda: value(scrape(web.metrics), "sentiment_http_waiting_texts") == 3, "all wait")
        wait_until(lambda: len(web.desk._waiting) + scorer.asked.is_set() >= 1, "they are prepared")
        closing = [threading.Thread(target=web.desk.close, args=(WAIT_SECONDS,), daemon=True)]
        closing[0].start()
        wait_until(lambda: web.predict("good").status_code == 503, "it is closing")
        scorer.may.set()
        for asker in (*waiting, *closing):
            asker.join(WAIT_SECONDS)
    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_another_model_scores_what_waits_for_it(tmp_path: Path) -> None:
    """What is being scored is the old one's; what waits is prepared by the rules of the new one."""
    old, new = GatedScorer(), GatedScorer()
    new.may.set()
    with served(tmp_path, old) as web:
        first, before = at_once(1, lambda: web.predict("good"))
        assert old.asked.wait(WAIT_SECONDS)
        others, after = at_once(2, lambda: web.predict("good day good day"))
        wait_until(lambda: len(web.desk._waiting) == 2, "both are prepared, by the old one's rules")
        shorter = Rules(small_tokeniser(tmp_path, max_length=4), LabelRule())
        web.desk.renew(Means(shorter, ResultStyle("toy", "2"), new, web.means.turn))
        old.may.set()
        for asker in (*first, *others):
            asker.join(WAIT_SECONDS)
        (told,) = web.predict("good").json()["results"]
    assert [answer.json()["results"][0]["model"]["version"] for answer in before] == ["1"]
    found = [answer.json()["results"][0] for answer in after]
    assert [(one["model"]["version"], one["truncated"]) for one in found] == [("2", True)] * 2
    assert told["model"]["version"] == "2"
    assert (old.calls, sum(new.tokens)) == (1, 4 + 4 + 3)


def test_a_model_that_comes_while_it_closes_opens_nothing(tmp_path: Path) -> None:
    """A stop is a stop."""
    with served(tmp_path, ConstantScorer()) as web:
        web.desk.close()
        web.desk.renew(web.means)
        assert web.predict("good").status_code == 503


def test_a_desk_that_never_opened_may_be_closed() -> None:
    """The model may have been refused."""
    Desk(BOUNDS).close()


def test_a_scorer_that_hangs_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    """Whoever stops waits for so long, and no longer; the process's end does not wait for it either."""
    scorer = GatedScorer()
    with served(tmp_path, scorer) as web:
        askers, _ = at_once(1, lambda: web.predict("good"))
        assert scorer.asked.wait(WAIT_SECONDS)
        began = time.monotonic()
        web.desk.close(0.1)
        assert time.monotonic() - began < WAIT_SECONDS / 2
        assert web.desk._scoring
        assert web.desk._scoring.daemon
        scorer.may.set()
        askers[0].join(WAIT_SECONDS)


def test_the_scoring_outlives_who_asked(tmp_path: Path) -> None:
    """Where the server has stopped there is nobody to answer; the next one is answered all the same."""
    scorer, desk = GatedScorer(), Desk(replace(BOUNDS, patience_seconds=5))
    rules = Rules(small_tokeniser(tmp_path), LabelRule())
    desk.open(Means(rules, ResultStyle("toy", "1"), scorer, Turns().take))

    async def ask_and_go() -> None:
        asking = asyncio.create_task(desk.label(["good"]))
        await asyncio.to_thread(scorer.asked.wait, WAIT_SECONDS)
        asking.cancel()

    asyncio.run(ask_and_go())
    scorer.may.set()
    ((answer, _),) = asyncio.run(desk.label(["good"]))
    desk.close()
    assert isinstance(answer, Result)


def test_nobody_scores_out_of_turn(tmp_path: Path) -> None:
    """While the stream has its turn, a text that came by HTTP waits, and is answered after it."""
    scorer = GatedScorer()
    scorer.may.set()
    with served(tmp_path, scorer) as web:
        with web.means.turn():
            askers, answers = at_once(1, lambda: web.predict("good"))
            assert not scorer.asked.wait(0.5)
        askers[0].join(WAIT_SECONDS)
    assert [answer.status_code for answer in answers] == [200]


def test_a_desk_with_nothing_to_do_closes_at_once(tmp_path: Path) -> None:
    """Its thread waits for work and is told that there will be none."""
    with served(tmp_path, ConstantScorer()) as web:
        began = time.monotonic()
        web.desk.close(WAIT_SECONDS)
        assert time.monotonic() - began < WAIT_SECONDS / 2


def test_an_answer_that_comes_too_late_is_no_fault() -> None:
    """Who asked has gone; what was scored is for nobody."""
    loop = asyncio.new_event_loop()
    job = _Job([], Rules(small_tokeniser, LabelRule()), loop.create_future())  # type: ignore[arg-type] # never asked
    job.done.cancel()
    job.take({})
    assert job.done.cancelled()
    loop.close()


def test_a_text_is_prepared_once_where_its_model_scores_it(tmp_path: Path) -> None:
    """And anew where another one does."""
    rules, other = (Rules(small_tokeniser(tmp_path), LabelRule()) for _ in range(2))
    (item,) = prepare([tweet_record("good")], rules)
    assert isinstance(item, Prepared)
    loop = asyncio.new_event_loop()
    job = _Job([item], rules, loop.create_future())
    assert _prepared_by(rules, item, job) is item
    assert _prepared_by(other, item, job) is not item
    loop.close()


@pytest.mark.parametrize(("status", "again"), [(413, False), (422, False), (429, True), (503, True)])
def test_only_who_may_come_again_is_told_when(status: int, again: bool) -> None:  # noqa: FBT001 - the fact itself
    """And gives its connection to another; a field is named where there is one."""
    refusal = Refusal(status, "word", "Words.")
    assert ("retry-after" in refusal.headers(), "connection" in refusal.headers()) == (again, again)
    assert b"field" not in refusal.body()
