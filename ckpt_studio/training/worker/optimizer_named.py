"""Keras's optimizers by name: `keras.optimizers.get` looks through a list that lacks some of them (Lamb)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras


def optimizer_class(name: str) -> Any:
    """The class of this name, in any case.

    Raises:
        ValueError: there is none.
    """
    for found in vars(keras.optimizers).values():
        if isinstance(found, type) and found.__name__.lower() == name.lower():
            return found
    return type(keras.optimizers.get({"class_name": name, "config": {}}))


def new_optimizer(said: str | Mapping[str, Any]) -> Any:
    """An optimizer by its name, or by class name and configuration as Keras has it.

    Raises:
        ValueError, TypeError: there is no such one, or it has no such settings.
    """
    if isinstance(said, str):
        return optimizer_class(said)()
    return optimizer_class(str(said.get("class_name"))).from_config(dict(said.get("config") or {}))
