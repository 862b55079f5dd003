"""The optimizers that can be put on a graph: what they keep, what their update operations take, what can be set.

They are those of `tf.compat.v1.train`, with the same kernels, slots and defaults. They and their settings may also be
called as Keras calls them; where those classes have no learning rate of their own, Keras's default is taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ckpt_studio.core.errors import RequestFault

GRADIENT: Final = "gradient"
INDICES: Final = "indices"
POWERS: Final = ("beta1_power", "beta2_power")
"""What Adam keeps beside the slots: its betas to the power of the steps that were done."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An update operation.

    Attributes:
        op: its name without Resource, Sparse and Apply; also that of the slots.
        slots: what is kept for each weight, as inputs of the operation, each with its initial value: a number, or the
            name of a setting.
        takes: the inputs behind weight and slots: settings, powers, and the gradient.
        made: places of `slots` in the order in which names are given, where it is another one.
    """

    op: str
    slots: tuple[tuple[str, float | str], ...]
    takes: tuple[str, ...]
    made: tuple[int, ...] = ()

    @property
    def has_powers(self) -> bool:
        """Whether it keeps `POWERS`."""
        return POWERS[0] in self.takes

    @property
    def sparse_takes(self) -> tuple[str, ...] | None:
        """The same of its sparse form, which takes the rows behind the gradient; None where there is none."""
        if self.op in ("Adam", "GradientDescent"):
            return None
        at = self.takes.index(GRADIENT) + 1
        return (*self.takes[:at], INDICES, *self.takes[at:])

    def order(self) -> tuple[int, ...]:
        """Places of the slots in the order of their names' numbers."""
        return self.made or tuple(range(len(self.slots)))


_RULES: Final = {
    "GradientDescent": Rule("GradientDescent", (), ("learning_rate", GRADIENT)),
    "Momentum": Rule("Momentum", (("momentum", 0.0),), ("learning_rate", GRADIENT, "momentum")),
    "Adam": Rule(
        "Adam", (("m", 0.0), ("v", 0.0)), (*POWERS, "learning_rate", "beta_1", "beta_2", "epsilon", GRADIENT)
    ),
    "RMSProp": Rule(
        "RMSProp", (("rms", 1.0), ("momentum", 0.0)), ("learning_rate", "rho", "momentum", "epsilon", GRADIENT)
    ),
    "CenteredRMSProp": Rule(
        "CenteredRMSProp",
        (("mg", 0.0), ("rms", 1.0), ("momentum", 0.0)),
        ("learning_rate", "rho", "momentum", "epsilon", GRADIENT),
        made=(1, 0, 2),
    ),
    "Adagrad": Rule(
        "Adagrad", (("accumulator", "initial_accumulator_value"),), ("learning_rate", GRADIENT)
    ),
    "Adadelta": Rule(
        "Adadelta", (("accum", 0.0), ("accum_update", 0.0)), ("learning_rate", "rho", "epsilon", GRADIENT)
    ),
    "Ftrl": Rule(
        "Ftrl",
        (("accum", "initial_accumulator_value"), ("linear", 0.0)),
        (GRADIENT, "learning_rate", "l1_regularization_strength", "l2_regularization_strength", "learning_rate_power"),
    ),
}  # fmt: skip

_SETTINGS: Final[dict[str, dict[str, float]]] = {
    "sgd": {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
    "momentum": {"learning_rate": 0.01, "momentum": 0.9, "nesterov": False},
    "adam": {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
    "rmsprop": {"learning_rate": 0.001, "rho": 0.9, "momentum": 0.0, "epsilon": 1e-10, "centered": False},
    "adagrad": {"learning_rate": 0.001, "initial_accumulator_value": 0.1},
    "adadelta": {"learning_rate": 0.001, "rho": 0.95, "epsilon": 1e-8},
    "ftrl": {
        "learning_rate": 0.001, "learning_rate_power": -0.5, "initial_accumulator_value": 0.1,
        "l1_regularization_strength": 0.0, "l2_regularization_strength": 0.0,
    },
}  # fmt: skip
_ALIKE: Final = {"gradientdescent": "sgd"}
_SAYS_NOTHING: Final = frozenset({"name", "ema_momentum"})
"""Settings of Keras's classes that mean nothing by themselves; others that are none or false mean nothing either."""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """One that was chosen.

    Attributes:
        name: what it is called in a SPEC, in lower case.
        settings: all of them.
        train_op: the train operation whose optimizer it takes the place of, None where there is but one.
    """

    name: str
    settings: Mapping[str, float] = field(default_factory=dict)
    train_op: str | None = None

    @property
    def rule(self) -> Rule:
        """Its update operation."""
        if self.name in ("sgd", "momentum"):
            return _RULES["Momentum" if self.settings["momentum"] else "GradientDescent"]
        if self.name == "rmsprop":
            return _RULES["CenteredRMSProp" if self.settings["centered"] else "RMSProp"]
        return _RULES[self.name.capitalize()]

    def to_json(self) -> dict[str, Any]:
        """As a SPEC holds it, every setting said."""
        given = {"class_name": self.name, "config": dict(self.settings)}
        return given if self.train_op is None else {**given, "train_op": self.train_op}

    @property
    def nesterov(self) -> bool:
        """Whether its momentum is Nesterov's."""
        return bool(self.settings.get("nesterov"))


def chosen_optimizer(said: str | Mapping[str, Any], learning_rate: float | None = None) -> Optimizer:
    """The optimizer that a SPEC names.

    Args:
        said: a name (`adam`, `AdamOptimizer`), or an object with `class_name`, and where wanted `config` and
            `train_op`.
        learning_rate: one that takes the place of the configuration's.

    Raises:
        RequestFault: there is no such optimizer, or it has no such setting.
    """
    given = {"class_name": said} if isinstance(said, str) else dict(said)
    called = str(given.pop("class_name", ""))
    name = called.rpartition(">")[2].lower().removesuffix("optimizer")
    name = _ALIKE.get(name, name)
    if name not in _SETTINGS:
        raise RequestFault(
            f"The optimizer {called!r} cannot be put on a graph; choose one of {', '.join(_SETTINGS)}."
        )
    config = given.pop("config", None) or {}
    train_op = given.pop("train_op", None)
    if not isinstance(config, Mapping):
        raise RequestFault(f"The config of the optimizer {called!r} must be an object.")
    if train_op is not None and not isinstance(train_op, str):
        raise RequestFault(f"The train_op of the optimizer {called!r} must be the name of one.")
    settings = dict(_SETTINGS[name])
    for setting, value in config.items():
        if setting in settings:
            settings[setting] = _number(called, setting, value)
        elif setting not in _SAYS_NOTHING and value not in (None, False):
            raise RequestFault(
                f"The optimizer {called!r} has no {setting!r} on a graph; it has {', '.join(settings)}."
            )
    if learning_rate is not None:
        settings["learning_rate"] = learning_rate
    return Optimizer(name, settings, train_op)


def _number(called: str, setting: str, value: object) -> float:
    if isinstance(value, bool | int | float) and math.isfinite(value):
        return value
    raise RequestFault(f"The optimizer {called!r} needs a number for {setting!r}, not {value!r}.")
