"""The page in a browser: what it says in each state, that all can use it, and that it minds its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from consumer.http.scoring.desk import Bounds
from consumer.monitoring.live.latest import Latest
from consumer.monitoring.truth import Measured
from tests.doubles import ConstantScorer
from tests.http.asking import GatedScorer, Served, at_once, served
from tests.page.chromium import DESKTOP, NARROW, PHONE, Scheme, Seen, opened
from tests.page.scene import STATES, TEXT, Scene, alarmed, running

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

SAYS = {
    "starting": "Starting",
    "quiet": "Quiet",
    "running": "Running",
    "alarmed": "Alarmed: circuit breaker open, drift of 3 signals",
    "without_reference": "Running",
    "long_words": "Alarmed: not ready, drift of 3 signals",
}
WAIT = pytest.mark.timeout(900)  # a busy machine


@WAIT
@pytest.mark.parametrize("name", STATES)
def test_everybody_can_use_it_in_every_state(browser: Browser, name: str) -> None:
    """Light and dark, on a desk and on the narrowest phone, the last texts shown.

    Nothing is wider than the window, none of axe's rules is broken, the console has no error, and no request
    leaves the process.
    """
    looks: list[tuple[Scheme, tuple[int, int]]] = [("light", DESKTOP), ("dark", NARROW)]
    with Scene(Latest()) as scene:
        STATES[name](scene)
        for scheme, size in looks:
            with opened(browser, scene.address, scheme, size) as seen:
                seen.wait_for("state-name", SAYS[name])
                for details in seen.page.locator("details:visible").all():
                    details.locator("summary").click()
                assert not seen.overflows
                assert not seen.spilt
                found = Axe().run(seen.page).response["violations"]
                assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
                assert seen.errors == []
                assert {urlsplit(url).netloc for url in seen.asked} == {urlsplit(scene.address).netloc}


@WAIT
def test_it_says_that_it_starts(browser: Browser) -> None:
    """Before the group is joined, and what is missing."""
    with Scene() as scene, opened(browser, scene.address) as seen:
        seen.wait_for("state-name", "Starting")
        assert "the model is not warm yet" in seen.text("reasons")
        assert "Nothing is said yet" in seen.text("drift-note")
        assert (seen.text("lag"), seen.text("lag-seconds")) == ("–", "–")  # not known, which is not 0


@WAIT
def test_alarms_are_told_in_words(browser: Browser) -> None:
    """The breaker's reason, and each drift with its critical value."""
    with Scene() as scene:
        alarmed(scene)
        with opened(browser, scene.address) as seen:
            seen.wait_for("state-name", "Alarmed")
            assert "500 of the last 1000 records were dead-lettered" in seen.text("reasons")
            assert "Drift of confidence: 0.2" in seen.text("reasons")
            assert "drifted" in seen.text("drift-rows")
            assert "invalid json" in seen.text("letters-rows")


@WAIT
def test_the_measured_accuracy_stands_where_labels_came(browser: Browser) -> None:
    """Nothing of it without them; then with the number of results and what their confidence promised."""
    with Scene() as scene:
        running(scene)
        with opened(browser, scene.address) as seen:
            seen.wait_for("state-name", "Running")
            assert seen.text("measured") == ""
            scene.metrics.truth(Measured(1_234, 0.8125, 0.857, {}))
            scene.clock.pass_seconds(1)
            seen.wait_for("measured", "Measured accuracy: 81.3 % of 1,234 results")
            assert "their confidence promised 85.7 %" in seen.text("measured")


@WAIT
def test_it_follows_the_process_and_says_when_it_is_gone(browser: Browser) -> None:
    """New numbers come by themselves; a lost connection is told in words, and so is that it is back."""
    with Scene() as scene:
        running(scene)
        with opened(browser, scene.address) as seen:
            seen.wait_for("totals", "7,0")
            scene.commit([0.9] * 5_000)
            scene.clock.pass_seconds(1)
            seen.wait_for("totals", "12,0")
            port = scene.vanish()
            seen.wait_for("connection", "The connection to the process is lost")
            assert seen.text("state-name") == "Not connected"
            seen.page.set_viewport_size({"width": PHONE[1], "height": PHONE[0]})
            seen.wait_for_width("rate-chart", PHONE[1])
            assert seen.text("state-name") == "Not connected"  # also in a window that was turned
            assert seen.text("reasons") == ""
            scene.come_back(port)
            seen.wait_for("again", "Connected again")
            seen.wait_for("state-name", "Running")
            assert seen.text("connection") == ""


@WAIT
def test_what_is_read_aloud_stands_still_while_numbers_change(browser: Browser) -> None:
    """A screen reader is not told of every update, only when something begins or ends."""
    with Scene() as scene:
        running(scene)
        with opened(browser, scene.address) as seen:
            seen.wait_for("state-name", "Running")
            seen.page.evaluate(
                "window.told = [];"
                "for (const place of document.querySelectorAll('[role=status], [role=alert]'))"
                " new MutationObserver(() => window.told.push(place.id))"
                ".observe(place, {childList: true, characterData: true, subtree: true})"
            )
            scene.commit([0.9] * 5_000)
            scene.clock.pass_seconds(1)
            seen.wait_for("totals", "12,0")
            assert seen.page.evaluate("window.told") == []
            scene.health.pause("a pause")
            scene.clock.pass_seconds(1)
            seen.wait_for("state-name", "Alarmed: not ready")
            assert seen.page.evaluate("window.told") == ["state-name"]


@WAIT
def test_no_text_is_shown_unless_it_is_set(browser: Browser) -> None:
    """Nor sent; where it is set, the last texts are there as text, whatever stands in them."""
    with Scene() as scene:
        running(scene)
        with opened(browser, scene.address) as seen:
            seen.wait_for("state-name", "Running")
            assert not seen.page.locator("#latest").is_visible()
            assert TEXT not in json.dumps(scene.live.snapshot())
    with Scene(Latest()) as scene:
        running(scene)
        with opened(browser, scene.address) as seen:
            seen.wait_for("latest-rows", TEXT)


@WAIT
def test_a_text_is_tried_by_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    """From the skip link into the box and to the button; what the endpoint says is told in words."""
    with served(tmp_path, ConstantScorer()) as web, opened(browser, address(web)) as seen:
        seen.wait_for("state-name", "No stream")
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Enter")
        seen.page.keyboard.type("so good")
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Enter")
        seen.wait_for("verdict", "positive")
        seen.wait_for("verdict", "Confidence 88.1 %; probability that it is positive 88.1 %.")
        (nothing,) = web.predict(" https://example.com ").json()["results"]
        ask(seen, " https://example.com ")
        seen.wait_for("verdict", f"It cannot be labelled: {nothing['message']}.")
        assert seen.errors == []
        web.desk.close()
        ask(seen, "so good")
        seen.wait_for("verdict", "Not now: the consumer is stopping. Try again in 1 s.")


@WAIT
def test_who_asks_while_too_many_do_is_told_when_to_come_again(browser: Browser, tmp_path: Path) -> None:
    """And without the endpoint, that there is none."""
    scorer, bounds = GatedScorer(), Bounds(queue_texts=1, turn_tokens=64, patience_seconds=60)
    with served(tmp_path, scorer, bounds=bounds) as web, opened(browser, address(web)) as seen:
        askers, _ = at_once(1, lambda: web.predict("good"))
        assert scorer.asked.wait(60)
        ask(seen, "so good")
        seen.wait_for("verdict", "Too many ask at once. Try again in 1 s.")
        scorer.may.set()
        askers[0].join()
        ask(seen, "so good")
        seen.wait_for("verdict", "positive")
    with Scene() as scene, opened(browser, scene.address) as seen:
        ask(seen, "so good")
        seen.wait_for("verdict", "offers no scoring over HTTP")


def address(web: Served) -> str:
    """Where the page is."""
    return f"http://127.0.0.1:{web.server.port}/"


def ask(seen: Seen, text: str) -> None:
    """Try that text."""
    seen.page.locator("#text").fill(text)
    seen.page.locator("#send:enabled").press("Enter")


@WAIT
def test_it_works_behind_a_path_prefix(browser: Browser) -> None:
    """A proxy may put it under any path that ends in a slash."""
    from fastapi import FastAPI  # noqa: PLC0415 - the proxy's part, here alone

    from consumer.http.server import Server  # noqa: PLC0415 - as above

    scene = Scene()
    running(scene)
    outer = FastAPI()
    outer.mount("/some/where", scene.app)
    server = Server(outer, "127.0.0.1", 0)
    server.start()
    try:
        with opened(browser, f"http://127.0.0.1:{server.port}/some/where/") as seen:
            seen.wait_for("state-name", "Running")
            assert seen.errors == []
    finally:
        server.stop()
