"""Options and fixtures of all tests: the broker, topics of one's own, and tools that may be missing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests import measured, not_run
from tests.broker.brokers import Broker, GivenBroker, new_broker
from tests.broker.container import why_no_docker
from tests.broker.topics import Topics, make_topics, remove_topics

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTITIONS = 3


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--broker` and `--all-tools`."""
    parser.addoption(
        "--broker",
        default=os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or "local",
        metavar="local|testcontainers|HOST:PORT",
        help="the Kafka that tests use (default: KAFKA_BOOTSTRAP_SERVERS where set, else local)",
    )
    not_run.add_option(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Describe our marks and refuse a broker that cannot be."""
    config.addinivalue_line("markers", "needs_tool(program, …): NOT RUN where a program is not on the PATH")
    config.addinivalue_line("markers", "partitions(n): how many partitions the fixture `topics` makes")
    # A busy machine must not fail a property that holds.
    settings.register_profile(
        "ours", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("ours")
    kind = config.getoption("--broker")
    if kind not in {"local", "testcontainers"} and ":" not in kind:
        raise pytest.UsageError(f"--broker {kind}: expected local, testcontainers or HOST:PORT")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test whose program is missing does not begin."""
    not_run.require_tools(item)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was measured, and what was not run, and why."""
    measured.report(terminalreporter)
    not_run.report(terminalreporter)


@pytest.fixture(scope="session")
def broker_kind(pytestconfig: pytest.Config) -> str:
    """What `--broker` asks for; containers that were asked for and cannot be had are a failure."""
    kind = str(pytestconfig.getoption("--broker"))
    if kind == "testcontainers" and (reason := why_no_docker()):
        pytest.fail(f"--broker testcontainers: {reason}", pytrace=False)
    return kind


@pytest.fixture(scope="session")
def kafka(broker_kind: str) -> Iterator[Broker]:
    """The broker that tests share: they never stop it, and use topics and groups of their own."""
    if ":" in broker_kind:
        yield GivenBroker(broker_kind)
        return
    yield from _running(new_broker(broker_kind))


@pytest.fixture
def own_kafka(broker_kind: str) -> Iterator[Broker]:
    """A broker for one test, which may stop, kill or freeze it."""
    yield from _running(new_broker(broker_kind))


def _running(broker: Broker) -> Iterator[Broker]:
    try:
        broker.start()
        yield broker
    finally:
        broker.close()


@pytest.fixture
def topics(kafka: Broker, request: pytest.FixtureRequest) -> Iterator[Topics]:
    """Three new topics on the shared broker; their partitions by `@pytest.mark.partitions(n)`."""
    mark = request.node.get_closest_marker("partitions")
    made = make_topics(kafka.bootstrap, mark.args[0] if mark else PARTITIONS)
    yield made
    remove_topics(kafka.bootstrap, made)
