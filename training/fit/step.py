"""One gradient step and one scoring of a batch, as graphs, on one device or on several.

Every replica is handed the whole batch and takes its share by its number, so that all ways of running,
from one process to many machines, are one path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
import tf_keras

from training.fit.average import Average

TOKENS = tf.TensorSpec((None, None), tf.int32)  # (n, t)
ROWS = tf.TensorSpec((None,), tf.float32)  # (n,)
Loss = Callable[..., tf.Tensor]


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


def make_step(
    loss: Loss,
    signature: Sequence[tf.TensorSpec],
    variables: Sequence[Any],
    optimiser: tf_keras.optimizers.Optimizer,
    average: Average,
) -> Any:
    """A graph ``(batch…, asked) → (2,)``: the batch's loss, and on how many replicas a stop is asked for."""
    strategy = tf.distribute.get_strategy()

    def once(asked: tf.Tensor, *batch: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(*batch)
        # Dense, because Keras clips the rows of a sparse gradient before it adds up those of one word.
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(value, variables)]
        optimiser.apply_gradients(zip(gradients, variables, strict=True))
        return tf.stack([value, asked])

    # No autograph: there is no Python branch on a tensor, and converting the library's code takes longer
    # than all the rest of building the graph.
    @tf.function(input_signature=(tf.TensorSpec((), tf.float32), *signature), autograph=False)
    def step(asked: tf.Tensor, *batch: tf.Tensor) -> tf.Tensor:
        told = strategy.run(once, args=(asked, *batch))
        average.update(optimiser.iterations)
        return strategy.reduce(tf.distribute.ReduceOp.SUM, told, axis=None)

    return step


def make_scorer(model: tf_keras.Model) -> Any:
    """A graph ``(input_ids, attention_mask) → (n,)`` logits in float32."""

    @tf.function(input_signature=(TOKENS, TOKENS), autograph=False)
    def logits(input_ids: tf.Tensor, attention_mask: tf.Tensor) -> tf.Tensor:
        output = model(input_ids=input_ids, attention_mask=attention_mask, training=False).logits[:, 0]
        return tf.cast(output, tf.float32)

    return logits
