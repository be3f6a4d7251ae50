"""Temperature and bias by least log loss; what cannot be fitted is said so."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.errors import ModelRefusedError
from consumer.scale import Scale
from training.data.rows import BadInputError
from training.measure.measures import measure, probabilities
from training.ship.calibration import calibrate, fit
from training.ship.threshold import Rule


def draw(rows: int, seed: int, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels that are true at this scale."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, rows)
    return logits, rng.random(rows) < probabilities(logits, scale)


@pytest.mark.parametrize("true", [Scale(3.0), Scale(0.5, 0.0, -0.4), Scale(2.0, 0.03, 0.1), Scale(4.0, 0.1)])
def test_the_scale_is_found(true: Scale) -> None:
    """Labels drawn at a scale: the fit finds it."""
    logits, labels = draw(100_000, 1, true)
    found = fit(logits, labels, "made")
    margins = np.linspace(-2.0, 2.0, 9)
    assert found.margin(margins) == pytest.approx(true.margin(margins), rel=0.08, abs=0.06)
    assert found.stretch == pytest.approx(true.stretch, abs=0.02)


@pytest.mark.parametrize("temperature", [1.5, 3.0])
def test_a_stretch_never_turns_the_order_round(temperature: float) -> None:
    """Scores that are surer than right at both ends get no factor below 0, but the best scale without one."""
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 3, 20_000)
    labels = rng.random(20_000) < probabilities(3 * np.tanh(logits / temperature))
    found = fit(logits, labels, "made")
    assert found.stretch == 0.0

    def loss(scale: Scale) -> float:
        return measure(probabilities(logits, scale), labels)["log_loss"]

    assert all(loss(found) <= loss(Scale(found.temperature * by)) for by in (0.95, 1.05))


@given(st.integers(0, 500), st.floats(0.2, 5), st.floats(0, 0.2), st.floats(-1, 1))
def test_no_other_scale_has_less_loss(seed: int, temperature: float, stretch: float, bias: float) -> None:
    """The fit is the least: a step to any side loses."""
    logits, labels = draw(300, seed, Scale(temperature, stretch, bias))
    found = fit(logits, labels, "made")

    def loss(scale: Scale) -> float:
        return measure(probabilities(logits, scale), labels)["log_loss"]

    for step in (-0.01, 0.01):
        others = [
            replace(found, temperature=found.temperature * (1 + step)),
            replace(found, bias=found.bias + step),
        ]
        if found.stretch:
            others.append(replace(found, stretch=max(0.0, found.stretch + step / 10)))
        assert all(loss(found) <= loss(other) + 1e-9 for other in others)


def test_few_rows_do_not_tell_a_stretch() -> None:
    """What lowers the log loss of a few rows by chance is not taken for the shape of scores."""
    stretches = [fit(*draw(150, seed, Scale(1.5)), "made").stretch for seed in range(100)]
    assert sum(stretch > 0 for stretch in stretches) <= 10
    assert fit(*draw(20_000, 1, Scale(2.0, 0.03)), "made").stretch > 0.01


def test_rows_count_by_their_weights() -> None:
    """A row of weight 3 is the same as three of it; weights are shares, their size says nothing."""
    logits, labels = draw(200, 5, Scale(2.0, 0.0, 0.3))
    weights = np.random.default_rng(1).integers(1, 4, 200)
    repeated = astuple(fit(np.repeat(logits, weights), np.repeat(labels, weights), "made"))
    assert astuple(fit(logits, labels, "made", weights / 7.0)) == pytest.approx(repeated, rel=1e-4, abs=1e-5)
    assert astuple(fit(logits, labels, "made")) != pytest.approx(repeated, rel=1e-3)


def test_logits_of_any_size_are_fitted() -> None:
    """A model whose logits are a thousand times too large is only too sure."""
    logits, labels = draw(5_000, 2, Scale(1.0, 0.05, 0.3))
    small, large = fit(logits, labels, "made"), fit(1000 * logits, labels, "made")
    margins = np.linspace(-3.0, 3.0, 7)
    assert large.margin(1000 * margins) == pytest.approx(small.margin(margins), rel=1e-3)


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
    logits, labels = draw(2_000, 3, Scale(2.5))
    made = calibrate(logits, labels, Rule("fixed", 0.4), name="mine", back_end="openvino")
    assert (made.set, made.rows, made.rule, made.reason) == ("mine", 2_000, "fixed=0.4", "as told")
    assert made.threshold == 0.4
    assert made.log_loss["after"] < made.log_loss["before"]
