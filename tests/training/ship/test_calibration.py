"""Temperature and bias by least log loss; what cannot be fitted is said so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.errors import ModelRefusedError
from training.data.rows import BadInputError
from training.measure.measures import measure, probabilities
from training.ship.calibration import calibrate, fit
from training.ship.threshold import Rule


def draw(rows: int, seed: int, temperature: float, bias: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels that are true at this temperature and bias."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, rows)
    return logits, rng.random(rows) < probabilities(logits, temperature, bias)


@pytest.mark.parametrize(("temperature", "bias"), [(3.0, 0.0), (0.5, -0.4), (1.0, 0.8)])
def test_scale_and_shift_are_found(temperature: float, bias: float) -> None:
    """Labels drawn at a temperature and a bias: the fit finds both."""
    logits, labels = draw(40_000, 1, temperature, bias)
    assert fit(logits, labels, "made") == pytest.approx((temperature, bias), rel=0.06, abs=0.04)


@given(st.integers(0, 500), st.floats(0.2, 5), st.floats(-1, 1))
def test_no_other_pair_has_less_loss(seed: int, temperature: float, bias: float) -> None:
    """The fit is the least: a step to any side loses."""
    logits, labels = draw(300, seed, temperature, bias)
    found = fit(logits, labels, "made")

    def loss(t: float, b: float) -> float:
        return measure(probabilities(logits, t, b), labels)["log_loss"]

    for step in (0.99, 1.01):
        assert loss(*found) <= loss(found[0] * step, found[1]) + 1e-12
        assert loss(*found) <= loss(found[0], found[1] + step - 1) + 1e-12


def test_rows_count_by_their_weights() -> None:
    """A row of weight 3 is the same as three of it; weights are shares, their size says nothing."""
    logits, labels = draw(200, 5, 2.0, 0.3)
    weights = np.random.default_rng(1).integers(1, 4, 200)
    repeated = fit(np.repeat(logits, weights), np.repeat(labels, weights), "made")
    assert fit(logits, labels, "made", weights / 7.0) == pytest.approx(repeated, rel=1e-4, abs=1e-5)
    assert fit(logits, labels, "made") != pytest.approx(repeated, rel=1e-3)


def test_logits_of_any_size_are_fitted() -> None:
    """A model whose logits are a thousand times too large is only too sure."""
    logits, labels = draw(5_000, 2, 1.0, 0.3)
    small, large = fit(logits, labels, "made"), fit(1000 * logits, labels, "made")
    assert large == pytest.approx((1000 * small[0], small[1]), rel=1e-3)


@pytest.mark.parametrize(
    ("logits", "labels", "reason"),
    [
        ([1.0, 2.0, 3.0], [1, 1, 1], "all 3 rows have one label"),
        ([1.0, 2.0, -1.0], [0, 0, 0], "all 3 rows have one label"),
        ([-2.0, -1.0, 1.0, 2.0], [0, 0, 1, 1], "parts the labels of all 4 rows without error"),
        ([2.0, 1.0, -1.0, -2.0], [0, 0, 1, 1], "parts the labels of all 4 rows without error"),
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1], "parts the labels of all 4 rows without error"),
    ],
)
def test_what_has_no_least_is_bad_input(logits: list[float], labels: list[int], reason: str) -> None:
    """One label, or labels that a cut parts: no temperature is best, and the set is named."""
    with pytest.raises(BadInputError, match=f"^mine: .*{reason}"):
        calibrate(logits, labels, Rule(), name="mine", back_end="openvino")


@pytest.mark.parametrize(
    ("logits", "labels", "reason"),
    [
        ([1.0, float("nan"), -1.0], [1, 0, 1], "no number for 1 texts"),
        ([2.0, 1.0, -1.0, -2.0, 1.5], [0, 0, 1, 1, 1], "worse than chance"),
    ],
)
def test_a_model_that_cannot_be_calibrated_is_refused(
    logits: list[float], labels: list[int], reason: str
) -> None:
    """Scores that are no numbers, or fall where labels rise, are the model's fault."""
    with pytest.raises(ModelRefusedError, match=f"^mine: .*{reason}"):
        calibrate(logits, labels, Rule(), name="mine", back_end="openvino")


def test_what_is_kept_says_where_it_came_from() -> None:
    """Set, rows, rule, reason and the log loss before and after."""
    logits, labels = draw(2_000, 3, 2.5, 0.0)
    made = calibrate(logits, labels, Rule("fixed", 0.4), name="mine", back_end="openvino")
    assert (made.set, made.rows, made.rule, made.reason) == ("mine", 2_000, "fixed=0.4", "as told")
    assert made.threshold == 0.4
    assert made.log_loss["after"] < made.log_loss["before"]
