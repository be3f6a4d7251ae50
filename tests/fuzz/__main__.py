"""``make fuzz``: many ugly inputs through the whole path, with the model that ships.

Ends with 1 and the input's bytes at the first that raises, stalls, or is given an untrue reason.
"""

from __future__ import annotations

import argparse
import faulthandler
import itertools
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from consumer.batch import Rules
from consumer.model.folder import open_model
from consumer.scoring.load import load_scorer
from consumer.scoring.scorer import Scorer
from consumer.tokenise import Tokeniser
from tests.fuzz.course import FaultError, Tally, run
from tests.fuzz.ugly import inputs

_DEADLOCK_SECONDS = 120
_SAY_EVERY = 20_000


def main() -> int:
    """Run as told."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000, metavar="N")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed, the same inputs")
    args = parser.parse_args()
    print(f"fuzz: {args.inputs} inputs, --seed {args.seed}")
    rules, scorer = shipped()
    tally, began = Tally(), time.monotonic()
    try:
        run(_told(itertools.islice(inputs(args.seed), args.inputs), began), rules, scorer, tally)
    except FaultError as fault:
        Path("fuzz-fault.bin").write_bytes(fault.value)
        print(
            f"FUZZ FAILED at input {tally.inputs}: {fault}; its bytes are in fuzz-fault.bin", file=sys.stderr
        )
        return 1
    for fate, count in tally.outcomes.most_common():
        print(f"{count:>9}  {fate}")
    print(
        f"{tally.inputs} inputs in {time.monotonic() - began:.0f} s, each dealt with; the slowest took "
        f"{tally.slowest_seconds * 1000:.0f} ms ({len(tally.slowest)} bytes: {tally.slowest[:60]!r} …)"
    )
    return 0


def shipped() -> tuple[Rules, Scorer]:
    """The tokeniser and the scorer of the model in use."""
    folder = open_model(Path("Models/CURRENT"))
    scorer = load_scorer(folder.path, "openvino")
    return Rules(Tokeniser(folder.tokeniser_path, folder.max_length)), scorer


def _told(values: Iterable[bytes], began: float) -> Iterator[bytes]:
    """The same, with a word now and then, and the stacks of a run that does not go on."""
    for number, value in enumerate(values):
        if number % 100 == 0:
            faulthandler.dump_traceback_later(_DEADLOCK_SECONDS, exit=True)
        if number and number % _SAY_EVERY == 0:
            print(f"{number} inputs in {time.monotonic() - began:.0f} s", flush=True)
        yield value
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    raise SystemExit(main())
