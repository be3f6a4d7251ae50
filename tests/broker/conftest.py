"""Everything in this folder needs a real broker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broker.secured import secured_kafka

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.broker.secured import Secured

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test of this folder the mark `broker`."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.broker)


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A broker with TLS, passwords and rights; tests share it, each with topics and groups of its own."""
    with secured_kafka(tmp_path_factory.mktemp("secured")) as kafka:
        yield kafka
