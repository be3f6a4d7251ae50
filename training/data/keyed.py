"""Hashes of normalised texts, block by block, in other processes where that pays.

Cleaning costs as much as all other steps of chunking together, and is the one that has no order. Each child
has a pipe of its own, with one block in it at a time: nothing piles up, results keep the order of the blocks,
and a child whose parent is gone reads the end of its pipe and ends too.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection

from consumer.clean import clean
from training.data.rows import Row
from training.data.split import key_of

Keys = list[int | None]  # of each text; None: nothing was left of it after cleaning
_WORTH_BYTES = 16_000_000  # of input: below, children take longer to start than they save
_MOST_CHILDREN = 2  # reading and writing take about half of the time, so more would wait


def keys_of(texts: Iterable[str]) -> Keys:
    """Hash of each text as it is after cleaning."""
    return [key_of(cleaned) if (cleaned := clean(text)) else None for text in texts]


def sensible_children(input_bytes: int) -> int:
    """How many child processes pay for an input of this size on this machine."""
    spare = (os.cpu_count() or 1) - 1
    return min(spare, _MOST_CHILDREN) if input_bytes >= _WORTH_BYTES else 0


@contextlib.contextmanager
def children(count: int) -> Iterator[list[Connection]]:
    """Pipes to ``count`` processes that answer a list of texts with its ``keys_of``; ended at the end."""
    spawn = multiprocessing.get_context("spawn")  # a fork would copy threads of libraries in mid-step
    with contextlib.ExitStack() as stack:
        pipes = []
        for _ in range(count):
            ours, theirs = spawn.Pipe()
            child = spawn.Process(target=_answer, args=(theirs,), daemon=True)
            child.start()
            theirs.close()
            stack.callback(child.join)
            stack.callback(ours.close)  # called before join: the end of its pipe is what ends it
            pipes.append(ours)
        yield pipes


def keyed(blocks: Iterable[list[Row]], pipes: list[Connection]) -> Iterator[tuple[list[Row], Keys]]:
    """Each block with the keys of its rows, in order; by this process alone where there is no pipe.

    Raises ``ChildProcessError`` where a child has died.
    """
    waiting: deque[tuple[list[Row], Connection]] = deque()
    for number, block in enumerate(blocks):
        texts = [row.text for row in block]
        if not pipes:
            yield block, keys_of(texts)
            continue
        finished = _receive(*waiting.popleft()) if len(waiting) == len(pipes) else None
        pipe = pipes[number % len(pipes)]
        with _alive():
            pipe.send(texts)
        waiting.append((block, pipe))
        if finished:
            yield finished
    while waiting:
        yield _receive(*waiting.popleft())


def _receive(block: list[Row], pipe: Connection) -> tuple[list[Row], Keys]:
    with _alive():
        keys: Keys = pipe.recv()
    return block, keys


@contextlib.contextmanager
def _alive() -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError) as error:
        raise ChildProcessError("a process that cleans texts has died: is the memory full?") from error


def _answer(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which closes the pipe
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            pipe.send(keys_of(pipe.recv()))
