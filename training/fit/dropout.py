"""Dropout whose masks follow from seed, step, part and place: there is no random state to save.

Keras' own layers count their draws in the running graph, where no checkpoint reaches. Here a run that
goes on after any interruption draws what it would have drawn.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras

_PARTS_APART = 2**40  # more than any seed and place come to


class SteppedDropout(tf_keras.layers.Layer):
    """Dropout with the mask of (seed, place in the model, step, part of its batch, replica)."""

    def __init__(self, rate: float, seed: tuple[int, int], step: tf.Variable, part: tf.Variable) -> None:
        super().__init__()
        self.rate, self._seed = rate, seed
        # Keras takes a variable that it sees in a layer for one of its weights.
        self._now = lambda: (tf.identity(step), tf.identity(part))

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:  # noqa: FBT001, FBT002 - Keras calls it so
        """Inputs of any shape; each value zeroed with probability ``rate`` while training."""
        if not training or self.rate == 0:
            return inputs
        replica = tf.distribute.get_replica_context()
        step, part = self._now()
        number = step * replica.num_replicas_in_sync + tf.cast(replica.replica_id_in_sync_group, tf.int64)
        seed = tf.stack([self._seed[0] * 1009 + self._seed[1] + part * _PARTS_APART, number])
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed=seed)


def replace_dropout(model: tf_keras.Model, seed: int, step: tf.Variable, part: tf.Variable) -> int:
    """Put a ``SteppedDropout`` in the place of every dropout layer of ``model``; returns how many."""
    places = [
        (module, name, layer)
        for module in (model, *model.submodules)
        for name, layer in vars(module).items()
        if isinstance(layer, tf_keras.layers.Dropout)
    ]
    for place, (module, name, layer) in enumerate(places):
        _replace(module, name, SteppedDropout(float(layer.rate), (seed, place), step, part))
    return len(places)


def _replace(module: Any, name: str, layer: SteppedDropout) -> None:
    setattr(module, name, layer)
