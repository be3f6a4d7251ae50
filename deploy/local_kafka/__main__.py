"""`python -m deploy.local_kafka`: the broker in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from deploy.local_kafka import LocalKafka, LocalKafkaError
from deploy.local_kafka.jars import CACHE

DEFAULT_PORT = 9092


def main(arguments: list[str] | None = None) -> int:
    """Run it; 0 when stopped by the user, 1 when the broker ended, 2 when it could not start."""
    options = _parser().parse_args(arguments)
    data = options.data or (CACHE / "data" if options.keep else None)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    try:
        with LocalKafka(data, options.port, progress=_say) as kafka:
            _say(f"Apache Kafka answers on {kafka.bootstrap}; Ctrl-C stops it")
            _say(f"  KAFKA_BOOTSTRAP_SERVERS={kafka.bootstrap}")
            _say(f"  data and log: {kafka.data_dir}")
            code = kafka.wait()
            _say(f"the broker ended with exit code {code}; the end of its log:\n{kafka.log_tail()}")
            return 1
    except KeyboardInterrupt:
        _say("stopped")
        return 0
    except LocalKafkaError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local_kafka", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on (%(default)s)")
    parser.add_argument("--data", type=Path, help="folder for its data, kept (default: a temporary one)")
    parser.add_argument(
        "--keep", action="store_true", help="keep the data from run to run, in .cache/kafka/data"
    )
    return parser


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
