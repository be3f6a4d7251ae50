"""`python -m deploy.local_kafka.relock`: write `pins.txt` anew, for another version of Apache Kafka."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

from deploy.local_kafka.jars import KAFKA_VERSION, PINS, open_repository

JACKSON_VERSION = "2.19.0"
# The resolver takes the nearest version it meets, not the newest: what several jars ask for is named here,
# or a kafka-clients of an older release gets in.
WANTED = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    f"org.apache.kafka:kafka-clients:{KAFKA_VERSION}",
    f"com.fasterxml.jackson.core:jackson-core:{JACKSON_VERSION}",
    f"com.fasterxml.jackson.core:jackson-databind:{JACKSON_VERSION}",
    f"com.fasterxml.jackson.core:jackson-annotations:{JACKSON_VERSION}",
    f"com.fasterxml.jackson.dataformat:jackson-dataformat-csv:{JACKSON_VERSION}",
    f"com.fasterxml.jackson.dataformat:jackson-dataformat-yaml:{JACKSON_VERSION}",
    f"com.fasterxml.jackson.datatype:jackson-datatype-jdk8:{JACKSON_VERSION}",
    "org.yaml:snakeyaml:2.4",
    "com.github.luben:zstd-jni:1.5.6-10",
    "org.xerial.snappy:snappy-java:1.1.10.7",
    "commons-logging:commons-logging:1.3.2",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3",
    "org.apache.logging.log4j:log4j-core:2.24.3",
)
HEAD = f"""\
# Every jar that one broker of Apache Kafka {KAFKA_VERSION} (Scala 2.13) needs: Maven coordinate and sha256.
# Written by `python -m deploy.local_kafka.relock`.
"""


def resolve(cache: Path) -> list[str]:
    """One line a jar, sorted: its coordinate and the sha256 of what was fetched."""
    repository = open_repository(cache)
    wanted = [repository.create_dependency(coordinate) for coordinate in WANTED]
    for dependency in wanted:
        dependency.scope = "compile"
    named, followed = repository.resolver.resolve(wanted)
    jars = [*named, *(jar for jar in followed if jar.scope in {"compile", "runtime"})]
    return sorted(
        f"{jar.groupId}:{jar.artifactId}:{jar.version} {_sha256(jar.artifact.resolve())}" for jar in jars
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    """Resolve in an empty folder, so that nothing cached decides, and replace the pins."""
    with tempfile.TemporaryDirectory() as folder:
        lines = resolve(Path(folder))
    fresh = PINS.with_suffix(".new")
    fresh.write_text(HEAD + "\n".join(lines) + "\n", "utf-8")
    fresh.replace(PINS)
    sys.stdout.write(f"{len(lines)} jars in {PINS.name}; review the difference before you commit it\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
