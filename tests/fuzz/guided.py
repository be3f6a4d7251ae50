"""``python -m tests.fuzz.guided``: inputs that grow from each other, led by what code they reach.

Needs atheris (``pip install atheris``), which has no build for every machine and so is nobody's dependency.
Arguments are libFuzzer's: ``-runs=100000``, ``-max_total_time=60``, a folder of inputs to begin with.
"""

from __future__ import annotations

import importlib
import itertools
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_SEEDS = 300
_SMALL_BYTES = 4_096


def main() -> int:
    """Fuzz until told to stop, or until an input is not dealt with as it must be."""
    try:
        atheris: Any = importlib.import_module("atheris")
    except ModuleNotFoundError:
        print("NOT RUN, because atheris is not installed", file=sys.stderr)
        return 2
    with atheris.instrument_imports(include=["consumer.parse", "consumer.clean", "consumer.batch"]):
        course = importlib.import_module("tests.fuzz.course")
    doubles, ugly = importlib.import_module("tests.doubles"), importlib.import_module("tests.fuzz.ugly")
    with TemporaryDirectory() as folder:
        rules, scorer = course.Rules(doubles.small_tokeniser(Path(folder))), doubles.FirstIdScorer()
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, value in enumerate(itertools.islice(ugly.inputs(0), _SEEDS)):
            if len(value) <= _SMALL_BYTES:
                (corpus / str(number)).write_bytes(value)

        def try_one(value: bytes) -> None:
            course.run([value], rules, scorer, course.Tally())

        atheris.Setup([sys.argv[0], "-max_len=65540", *sys.argv[1:], str(corpus)], try_one)
        atheris.Fuzz()  # ends the process
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
