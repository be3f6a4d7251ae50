"""The closing account and what the demonstration shows, without a broker."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from deploy.demo.account import Account, Line, settle
from deploy.demo.observed import Observed
from deploy.demo.quantiles import histogram_percentile, percentile
from deploy.demo.report import account_lines, burst_line, disagreements, latency_line
from deploy.demo.scrape import Scrape
from deploy.demo.screen import Screen, read
from deploy.demo.stage import DemoError, Program
from deploy.local_kafka.child import Child

BAD = {3: "invalid_json", 7: "missing_id"}  # offset → planted reason
TOMBSTONE = 5
PER_PARTITION = 10


def _inputs() -> list[Line]:
    """Two partitions of ten: in each two planted bad ones, a tombstone, seven labelled tweets."""
    return [_input(partition, offset) for partition in range(2) for offset in range(PER_PARTITION)]


def _input(partition: int, offset: int) -> Line:
    key = f"author{partition}".encode()
    if offset == TOMBSTONE:
        return Line("tweets", partition, offset, key, None, (("planted", b"tombstone"),))
    if reason := BAD.get(offset):
        return Line("tweets", partition, offset, key, b"{", (("planted", reason.encode()),))
    value = json.dumps({"id": str(offset), "text": f"tweet {offset}", "lang": "en"}).encode()
    return Line("tweets", partition, offset, key, value, (("label", b"positive"),))


def _results() -> list[Line]:
    """What a right consumer makes of them; one of seven labels in each partition is mistaken."""
    tweets = [line for line in _inputs() if ("label", b"positive") in line.headers]
    return [_result(line, index) for index, line in enumerate(tweets)]


def _result(line: Line, index: int) -> Line:
    source = {"topic": line.topic, "partition": line.partition, "offset": line.offset}
    label = "negative" if line.offset == 0 else "positive"
    value = json.dumps({"text": "…", "label": label, "confidence": 0.9, "source": source}).encode()
    return Line("tweets.sentiment", line.partition, index, line.key, value, line.headers)


def _dead_letters() -> list[Line]:
    return [_dead_letter(line, BAD[line.offset]) for line in _inputs() if line.offset in BAD]


def _dead_letter(line: Line, reason: str) -> Line:
    origin = {
        "topic": line.topic,
        "partition": str(line.partition),
        "offset": str(line.offset),
        "reason": reason,
    }
    headers = tuple((f"__sentiment.errors.{name}", value.encode()) for name, value in origin.items())
    return replace(line, topic="tweets.dlq", headers=line.headers + headers)


def _kinds(account: Account) -> list[str]:
    assert not account.balanced
    assert account.verdict().startswith("NOT BALANCED: ")
    return [fault.kind for fault in account.faults]


def test_a_right_run_balances() -> None:
    """Every record has its outcome, and the sum says so."""
    account = settle(_inputs(), _results(), _dead_letters())
    assert account.faults == ()
    assert account.balanced
    assert account.verdict().startswith("BALANCED: 20 published = 14 labelled + 4 dead-lettered + 2 skipped")
    assert account.reasons == {"invalid_json": 2, "missing_id": 2}


def test_accuracy_is_of_the_labels_that_travelled_along() -> None:
    """The input's header is the truth; a result without one is not judged."""
    account = settle(_inputs(), _results(), _dead_letters())
    assert (account.correct, account.judged) == (12, 14)
    assert account.accuracy == pytest.approx(12 / 14)
    unlabelled = [replace(line, headers=()) for line in _inputs() if line.offset not in {*BAD, TOMBSTONE}]
    assert settle(unlabelled, _results(), []).accuracy is None


def test_a_missing_result_is_found() -> None:
    """With the place where its tweet lies."""
    account = settle(_inputs(), _results()[1:], _dead_letters())
    assert _kinds(account) == ["missing"]
    assert str(account.faults[0]) == "missing: tweets-0@0"


def test_a_missing_dead_letter_is_found() -> None:
    """A bad record may not vanish either."""
    assert _kinds(settle(_inputs(), _results(), _dead_letters()[1:])) == ["missing"]


def test_a_doubled_result_is_found() -> None:
    """Also when its copy comes much later, and though nothing else is wrong."""
    results = _results()
    copy = replace(results[6], offset=99)
    assert _kinds(settle(_inputs(), [*results, copy], _dead_letters())) == ["twice"]


def test_a_record_both_labelled_and_dead_lettered_is_found() -> None:
    """Twice, and with a reason nobody planted."""
    extra = _dead_letter(_input(0, 1), "scorer_failed")
    kinds = _kinds(settle(_inputs(), _results(), [*_dead_letters(), extra]))
    assert sorted(kinds) == ["out of order", "twice", "wrong reason"]


def test_a_misordered_result_is_found() -> None:
    """Two results of one partition that changed places."""
    results = _results()
    results[1], results[2] = results[2], results[1]
    account = settle(_inputs(), results, _dead_letters())
    assert _kinds(account) == ["out of order"]
    assert account.faults[0].detail == "came after 2"


def test_partitions_may_interleave() -> None:
    """Order is promised within a partition alone."""
    results = _results()
    interleaved = [line for pair in zip(results[:7], results[7:], strict=True) for line in pair]
    assert settle(_inputs(), interleaved, _dead_letters()).balanced


def test_a_wrong_reason_is_found() -> None:
    """The dead letter must say what was planted."""
    wrong = [_dead_letter(_input(0, 3), "missing_text"), *_dead_letters()[1:]]
    account = settle(_inputs(), _results(), wrong)
    assert _kinds(account) == ["wrong reason"]
    assert account.faults[0].detail == "missing_text, though invalid_json was planted"


def test_a_good_tweet_dead_lettered_is_found() -> None:
    """Though the sum would balance."""
    extra = _dead_letter(_input(0, 0), "scorer_failed")
    kinds = _kinds(settle(_inputs(), _results()[1:], [extra, *_dead_letters()]))
    assert kinds == ["wrong reason"]


def test_a_bad_record_labelled_is_found() -> None:
    """Though the sum would balance."""
    result = _result(replace(_input(0, 3), headers=()), 99)
    results = sorted(
        [*_results(), result], key=lambda line: json.loads(line.value or b"")["source"]["offset"]
    )
    assert _kinds(settle(_inputs(), results, _dead_letters()[1:])) == ["wrong outcome"]


def test_a_tombstone_dead_lettered_is_found() -> None:
    """A deletion is skipped, it is no fault of its publisher."""
    letters = sorted(
        [*_dead_letters(), _dead_letter(_input(0, TOMBSTONE), "invalid_json")], key=lambda line: line.offset
    )
    assert "wrong reason" in _kinds(settle(_inputs(), _results(), letters))


def test_lost_key_partition_and_bytes_are_found() -> None:
    """Key and partition pass through, and a dead letter keeps the original bytes."""
    results, letters = _results(), _dead_letters()
    assert _kinds(settle(_inputs(), [replace(results[0], key=None), *results[1:]], letters)) == ["wrong key"]
    moved = [replace(results[0], partition=1), *results[1:]]
    assert _kinds(settle(_inputs(), moved, letters)) == ["wrong partition"]
    changed = [replace(letters[0], value=b"{}"), *letters[1:]]
    assert _kinds(settle(_inputs(), results, changed)) == ["wrong bytes"]


def test_a_result_of_nothing_and_one_that_cannot_be_read_are_found() -> None:
    """An output record that stands for no published one."""
    stray = _result(_input(0, 1_000), 99)
    assert _kinds(settle(_inputs(), [*_results(), stray], _dead_letters())) == ["unknown"]
    broken = Line("tweets.sentiment", 0, 100, b"", b"{}")
    assert _kinds(settle(_inputs(), [*_results(), broken], _dead_letters())) == ["unreadable"]


def test_other_languages_may_be_skipped_where_the_consumer_was_told_to() -> None:
    """And only there."""
    dutch = Line("tweets", 0, 10, b"author0", b'{"id": "1", "text": "leuk", "lang": "nl"}')
    inputs = [*_inputs(), dutch]
    assert settle(inputs, _results(), _dead_letters(), languages=frozenset({"en"})).skipped == 3
    assert settle(inputs, _results(), _dead_letters(), languages=frozenset({"en"})).balanced
    assert _kinds(settle(inputs, _results(), _dead_letters())) == ["missing"]


def test_the_report_names_every_number_and_the_faults() -> None:
    """What the closing account shows a reader, and not more faults than fit on a screen."""
    lines = "\n".join(account_lines(settle(_inputs(), [], _dead_letters())))
    assert "published            20" in lines
    assert "missing 14, twice 0, out of order 0, wrong reason 0" in lines
    assert "missing: tweets-1@9" in lines
    many = [_input(0, offset + 100) for offset in range(50)]
    assert "… and 30 more" in "\n".join(account_lines(settle(many, [], [])))


def test_own_counts_that_differ_are_told() -> None:
    """The publisher's and the consumer's, against what lies on the topics."""
    account = settle(_inputs(), _results(), _dead_letters())
    text = (
        'sentiment_messages_total{outcome="scored"} 14.0\n'
        'sentiment_messages_total{outcome="dead_lettered"} 4.0\n'
        'sentiment_messages_total{outcome="skipped"} 2.0\n'
        "sentiment_consumed_total 20.0\n"
    )
    assert disagreements(account, Scrape(text), [{"published": 15}, {"published": 5}]) == []
    told = disagreements(account, Scrape(text.replace("14.0", "13.0")), [{"published": 21}])
    assert len(told) == 2
    assert "sentiment_messages_total of scored says 13, on the topics are 14" in told


def test_metrics_are_summed_over_their_series() -> None:
    """As lag over partitions is; a name that is not there is told apart from zero."""
    text = (
        "# HELP lag how much\n# TYPE lag gauge\n"
        'lag{topic="t",partition="0"} 3.0\nlag{topic="t",partition="1"} 4.0\n'
        'seconds_bucket{le="0.1"} 1.0\nseconds_bucket{le="+Inf"} 2.0\n'
    )
    scrape = Scrape(text)
    assert scrape.total("lag") == 7
    assert scrape.total("lag", partition="1") == 4
    assert scrape.total("other") is None
    assert scrape.buckets("seconds") == {0.1: 1.0, math.inf: 2.0}


def test_percentiles() -> None:
    """Of values they are values that occurred; of a histogram they lie within the right bucket."""
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
    assert percentile([], 0.5) is None
    buckets = {0.1: 0.0, 0.2: 90.0, math.inf: 100.0}
    assert histogram_percentile(buckets, 0.45) == pytest.approx(0.15)
    assert histogram_percentile(buckets, 0.99) == 0.2
    assert histogram_percentile({}, 0.5) is None


def _observed() -> Observed:
    observed = Observed()
    for line in _results():
        observed.result(line, 1_000.0 + line.offset, 1_000.04 + line.offset)
    for line in _dead_letters():
        observed.dead_letter(line, 1_000.0, 1_000.1)
    return observed


def test_what_is_seen_live_gives_rate_and_latency() -> None:
    """The numbers above the table."""
    reading = read(_observed(), 5.0, now=1_014.0)
    assert (reading.results, reading.dead_letters) == (14, 4)
    assert reading.rate == pytest.approx(1.0, abs=0.2)
    assert reading.p95_seconds == pytest.approx(0.04)
    assert "lag 5" in str(reading)
    assert "40 ms" in latency_line("latency", _observed().sights())


def test_a_burst_is_told_from_the_steady_part() -> None:
    """By when its tweets were published, from the first of them to its last result."""
    burst = _observed().sights(since=1_010.0)
    assert burst_line(burst) == "burst: 4 results in 3.0 s, 1/s"
    assert len(_observed().sights(before=1_010.0)) == 10
    assert burst_line([]) is None


@pytest.mark.parametrize("terminal", [True, False])
def test_the_screen_shows_label_confidence_and_text(*, terminal: bool) -> None:
    """In a table on a terminal, in plain lines elsewhere; markup in a tweet is text like any other."""
    console = Console(force_terminal=terminal, width=100, record=True)
    observed = Observed()
    value = json.dumps({"label": "positive", "confidence": 0.9731, "text": "so [bold]good[/bold] :smile:\n!"})
    observed.result(Line("tweets.sentiment", 0, 0, b"", value.encode()), 1_000.0, 1_000.04)
    with Screen(console, "tweets → tweets.sentiment") as screen:
        screen.show(read(observed, None, now=1_001.0), observed.latest())
    text = console.export_text()
    assert "positive" in text
    assert "0.973" in text
    assert "so [bold]good[/bold] :smile: !" in text
    assert "\x1b" not in text


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Program]:
    """Starts a line of Python as one of the demonstration's programs."""

    def start(line: str) -> Program:
        log = tmp_path / "program.log"
        return Program("program", Child([sys.executable, "-c", line], log), log)

    return start


def test_a_program_that_fails_is_shown_with_the_end_of_its_log(program: Callable[[str], Program]) -> None:
    """And with its exit code: nobody has to look for the reason."""
    failing = program("import sys; sys.exit('the reason')")
    with pytest.raises(DemoError, match=r"program ended with exit code 1(?s:.)*the reason"):
        failing.finish(20)


def test_a_program_that_does_not_end_is_stopped(program: Callable[[str], Program]) -> None:
    """A publisher that hangs does not hang the demonstration."""
    hanging = program("import time; print('still here', flush=True); time.sleep(60)")
    with pytest.raises(DemoError, match=r"did not end in 0\.5 s"):
        hanging.finish(0.5)
    with pytest.raises(DemoError):
        hanging.stop()
    assert hanging.exit_code


def test_a_summary_is_the_last_json_line_of_the_log(program: Callable[[str], Program]) -> None:
    """Progress around it does not matter; a program without one is named."""
    done = program("print('working'); print('{\"published\": 3}'); print('bye')")
    done.finish(20)
    assert done.last_json() == {"published": 3}
    silent = program("pass")
    silent.finish(20)
    silent.log.write_text("nothing\n")
    with pytest.raises(DemoError, match="no summary"):
        silent.last_json()
