"""The state of a run on disk: whole or as it was before, and of the same run or refused."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from consumer.errors import ModelRefusedError
from training.data.mixture import Position
from training.data.rows import BadInputError
from training.fit.loop import Progress
from training.fit.record import where_to_begin
from training.fit.state import NAME, load_variables, read_facts, save_state

CONFIG = {"hyper_parameters": {"learning_rate": 0.1, "seed": 7}, "data_sha256": "aa", "command": ["train"]}


class Variable:
    """What a state asks of a variable."""

    def __init__(self, *values: float) -> None:
        self.value = np.array(values, np.float32)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its value."""
        return self.value.shape

    def numpy(self) -> Any:
        """Its value."""
        return self.value

    def assign(self, value: Any) -> None:
        """Take another value."""
        self.value = value


def save(folder: Path, *values: float, step: int = 1) -> None:
    """A state of one variable."""
    progress = Progress(step=step, position=Position(0, 1, 2), losses=[0.1, 0.7])
    save_state(folder, [Variable(*values)], {"progress": progress.to_facts(), "config": CONFIG})


def damage(path: Path, at: int = 200) -> None:
    """Another byte in the middle."""
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    """Values to the last bit, and the place in the data."""
    save(tmp_path, 1 / 3, 2.0)
    path, facts = read_facts(tmp_path)
    variable = Variable(0, 0)
    load_variables(path, [variable])
    assert variable.value.tobytes() == Variable(1 / 3, 2.0).value.tobytes()
    assert Progress.of_facts(facts["progress"]) == Progress(1, Position(0, 1, 2), losses=[0.1, 0.7])


@pytest.mark.parametrize("cut", [0, 100])
def test_of_two_states_a_damaged_one_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cut: int
) -> None:
    """The one before it serves, and a line says so."""
    save(tmp_path, 1.0, step=1)
    save(tmp_path, 2.0, step=2)
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes()[:cut])
    _, facts = read_facts(tmp_path)
    assert facts["progress"]["step"] == 1
    assert "not a whole training state" in capsys.readouterr().err


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    """A weight that is not what was saved is not gone on with."""
    save(tmp_path, *range(500))
    damage(tmp_path / NAME, 1500)
    with pytest.raises(ModelRefusedError, match="not a whole training state"):
        read_facts(tmp_path)


def test_without_a_state_there_is_nothing_to_resume(tmp_path: Path) -> None:
    """And the message names what is missing."""
    with pytest.raises(ModelRefusedError, match=r"state\.npz is missing"):
        where_to_begin(tmp_path, CONFIG, resume=True)


def test_a_state_of_another_shape_is_refused(tmp_path: Path) -> None:
    """Not half assigned, not broadcast."""
    save(tmp_path, 1.0, 2.0)
    with pytest.raises(ModelRefusedError, match=r"is \(2,\), this run's is \(1,\)"):
        load_variables(tmp_path / NAME, [Variable(0)])
    with pytest.raises(ModelRefusedError, match="holds 1 variables, this run has 2"):
        load_variables(tmp_path / NAME, [Variable(0, 0), Variable(0)])


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"hyper_parameters": {"learning_rate": 0.2, "seed": 7}}, r"learning_rate was 0\.1, is 0\.2"),
        ({"hyper_parameters": {"learning_rate": 0.1}}, "seed was 7, is null"),
        ({"data_sha256": "bb"}, 'data_sha256 was "aa", is "bb"'),
    ],
)
def test_another_run_does_not_go_on_from_it(tmp_path: Path, changed: dict[str, Any], named: str) -> None:
    """What differs is named: a schedule, a seed, the rows; and what to do."""
    save(tmp_path, 1.0)
    with pytest.raises(BadInputError, match=rf"{named}.*; to begin anew, remove {tmp_path}$"):
        where_to_begin(tmp_path, CONFIG | changed, resume=True)


def test_the_command_line_may_differ(tmp_path: Path) -> None:
    """``--resume`` itself stands on it."""
    save(tmp_path, 1.0, step=5)
    progress, path = where_to_begin(tmp_path, CONFIG | {"command": ["train", "--resume"]}, resume=True)
    assert (progress.step, path) == (5, tmp_path / NAME)


def test_a_full_disk_leaves_the_older_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing half written beside it."""
    save(tmp_path, 1.0, step=1)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(np.lib.format, "write_array", full)
        with pytest.raises(OSError, match="No space left"):
            save(tmp_path, 2.0, step=2)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert read_facts(tmp_path)[1]["progress"]["step"] == 1
