"""An exponential moving average of the weights, which scores better than the last of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf


class Average:
    """The running mean of some variables; with a decay of 0 there is none, and they stand for themselves."""

    def __init__(self, variables: Sequence[Any], decay: float) -> None:
        self._decay = decay
        self._of = list(variables)
        self.variables = [tf.Variable(v, trainable=False) for v in self._of] if decay else []

    def update(self, steps_done: tf.Tensor) -> None:
        """Move a little toward the variables; early on by more, so that the start is soon forgotten."""
        done = tf.cast(steps_done, tf.float32)
        decay = tf.minimum(self._decay, (1.0 + done) / (10.0 + done))
        for mean, variable in zip(self.variables, self._of, strict=bool(self._decay)):
            mean.assign(mean + (1.0 - decay) * (variable - mean))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The averages stand in the variables inside this block; after it, what stood there before."""
        if not self.variables:
            yield
            return
        kept = [variable.numpy() for variable in self._of]
        _assign(self._of, [mean.numpy() for mean in self.variables])
        try:
            yield
        finally:
            _assign(self._of, kept)


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
