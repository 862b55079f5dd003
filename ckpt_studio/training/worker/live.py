"""The variables of a Keras model that was built, as the binder takes them, and a way to give them values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.training.binding import Binding, Live


@dataclass
class LiveVariable:
    """A variable and what is known of it; `variable` is Keras's or TensorFlow's own."""

    told: Live
    variable: Any

    @property
    def resource(self) -> Any:
        """TensorFlow's variable."""
        return self.variable if isinstance(self.variable, tf.Variable) else self.variable.value

    def value(self) -> Any:
        """Its value as an array."""
        return np.asarray(self.variable)


def keras_variables(model: Any, optimizer: Any, *, is_new: bool = False) -> list[LiveVariable]:
    """Weights and seed states of a model that was built, then its optimizer's variables.

    Args:
        model: the model.
        optimizer: its optimizer, or None.
        is_new: whether the optimizer takes the place of another, whose settings are not its own.
    """
    stored = _stored_keys(model, optimizer)
    found = []
    for variable in model.variables:
        is_seed = variable.path.endswith("seed_generator_state")
        found.append(_live(variable, stored, carried=is_seed, trained=variable.trainable and not is_seed))
    if optimizer is not None:
        found += _optimizer_variables(found, optimizer, stored)
    if is_new:
        found = [one for one in found if one.told.name.rpartition("/")[2] != "learning_rate"]
    return found


def _live(variable: Any, stored: dict[int, tuple[str, ...]], **told: Any) -> LiveVariable:
    name = getattr(variable, "path", variable.name)
    live = Live(
        name, tuple(variable.shape), tf.as_dtype(variable.dtype).name, stored=stored.get(id(variable), ())
    )
    return LiveVariable(replace(live, **told), variable)


def _optimizer_variables(
    weights: Sequence[LiveVariable], optimizer: Any, stored: dict[int, tuple[str, ...]]
) -> list[LiveVariable]:
    place = {id(one.variable): at for at, one in enumerate(weights)}
    slots = slots_of(optimizer)
    found = []
    for variable in optimizer.variables:
        weight, kind = slots.get(id(variable), (None, ""))
        at = None if weight is None else place.get(id(weight))
        slot = kind if at is not None else ""
        found.append(_live(variable, stored, slot_of=at, slot=slot, of_optimizer=weight is None))
    return found


def slots_of(optimizer: Any) -> dict[int, tuple[Any, str]]:
    """Id of each variable of an optimizer -> its weight and its kind, by the optimizer's own lists, one entry a weight.

    What belongs to no weight has None and an empty text.
    """
    own = {id(variable) for variable in optimizer.variables}
    found: dict[int, tuple[Any, str]] = dict.fromkeys(own, (None, ""))
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None:
        return {**found, **slots_of(inner)}
    weights = list(getattr(optimizer, "_trainable_variables", ()))
    for name, value in vars(optimizer).items():
        if not isinstance(value, list | tuple) or len(value) != len(weights):
            continue
        for weight, variable in zip(weights, value, strict=True):
            if id(variable) in own:
                prefix = weight.path.replace("/", "_") + "_"
                last = variable.path.rpartition("/")[2]
                kind = (
                    last.removeprefix(prefix)
                    if last.startswith(prefix)
                    else name.strip("_").removesuffix("s")
                )
                found[id(variable)] = (weight, kind)
    return found


def _stored_keys(model: Any, optimizer: Any) -> dict[int, tuple[str, ...]]:
    """Id of a variable -> where Keras's own files have it, what is read last first.

    Empty where this release of Keras does not tell that.
    """
    try:
        from keras.src.saving import saving_lib

        class Places(saving_lib.NpzIOStore):  # type: ignore[misc]
            """Takes what the model would save, and its place."""

            def __init__(self) -> None:
                self.found: dict[str, dict[str, Any]] = {}

            def make(self, path: str, metadata: Any = None) -> dict[str, Any]:
                return self.found.setdefault(path, {})

        places = Places()
        saving_lib._save_state(model, places, None, "", set())
    except (ImportError, AttributeError, TypeError, ValueError):
        return {}
    keys: dict[int, tuple[str, ...]] = {}
    for path, held in places.found.items():
        for number, value in held.items():
            keys[id(value)] = (f"{path}/vars/{number}" if path else f"vars/{number}",)
    path = "optimizer"
    while optimizer is not None:
        for place, variable in enumerate(optimizer.variables):
            keys[id(variable)] = (f"{path}/vars/{place}", *keys.get(id(variable), ()))
        path, optimizer = f"{path}/inner_optimizer", getattr(optimizer, "inner_optimizer", None)
    return keys


def give_values(
    variables: Sequence[LiveVariable],
    binding: Binding,
    source: TensorSource,
    keys: Sequence[str] | None = None,
) -> None:
    """Give bound variables the values of their keys, or of some keys only; shapes were compared before."""
    wanted = None if keys is None else set(keys)
    for place, (known, _) in binding.pairs.items():
        key = binding.known[known].key
        if (wanted is None or key in wanted) and key in source.columns:
            variables[place].variable.assign(source.read(key))
