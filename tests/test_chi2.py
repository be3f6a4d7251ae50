"""The quantile that critical values are made of."""

from __future__ import annotations

import pytest
from scipy.stats import chi2

from consumer.chi2 import quantile, upper_tail


@pytest.mark.parametrize("degrees", [1, 2, 3, 10, 11, 25, 26, 60, 101])
@pytest.mark.parametrize("tail", [0.5, 0.05, 1e-2, 1e-3, 2.2e-4, 1e-6, 1e-9])
def test_it_is_what_scipy_says(degrees: int, tail: float) -> None:
    """To ten digits, far out in the tail, too."""
    assert quantile(tail, degrees) == pytest.approx(chi2.isf(tail, degrees), rel=1e-10)
    assert upper_tail(quantile(tail, degrees), degrees) == pytest.approx(tail, rel=1e-9)
