"""What docker-compose.yml and .env.example hold of the settings: all that compose does not set itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from consumer.settings import Settings, flags

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "docker-compose.yml"
ENV_EXAMPLE = ROOT / ".env.example"
# What follows from the broker, the ports and the volume of docker-compose.yml: another value would break it.
# LOG_FORMAT is among what can be set, with a default of its own.
GIVEN = frozenset(
    {
        *("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SECURITY_PROTOCOL"),
        *("KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "KAFKA_SASL_PASSWORD_FILE"),
        *("KAFKA_SSL_CAFILE", "KAFKA_SSL_CERTFILE", "KAFKA_SSL_KEYFILE"),
        *("HTTP_HOST", "HTTP_PORT", "STATE_DIR", "LOG_FORMAT"),
    }
)


def passed_on() -> Iterator[tuple[str, str]]:
    """Each setting that .env may hold, with its default as one would type it; empty where it has none."""
    for name, field in Settings.model_fields.items():
        if flags.variable(name) not in GIVEN:
            default = flags.shown(field.default)
            yield flags.variable(name), "" if default == flags.UNSET else default


def compose_lines() -> str:
    """Names without a value, as `environment:` takes over what is set outside."""
    return "".join(f"  {name}:\n" for name, _ in passed_on())


def example_lines() -> str:
    """Lines to take the mark from."""
    return "".join(f"# {name}={default}\n" for name, default in passed_on())
