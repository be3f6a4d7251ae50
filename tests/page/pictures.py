"""The page's pictures in docs/: ``python -m tests.page.pictures``; ``--all FOLDER``: every state and look."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tests.page.chromium import DESKTOP, PHONE, Scheme, chromium, opened
from tests.page.scene import STATES, Scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DOCS = Path(__file__).parents[2] / "docs"
KEPT: dict[str, tuple[str, Scheme, tuple[int, int]]] = {
    "page-running.png": ("running", "light", DESKTOP),
    "page-alarmed.png": ("alarmed", "dark", PHONE),
}
SIZES = {"desk": DESKTOP, "phone": PHONE}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def take(browser: Browser, to: Path, state: str, look: Scheme, size: tuple[int, int], *, whole: bool) -> None:
    """One picture: the window, or the whole page."""
    with Scene() as scene:
        STATES[state](scene)
        with opened(browser, scene.address, look, size) as seen:
            seen.wait_for("totals", "consumed")  # the first numbers
            seen.page.screenshot(path=to, full_page=whole, animations="disabled")


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(prog="python -m tests.page.pictures", description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every state and look, whole pages")
    folder = parser.parse_args().all
    with chromium() as browser:
        if folder is None:
            for name, (state, look, size) in KEPT.items():
                take(browser, DOCS / name, state, look, size, whole=False)
            return
        folder.mkdir(parents=True, exist_ok=True)
        for state in STATES:
            for look in SCHEMES:
                for word, size in SIZES.items():
                    take(browser, folder / f"{state}-{look}-{word}.png", state, look, size, whole=True)


if __name__ == "__main__":
    main()
