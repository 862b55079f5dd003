"""The configuration of a model as Keras writes it: which layers there are, under which names, and which are trained.

It is read as data, with bounds; nothing of it is ever instantiated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from ckpt_studio.formats.keras.layers import Inner, inner_layers, is_known, snake_case

_CONFIG: Final = "config"
_DEEPEST: Final = 32
_MOST_LAYERS: Final = 100_000

Place: TypeAlias = tuple[str | int, ...]
"""Where something stands in a configuration: the names and numbers that lead to it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, or model, of a configuration.

    Attributes:
        kind: its class in snake case.
        is_own: whether the class is Keras's own, so that what it keeps is known.
        name: its own name.
        trainable: whether it is trained, as far as its own configuration says; None where that says nothing.
        config: the rest of its configuration.
        layers: the layers of a model, in order; None for other layers.
        place: where it stands in the whole configuration; an inner layer without a part of its own stands where the
            outer one does.
    """

    kind: str
    is_own: bool
    name: str
    trainable: bool | None
    config: Mapping[str, Any]
    layers: tuple[Layer, ...] | None = None
    place: Place = ()

    def inner(self, inner: Inner) -> Layer | None:
        """A layer inside this one, as `layers.inner_layers` tells it."""
        if not inner.entry:
            trainable = self.trainable if inner.follows else None
            return Layer(inner.kind, self.is_own, inner.name, trainable, self.config, place=self.place)
        entry = self.config.get(inner.entry)
        if inner.entry == "backward_layer":
            own = entry if isinstance(entry, dict) and entry else None
            entry = own or self.config.get("layer")
            inner = Inner(entry=inner.entry if own else "layer", prefix="" if own else inner.prefix)
        found = layer_of(entry, (*self.place, _CONFIG, inner.entry))
        if found is None or found.name.startswith(inner.prefix):
            return found
        return replace(found, name=inner.prefix + found.name)

    def children(self) -> Iterator[Layer]:
        """The layers directly inside this one that its configuration tells of."""
        yield from self.layers or ()
        if self.is_own:
            found = (self.inner(inner) for inner in inner_layers(self.kind).values())
            yield from (layer for layer in found if layer is not None)

    def walk(self) -> Iterator[Layer]:
        """This layer and all that its configuration tells of inside it."""
        yield self
        for layer in self.children():
            yield from layer.walk()


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimizer of a configuration: its class in snake case, its name, and the rest where that is told."""

    kind: str
    name: str
    config: Mapping[str, Any] | None = None

    def inner(self) -> Optimizer | None:
        """The one that this one wraps, as one that scales the loss does."""
        return optimizer_of((self.config or {}).get("inner_optimizer"))


def parse(text: str | None) -> dict[str, Any]:
    """A text of JSON as an object; empty where it is none."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def model_of(text: str | None) -> Layer | None:
    """The model of a configuration, or None where there is none or it cannot be understood."""
    return layer_of(parse(text))


def optimizer_of(found: object) -> Optimizer | None:
    """The optimizer that a part of a configuration tells."""
    if isinstance(found, str):
        return Optimizer(found.lower(), found)
    if not isinstance(found, dict) or not isinstance(found.get("class_name"), str):
        return None
    config = _object(found.get("config"))
    kind = snake_case(found["class_name"].rpartition(">")[2])
    return Optimizer(kind, _text(config.get("name")) or kind, config)


def layer_of(found: object, place: Place = ()) -> Layer | None:
    """The layer that a part of a configuration tells, which stands at this place."""
    try:
        return _layer(found, place, 0, [_MOST_LAYERS])
    except _TooMuch:
        return None


class _TooMuch(Exception):
    """More layers, or deeper ones, than are believed."""


def _layer(found: object, place: Place, depth: int, left: list[int]) -> Layer | None:
    if not isinstance(found, dict) or not isinstance(found.get("class_name"), str):
        return None
    left[0] -= 1
    if depth > _DEEPEST or left[0] < 0:
        raise _TooMuch
    package, _, class_name = found["class_name"].rpartition(">")
    kind = snake_case(class_name)
    inside = found.get(_CONFIG)
    below: Place = (*place, _CONFIG)
    entry = "cells" if kind == "stacked_rnn_cells" else "layers"
    if isinstance(inside, list):  # Keras 1 and 2 wrote Sequential so
        config = {entry: inside}
    else:
        config, below = _object(inside), (*below, entry)
    layers = config.get(entry)
    module = found.get("module")
    is_own = not package and found.get("registered_name") is None and _is_keras(module)
    inner = None
    if isinstance(layers, list):
        told = (_layer(each, (*below, number), depth + 1, left) for number, each in enumerate(layers))
        inner = tuple(layer for layer in told if layer is not None)
        if len(inner) != len(layers):
            inner = None  # a class of somebody's own, whose layers are something else
    trainable = config.get("trainable")
    name = _text(config.get("name")) or _text(found.get("name"))
    return Layer(
        kind,
        is_own and (is_known(kind) or inner is None),
        name,
        trainable if isinstance(trainable, bool) else None,
        config,
        inner,
        place,
    )


def _is_keras(module: object) -> bool:
    """Whether a module is Keras's; older configurations do not say."""
    return module is None or (isinstance(module, str) and module.partition(".")[0] in ("keras", "tf_keras"))


def _object(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""
