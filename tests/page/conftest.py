"""One Chromium for the tests of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.not_run import not_run
from tests.page.chromium import chromium, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    """It runs as long as the file's tests do."""
    if because := missing():
        not_run(pytestconfig, because)
    with chromium() as running:
        yield running
