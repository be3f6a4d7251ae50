"""A logit → a margin whose sigmoid can be believed as a probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", float, npt.NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Scale:
    """A model's calibration: P(positive) = sigmoid(logit / temperature + stretch · logit³ + bias).

    The cubic term is for models trained towards smoothed labels: they never say what they are sure of as
    surely as they are right. It keeps the order of texts, since neither factor is negative.

    Attributes:
        temperature: above 0; 1 leaves logits as they are.
        stretch: 0 or above; how much more the far ends count.
        bias: added; above 0 in favour of positive.
    """

    temperature: float = 1.0
    stretch: float = 0.0
    bias: float = 0.0

    @classmethod
    def of(cls, numbers: Mapping[str, Any]) -> Self:
        """By their names; what is missing is as where nothing was calibrated, other names are passed over.

        >>> Scale.of({"temperature": 2, "threshold": 0.5})
        Scale(temperature=2.0, stretch=0.0, bias=0.0)
        """
        names = (field.name for field in fields(cls))
        return cls(**{name: float(numbers[name]) for name in names if name in numbers})

    def margin(self, logits: Number) -> Number:
        """Calibrated logits of one logit, or of an array of any shape.

        >>> Scale(temperature=2.0, stretch=0.5, bias=0.1).margin(2.0)
        5.1
        """
        return logits / self.temperature + self.stretch * (logits * logits * logits) + self.bias

    def __str__(self) -> str:
        """The margin as people write it.

        >>> print(Scale(1.5, 0.02, -0.1), "|", Scale())
        logit / 1.5 + 0.02 · logit³ - 0.1 | logit
        """
        parts = ["logit" if self.temperature == 1 else f"logit / {self.temperature:g}"]
        if self.stretch:
            parts.append(f"+ {self.stretch:g} · logit³")
        if self.bias:
            parts.append(f"{'+' if self.bias > 0 else '-'} {abs(self.bias):g}")
        return " ".join(parts)


AS_IT_IS = Scale()  # of a model that was not calibrated
