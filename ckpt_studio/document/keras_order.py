"""Where layers stand in a model of Keras, and weights in a layer, as far as the checkpoint says it that they come from.

A `.h5` file goes by that order. A configuration tells it, and so does an older `.h5` file by its lists; an object-based
checkpoint tells it by the numbers of operations, and of what an optimizer trains, in its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.keras.checkpoint import KerasFile
from ckpt_studio.formats.keras.from_names import Standing
from ckpt_studio.formats.keras.hdf5.listing import Listing
from ckpt_studio.formats.keras.layers import is_known, without_number
from ckpt_studio.formats.roles.model_name import NUMBERED, TRAINED, model_name

_Order: TypeAlias = Callable[[str], Standing]


def standings(base: Checkpoint, keys: Sequence[str]) -> list[Standing]:
    """Of each of these variables of a checkpoint, where it stands."""
    order: _Order = _by_numbers(keys)
    if isinstance(base, KerasFile):
        order = _by_lists(base) if base.format == "keras_h5" else _by_configuration(base)
    return [order(key) for key in keys]


def without_model(base: Checkpoint, keys: Sequence[str], names: Sequence[str]) -> list[str]:
    """Full names that begin with a layer's."""
    model = "" if isinstance(base, KerasFile) else model_name(keys, names)
    if not model or is_known(without_number(model)):  # a layer that has others inside
        return list(names)
    return [name.removeprefix(f"{model}/") if name.count("/") > 1 else name for name in names]


def _by_configuration(base: KerasFile) -> _Order:
    ranks: dict[object, int] = {}
    for layer in next((one.layers[0].walk() for one in base.inside.values()), iter(())):
        ranks.setdefault(layer.place, len(ranks))

    def order(key: str) -> Standing:
        one = base.inside.get(key)
        if one is None:
            return Standing()
        inside = ranks.get(one.layers[-1].place, 0)
        return Standing(ranks.get(one.layers[:2][-1].place), inside=("layers", inside))

    return order


def _by_lists(base: KerasFile) -> _Order:
    listing = Listing(groups={path: dict(told) for path, told in base.groups.items()})
    layers: dict[str, int] = {}
    inside: dict[str, int] = {}
    for group in base.groups:
        above = f"{group}/" if group else ""
        for place, name in enumerate(listing.names(group, "layer_names") or ()):
            layers.setdefault(above + name, place)
        for place, name in enumerate(listing.names(group, "weight_names") or ()):
            inside[above + name] = place

    def order(key: str) -> Standing:
        place = next((layers[path] for path in _paths_above(key) if path in layers), None)
        return Standing(place, inside=("list", inside[key]) if key in inside else None)

    return order


def _paths_above(key: str) -> Iterator[str]:
    while key:
        key = key.rpartition("/")[0]
        yield key


def _by_numbers(keys: Sequence[str]) -> _Order:
    """Numbers of operations where a key has them, else of what is trained: both go by the order in the model."""
    counted = {found[1] for key in keys if (found := NUMBERED.search(key))}
    comparable = not {"layer-", "layer_with_weights-"} <= counted

    def order(key: str) -> Standing:
        trained = TRAINED.search(key)
        if trained is not None:
            return Standing(trained=int(trained[1]), inside=("trained", int(trained[1])))
        numbers = [int(number) for _, number in NUMBERED.findall(key)] if comparable else []
        return Standing(numbers[0], inside=("layers", *numbers)) if numbers else Standing()

    return order
