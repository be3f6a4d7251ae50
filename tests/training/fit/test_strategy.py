"""Several processes train as one does; a cluster that cannot be is refused before it hangs."""

from __future__ import annotations

import json
import socket
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.training.fit.material import Material, finished, run_child, start_child
from training.data.rows import BadInputError
from training.fit.stop import INTERRUPTED
from training.fit.strategy import check_workers

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(600)]
TOLERANCE = 1e-5  # float32 sums in another order, over six steps
TWO = {"worker": ["127.0.0.1:4001", "127.0.0.1:4002"]}


def of_two(kind: str, index: object) -> str:
    """The cluster of two, seen by one of its machines."""
    return json.dumps({"cluster": TWO, "task": {"type": kind, "index": index}})


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (None, "TF_CONFIG is not set"),
        ("{", "not JSON"),
        ("[]", "needs the objects cluster and task"),
        (json.dumps({"cluster": TWO}), "needs the objects cluster and task"),
        (json.dumps({"cluster": {"ps": ["a:1"]}, "task": {}}), "may hold chief and worker, has 'ps'"),
        (json.dumps({"cluster": {"worker": ["a"]}, "task": {}}), "must be a list of host:port"),
        (json.dumps({"cluster": {"worker": ["a:99999"]}, "task": {}}), "must be a list of host:port"),
        (of_two("worker", 2), "no machine 'worker' number 2"),
        (of_two("worker", "0"), "no machine 'worker' number '0'"),
        (of_two("chief", 0), "no machine 'chief' number 0"),
    ],
)  # fmt: skip
def test_a_malformed_cluster_is_refused_by_name(content: str | None, named: str) -> None:
    """TensorFlow would wait for a machine that never comes, or fail in C++."""
    with pytest.raises(BadInputError, match=named):
        check_workers(content)


def test_a_sound_cluster_is_taken() -> None:
    """Both kinds of machine."""
    check_workers(json.dumps({"cluster": TWO, "task": {"type": "worker", "index": 1}}))
    check_workers(json.dumps({"cluster": TWO | {"chief": ["h:1"]}, "task": {"type": "chief", "index": 0}}))


def test_two_workers_reach_the_weights_of_one_process(material: Material, tmp_path: Path) -> None:
    """The same global batches, each half on a process: every variable within 1e-5. The chief alone writes.

    The two compute the longer batches in parts, which makes no other step of one.
    """
    same = ("--dropout", "0", "--epochs", "0.5", "--ema", "0")
    assert run_child(material.arguments(tmp_path / "one", *same)) == 0
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    children = [
        start_child(
            material.arguments(tmp_path / "two", *same, "--step-tokens", "100"),
            environment={"TF_CONFIG": json.dumps(
                {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            )},
        )
        for index in range(2)
    ]  # fmt: skip
    assert [finished(child) for child in children] == [0, 0]
    assert furthest_apart(tmp_path / "one", tmp_path / "two") <= TOLERANCE
    assert replicas(tmp_path / "two") == 2


def test_two_devices_of_a_process_reach_the_weights_of_one(material: Material, tmp_path: Path) -> None:
    """``--strategy mirrored`` as with two GPUs: every variable within 1e-5, and a stopped run goes on."""
    same = ("--dropout", "0", "--epochs", "0.5", "--ema", "0")
    assert run_child(material.arguments(tmp_path / "one", *same)) == 0
    two = material.arguments(tmp_path / "two", *same, "--strategy", "mirrored")
    assert finished(start_child(two, ("interrupt", 4), devices=2)) == INTERRUPTED
    assert finished(start_child([*two, "--resume"], devices=2)) == 0
    assert furthest_apart(tmp_path / "one", tmp_path / "two") <= TOLERANCE
    assert replicas(tmp_path / "two") == 2


def furthest_apart(one: Path, other: Path) -> float:
    """The largest difference between two runs' weights and optimiser slots."""
    these, those = variables(one), variables(other)
    assert len(these) == len(those) > 0
    return max(float(np.max(np.abs(a - b))) for a, b in zip(these, those, strict=True))


def replicas(out: Path) -> int:
    """How many devices or processes a run was computed on."""
    return int(json.loads((out / "best" / "training-config.json").read_text())["replicas"])


def free_ports(count: int) -> list[int]:
    """Ports that nobody listened on a moment ago."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in listeners]
    for one in listeners:
        one.close()
    return ports


def variables(out: Path) -> list[np.ndarray]:
    """Weights and optimiser slots of a run's state."""
    with zipfile.ZipFile(out / "state.npz") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".npy"))
        return [np.asarray(np.lib.format.read_array(archive.open(name))) for name in names]
