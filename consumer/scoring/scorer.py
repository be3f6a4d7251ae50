"""What a scorer is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]


class Scorer(Protocol):
    """A model behind one call. A text's logit does not depend on its neighbours."""

    @property
    def padded_tokens(self) -> int:
        """Padded tokens computed over by the last call of ``logits``."""
        ...

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """Logits (n,) of n texts' word-piece ids, in order; raises whatever the runtime raises."""
        ...

    def close(self) -> None:
        """Free the runtime's memory."""
        ...
