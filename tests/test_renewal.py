"""Looking for another model: when it is loaded, when it is not, and what is told of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from consumer.batch import Rules
from consumer.encode import ResultStyle
from consumer.errors import ModelRefusedError
from consumer.labeller import Labeller
from consumer.monitoring.metrics import Metrics
from consumer.renewal import Following, Renewal
from tests.doubles import ConstantScorer
from tests.monitoring.scraping import scrape

RELOADS = "sentiment_model_reloads_total"


class Closing(ConstantScorer):
    """Counts how often it was closed."""

    closed = 0

    def close(self) -> None:
        """Once more."""
        self.closed += 1


class Shelf:
    """A pointer that a test moves, and the models it may name; "bad…" ones are refused."""

    def __init__(self) -> None:
        self.moves = 0
        self.name = "old"
        self.loaded: list[str] = []
        self.scorers: dict[str, Closing] = {}
        self.fault: Exception = ModelRefusedError("it is damaged")
        self.on_load: Callable[[], object] = lambda: None
        self.metrics = Metrics(CollectorRegistry())
        self.renewal = Renewal(self, self.mark(), "old", self.load, self.metrics)

    def mark(self) -> int:
        """Another one with each move."""
        return self.moves

    def names(self) -> str:
        """What it says."""
        return self.name

    def move(self, name: str) -> None:
        """To another name, or the same."""
        self.moves += 1
        self.name = name

    def load(self, in_use: object) -> Following | None:
        """As the real one does."""
        self.loaded.append(self.name)
        self.on_load()
        if self.name.startswith("bad"):
            raise self.fault
        if self.name == in_use:
            return None
        scorer = self.scorers[self.name] = Closing()
        rules: Any = Rules(None)  # type: ignore[arg-type] # nothing is tokenised here
        return Following(self.name, Labeller(rules, scorer, ResultStyle(self.name, "1")), lambda: None)

    def counted(self) -> dict[str, float]:
        """The reloads at a scrape, but for those that never were."""
        found = scrape(self.metrics)
        return {dict(key[1])["outcome"]: v for key, v in found.items() if key[0] == RELOADS and v}


@pytest.fixture
def shelf() -> Shelf:
    """With "old" in use."""
    return Shelf()


def test_nothing_is_loaded_while_the_pointer_stands(shelf: Shelf) -> None:
    """A look costs no model."""
    for _ in range(3):
        shelf.renewal.look()
    assert shelf.loaded == []
    assert not shelf.renewal.ready


def test_what_the_pointer_names_is_loaded_once_and_taken_once(shelf: Shelf) -> None:
    """However often it is looked at meanwhile."""
    shelf.move("new")
    for _ in range(3):
        shelf.renewal.look()
    assert shelf.loaded == ["new"]
    taken = shelf.renewal.take()
    assert taken is not None
    assert taken.model == "new"
    assert shelf.renewal.take() is None


def test_a_refused_one_is_not_tried_again_until_the_pointer_moves(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """Told once, by name and reason, and counted once; moved anew, it is tried anew."""
    shelf.move("bad")
    for _ in range(5):
        shelf.renewal.look()
    assert shelf.loaded == ["bad"]
    assert shelf.counted() == {"refused": 1}
    (told,) = [vars(r)["fields"] for r in caplog.records if r.message == "model_refused"]
    assert told == {"name": "bad", "error": "it is damaged"}
    shelf.move("bad")
    shelf.renewal.look()
    assert shelf.loaded == ["bad", "bad"]
    assert not shelf.renewal.ready


@pytest.mark.parametrize("fault", [RuntimeError("the runtime"), MemoryError(), OSError(28, "full")])
def test_whatever_a_bad_model_raises_only_refuses_it(shelf: Shelf, fault: Exception) -> None:
    """The thread goes on looking, and the next good one is taken."""
    shelf.fault = fault
    shelf.move("bad")
    shelf.renewal.look()
    shelf.move("new")
    shelf.renewal.look()
    assert shelf.counted() == {"refused": 1}
    assert shelf.renewal.ready


def test_a_pointer_moved_back_in_time_changes_nothing(shelf: Shelf) -> None:
    """What was loaded and not taken is let go of, and the one in use stays."""
    shelf.move("new")
    shelf.renewal.look()
    shelf.move("old")
    shelf.renewal.look()
    assert not shelf.renewal.ready
    assert shelf.scorers["new"].closed == 1
    assert shelf.counted() == {"overtaken": 1, "unchanged": 1}


def test_a_rollback_is_held_against_what_is_in_use_by_now(shelf: Shelf) -> None:
    """After a switch the old one is another model again."""
    shelf.move("new")
    shelf.renewal.look()
    shelf.renewal.take()
    shelf.move("old")
    shelf.renewal.look()
    taken = shelf.renewal.take()
    assert taken is not None
    assert taken.model == "old"


class Relay:
    """A lock that hands over to somebody else the moment it is let go of, as a thread that waits may."""

    def __init__(self, then: Callable[[], object]) -> None:
        self._lock, self._then = threading.Lock(), [then]

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        if self._then:
            self._then.pop()()


def test_a_look_right_after_the_taking_sees_what_was_taken(shelf: Shelf) -> None:
    """A pointer moved back in that moment names another model than the one in use, and is followed."""

    def move_back() -> None:
        shelf.move("old")
        shelf.renewal.look()

    shelf.move("new")
    shelf.renewal.look()
    shelf.renewal._lock = Relay(move_back)  # type: ignore[assignment] # all that is used of one
    shelf.renewal.take()
    taken = shelf.renewal.take()
    assert taken is not None
    assert taken.model == "old"


def test_a_move_while_loading_is_seen_at_the_next_look(shelf: Shelf) -> None:
    """What was being loaded is not what is wanted any more."""

    def move_on() -> None:
        if shelf.name == "first":
            shelf.move("second")

    shelf.move("first")
    shelf.on_load = move_on
    shelf.renewal.look()
    shelf.renewal.look()
    taken = shelf.renewal.take()
    assert taken is not None
    assert taken.model == "second"
    assert len(shelf.loaded) == 2


def test_it_looks_by_itself_and_a_slow_load_holds_nobody_up(shelf: Shelf) -> None:
    """While a model is being loaded there is none to take, and asking returns at once."""
    go, loading = threading.Event(), threading.Event()

    def wait() -> None:
        loading.set()
        go.wait(60)

    shelf.on_load = wait
    shelf.move("new")
    shelf.renewal.start(0.01)
    assert loading.wait(60)
    assert not shelf.renewal.ready
    assert shelf.renewal.take() is None
    go.set()
    until = time.monotonic() + 60
    while not shelf.renewal.ready:
        assert time.monotonic() < until
        time.sleep(0.01)
    shelf.renewal.close()
    assert shelf.scorers["new"].closed == 1


def test_the_end_of_the_process_is_no_fault_of_a_model(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """What a runtime raises because the process ends is not told of."""
    shelf.move("bad")
    shelf.on_load = shelf.renewal.close
    shelf.renewal.look()
    assert shelf.counted() == {}
    assert "model_refused" not in caplog.text
