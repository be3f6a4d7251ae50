"""``python -m deploy.demo``: tweets become labelled results before your eyes, then the account."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path

from kafka.errors import KafkaError
from rich.console import Console

from deploy.demo.containers import set_containers
from deploy.demo.course import Course, Options
from deploy.demo.stage import DemoError, set_stage
from deploy.local_kafka import LocalKafkaError

INTERRUPTED = 130
_PASSED = "DEMO PASSED: the account balances, and nothing is left running"
_FAILED = "DEMO FAILED: the reason stands above"


def main(arguments: list[str] | None = None) -> int:
    """Run it; 0 when the account balances, 1 when not or when a program failed, 130 after Ctrl-C."""
    options = _options(arguments)
    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop in order, as on Ctrl-C
    if not options.containers:
        return _run(options, console)
    code = _run(options, console)
    words = {0: _PASSED, INTERRUPTED: "DEMO STOPPED: nothing is left running"}
    console.out(words.get(code, _FAILED), highlight=False)
    return code


def _run(options: Options, console: Console) -> int:
    def say(line: str) -> None:
        console.out(line, highlight=False)

    own = set_containers(say) if options.containers else None
    try:
        with own or set_stage(options.state_dir, say, keep=options.keep) as stage:
            code = Course(options, stage, console).run()
        if code == 0 and not options.keep:  # not before: what clears the stage away has a log there, too
            shutil.rmtree(stage.logs, ignore_errors=True)
    except KeyboardInterrupt:
        console.out("stopped")
        return INTERRUPTED
    except (DemoError, LocalKafkaError, KafkaError, TimeoutError) as error:
        console.out(f"the demo failed: {error}", highlight=False)
        return 1
    return code


def _options(arguments: list[str] | None) -> Options:
    default = Options()
    parser = argparse.ArgumentParser(
        prog="python -m deploy.demo",
        description="Streams tweets through a local broker (or that of KAFKA_BOOTSTRAP_SERVERS), shows the "
        "results live and closes with an account read back from the topics.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=default.seconds, help="how long to publish")
    parser.add_argument("--rate", type=float, default=default.rate, help="tweets a second, 0 = at full speed")
    parser.add_argument("--partitions", type=int, default=default.partitions, help="partitions of the topics")
    parser.add_argument(
        "--source", type=Path, metavar="FILE", help="replay this csv or jsonl file to its end"
    )
    parser.add_argument("--bad", type=float, help="share of planted bad records (0.05; of a file 0)")
    parser.add_argument("--retweets", type=float, help="share of retweets (0.1; of a file 0)")
    parser.add_argument("--burst", type=int, default=default.burst, help="tweets at full speed at the end")
    parser.add_argument(
        "--keep", action="store_true", help="leave all running after the account, until Ctrl-C"
    )
    parser.add_argument(
        "--containers",
        action="store_true",
        help="all of it by docker compose, on a broker of its own, brought down at the end",
    )
    options = Options(**vars(parser.parse_args(arguments)))
    if options.containers and options.source:
        parser.error("--source is a file of this machine: it does not go with --containers")
    return options


if __name__ == "__main__":
    sys.exit(main())
