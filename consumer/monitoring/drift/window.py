"""The last so many tweets of the last so many seconds, in blocks: a window that rolls on block by block."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from consumer.monitoring.drift.tally import Tally

BLOCKS = 5  # of a full window


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a window reaches: whichever comes first."""

    tweets: int
    seconds: float  # of a block's last tweet; its first may be a fifth of them older


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the stream, by the wall clock: it must be known after a restart how old it is."""

    opened_at: float  # seconds since 1970
    closed_at: float
    tally: Tally


class Window:
    """Whole blocks and one that is still being filled.

    A block is closed when it has its fifth of the window's tweets, or of its seconds: few tweets make small
    blocks, many make short ones. A batch is never split, so a window may hold a few batches more.
    """

    def __init__(self, extent: Extent, blocks: Iterable[Block] = (), opened: Block | None = None) -> None:
        self._extent = extent
        self._blocks = deque(blocks, maxlen=BLOCKS)
        self._opened = opened

    def add(self, found: Tally, at: float) -> None:
        """Take in a batch."""
        if not found.tweets:
            return
        before = self._opened
        self._opened = Block(
            before.opened_at if before else at, at, before.tally + found if before else found
        )

    def turn(self, at: float) -> bool:
        """Close the block if it is due, and let go of what is too old; whether anything changed."""
        changed = self._close(at)
        while self._blocks and at - self._blocks[0].closed_at > self._extent.seconds:
            self._blocks.popleft()
            changed = True
        return changed

    def _close(self, at: float) -> bool:
        block = self._opened
        if block is None:
            return False
        full = block.tally.tweets * BLOCKS >= self._extent.tweets
        if not full and (at - block.opened_at) * BLOCKS < self._extent.seconds:
            return False
        self._blocks.append(block)
        self._opened = None
        return True

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The closed ones, oldest first."""
        return tuple(self._blocks)

    @property
    def opened(self) -> Block | None:
        """The one being filled."""
        return self._opened

    def whole(self) -> Tally | None:
        """All closed blocks together; ``None`` where there are none."""
        if not self._blocks:
            return None
        first, *rest = (block.tally for block in self._blocks)
        return sum(rest, first)
