"""All that changes while a classifier is trained, put together: model, optimiser, average, graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras

from training.fit.average import Average
from training.fit.dropout import replace_dropout
from training.fit.hyper import Hyper
from training.fit.optimiser import LayeredAdamW
from training.fit.start import Start, build_classifier
from training.fit.step import ROWS, TOKENS, classifier_loss, make_step

MakeGraph = Callable[[Any, Any, Average], Any]
_SIGNATURE = (TOKENS, TOKENS, ROWS, ROWS)


@dataclass(frozen=True, slots=True)
class Session:
    """A classifier in training."""

    model: tf_keras.Model
    optimiser: tf_keras.optimizers.Optimizer
    average: Average
    graph: Any

    @staticmethod
    def of(model: tf_keras.Model, hyper: Hyper, steps: int, make_graph: MakeGraph) -> Session:
        """Optimiser, average and repeatable dropout around a model; built under the strategy in force."""
        optimiser = LayeredAdamW(
            hyper.schedule(steps),
            weight_decay=hyper.weight_decay,
            layers=model.config.n_layers,
            layer_decay=hyper.layer_decay,
        )
        optimiser.build(model.trainable_variables)
        replace_dropout(model, hyper.seed, optimiser.iterations)
        average = Average(model.trainable_variables, hyper.ema)
        return Session(model, optimiser, average, make_graph(model, optimiser, average))

    @property
    def variables(self) -> Sequence[Any]:
        """Everything that a saved state holds: weights, optimiser slots with the step, averages."""
        return [*self.model.weights, *self.optimiser.variables, *self.average.variables]

    def step_once(self, asked: bool, *batch: npt.NDArray[Any]) -> tuple[float, bool]:  # noqa: FBT001 - as Run calls it
        """One gradient step; its loss, and whether a stop is asked for anywhere."""
        told = self.graph(np.float32(asked), *batch).numpy()
        return float(told[0]), bool(told[1] > 0)


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

    def make_graph(model: tf_keras.Model, optimiser: Any, average: Average) -> Any:
        loss = classifier_loss(model, hyper.label_smoothing)
        return make_step(loss, _SIGNATURE, model.trainable_variables, optimiser, average)

    return Session.of(build_classifier(start, hyper.seed), hyper, steps, make_graph)
