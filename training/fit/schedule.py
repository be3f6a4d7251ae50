"""One learning rate for the whole run: up to its peak, then down to nothing."""

from __future__ import annotations

import math
from typing import Literal

import tensorflow as tf
import tf_keras

Decay = Literal["linear", "cosine"]


class Schedule(tf_keras.optimizers.schedules.LearningRateSchedule):
    """Linear from 0 to ``peak`` over ``warm_up`` steps, then down to 0 at ``steps``."""

    def __init__(self, peak: float, warm_up: int, steps: int, decay: Decay = "linear") -> None:
        self.peak, self.warm_up, self.steps, self.decay = peak, warm_up, steps, decay

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Rate of a step, counted from 0: the last one still learns a little."""
        done = tf.cast(step, tf.float32) + 1.0
        left = tf.clip_by_value((self.steps - done + 1.0) / max(1, self.steps - self.warm_up), 0.0, 1.0)
        if self.decay == "cosine":
            left = 0.5 * (1.0 - tf.cos(math.pi * left))
        return self.peak * tf.minimum(done / max(1, self.warm_up), left)

    def get_config(self) -> dict[str, float | str]:
        """What Keras stores with the optimiser."""
        return {"peak": self.peak, "warm_up": self.warm_up, "steps": self.steps, "decay": self.decay}
