"""What a configuration has to say so that Keras trains and leaves alone what a person wants: `trainable` of its layers.

A model that Keras has made of a configuration trains a variable where neither its own `trainable` nor that of the layer
that keeps the variable itself is false; what stands between them is not asked (Keras 3: `Layer._track_variable`,
`Layer.trainable_weights`, `Sequential.from_config`). All the same the layers around say what Keras itself would have
them say, because that is what people look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from ckpt_studio.formats.keras.config import Layer, Place


@dataclass(frozen=True, slots=True)
class Inside:
    """Where a variable is.

    Attributes:
        layers: the model and the layers of the configuration that it is in, the outermost first.
        keeper: the layer that keeps it itself, or None where that has no part of the configuration.
    """

    layers: tuple[Layer, ...]
    keeper: Layer | None

    @property
    def deciding(self) -> set[Place]:
        """Places of the flags that decide whether it is trained."""
        deciding = (self.layers[0], self.keeper)
        return {layer.place for layer in deciding if layer is not None and layer.trainable is not None}


@dataclass(frozen=True, slots=True)
class Flags:
    """What changes.

    Attributes:
        layers: new `trainable` by the place of a layer, of those that say something else now.
        trained, untrained: variables that are trained, and others.
        thawed: those that were not and are now.
        unsaid: variables of which something else is wanted than before, and the configuration cannot say it.
    """

    layers: Mapping[Place, bool]
    trained: frozenset[str]
    untrained: frozenset[str]
    thawed: frozenset[str]
    unsaid: tuple[str, ...]


def flags_for(
    inside: Mapping[str, Inside], was: Set[str], frozen: Set[str], fixed: Set[Place] = frozenset()
) -> Flags:
    """The flags for these variables. Where nothing else is wanted than before, nothing changes.

    Args:
        inside: by variable that its layer would train, where it is.
        was: those that people see as frozen by the configuration as it is.
        frozen: those that shall not be trained.
        fixed: places of layers that have to stay as they are.
    """
    before = {
        layer.place: layer.trainable
        for one in inside.values()
        for layer in one.layers
        if layer.trainable is not None
    }
    around = {key: {p for layer in one.layers if (p := layer.place) in before} for key, one in inside.items()}
    deciding = {key: one.deciding for key, one in inside.items()}
    members: dict[Place, set[str]] = {}
    for key, places in around.items():
        for place in places:
            members.setdefault(place, set()).add(key)

    def trained(key: str, said: Mapping[Place, bool]) -> bool:
        return all(said[place] for place in deciding[key])

    thawed = dict(before)
    for key in (inside.keys() & was) - frozen:
        if all(before[place] for place in around[key] & fixed):
            thawed |= dict.fromkeys(around[key], True)
    now = dict(thawed)
    for key in inside.keys() & frozen:
        if key not in was or any(thawed[place] != before[place] for place in around[key]):
            now |= dict.fromkeys((p for p in around[key] - fixed if members[p] <= frozen), False)
    return Flags(
        {place: value for place, value in now.items() if value != before[place]},
        frozenset(key for key in inside if trained(key, now)),
        frozenset(key for key in inside if not trained(key, now)),
        frozenset(key for key in inside if trained(key, now) and not trained(key, before)),
        tuple(
            key
            for key in inside
            if trained(key, now) == (key in frozen)
            and ((key in was) != (key in frozen) or trained(key, now) != trained(key, before))
        ),
    )
