"""Where Keras looks for variables of these full names: paths in a file, and the attributes that it needs there.

`.h5`, the layout of Keras 1 and 2, goes by the names of layers: the first part of a full name. `.weights.h5` goes by
their classes, which a name tells where Keras gave it, and among layers of one class by their order in the model, which
it does not: `dense_1` may well stand before `dense`. So that has to come from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import printable
from ckpt_studio.core.texts import some_of
from ckpt_studio.formats.keras.layers import VARIABLES, inner_layers, without_number
from ckpt_studio.formats.keras.object_tree import VARS

_VERSION: Final = "3.0.0"
"""Of Keras, as the file shall say: one that does not turn the weights of older versions around."""
_DIGITS: Final = re.compile(r"(\d+)")
_ORDER: Final = {variable.name: place for known in VARIABLES.values() for place, variable in enumerate(known)}
_LATE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Named:
    """A variable.

    Attributes:
        name: its full name.
        trained: whether it is; moving statistics are not.
        order: where its layer stands in the model, or None where nothing tells.
    """

    name: str
    trained: bool
    order: int | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Where variables belong.

    Attributes:
        paths: one a variable.
        groups: attributes by path of their group.
    """

    paths: tuple[str, ...]
    groups: Mapping[str, Mapping[str, str | list[str]]]


def legacy_places(variables: Sequence[Named]) -> Placed:
    """The layout of `.h5`: `LAYER/FULL NAME`, the layers and the weights of each in lists."""
    layers: dict[str, list[int]] = {}
    for number, variable in enumerate(variables):
        layer, _, rest = variable.name.partition("/")
        layers.setdefault(layer if rest else "", []).append(number)
    paths = [""] * len(variables)
    groups: dict[str, dict[str, str | list[str]]] = {}
    names = sorted((name for name in layers if name), key=_natural)
    groups[""] = {"layer_names": list(names), "backend": "tensorflow", "keras_version": _VERSION}
    for layer in [*names, *([""] if "" in layers else [])]:
        group = layer or "top_level_model_weights"
        own = sorted(layers[layer], key=lambda number: _in_layer(variables[number]))
        groups[group] = {"weight_names": [variables[number].name for number in own]}
        for number in own:
            paths[number] = f"{group}/{variables[number].name}"
    return Placed(tuple(paths), groups)


def weights_places(variables: Sequence[Named]) -> Placed:
    """The layout of `.weights.h5`: `layers/CLASS_N/vars/M`.

    Raises:
        RequestFault: a name does not tell the class of its layer, or which variable of it this is.
    """
    layers: dict[str, dict[str, int]] = {}
    for number, variable in enumerate(variables):
        layer, _, rest = variable.name.partition("/")
        layers.setdefault(layer, {})[rest] = number
    paths = [""] * len(variables)
    groups: dict[str, dict[str, str | list[str]]] = {}
    for kind, names in _by_kind(layers, variables).items():
        for place, layer in enumerate(names):
            group = f"layers/{kind}_{place}" if place else f"layers/{kind}"
            groups[f"{group}/{VARS}"] = {"name": layer}
            for number, path in _inside(kind, layers[layer], variables).items():
                paths[number] = f"{group}/{path}"
    return Placed(tuple(paths), groups)


def _by_kind(layers: Mapping[str, Mapping[str, int]], variables: Sequence[Named]) -> dict[str, list[str]]:
    """The layers of each class in their order; RequestFault where that is not certain."""
    found: dict[str, list[tuple[int, str]]] = {}
    for layer, own in layers.items():
        orders = [order for number in own.values() if (order := variables[number].order) is not None]
        found.setdefault(without_number(layer), []).append((min(orders, default=-1), layer))
    for kind, places in found.items():
        known = {order for order, _ in places if order >= 0}
        if len(places) > 1 and len(known) < len(places):
            names = some_of(sorted(layer for _, layer in places))
            raise RequestFault(
                f"The order of the layers of the class {printable(kind)!r} ({names}) is not known, by which a "
                ".weights.h5 file goes; `ckpt-studio convert --like` goes by a file of the same model, or write .h5."
            )
    return {kind: [layer for _, layer in sorted(places)] for kind, places in found.items()}


def _inside(kind: str, own: Mapping[str, int], variables: Sequence[Named]) -> dict[int, str]:
    """The path of each variable inside its layer's group."""
    by_part: dict[str, dict[str, int]] = {}
    parts = {each.name: (group, each.kind) for group, each in inner_layers(kind).items() if each.kind}
    for rest, number in own.items():
        part, _, name = rest.rpartition("/")
        by_part.setdefault(part, {})[name] = number
    found = {}
    for part, names in by_part.items():
        group, inner = parts.get(part, ("", "")) if part else ("", kind)
        if not part and kind not in VARIABLES and len(parts) == 1:
            ((group, inner),) = (
                parts.values()
            )  # older Keras named a cell's variables after the layer around it
        known = [variable.name for variable in VARIABLES.get(inner, ()) if variable.name in names]
        if len(known) != len(names):
            example = variables[next(iter(names.values()))].name
            raise RequestFault(
                f"{printable(example)!r} does not tell the class of its layer, by which a .weights.h5 file is ordered; "
                "`ckpt-studio convert --like` goes by a file of the same model, or write .h5."
            )
        for place, name in enumerate(known):
            found[names[name]] = "/".join(part for part in (group, VARS, str(place)) if part)
    return found


def _in_layer(variable: Named) -> tuple[bool, tuple[tuple[bool, int, str], ...], int, str]:
    """The order of a layer's weights: trained ones first, those of inner layers together, then as Keras makes them."""
    above, _, last = variable.name.rpartition("/")
    return (not variable.trained, _natural(above), _ORDER.get(last, _LATE), last)


def _natural(text: str) -> tuple[tuple[bool, int, str], ...]:
    """Orders `dense_10` behind `dense_9`."""
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in _DIGITS.split(text))
