"""Which weight each variable of a Keras optimizer belongs to, by the lists in which the optimizer keeps them.

    Keras 3          _trainable_variables: the weights; _momentums, _velocities, ...: for the weight at the same place;
                     _variables: everything, full names as `adam/dense_kernel_velocity`
    tf.keras 2.9+    no list of weights; full names as `Adam/v/dense/kernel`

Some optimizers fill a list in a way that TensorFlow does not track (Muon, Adafactor): then full names and the order in
`_variables` tell. What stays ambiguous is a slot of no known weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.formats.roles.object_graph import ObjectGraph

WEIGHTS: Final = b"_trainable_variables"
ALL: Final = b"_variables"
_ENDINGS: Final = tuple(
    b"_" + name
    for name in (
        b"velocity_hat", b"average_gradient", b"gradient_accumulator", b"accumulated_delta_var", b"accumulated_grad",
        b"momentum", b"velocity", b"norm", b"accumulator", b"linear", b"average",
    )
)  # fmt: skip
_SUMS: Final = (b"_r", b"_c")
_MOST_WORDS: Final = 4
_MOST_SCOPES: Final = 6
_MOST_OF_A_NAME: Final = 8


@dataclass(frozen=True, eq=False)
class Variables:
    """The variables of an object graph.

    Attributes:
        row: int64 [nodes], the row of each node, -1 where it is no variable of the checkpoint.
        nodes: int32, those that have a row.
        names: their full names.
        same_shape: whether two rows have the same shape.
    """

    row: NDArray[np.int64]
    nodes: NDArray[np.int32]
    names: list[bytes]
    same_shape: Callable[[int, int], bool]

    @cached_property
    def full_names(self) -> dict[int, bytes]:
        """Full names by node, for those that have a row."""
        return dict(zip(self.nodes.tolist(), self.names, strict=True))

    def fit(self, node: int, other: int) -> bool:
        """Whether two nodes' variables have the same shape."""
        return self.same_shape(int(self.row[node]), int(self.row[other]))


@dataclass(slots=True)
class Slot:
    """A variable that an optimizer keeps.

    Attributes:
        node: the variable.
        weight: the node that it is kept for, or None while that is not known.
        name: what it is; empty while that is not known.
        list_name: the list that holds it besides `_variables`, or empty.
    """

    node: int
    weight: int | None = None
    name: bytes = b""
    list_name: bytes = b""


class KerasSlots:
    """Looks at one optimizer after the other. A list that several of them share is looked at once."""

    def __init__(self, graph: ObjectGraph, variables: Variables) -> None:
        self._graph = graph
        self._variables = variables
        self._seen: set[int] = set()
        self._weights: dict[int, _Weights] = {}
        self._named: dict[bytes, list[int]] | None = None

    def of(self, optimizer: int) -> list[Slot]:
        """The slots of an optimizer."""
        lists: dict[bytes, int] = {}
        known = set()
        for name, node in self._graph.children_of(optimizer):
            if self._variables.row[node] >= 0:
                known.add(node)
            else:
                lists.setdefault(name, node)
        if ALL not in lists:
            return []
        weights = self._weights_of(lists[WEIGHTS]) if WEIGHTS in lists else _Weights((), {})
        slots: dict[int, Slot] = {}
        for name, number in sorted(lists.items(), key=lambda pair: pair[0] != ALL):
            if name == WEIGHTS or number in self._seen:
                continue
            self._seen.add(number)
            for place, node in self._members(number):
                slot = slots.get(node)
                if slot is None:
                    if node in known or node in weights.names:
                        continue
                    slot = slots[node] = Slot(node)
                if name != ALL and not slot.list_name:
                    slot.list_name = name
                    slot.weight = weights.by_place.get(place)
        if weights.by_place:
            self._name_as_keras_3(list(slots.values()), weights)
        else:
            self._name_as_keras_2(list(slots.values()))
        return list(slots.values())

    def _members(self, number: int) -> Iterable[tuple[int, int]]:
        """Place and node of each variable in a list."""
        places, nodes = self._graph.members_of(number)
        there = self._variables.row[nodes] >= 0
        return zip(compress(places, there.tolist()), nodes[there].tolist(), strict=True)

    def _weights_of(self, number: int) -> _Weights:
        weights = self._weights.get(number)
        if weights is None:
            weights = self._weights[number] = _Weights(self._members(number), self._variables.full_names)
        return weights

    def _name_as_keras_3(self, slots: list[Slot], weights: _Weights) -> None:
        full_names = self._variables.full_names
        for slot in slots:
            last = full_names[slot.node].rpartition(b"/")[2]
            if slot.weight is None:
                slot.weight, slot.name = weights.split(last)
            else:
                slot.name = weights.beyond(slot.weight, last)
            if not slot.name:
                slot.name = _without_ending(last)[1] or _singular(slot.list_name)
        if any(slot.weight is None for slot in slots):
            self._by_order(slots, weights.by_place)
            self._sums(slots)

    def _by_order(self, slots: list[Slot], weights: dict[int, int]) -> None:
        """Slots are made in the order of the weights: believed where every weight has some and nothing contradicts."""
        stems: dict[bytes, list[Slot]] = {}
        for slot in slots:
            stem, ending = _without_ending(self._last_part(slot.node))
            if ending:
                stems.setdefault(stem, []).append(slot)
        if len(stems) != len(weights):
            return
        pairs = [
            (slot, weight)
            for group, (_, weight) in zip(stems.values(), sorted(weights.items()), strict=True)
            for slot in group
        ]
        fit = self._variables.fit
        if all(fit(slot.node, weight) and slot.weight in (None, weight) for slot, weight in pairs):
            for slot, weight in pairs:
                slot.weight = weight

    def _sums(self, slots: list[Slot]) -> None:
        """Adafactor's sums over rows and columns: named as the weight alone, they stand before its velocity."""
        waiting: list[Slot] = []
        for slot in slots:
            if slot.weight is None:
                waiting.append(slot)
                continue
            last = self._last_part(slot.weight)
            if len(waiting) == len(_SUMS) and all(self._last_part(one.node) == last for one in waiting):
                for one, name in zip(waiting, _SUMS, strict=True):
                    one.weight, one.name = slot.weight, name[1:]
            waiting = []

    def _last_part(self, node: int) -> bytes:
        return self._variables.full_names[node].rpartition(b"/")[2]

    def _name_as_keras_2(self, slots: list[Slot]) -> None:
        own = {slot.node for slot in slots}
        for slot in slots:
            full_name = self._variables.full_names[slot.node]
            for name, weight in _ways_to_cut(full_name):
                found = [node for node in self._with_name(weight) if node not in own]
                if len(found) > 1:
                    found = [node for node in found if self._variables.fit(slot.node, node)]
                if len(found) == 1:
                    slot.weight, slot.name = found[0], name
                    break
            if not slot.name or len(slot.list_name) == 2:
                slot.name = _singular(slot.list_name)

    def _with_name(self, full_name: bytes) -> Iterable[int]:
        """The variables that have a full name; none where very many have it."""
        if self._named is None:
            self._named = {}
            for node, name in self._variables.full_names.items():
                self._named.setdefault(name, []).append(node)
        found = self._named.get(full_name, [])
        return found if len(found) <= _MOST_OF_A_NAME else ()


class _Weights:
    """The weights of an optimizer, and their names as they stand in those of their slots.

    Attributes:
        by_place: node by place in the list.
        names: `dense_kernel_` for `dense/kernel`, by node.
    """

    def __init__(self, members: Iterable[tuple[int, int]], full_names: dict[int, bytes]) -> None:
        self.by_place = dict(members)
        self.names = {node: full_names[node].replace(b"/", b"_") + b"_" for node in self.by_place.values()}
        self._node: dict[bytes, int | None] = {}
        for node, name in self.names.items():
            self._node[name] = None if name in self._node else node

    def beyond(self, weight: int, last: bytes) -> bytes:
        """What stands behind the name of a weight; empty where it stands elsewhere."""
        name = self.names[weight]
        return last[len(name) :] if last.startswith(name) else b""

    def split(self, last: bytes) -> tuple[int | None, bytes]:
        """`dense_kernel_velocity` -> the node of `dense/kernel`, `velocity`; (None, b"") where that is not certain."""
        cut = len(last)
        for _ in range(_MOST_WORDS):
            cut = last.rfind(b"_", 0, cut)
            if cut < 0:
                break
            if last[: cut + 1] in self._node:
                return self._node[last[: cut + 1]], last[cut + 1 :]
        return None, b""


def _without_ending(last: bytes) -> tuple[bytes, bytes]:
    """`dense_kernel_velocity` -> `dense_kernel`, `velocity`; (name, b"") where the ending is none of Keras's."""
    for ending in _ENDINGS:
        if last.endswith(ending):
            return last[: -len(ending)], ending[1:]
    return last, b""


def _ways_to_cut(full_name: bytes) -> Iterable[tuple[bytes, bytes]]:
    """`Adam/m/dense/kernel` -> (m, dense/kernel) among others: slot name and full name of the weight, likeliest first.

    The very first of these optimizers wrote `Adam/dense/kernel/m`.
    """
    before, _, rest = full_name.partition(b"/")
    base, _, last = full_name.rpartition(b"/")
    for _ in range(_MOST_SCOPES):
        if not rest:
            return
        yield before, rest
        _, _, base = base.partition(b"/")
        if base:
            yield last, base
        before, _, rest = rest.partition(b"/")


def _singular(name: bytes) -> bytes:
    """`_velocities` -> `velocity`."""
    name = name.strip(b"_")
    if name.endswith(b"moving_average"):
        return b"average"
    return name[:-3] + b"y" if name.endswith(b"ies") else name.removesuffix(b"s")
