"""What one step does to the weights."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from training.data.rows import BadInputError
from training.fit.average import Average
from training.fit.dropout import SteppedDropout, replace_dropout
from training.fit.hyper import Hyper
from training.fit.optimiser import LayeredAdamW
from training.fit.schedule import Schedule
from training.fit.step import classifier_loss

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("decay", ["linear", "cosine"])
def test_the_rate_rises_to_its_peak_and_falls_to_nothing_over_the_whole_run(decay: Any) -> None:
    """Once: it is never reset, and no step stands still before the end."""
    schedule = Schedule(1.0, 10, 110, decay)
    rates = np.array([float(schedule(tf.constant(step))) for step in range(110)])
    assert rates[9] == pytest.approx(1.0)
    assert (np.diff(rates[:10]) > 0).all()
    assert (np.diff(rates[10:]) < 0).all()
    assert 0 < rates[-1] < 0.02
    assert rates[59] == pytest.approx(
        0.51 if decay == "linear" else 0.5 * (1 - math.cos(math.pi * 0.51)), abs=1e-5
    )


def loss_of(logits: list[float], labels: list[float], weights: list[float], smoothing: float = 0.0) -> float:
    """The loss of a model that answers so."""

    def model(**_: Any) -> Any:
        return SimpleNamespace(logits=tf.constant(logits)[:, None])

    ids = tf.zeros((len(logits), 1), tf.int32)
    return float(classifier_loss(model, smoothing)(ids, ids, tf.constant(labels), tf.constant(weights)))


def test_the_loss_is_the_weighted_mean_of_cross_entropy_from_logits() -> None:
    """Weights do not change the size of a batch: a row of weight 0 counts for nothing, of 2 twice."""
    a, b = math.log1p(math.exp(-2.0)), math.log1p(math.exp(1.0))
    assert loss_of([2.0, 1.0], [1.0, 0.0], [1.0, 1.0]) == pytest.approx((a + b) / 2)
    assert loss_of([2.0, 1.0], [1.0, 0.0], [0.0, 2.0]) == pytest.approx(b)


def test_smoothed_labels_move_to_the_middle() -> None:
    """A tenth of the way to even odds: the least loss is where the model says .95."""
    losses = {p: loss_of([math.log(p / (1 - p))], [1.0], [1.0], smoothing=0.1) for p in (0.9, 0.95, 0.99)}
    assert min(losses, key=lambda p: losses[p]) == 0.95


def optimiser(**settings: Any) -> LayeredAdamW:
    """Of a model of two layers, at a rate of 1 that stays for long."""
    return LayeredAdamW(
        Schedule(0.1, 0, 10**6), **{"weight_decay": 0.0, "layers": 2, "layer_decay": 1.0} | settings
    )


def test_lower_layers_learn_slower() -> None:
    """By the factor a layer, embeddings slowest; Adam's first step is the rate itself."""
    base = "m/distilbert"
    layers = (f"{base}/transformer/layer_._{number}/w" for number in range(2))
    names = (f"{base}/embeddings/w", *layers, "m/classifier/w")
    weights = [tf.Variable([0.0], name=name) for name in names]
    one = optimiser(layer_decay=0.5)
    one.apply_gradients([(tf.constant([1.0]), weight) for weight in weights])
    assert [float(-w[0]) for w in weights] == pytest.approx([0.0125, 0.025, 0.05, 0.1], rel=1e-3)


def test_biases_and_norms_do_not_decay() -> None:
    """All else does, by decay times rate."""
    names = ("m/q_lin/kernel", "m/q_lin/bias", "m/sa_layer_norm/gamma", "m/LayerNorm/beta")
    weights = [tf.Variable([1.0], name=name) for name in names]
    one = optimiser(weight_decay=0.5)
    one.apply_gradients([(tf.constant([0.0]), weight) for weight in weights])
    assert [float(w[0]) for w in weights] == pytest.approx([0.95, 1.0, 1.0, 1.0])


def test_large_gradients_are_clipped_together() -> None:
    """To a norm of 1 over all of them, their direction kept."""
    weights = [tf.Variable([0.0, 0.0], name="a"), tf.Variable([0.0], name="b")]
    one = optimiser()
    one.build(weights)
    one.apply_gradients([(tf.constant([30.0, 0.0]), weights[0]), (tf.constant([40.0]), weights[1])])
    first_moments = [v.numpy() for v in one.variables if "/m/" in f"/{v.name}"]
    np.testing.assert_allclose(np.concatenate(first_moments), [0.06, 0.0, 0.08], rtol=1e-5)


def test_the_average_forgets_its_start_and_then_moves_slowly() -> None:
    """Its decay is min(d, (1 + t) / (10 + t)) after t steps."""
    weight = tf.Variable([0.0])
    average = Average([weight], 0.5)
    weight.assign([1.0])
    average.update(tf.constant(1))
    assert float(average.variables[0][0]) == pytest.approx(1 - 2 / 11)
    average.update(tf.constant(10**6))
    assert float(average.variables[0][0]) == pytest.approx(1 - 1 / 11)


def test_the_average_stands_in_for_the_weights_for_a_while() -> None:
    """And the weights come back to the last bit, whatever happens in between."""
    weight = tf.Variable([1 / 3])
    average = Average([weight], 0.9)
    average.variables[0].assign([5.0])
    with pytest.raises(RuntimeError, match=r"^5\.0$"), average.in_place():
        raise RuntimeError(float(weight[0]))
    assert weight.numpy().tobytes() == np.array([1 / 3], np.float32).tobytes()


def counter(value: int) -> tf.Variable:
    """Of steps, or of parts."""
    return tf.Variable(value, dtype=tf.int64)


def mask(step: int, seed: tuple[int, int] = (7, 0), part: int = 0) -> np.ndarray:
    """What dropout leaves of ones."""
    layer = SteppedDropout(0.5, seed, counter(step), counter(part))
    return np.asarray(layer(tf.ones((8, 32)), training=True))


def test_a_dropout_mask_follows_from_seed_place_step_and_part() -> None:
    """The same for the same, another for another: nothing is left to a state that could be lost."""
    assert (mask(3) == mask(3)).all()
    for other in (mask(4), mask(3, (7, 1)), mask(3, (8, 0)), mask(3, part=1)):
        assert 0.3 < float(np.mean(mask(3) != other)) < 0.7
    assert float(mask(3).mean()) == pytest.approx(1.0, abs=0.15)


def test_nothing_is_dropped_but_in_training() -> None:
    """Scores are of the whole model."""
    layer = SteppedDropout(0.5, (7, 0), counter(0), counter(0))
    assert (layer(tf.ones((4, 4)), training=False).numpy() == 1).all()


def test_every_dropout_layer_is_replaced() -> None:
    """One that stayed would draw from a count in the graph, which no state holds."""
    from transformers import DistilBertConfig, TFDistilBertForSequenceClassification  # noqa: PLC0415 - slow

    model = TFDistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=20, dim=8, n_layers=2, n_heads=2, hidden_dim=8)
    )
    model(model.dummy_inputs)
    weights = len(model.weights)
    assert replace_dropout(model, 7, counter(0), counter(0)) == 8  # embeddings, three a layer, head
    assert not [one for one in model.submodules if isinstance(one, tf_keras.layers.Dropout)]
    assert len(model.weights) == weights


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"ema": 1.0}, "--ema must be from 0 to below 1"),
        ({"label_smoothing": -0.1}, "--label-smoothing must be"),
        ({"batch_size": 0}, "--batch-size must be 1 or more"),
        ({"old_share": 1.0}, "--old-share must be"),
        ({"epochs": 0.0}, "--epochs must be above 0"),
    ],
)
def test_a_setting_out_of_range_is_named(setting: dict[str, Any], named: str) -> None:
    """As its flag."""
    with pytest.raises(BadInputError, match=named):
        Hyper(**setting)
