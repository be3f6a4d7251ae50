"""What decides how weights move, and its flags."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import tensorflow as tf

from training.data.rows import BadInputError
from training.fit.schedule import Decay, Schedule


@dataclass(frozen=True, slots=True)
class Hyper:
    """Hyper-parameters; a field is called as its flag is."""

    epochs: float = 2.0
    batch_size: int = 64
    step_tokens: int = 4096
    learning_rate: float = 1e-4
    warm_up_ratio: float = 0.06
    decay: Decay = "linear"
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    layer_decay: float = 1.0
    ema: float = 0.0
    dropout: float | None = None
    max_length: int = 128
    bf16: bool = False
    fast: bool = False
    seed: int = 7
    validate_every: int = 500
    patience: int = 0
    old_share: float = 0.5

    def __post_init__(self) -> None:
        """Raise ``BadInputError`` naming the flag that is out of range."""
        limits: dict[str, tuple[bool, str]] = {
            "epochs": (self.epochs > 0, "above 0"),
            "batch_size": (self.batch_size >= 1, "1 or more"),
            "step_tokens": (self.step_tokens >= 1, "1 or more"),
            "learning_rate": (self.learning_rate > 0, "above 0"),
            "warm_up_ratio": (0 <= self.warm_up_ratio <= 1, "from 0 to 1"),
            "weight_decay": (self.weight_decay >= 0, "0 or more"),
            "label_smoothing": (0 <= self.label_smoothing < 1, "from 0 to below 1"),
            "layer_decay": (0 < self.layer_decay <= 1, "above 0, at most 1"),
            "ema": (0 <= self.ema < 1, "from 0 to below 1"),
            "dropout": (self.dropout is None or 0 <= self.dropout < 1, "from 0 to below 1"),
            "max_length": (self.max_length >= 3, "3 or more"),  # noqa: PLR2004 - [CLS], a piece, [SEP]
            "validate_every": (self.validate_every >= 1, "1 or more"),
            "patience": (self.patience >= 0, "0 or more"),
            "old_share": (0 <= self.old_share < 1, "from 0 to below 1"),
        }
        for name, (holds, wanted) in limits.items():
            if not holds:
                flag = name.replace("_", "-")
                raise BadInputError(f"--{flag} must be {wanted}, is {getattr(self, name)}")

    def schedule(self, steps: int) -> Schedule:
        """The one learning rate schedule of a run of so many steps."""
        return Schedule(self.learning_rate, int(steps * self.warm_up_ratio), steps, self.decay)

    def rate(self, steps: int) -> Callable[[int], float]:
        """The learning rate of each step, counted from 0."""
        schedule = self.schedule(steps)
        return lambda step: float(schedule(tf.constant(step)))

    def config_settings(self) -> dict[str, float]:
        """What the model's configuration shall say otherwise than where it comes from."""
        names = ("dropout", "attention_dropout", "seq_classif_dropout")
        return {} if self.dropout is None else dict.fromkeys(names, self.dropout)

    def of_pretraining(self) -> dict[str, Any]:
        """The part of these that pre-training has."""
        names = ("epochs", "batch_size", "step_tokens", "learning_rate", "warm_up_ratio", "decay",
                 "weight_decay", "max_length", "bf16", "fast", "seed")  # fmt: skip
        return {name: getattr(self, name) for name in names}


def hyper_of(args: argparse.Namespace) -> Hyper:
    """The hyper-parameters that flags say."""
    return Hyper(**{one.name: getattr(args, one.name) for one in fields(Hyper)})


def add_hyper_arguments(parser: argparse.ArgumentParser) -> None:
    """A flag for every hyper-parameter."""
    flag, default = parser.add_argument, Hyper()
    flag("--epochs", type=float, default=default.epochs, help="passes over the data")
    flag("--batch-size", type=int, default=default.batch_size, help="rows a step, of all machines together")
    flag("--step-tokens", type=int, default=default.step_tokens,
         help="padded tokens at once: of a batch of more the gradients are computed in parts and added up. "
         "Bounds the memory; the steps are the same")  # fmt: skip
    flag("--learning-rate", type=float, default=default.learning_rate, help="at its highest")
    flag("--warm-up-ratio", type=float, default=default.warm_up_ratio, help="share of all steps")
    flag("--decay", choices=("linear", "cosine"), default=default.decay, help="of the learning rate, to 0")
    flag("--weight-decay", type=float, default=default.weight_decay, help="none on biases and norms")
    flag("--label-smoothing", type=float, default=default.label_smoothing, help="how far labels move to 0.5")
    flag("--layer-decay", type=float, default=default.layer_decay, help="learning rate factor a layer down")
    flag("--ema", type=float, default=default.ema, metavar="DECAY", help="average weights, as .999; 0 = off")
    flag("--dropout", type=float, default=default.dropout, help="instead of the start's own")
    flag("--max-length", type=int, default=default.max_length, help="word pieces of a tweet")
    flag("--bf16", action="store_true", help="compute in bfloat16, keep weights in float32")
    flag("--fast", action="store_true", help="give up that a run is the same to the last bit every time")
    flag("--seed", type=int, default=default.seed, help="of order, dropout and a random head")
    flag("--validate-every", type=int, default=default.validate_every, help="steps")
    flag("--patience", type=int, default=default.patience,
         help="stop after so many validations without a better one; 0 = never")  # fmt: skip
    flag("--old-share", type=float, default=default.old_share, help="share of old rows beside --add")
