"""AdamW as it is used for encoders: no decay on biases and norms, the lower layers slower if asked."""

from __future__ import annotations

import re
from typing import Any

import tf_keras

from training.fit.schedule import Schedule

_NO_DECAY = re.compile("bias|LayerNorm|layer_norm")
_LAYER = re.compile(r"/layer_\._(\d+)/")
_EPSILON = 1e-6
_CLIP = 1.0  # global norm of the gradients


class LayeredAdamW(tf_keras.optimizers.Adam):
    """Adam with decoupled weight decay and a learning rate by layer.

    Layer ``i`` of ``n`` learns at ``layer_decay ** (n - i)`` of the rate, the embeddings at
    ``layer_decay ** (n + 1)``, the head at the rate itself (Howard and Ruder 2018).
    """

    _factor = 1.0

    def __init__(self, schedule: Schedule, *, weight_decay: float, layers: int, layer_decay: float) -> None:
        self._decay, self._layers, self._layer_decay = weight_decay, layers, layer_decay
        # No XLA: its compiled update is not the same to the last bit everywhere.
        super().__init__(schedule, epsilon=_EPSILON, global_clipnorm=_CLIP, jit_compile=False, name="AdamW")

    @property
    def learning_rate(self) -> Any:
        """The rate of the step, by the factor of the variable that is being updated."""
        rate = self._current_learning_rate
        return rate if self._factor == 1.0 else rate * self._factor

    def update_step(self, gradient: Any, variable: Any) -> None:
        """Decay, then Adam's step, both at this variable's rate. Runs while the graph is built."""
        self._factor = self.factor(variable.name)
        if self._decay and not _NO_DECAY.search(variable.name):
            variable.assign_sub(variable * (self._decay * self.learning_rate))
        super().update_step(gradient, variable)
        self._factor = 1.0

    def factor(self, name: str) -> float:
        """Share of the learning rate that a variable of this name gets."""
        layer = _LAYER.search(name)
        if layer:
            return float(self._layer_decay ** (self._layers - int(layer[1])))
        return float(self._layer_decay ** (self._layers + 1)) if "/embeddings/" in name else 1.0
