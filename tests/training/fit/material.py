"""Small files to train on, and training in child processes that start in a moment.

TensorFlow is imported once, in a server that runs nothing of it; each child is forked from that server, so
it may be killed like any process and costs no import.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import resource
import signal
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from tests.models.tiny import VOCABULARY, write_labelled, write_tokeniser
from training.__main__ import main

SHAPE = {
    "model_type": "distilbert",
    "vocab_size": len(VOCABULARY),
    "max_position_embeddings": 64,
    "dim": 16,
    "n_layers": 2,
    "n_heads": 4,
    "hidden_dim": 32,
    "initializer_range": 0.2,
}
KILLED = -signal.SIGKILL
STILL_HELD = 77
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["training.__main__", "training.train", "training.pretrain", "tests.training.fit.material"]
)
Event = tuple[str, int]  # what, and for the how manieth time


@dataclass(frozen=True, slots=True)
class Material:
    """Files to train on."""

    folder: Path

    def arguments(self, out: Path, *more: str) -> list[str]:
        """Arguments of a run of 24 steps that uses all there is: dropout, averages, smoothing, weights."""
        return [
            "train", "--from", "random", "--tokeniser", str(self.folder),
            "--config", str(self.folder / "shape.json"),
            "--chunks", str(self.folder / "Chunks"), "--validation", str(self.folder / "validation.csv"),
            "--out", str(out), "--batch-size", "8", "--epochs", "2", "--learning-rate", "3e-3",
            "--ema", "0.9", "--label-smoothing", "0.1", "--layer-decay", "0.9", "--max-length", "32",
            "--validate-every", "5", "--save-every", "3", *more,
        ]  # fmt: skip


def make_material(folder: Path) -> Material:
    """Three chunks of 32 rows with weights, a validation file, a tokeniser and a shape."""
    (folder / "Chunks").mkdir(parents=True)
    write_tokeniser(folder)
    (folder / "shape.json").write_text(json.dumps(SHAPE))
    for number in range(1, 4):
        write_labelled(folder / "Chunks" / f"chunk_{number:04d}.csv", 32, seed=number)
    write_labelled(folder / "validation.csv", 40, seed=9)
    return Material(folder)


def run_child(arguments: list[str], kill_at: Event | None = None, log: Path | None = None) -> int:
    """``python -m training`` in a child; its exit code, or minus the signal that ended it."""
    return finished(start_child(arguments, kill_at, log=log))


def start_child(
    arguments: list[str],
    kill_at: Event | None = None,
    environment: dict[str, str] | None = None,
    log: Path | None = None,
    devices: int = 1,
) -> multiprocessing.process.BaseProcess:
    """The same, not waited for, on so many devices of one process; what it prints goes to ``log``."""
    child = _CONTEXT.Process(target=_child, args=(arguments, kill_at, environment or {}, log, devices))
    child.start()
    return child


def finished(child: multiprocessing.process.BaseProcess) -> int:
    """The exit code, after at most four minutes."""
    child.join(240)
    if child.exitcode is None:
        child.kill()
        raise AssertionError("a child did not end")
    return child.exitcode


def _child(
    arguments: list[str],
    kill_at: Event | None,
    environment: dict[str, str],
    log: Path | None,
    devices: int,
) -> None:
    os.environ.update(environment)
    if devices > 1:
        _divide_the_processor(devices)
    if log is not None:
        sys.stdout.flush()
        for number in (1, 2):
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), number)
    if kill_at is not None:
        event, after = kill_at
        _EVENTS[event](_at(after, _EFFECTS.get(event, _kill)))
    raise SystemExit(main(arguments))


def _divide_the_processor(devices: int) -> None:
    """TensorFlow takes the CPU for so many devices, as a machine with several GPUs has them."""
    import tensorflow as tf  # noqa: PLC0415 - in the child alone

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def _fill_the_disk() -> None:
    """From now on no file may grow beyond this, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))


def _look_for_a_start() -> None:
    """End with ``STILL_HELD`` where the weights that a run started from are still there beside its own."""
    from training.fit.start import Start  # noqa: PLC0415 - in the child alone

    starts = [one for one in gc.get_objects() if isinstance(one, Start)]
    if not starts or any(one.weights for one in starts):
        os._exit(STILL_HELD)


def _at(after: int, effect: Callable[[], None]) -> Callable[[], None]:
    count = 0

    def here() -> None:
        nonlocal count
        count += 1
        if count == after:
            effect()

    return here


def _half_a_state(here: Callable[[], None]) -> None:
    write = np.lib.format.write_array

    def write_then(*args: Any, **kwargs: Any) -> None:
        write(*args, **kwargs)
        here()

    np.lib.format.write_array = write_then


def _between_renames(here: Callable[[], None]) -> None:
    replace = Path.replace

    def replace_then(path: Path, target: Path) -> Path:
        result = replace(path, target)
        here()
        return result

    Path.replace = replace_then  # type: ignore[method-assign, assignment] # the moment to be killed in


def _in_validation(here: Callable[[], None]) -> None:
    from training.fit import validation  # noqa: PLC0415 - in the child alone

    scores = validation._scores

    def scores_then(scorer: Any, batches: Sequence[Any]) -> dict[str, float]:
        here()
        return scores(scorer, batches)

    validation._scores = scores_then


def _after_a_step(here: Callable[[], None]) -> None:
    from training.fit.loop import Progress  # noqa: PLC0415 - in the child alone

    advance = Progress.advance

    def advance_then(self: Progress, position: Any, loss: float) -> None:
        advance(self, position, loss)
        here()

    Progress.advance = advance_then  # type: ignore[method-assign] # the moment to be killed in


def _after_a_part(here: Callable[[], None]) -> None:
    from training.fit.step import Step  # noqa: PLC0415 - in the child alone

    make = Step.__init__

    def make_then(self: Step, *args: Any) -> None:
        make(self, *args)
        add = self._add

        def add_then(*arrays: Any) -> None:
            add(*arrays)
            here()

        self._add = add_then

    Step.__init__ = make_then  # type: ignore[method-assign, assignment] # the moment to be killed in


_EVENTS: dict[str, Callable[[Callable[[], None]], None]] = {
    "array of a state": _half_a_state,
    "rename": _between_renames,
    "validation": _in_validation,
    "interrupt": _after_a_step,
    "step": _after_a_step,
    "part": _after_a_part,
    "full disk": _after_a_step,
    "start held": _after_a_step,
}
_EFFECTS: dict[str, Callable[[], None]] = {
    "interrupt": _interrupt,
    "full disk": _fill_the_disk,
    "start held": _look_for_a_start,
}  # else a kill


def weights_of(out: Path) -> dict[str, bytes]:
    """Every array of a run's state and of its best weights, bit for bit, with the history."""
    with zipfile.ZipFile(out / "state.npz") as archive:
        found = {name: archive.read(name) for name in archive.namelist() if name.endswith(".npy")}
        facts = json.loads(archive.read("progress.json"))
    found["progress"] = json.dumps(facts["progress"], sort_keys=True).encode()
    found |= {name: value.tobytes() for name, value in load_file(out / "best" / "model.safetensors").items()}
    return found
