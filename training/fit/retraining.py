"""Training on top of a model: which rows of the new files train, and whether the model got better by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from consumer.clean import clean
from consumer.errors import ModelRefusedError
from consumer.model.folder import POINTER, ModelFolder
from training.data.mixture import Labelled, held_out, survey
from training.data.rows import LABELS, BadInputError, Row, read_rows
from training.data.split import place
from training.fit.record import write_json
from training.fit.session import float32
from training.fit.start import Start
from training.measure.labelled import set_name
from training.measure.opened import open_any
from training.measure.retrained import ALIKE, compare_models

COMPARISON = "comparison.json"


@dataclass(frozen=True, slots=True)
class Retraining:
    """The model in use, and the rows on which the new one is compared with it: of each set there are some."""

    model: ModelFolder
    held_out: dict[str, list[Row]]


def read_retraining(origin: Path, start: Start, added: Sequence[Path], files: Sequence[Path]) -> Retraining:
    """The model at ``origin``, as which ``start`` was read, and the rows of ``files`` and ``added``.

    ``added`` are files to train on, of which the rows of held-out splits are compared on.

    Raises:
        BadInputError: a file is not there or has no row to compare on; ``origin`` is bare weights.
        ModelRefusedError: it is no classifier.
    """
    if "classifier/kernel" not in start.weights:
        raise ModelRefusedError(f"--add compares with the model started from: {start.name} is no classifier")
    if origin.is_file() and origin.name != POINTER:
        raise BadInputError(
            f"{origin} is a file of weights: --add compares with the model started from, and needs its folder"
        )
    sets = {set_name(path): _to_compare(path) for path in files}
    new = [row for path in added for row in held_out(path) if clean(row.text)]
    return Retraining(open_any(origin), sets | ({"added": new} if new else {}))


def _to_compare(path: Path) -> list[Row]:
    if not path.is_file():
        raise BadInputError(f"{path}: no such file; --held-out names the rows to compare on")
    rows = [row for row in read_rows(path, path.stem) if row.target in LABELS and clean(row.text)]
    if not rows:
        raise BadInputError(f"{path}: no row labelled 0 or 4 with text: nothing to compare on")
    return rows


def survey_added(added: Sequence[Path], measured: Sequence[Path]) -> tuple[Labelled, ...]:
    """The files to train on, without their rows that say the same as one of the files measured on.

    Says how many these are. Raises ``BadInputError`` as ``read_rows`` does.
    """
    seen = {place(row.text)[0] for path in measured for row in read_rows(path, path.stem)} if added else set()
    found = tuple(survey(path, checked=True, seen=frozenset(seen)) for path in added)
    for file in found:
        if file.left_out:
            print(f"{file.path}: {file.left_out:,} rows also stand in a file measured on: not trained on")
    return found


def judge(out: Path, retraining: Retraining, seed: int) -> None:
    """Compare the best weights in ``out`` with the model in use; told, and written to ``comparison.json``."""
    float32()
    found = compare_models(open_any(out / "best"), retraining.model, retraining.held_out, seed)
    name = f"{retraining.model.name} {retraining.model.version}"
    sets = {set_of: asdict(comparison) for set_of, comparison in found.items()}
    write_json(out / COMPARISON, {"new": out.name, "old": name, "scored": ALIKE, "sets": sets})
    print(f"compared with {name}, {ALIKE}:")
    for set_of, comparison in found.items():
        print(f"against {name} on {set_of}: {comparison.sentence()}")
