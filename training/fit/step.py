"""One gradient step and one scoring of a batch, as graphs, on one device or on several.

Every replica is handed the whole batch, or the whole part of it, and takes its share by its number, so that
all ways of running, from one process to many machines, are one path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from training.fit.average import Average

TOKENS = tf.TensorSpec((None, None), tf.int32)  # (n, t)
ROWS = tf.TensorSpec((None,), tf.float32)  # (n,)
ONE = tf.TensorSpec((), tf.float32)
Loss = Callable[..., tf.Tensor]
Arrays = Sequence[npt.NDArray[Any]]


def classifier_loss(model: tf_keras.Model, smoothing: float) -> Loss:
    """Weighted binary cross-entropy from logits: this replica's share of the mean over the batch."""

    def loss(ids: tf.Tensor, mask: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        count = tf.cast(tf.shape(labels)[0], tf.float32)
        ids, mask, labels, weights = (_share(one) for one in (ids, mask, labels, weights))
        output = model(input_ids=ids, attention_mask=mask, training=True).logits[:, 0]
        logits = tf.cast(output, tf.float32)
        targets = labels * (1.0 - smoothing) + 0.5 * smoothing
        each = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)  # (n of this replica,)
        return tf.reduce_sum(weights * each) / count

    return loss


def _share(rows: tf.Tensor) -> tf.Tensor:
    replica = tf.distribute.get_replica_context()
    count = replica.num_replicas_in_sync
    return rows if count == 1 else rows[replica.replica_id_in_sync_group :: count]


class Step:
    """One step of the optimiser: the gradients of a batch's parts add up, and the weights move once.

    A batch of one part takes no detour: nothing is added to anything. Where there are several, the sum is
    kept by each replica for itself and goes over the wire once.

    Args:
        loss: of a part's arrays; those of all parts add up to the batch's.
        signature: of these arrays.
        variables: what is trained.
        optimiser: what moves them.
        average: of them.
        part: which part of its batch is computed, counted from 0; 0 between two batches.
    """

    def __init__(
        self,
        loss: Loss,
        signature: Sequence[tf.TensorSpec],
        variables: Sequence[Any],
        optimiser: tf_keras.optimizers.Optimizer,
        average: Average,
        part: tf.Variable,
    ) -> None:
        self._loss, self._variables, self._part = loss, variables, part
        self._optimiser, self._average = optimiser, average
        self._strategy = tf.distribute.get_strategy()
        self._sums: list[tf.Variable] = []  # of loss and gradients; made when a batch first comes in parts
        # No autograph: there is no Python branch on a tensor, and converting the library's code takes longer
        # than all the rest of building the graph.
        self._add = tf.function(self._adding, input_signature=signature, autograph=False)
        closing = (ONE, *signature)
        self._whole = tf.function(self._moving(self._move), input_signature=closing, autograph=False)
        self._last = tf.function(self._moving(self._move_by_sums), input_signature=closing, autograph=False)

    def __call__(self, asked: bool, parts: Sequence[Arrays]) -> tuple[float, bool]:  # noqa: FBT001 - as Run calls it
        """One step of a batch; its loss, and whether a stop is asked for on any replica."""
        *before, last = parts
        if before and not self._sums:
            self._sums = self._zeros()
        for number, arrays in enumerate(before):
            self._part.assign(number)
            self._add(*arrays)
        if before:
            self._part.assign(len(before))
        told = (self._last if before else self._whole)(np.float32(asked), *last).numpy()
        if before:
            self._part.assign(0)
        return float(told[0]), bool(told[1] > 0)

    def _zeros(self) -> list[tf.Variable]:
        with self._strategy.scope():
            return [
                tf.Variable(
                    tf.zeros(shape), trainable=False, synchronization=tf.VariableSynchronization.ON_READ
                )
                for shape in ((), *(variable.shape for variable in self._variables))
            ]

    def _differentiated(self, arrays: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """The loss, and its gradient by each variable."""
        with tf.GradientTape() as tape:
            value = self._loss(*arrays)
        # Dense, because Keras clips the rows of a sparse gradient before it adds up those of one word.
        return [value, *(tf.convert_to_tensor(g) for g in tape.gradient(value, self._variables))]

    def _adding(self, *arrays: tf.Tensor) -> None:
        self._strategy.run(self._add_up, args=arrays)

    def _add_up(self, *arrays: tf.Tensor) -> None:
        for total, one in zip(self._sums, self._differentiated(arrays), strict=True):
            total.assign_add(one)

    def _moving(self, move: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
        """``(asked, arrays…) → (2,)``: the batch's loss, and on how many replicas a stop is asked for."""

        def step(asked: tf.Tensor, *arrays: tf.Tensor) -> tf.Tensor:
            told = self._strategy.run(move, args=(asked, *arrays))
            self._average.update(self._optimiser.iterations)
            return self._strategy.reduce(tf.distribute.ReduceOp.SUM, told, axis=None)

        return step

    def _move(self, asked: tf.Tensor, *arrays: tf.Tensor) -> tf.Tensor:
        value, *gradients = self._differentiated(arrays)
        self._optimiser.apply_gradients(zip(gradients, self._variables, strict=True))
        return tf.stack([value, asked])

    def _move_by_sums(self, asked: tf.Tensor, *arrays: tf.Tensor) -> tf.Tensor:
        self._add_up(*arrays)
        value, *gradients = (tf.identity(total) for total in self._sums)
        self._optimiser.apply_gradients(zip(gradients, self._variables, strict=True))
        for total in self._sums:
            total.assign(tf.zeros_like(total))
        return tf.stack([value, asked])


def make_scorer(model: tf_keras.Model) -> Any:
    """A graph ``(input_ids, attention_mask) → (n,)`` logits in float32."""

    @tf.function(input_signature=(TOKENS, TOKENS), autograph=False)
    def logits(input_ids: tf.Tensor, attention_mask: tf.Tensor) -> tf.Tensor:
        output = model(input_ids=input_ids, attention_mask=attention_mask, training=False).logits[:, 0]
        return tf.cast(output, tf.float32)

    return logits
