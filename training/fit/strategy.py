"""One process, several GPUs or several machines: TensorFlow's own strategies, chosen by name."""

from __future__ import annotations

import json
import os
from typing import Any, Literal

import tensorflow as tf

from training.data.rows import BadInputError

Kind = Literal["auto", "none", "mirrored", "workers"]
KINDS: tuple[Kind, ...] = ("auto", "none", "mirrored", "workers")
_VARIABLE = "TF_CONFIG"


def choose_strategy(kind: Kind) -> tf.distribute.Strategy:
    """``auto``: workers where ``TF_CONFIG`` is set, mirrored where there are GPUs to mirror, else none.

    Raises ``BadInputError`` naming what is wrong with ``TF_CONFIG``.
    """
    configured = os.environ.get(_VARIABLE)
    if kind == "workers" or (kind == "auto" and configured):
        check_workers(configured)
        return tf.distribute.MultiWorkerMirroredStrategy()
    if kind == "mirrored" or (kind == "auto" and len(tf.config.list_physical_devices("GPU")) > 1):
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def check_workers(configured: str | None) -> None:
    """Refuse a ``TF_CONFIG`` that TensorFlow would hang on or misread."""
    shape = '{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}'
    if not configured:
        raise BadInputError(f"{_VARIABLE} is not set: --strategy workers needs it, as {shape}")
    try:
        content = json.loads(configured)
    except ValueError as error:
        raise BadInputError(f"{_VARIABLE} is not JSON ({error}); it must be like {shape}") from error
    fault = _fault(content)
    if fault:
        raise BadInputError(f"{_VARIABLE}: {fault}; it must be like {shape}")


def _fault(content: Any) -> str | None:
    cluster = content.get("cluster") if isinstance(content, dict) else None
    task = content.get("task") if isinstance(content, dict) else None
    if not isinstance(cluster, dict) or not isinstance(task, dict):
        return "needs the objects cluster and task"
    unknown = set(cluster) - {"chief", "worker"}
    if unknown:
        return f"cluster may hold chief and worker, has {min(unknown)!r}"
    for kind, addresses in cluster.items():
        if not isinstance(addresses, list) or not all(_is_address(one) for one in addresses):
            return f"cluster.{kind} must be a list of host:port"
    machines, index = cluster.get(task.get("type"), []), task.get("index")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(machines):
        return f"no machine {task.get('type')!r} number {index!r} in cluster"
    return None


def _is_address(value: Any) -> bool:
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65_536  # noqa: PLR2004 - TCP's range


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes files."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    if resolver.task_type == "chief":
        return True
    has_chief = "chief" in resolver.cluster_spec().as_dict()
    return not has_chief and resolver.task_type == "worker" and resolver.task_id == 0
