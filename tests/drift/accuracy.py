"""Expected against true accuracy on labelled files: ``python -m tests.drift.accuracy FILE.csv[.gz] …``.

The model in use scores each file's labelled rows; neutral ones are left out. The table is Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from consumer.model.folder import ModelFolder, open_model
from consumer.scoring.load import load_scorer
from consumer.tokenise import Tokeniser
from tests.drift.population import CURRENT
from training.measure.labelled import read_labelled, score
from training.measure.measures import probabilities

WINDOW = 1_000
HEAD = (
    "| file | tweets | expected | true | difference | windows of 1,000 | largest difference |",
    "|---|---|---|---|---|---|---|",
)


def judged(
    folder: ModelFolder, path: Path, most: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Confidence and rightness of each labelled row, (n,) and (n,), in file order."""
    rows = read_labelled(path, Tokeniser(folder.tokeniser_path, folder.max_length)).sample(most, 1)
    scorer = load_scorer(folder.path, "openvino", streams=2, chunk_tokens=512, cache_dir=None)
    p = probabilities(score(scorer, rows.ids), folder.scale)
    scorer.close()
    positive = p >= folder.threshold
    return np.where(positive, p, 1 - p), positive == (rows.labels == 1)


def table(folder: ModelFolder, paths: list[Path], most: int) -> Iterator[str]:
    """Line by line."""
    yield from HEAD
    for path in paths:
        confidence, right = judged(folder, path, most)
        gap = confidence - right
        windows = [gap[at : at + WINDOW].mean() for at in range(0, len(gap) - WINDOW + 1, WINDOW)]
        largest = f"{max(windows, key=abs):+.1%}" if windows else "too few"
        yield (
            f"| {path.name} | {len(gap):,} | {confidence.mean():.1%} | {right.mean():.1%} "
            f"| {gap.mean():+.1%} | {len(windows)} | {largest} |"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.drift.accuracy", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=5_000, help="rows of a file, drawn at random (5,000)")
    parser.add_argument("--model", type=Path, default=CURRENT, help="a model folder (the one in use)")
    args = parser.parse_args()
    folder = open_model(args.model)
    print(f"Model {folder.name} {folder.version}.\n")
    for line in table(folder, args.files, args.most):
        print(line, flush=True)


if __name__ == "__main__":
    main()
