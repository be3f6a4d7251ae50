"""One Apache Kafka broker to hold in a `with`: started, stopped, killed, started again."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from deploy.local_kafka.errors import LocalKafkaError
from deploy.local_kafka.jars import CACHE, class_path
from deploy.local_kafka.java import Java
from deploy.local_kafka.node import START_SECONDS, TAIL_LINES, Node, new_cluster_id
from deploy.local_kafka.ports import free_port, is_free
from deploy.local_kafka.warm import warm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.local_kafka.child import Child

STOP_SECONDS = 15.0


class LocalKafka:
    """A broker on a loopback port, its data in a folder of its own.

    Without `data_dir` the data live in a temporary folder that goes with the broker. Without `port` a free
    one is taken, and kept over a restart. `properties` are added to the broker's settings and win.
    `client_options` are what kafka-python needs to reach it, where the properties ask for TLS or a password.
    `cluster_id` is what the nodes of one cluster share (see `cluster.py`).
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        port: int | None = None,
        progress: Callable[[str], None] | None = None,
        properties: Mapping[str, str] | None = None,
        *,
        client_options: Mapping[str, Any] | None = None,
        cluster_id: str | None = None,
        cache: Path = CACHE,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._is_temporary = data_dir is None
        folder = data_dir or Path(tempfile.mkdtemp(prefix="local-kafka-"))
        self._node = Node(
            folder,
            port or free_port(),
            free_port(),
            properties or {},
            client_options or {},
            cluster_id or new_cluster_id(),
        )
        self._progress = progress or (lambda _line: None)
        self._cache = cache
        self._start_seconds = start_seconds
        self._child: Child | None = None

    @property
    def port(self) -> int:
        """The port clients connect to."""
        return self._node.port

    @property
    def bootstrap(self) -> str:
        """The address clients are given, HOST:PORT."""
        return f"127.0.0.1:{self.port}"

    @property
    def data_dir(self) -> Path:
        """The folder with its data and its log."""
        return self._node.folder

    @property
    def pid(self) -> int:
        """The process id of the running broker."""
        return self._running().pid

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:  # Ctrl-C during a start, too, must not leave a folder behind
            self.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def start(self) -> None:
        """Start it, on the data it has, and return when it answers; nothing to do while it runs.

        Raises:
            LocalKafkaError: it cannot be fetched, or it ended or did not answer in time; with its log's tail.
        """
        if self._child is not None and self._child.exit_code is None:
            return
        if not is_free(self.port):
            raise LocalKafkaError(f"port {self.port} is taken; stop what listens there, or choose another")
        java = warm(Java(tuple(class_path(self._cache, self._progress))), self._cache, self._progress)
        self._progress(f"starting Apache Kafka on {self.bootstrap} …")
        self._child = self._node.start(java, self._start_seconds, remove_when_orphaned=self._is_temporary)

    def stop(self) -> None:
        """Stop it in order; its data stay until `close`."""
        if self._child is not None:
            self._child.stop(STOP_SECONDS)
            self._child = None

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers, as on a machine that hangs."""
        self._running().freeze()

    def resume(self) -> None:
        """Let a frozen broker go on."""
        self._running().thaw()

    def restart(self) -> None:
        """Stop it if it runs, then start it on the same port and data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop it, and remove its data if they were temporary."""
        self.stop()
        if self._is_temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def wait(self) -> int:
        """Block until the broker ends by itself; its exit code."""
        return self._running().wait()

    def log_tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines of its log."""
        return self._node.log_tail(lines)

    def _running(self) -> Child:
        if self._child is None:
            raise LocalKafkaError("the local broker is not running")
        return self._child
