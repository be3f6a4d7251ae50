"""Does the quantised model still say what the float32 model says? A gate, not a report."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from consumer.errors import ModelRefusedError
from training.measure.measures import probabilities


@dataclass(frozen=True, slots=True)
class Limits:
    """How far int8 may be from float32."""

    agreement: float = 0.99  # least share of equal labels
    mean_delta: float = 0.01  # most mean |Δp|
    accuracy_drop: float = 0.003  # most difference of accuracy, either way


@dataclass(frozen=True, slots=True)
class Parity:
    """How far int8 is from float32 on ``rows`` labelled texts."""

    rows: int
    agreement: float
    mean_delta: float
    max_delta: float
    accuracy_fp32: float
    accuracy_int8: float

    def faults(self, limits: Limits) -> list[str]:
        """What is out of limits, in words; empty when all is well. Not-a-number is out of limits."""
        drop = abs(self.accuracy_fp32 - self.accuracy_int8)
        checks = (
            (self.agreement >= limits.agreement, f"labels agree {self.agreement:.4f} < {limits.agreement}"),
            (
                self.mean_delta <= limits.mean_delta,
                f"mean |Δp| {self.mean_delta:.4f} > {limits.mean_delta}",
            ),
            (drop <= limits.accuracy_drop, f"accuracy moves by {drop:.4f} > {limits.accuracy_drop}"),
        )
        return [fault for holds, fault in checks if not holds]


def compare(fp32: npt.ArrayLike, int8: npt.ArrayLike, labels: npt.ArrayLike) -> Parity:
    """Compare logits (n,) of both models on the same texts, at probability 0.5."""
    p, q, truth = probabilities(fp32), probabilities(int8), np.asarray(labels) == 1
    return Parity(
        rows=len(p),
        agreement=float(np.mean((p >= 0.5) == (q >= 0.5))),  # noqa: PLR2004 - even odds
        mean_delta=float(np.mean(np.abs(p - q))),
        max_delta=float(np.max(np.abs(p - q))),
        accuracy_fp32=float(np.mean((p >= 0.5) == truth)),  # noqa: PLR2004 - even odds
        accuracy_int8=float(np.mean((q >= 0.5) == truth)),  # noqa: PLR2004 - even odds
    )


def require(parity: Parity, limits: Limits) -> None:
    """Raise ``ModelRefusedError`` when int8 is not the model that was trained."""
    faults = parity.faults(limits)
    if faults:
        raise ModelRefusedError(
            f"int8 is too far from float32 on {parity.rows} rows: {'; '.join(faults)}. "
            f"Use more calibration texts or another model. {asdict(parity)}"
        )
