"""Models and compile settings as Keras 1 and 2 wrote them, for the Keras of today."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

import keras
from keras.src.legacy.saving import saving_utils

from ckpt_studio.training.worker.optimizer_named import optimizer_class

_RENAMED: Final = {"LossScaleOptimizerV3": "LossScaleOptimizer"}
_WRAPPED: Final = {"layer", "backward_layer", "cell"}
"""What a layer calls another one that it wraps."""


def legacy_model(said: Mapping[str, Any]) -> Any:
    """The model of a configuration of Keras 1 or 2."""
    return saving_utils.model_from_config(_counted_anew(_plain(said), frozenset()))


def legacy_settings(training: Mapping[str, Any]) -> dict[str, Any]:
    """Optimizer, loss and loss weights of a `training_config`."""
    optimizer = training.get("optimizer_config")
    return {
        "optimizer": None if not isinstance(optimizer, Mapping) else _optimizer(_plain(optimizer)),
        "loss": _loss(_plain(training.get("loss"))),
        "loss_weights": _plain(training.get("loss_weights")),
        "metrics": _metrics(_plain(training.get("metrics"))),
        "weighted_metrics": _metrics(_plain(training.get("weighted_metrics"))),
    }


def _plain(value: Any) -> Any:
    """What the Keras of today wants written in another way.

    Tuples that were marked as such are lists, policies of precision are their names, and Keras's own classes go by
    their own names and say where they are. Recurrent layers have no other order of axes any more.
    """
    if isinstance(value, Mapping):
        if value.get("class_name") in ("__tuple__", "TensorShape") and "items" in value:
            return [_plain(one) for one in value["items"]]
        if value.get("class_name") in ("Policy", "PolicyV1") and isinstance(value.get("config"), Mapping):
            return value["config"].get("name")
        plain = {name: _plain(one) for name, one in value.items() if (name, one) != ("time_major", False)}
        name = plain.get("class_name")
        if isinstance(name, str):
            name = name.removeprefix("Custom>").removeprefix("Addons>")
            plain["class_name"] = _RENAMED.get(name, name)
        for part in _WRAPPED & plain.keys():
            if isinstance(plain[part], dict) and hasattr(keras.layers, str(plain[part].get("class_name"))):
                plain[part] = {"module": "keras.layers", "registered_name": None, **plain[part]}
        return plain
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _counted_anew(value: Any, sequences: frozenset[str]) -> Any:
    """References to the outputs of Sequential models within a model: of old, their first call was counted as second."""
    if isinstance(value, Mapping):
        layers = value.get("layers")
        if isinstance(layers, list):
            inner = [
                one for one in layers if isinstance(one, Mapping) and one.get("class_name") == "Sequential"
            ]
            sequences = frozenset(str(one.get("name") or one["config"].get("name")) for one in inner)
        return {name: _counted_anew(one, sequences) for name, one in value.items()}
    if not isinstance(value, list):
        return value
    refers = len(value) >= 3 and isinstance(value[0], str) and value[0] in sequences
    if refers and isinstance(value[1], int) and value[1] > 0:
        return [value[0], value[1] - 1, *value[2:]]
    return [_counted_anew(one, sequences) for one in value]


def _optimizer(said: Mapping[str, Any]) -> Any:
    config = dict(said.get("config") or {})
    if "lr" in config:
        config.setdefault("learning_rate", config.pop("lr"))
    rate = config.get("learning_rate")
    if isinstance(rate, Mapping):
        schedules = vars(keras.optimizers.schedules)
        told = {name: value for name, value in rate["config"].items() if value is not None}
        config["learning_rate"] = schedules[rate["class_name"]].from_config(told)
    if "inner_optimizer" in config:
        config["inner_optimizer"] = _optimizer(config["inner_optimizer"])
    cls = optimizer_class(said["class_name"])
    return cls(**_known(cls, config))


def _loss(said: Any) -> Any:
    if isinstance(said, Mapping) and isinstance(said.get("class_name"), str):
        cls = getattr(keras.losses, said["class_name"], None)
        config = {name: one for name, one in (said.get("config") or {}).items() if one != "auto"}
        return keras.losses.get(said) if cls is None else cls(**_known(cls, config))
    if isinstance(said, Mapping):
        return {name: _loss(one) for name, one in said.items()}
    return [_loss(one) for one in said] if isinstance(said, list) else said


def _metrics(said: Any) -> Any:
    """Metrics by their names; those that the Keras of today does not know are left out."""
    if isinstance(said, Mapping) and "class_name" not in said:
        return {name: _metrics(one if isinstance(one, list) else [one]) for name, one in said.items()}
    if isinstance(said, list):
        if len(said) == 1 and isinstance(said[0], list):  # one output
            return _metrics(said[0])
        return [_metrics(one) for one in said if isinstance(one, list) or _metric(one) is not None] or None
    return _metric(said)


def _metric(said: Any) -> str | None:
    config = said.get("config") if isinstance(said, Mapping) else None
    name = config.get("fn", said.get("class_name")) if isinstance(config, Mapping) else said
    try:
        keras.metrics.get(name)
    except (ValueError, TypeError):
        return None
    return name if isinstance(name, str) else None


def _known(cls: Callable[..., Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a configuration that the class of today takes."""
    parameters = inspect.signature(cls).parameters
    more = {"clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum", "weight_decay"}
    takes_more = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    known = {*parameters, *(more if takes_more else ())}
    return {name: value for name, value in config.items() if name in known and value is not None}
