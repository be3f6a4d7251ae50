"""Apache Kafka's jars: fetched once, checked every time against the sha256 in `pins.txt`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.local_kafka.errors import LocalKafkaError
from deploy.local_kafka.locks import locked

if TYPE_CHECKING:
    from collections.abc import Callable

KAFKA_VERSION = "4.1.1"
PINS = Path(__file__).with_name("pins.txt")
CACHE = Path(__file__).parents[2] / ".cache" / "kafka"
ATTEMPTS = 3
FETCH_TIMEOUT_SECONDS = 30
PROGRESS_EVERY_JARS = 10


@dataclass(frozen=True)
class Pin:
    """One jar: its Maven coordinate (group:artifact:version) and the hash it must have."""

    coordinate: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where a Maven repository keeps it, relative to its root."""
        group, artifact, version = self.coordinate.split(":")
        return Path(*group.split("."), artifact, version, f"{artifact}-{version}.jar")


def read_pins(path: Path = PINS) -> list[Pin]:
    """The pinned jars, in the order of the class path."""
    lines = (line.split("#")[0].split() for line in path.read_text("utf-8").splitlines())
    return [Pin(*fields) for fields in lines if fields]


def class_path(
    cache: Path = CACHE, progress: Callable[[str], None] | None = None, pins: list[Pin] | None = None
) -> list[Path]:
    """All jars on disk, fetched where missing or damaged. Safe to call from several processes at once.

    Raises:
        LocalKafkaError: a jar cannot be fetched, or is not the pinned one.
    """
    pins = read_pins() if pins is None else pins
    with locked(cache):
        missing = [pin for pin in pins if not _is_intact(cache / pin.path, pin)]
        if missing:
            _fetch_all(missing, cache, progress or (lambda _line: None))
    return [cache / pin.path for pin in pins]


def _is_intact(jar: Path, pin: Pin) -> bool:
    return jar.is_file() and hashlib.sha256(jar.read_bytes()).hexdigest() == pin.sha256


def _fetch_all(missing: list[Pin], cache: Path, progress: Callable[[str], None]) -> None:
    progress(f"fetching Apache Kafka {KAFKA_VERSION}, 44 MB, once …")
    repository = open_repository(cache)
    for number, pin in enumerate(missing, start=1):
        _fetch(pin, repository, cache)
        if number % PROGRESS_EVERY_JARS == 0 or number == len(missing):
            progress(f"  {number} of {len(missing)} jars")


def open_repository(cache: Path) -> Any:
    """Jgo's view of Maven's public repository and of those in the user's own jgo settings."""
    try:
        from jgo.config import GlobalSettings  # noqa: PLC0415 - slow to import and needed once per machine
        from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - as above
        from jgo.maven import MavenContext  # noqa: PLC0415 - as above
    except ImportError as error:
        raise LocalKafkaError("the local broker needs more packages: pip install '.[broker]'") from error
    remotes = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    return MavenContext(repo_cache=cache, remote_repos=remotes, timeout=FETCH_TIMEOUT_SECONDS)


def _fetch(pin: Pin, repository: Any, cache: Path) -> None:
    """One jar into the cache; an interrupted or wrong download is thrown away and tried again."""
    reason = "its sha256 is not the pinned one"
    for _ in range(ATTEMPTS):
        (cache / pin.path).unlink(missing_ok=True)
        try:
            repository.create_dependency(pin.coordinate).artifact.resolve()
        except (
            OSError,
            RuntimeError,
        ) as error:  # requests' errors are OSErrors; "not found" is a RuntimeError
            reason = f"{type(error).__name__}; is the network reachable?"
            continue
        if _is_intact(cache / pin.path, pin):
            return
    (cache / pin.path).unlink(missing_ok=True)
    raise LocalKafkaError(f"cannot fetch {pin.path.name} for the local broker: {reason}")
