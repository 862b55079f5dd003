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
_TOP: Final = "top_level_model_weights"
"""The group of what is in no layer."""
_DIGITS: Final = re.compile(r"(\d+)")
_ORDER: Final = {variable.name: place for known in VARIABLES.values() for place, variable in enumerate(known)}
_PARTS: Final = ("query", "key", "gate", "value", "attention_output", "forward", "backward")
"""Inner layers in the order in which Keras makes them; the last two stand before another name."""
_TURN: Final = re.compile(r"(?<=^forward)_.*|(?<=^backward)_.*")
_LATE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Standing:
    """What tells where a variable stands in a model.

    Attributes:
        layer: where its layer does, or None where nothing tells.
        trained: its number among all that is trained, or None where nothing tells.
        inside: where it stands in its layer, or None where nothing tells; the first says what is counted.
    """

    layer: int | None = None
    trained: int | None = None
    inside: tuple[str | int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A variable.

    Attributes:
        name: its full name.
        trained: whether it is; moving statistics are not.
        standing: where it stands.
    """

    name: str
    trained: bool
    standing: Standing = Standing()


@dataclass(frozen=True, slots=True)
class Placed:
    """Where variables belong.

    Attributes:
        paths: one a variable.
        groups: attributes by path of their group.
        doubts: sentences that say which order nothing tells.
    """

    paths: tuple[str, ...]
    groups: Mapping[str, Mapping[str, str | list[str]]]
    doubts: tuple[str, ...] = ()


def legacy_places(variables: Sequence[Named]) -> Placed:
    """The layout of `.h5`: `LAYER/FULL NAME`, the layers and the weights of each in lists, by which Keras goes."""
    layers: dict[str, list[int]] = {}
    for number, variable in enumerate(variables):
        layer, _, rest = variable.name.partition("/")
        layers.setdefault(layer if rest else "", []).append(number)
    paths = [""] * len(variables)
    groups: dict[str, dict[str, str | list[str]]] = {}
    order = _order({name: own for name, own in layers.items() if name}, variables)
    names = sorted((name for name in layers if name), key=_natural)
    if order is not None:
        names.sort(key=order.__getitem__)
    groups[""] = {"layer_names": list(names), "backend": "tensorflow", "keras_version": _VERSION}
    for layer in [*names, *([""] if "" in layers else [])]:
        group = layer or _TOP
        own = sorted(layers[layer], key=lambda number: _in_layer(variables[number]))
        groups[group] = {"weight_names": [variables[number].name for number in own]}
        for number in own:
            paths[number] = f"{group}/{variables[number].name}"
    unsure = [
        layer or _TOP for layer, own in layers.items() if not _is_sure([variables[number] for number in own])
    ]
    return Placed(tuple(paths), groups, _doubts(order is not None or len(names) < 2, unsure))


def _order(layers: Mapping[str, Sequence[int]], variables: Sequence[Named]) -> dict[str, int] | None:
    """Where each layer stands, or None where that is not known of all, counted alike."""
    for told in ("layer", "trained"):
        found: dict[str, int] = {}
        for layer, own in layers.items():
            places = [getattr(variables[number].standing, told) for number in own]
            known = [place for place in places if place is not None]
            if known:
                found[layer] = min(known)
        if len(found) == len(layers) == len(set(found.values())):
            return found
    return None


def _is_sure(own: Sequence[Named]) -> bool:
    """Whether the order of a layer's weights is known: it is told, or follows from what Keras's layers keep."""
    for live in (True, False):
        some = [variable for variable in own if variable.trained is live]
        insides = [variable.standing.inside for variable in some]
        counted = {inside[:1] for inside in insides if inside is not None}
        alike: dict[object, list[Named]] = {}
        for variable, inside in zip(some, insides, strict=True):
            alike.setdefault(inside if None not in insides and len(counted) == 1 else None, []).append(
                variable
            )
        if not all(map(_follows, alike.values())):
            return False
    return True


def _follows(some: Sequence[Named]) -> bool:
    """Whether names that Keras gives tell the order of these."""
    parts = {variable.name.rpartition("/")[0] for variable in some}
    named = all(variable.name.rpartition("/")[2] in _ORDER for variable in some)
    return len(some) < 2 or (named and (len(parts) < 2 or all(min(_part(part)) < _LATE for part in parts)))


def _doubts(layers_are_sure: bool, unsure: Sequence[str]) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    if not layers_are_sure:
        found += (
            "The order of the layers, which nothing tells: they stand in the order of their names, so let Keras load "
            "them by name.",
        )
    if unsure:
        found += (
            "The order of the weights inside a layer, by which Keras loads them and which nothing tells: they stand "
            f"in the order of their names in {some_of(sorted(unsure))}.",
        )
    return found


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
    found: dict[str, list[str]] = {}
    for layer in layers:
        found.setdefault(without_number(layer), []).append(layer)
    for kind, own in found.items():
        order = _order({layer: [*layers[layer].values()] for layer in own}, variables)
        if order is not None:
            own.sort(key=order.__getitem__)
        elif len(own) > 1:
            raise RequestFault(
                f"The order of the layers of the class {printable(kind)!r} ({some_of(sorted(own))}) is not known, by "
                "which a .weights.h5 file goes; `ckpt-studio convert --like` goes by a file of the same model, or "
                "write .h5."
            )
    return found


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


def _in_layer(variable: Named) -> tuple[object, ...]:
    """The order of a layer's weights: trained ones first, those of inner layers together, then as Keras makes them."""
    above, _, last = variable.name.rpartition("/")
    return (
        not variable.trained,
        variable.standing.inside or (),
        _part(above),
        _natural(above),
        _ORDER.get(last, _LATE),
        _natural(last),
    )


def _part(above: str) -> tuple[int, ...]:
    """The places of inner layers among those of a layer that has several."""
    return tuple(
        _PARTS.index(part) if (part := _TURN.sub("", name)) in _PARTS else _LATE for name in above.split("/")
    )


def _natural(text: str) -> tuple[tuple[bool, int, str], ...]:
    """Orders `dense_10` behind `dense_9`."""
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in _DIGITS.split(text))
