"""Flags and environment of ``python -m producer_sim``: the only reader of the environment here."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from producer_sim.drift import KINDS, Drift, parse_drift
from producer_sim.errors import UsageError


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the records go, and as whom."""

    bootstrap_servers: str = "localhost:9092"
    topic: str = "tweets"
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    broker_timeout_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Options:
    """What to publish, and how fast."""

    connection: Connection = Connection()
    rate: float = 20.0
    count: int | None = None
    seconds: float | None = None
    seed: int = 1
    source: Path | None = None
    loop: bool = False
    bad: float = 0.0
    retweets: float = 0.0
    drift: Drift | None = None
    progress_seconds: float = 5.0


# Setting, default, help. The flag is the setting's name in lower case with hyphens.
_SETTINGS: tuple[tuple[str, str | None, str], ...] = (
    ("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092", "brokers to start from, host:port with commas between"),
    ("KAFKA_INPUT_TOPIC", "tweets", "topic to publish to; it must exist"),
    ("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
    ("KAFKA_SASL_MECHANISM", None, "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"),
    ("KAFKA_SASL_USERNAME", None, "user to publish as"),
    (
        "KAFKA_SASL_PASSWORD_FILE",
        None,
        "file that holds the password; or KAFKA_SASL_PASSWORD in the environment",
    ),
    ("KAFKA_SSL_CAFILE", None, "certificate of the authority that signed the broker's"),
    ("KAFKA_SSL_CERTFILE", None, "own certificate, where the broker asks for one"),
    ("KAFKA_SSL_KEYFILE", None, "its private key"),
    ("BROKER_TIMEOUT_SECONDS", "120", "how long a record may wait for the broker before the run fails"),
)


def parse_options(arguments: list[str], environment: Mapping[str, str] = os.environ) -> Options:
    """Flags over environment over defaults.

    Raises:
        UsageError: a value that cannot be; argparse itself exits with 2 for an unknown flag.
    """
    args = _parser(environment).parse_args(arguments)
    for name in ("bad", "retweets"):
        if not 0 <= getattr(args, name) <= 1:
            raise UsageError(f"--{name} is a ratio from 0 to 1")
    if args.bad + args.retweets > 1:
        raise UsageError("--bad and --retweets together must not be above 1")
    for name in ("rate", "count", "seconds"):
        if (getattr(args, name) or 0) < 0:
            raise UsageError(f"--{name} must not be negative")
    return Options(
        connection=_connection(args, environment),
        rate=args.rate,
        count=args.count,
        seconds=args.seconds,
        seed=args.seed,
        source=args.source,
        loop=args.loop,
        bad=args.bad,
        retweets=args.retweets,
        drift=parse_drift(args.drift) if args.drift else None,
        progress_seconds=args.progress_seconds,
    )


def _connection(args: argparse.Namespace, environment: Mapping[str, str]) -> Connection:
    try:
        timeout_seconds = float(args.broker_timeout_seconds)
    except ValueError:
        raise UsageError(f"BROKER_TIMEOUT_SECONDS={args.broker_timeout_seconds} is not a number") from None
    return Connection(
        bootstrap_servers=args.kafka_bootstrap_servers,
        topic=args.kafka_input_topic,
        security_protocol=args.kafka_security_protocol,
        sasl_mechanism=args.kafka_sasl_mechanism,
        sasl_username=args.kafka_sasl_username,
        sasl_password=_password(args.kafka_sasl_password_file, environment),
        ssl_cafile=args.kafka_ssl_cafile,
        ssl_certfile=args.kafka_ssl_certfile,
        ssl_keyfile=args.kafka_ssl_keyfile,
        broker_timeout_seconds=timeout_seconds,
    )


def _password(path: str | None, environment: Mapping[str, str]) -> str | None:
    if path is None:
        return environment.get("KAFKA_SASL_PASSWORD")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(f"KAFKA_SASL_PASSWORD_FILE: {error}") from error


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m producer_sim",
        description="Publishes tweets to the input topic: those that ship with it, or a file's.",
        epilog="Settings in capitals may also come from the environment. Exit codes: 0 all delivered, "
        "1 something was not, 2 a flag, file, topic or credential is wrong, 4 the broker is not reachable.",
    )
    _add_flow_flags(parser)
    _add_content_flags(parser)
    for name, default, text in _SETTINGS:
        flag = "--" + name.lower().replace("_", "-")
        parser.add_argument(flag, default=environment.get(name, default), metavar=name, help=text)
    return parser


def _add_flow_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rate", type=float, default=20.0, help="records a second, 0 = as fast as it goes [20]"
    )
    parser.add_argument("--count", type=int, help="stop after that many records")
    parser.add_argument("--seconds", type=float, help="stop after that long")
    parser.add_argument(
        "--progress-seconds", type=float, default=5.0, help="how often to tell the rate, 0 = never [5]"
    )


def _add_content_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1, help="same seed, same records but for their dates [1]")
    parser.add_argument(
        "--source", type=Path, metavar="FILE", help="replay a csv or jsonl file (also .gz), once"
    )
    parser.add_argument("--loop", action="store_true", help="replay the file again and again")
    parser.add_argument(
        "--bad", type=float, default=0.0, metavar="RATIO", help="share of bad records among all [0]"
    )
    parser.add_argument(
        "--retweets", type=float, default=0.0, metavar="RATIO", help="share of retweets among all [0]"
    )
    parser.add_argument(
        "--drift", metavar="KIND@SECOND", help=f"shift the stream from that second on: {', '.join(KINDS)}"
    )
