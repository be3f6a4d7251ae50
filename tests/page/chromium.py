"""A real Chromium that writes down whatever a page says and asks for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

WAIT_MS = 60_000.0  # for a busy machine; nothing waits longer than it must
Scheme = Literal["light", "dark"]
DESKTOP, PHONE, NARROW = (1280, 900), (360, 740), (320, 640)


@dataclass(slots=True)
class Seen:
    """A page, and what it did."""

    page: Page
    errors: list[str] = field(default_factory=list)  # on its console, and not caught
    asked: list[str] = field(default_factory=list)  # every address

    def text(self, place: str) -> str:
        """What stands in the element of that id."""
        return self.page.locator(f"#{place}").inner_text()

    def wait_for(self, place: str, words: str) -> None:
        """Return when the element of that id says so."""
        self.page.locator(f"#{place}", has_text=words).wait_for(timeout=WAIT_MS)

    @property
    def overflows(self) -> bool:
        """Whether the page is wider than the window."""
        found: bool = self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return found

    @property
    def spilt(self) -> list[str]:
        """Sections with something in them that is wider than they are."""
        found: list[str] = self.page.evaluate(
            "[...document.querySelectorAll('section')].filter(one => one.scrollWidth > one.clientWidth)"
            ".map(one => one.getAttribute('aria-labelledby'))"
        )
        return found

    def wait_for_width(self, chart: str, window: int) -> None:
        """Return when the chart of that id is drawn anew, no wider than the window."""
        self.page.wait_for_function(
            "([id, most]) => document.getElementById(id).viewBox.baseVal.width < most",
            arg=[chart, window],
            timeout=WAIT_MS,
        )


def missing() -> str | None:
    """Why no page can be opened; None where one can."""
    return None if shutil.which("chromium") else "chromium is not installed"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's own; none is downloaded."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # its sandbox does not start for root
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox"] if root else [],
            timeout=2 * WAIT_MS,
        )
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, address: str, scheme: Scheme = "light", size: tuple[int, int] = DESKTOP
) -> Iterator[Seen]:
    """The page at that address, in a window of that size."""
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
        locale="en-GB",
    )
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    seen = Seen(page)
    page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("request", lambda request: seen.asked.append(request.url))
    page.goto(address)
    yield seen
    context.close()
