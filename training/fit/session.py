"""All that changes while a classifier is trained, put together: model, optimiser, average, graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
import tf_keras

from training.fit.average import Average
from training.fit.dropout import replace_dropout
from training.fit.hyper import Hyper
from training.fit.optimiser import LayeredAdamW
from training.fit.start import Start, build_classifier
from training.fit.step import ROWS, TOKENS, Loss, Step, classifier_loss

_SIGNATURE = (TOKENS, TOKENS, ROWS, ROWS)


@dataclass(frozen=True, slots=True)
class Session:
    """A classifier in training."""

    model: tf_keras.Model
    optimiser: tf_keras.optimizers.Optimizer
    average: Average
    step: Step

    @staticmethod
    def of(
        model: tf_keras.Model, hyper: Hyper, steps: int, loss: Loss, signature: Sequence[tf.TensorSpec]
    ) -> Session:
        """Optimiser, average and repeatable dropout around a model; built under the strategy in force.

        ``loss`` is of a part's arrays, which are of ``signature``.
        """
        optimiser = LayeredAdamW(
            hyper.schedule(steps),
            weight_decay=hyper.weight_decay,
            layers=model.config.n_layers,
            layer_decay=hyper.layer_decay,
        )
        optimiser.build(model.trainable_variables)
        part = tf.Variable(0, trainable=False, dtype=tf.int64)  # 0 whenever a state is saved
        replace_dropout(model, hyper.seed, optimiser.iterations, part)
        average = Average(model.trainable_variables, hyper.ema)
        step = Step(loss, signature, model.trainable_variables, optimiser, average, part)
        return Session(model, optimiser, average, step)

    @property
    def variables(self) -> Sequence[Any]:
        """Everything that a saved state holds: weights, optimiser slots with the step, averages."""
        return [*self.model.weights, *self.optimiser.variables, *self.average.variables]

    def step_once(self, asked: bool, parts: Sequence[Any]) -> tuple[float, bool]:  # noqa: FBT001 - as Run calls it
        """One gradient step of a batch; its loss, and whether a stop is asked for anywhere."""
        return self.step(asked, [part.arrays for part in parts])


def prepare(hyper: Hyper) -> None:
    """What TensorFlow must be told before anything of it is made."""
    if not hyper.fast:
        tf.config.experimental.enable_op_determinism()
    tf_keras.mixed_precision.set_global_policy("mixed_bfloat16" if hyper.bf16 else "float32")


def float32() -> None:
    """Models made from here on compute in float32, whatever was trained in."""
    tf_keras.mixed_precision.set_global_policy("float32")


def open_session(start: Start, hyper: Hyper, steps: int) -> Session:
    """A classifier of ``start`` in training; random weights and dropout masks by the seed."""
    model = build_classifier(start, hyper.seed)
    return Session.of(model, hyper, steps, classifier_loss(model, hyper.label_smoothing), _SIGNATURE)
