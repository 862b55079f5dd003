"""Walks the recipe's objects and the checkpoint's object graph together, attribute by attribute, as TensorFlow does.

What the same attributes lead to is a pair. Objects that the checkpoint does not know are remembered with the node that
they hang on, so that a checkpoint of the run can be given them.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import keras
import tensorflow as tf

from ckpt_studio.core.tensors import decode
from ckpt_studio.formats.roles.object_graph import ObjectGraph

_NUMBERED: Final = re.compile(r"\d+|layer(_with_weights)?-\d+")
Path: TypeAlias = tuple[str, ...]
Hanging: TypeAlias = tuple[int, Path] | None
_BY_PLACE: Final = "_trainable_variables"
"""Where a Keras optimizer lists the weights that it was built on: nothing but their order says which is which."""
_MOST_OBJECTS: Final = 1_000_000


@dataclass
class Found:
    """A variable of the recipe's objects.

    Attributes:
        variable: Keras's or TensorFlow's own.
        path: the first attributes that lead to it, from the recipe's root.
        places: as `Live.places`.
        hangs_on: for one that no attributes of the checkpoint lead to: the last known node and the attributes from it.
    """

    variable: Any
    path: tuple[str, ...]
    places: list[tuple[str, bool]] = field(default_factory=list)
    hangs_on: tuple[int, tuple[str, ...]] | None = None


class Saved:
    """The checkpoint's object graph, by attribute names; None stands for a checkpoint without one."""

    def __init__(self, graph: ObjectGraph | None) -> None:
        self._graph = graph
        self._keys: dict[int, str] = {}
        if graph is not None:
            held = graph.attributes
            values = zip(held.node.tolist(), held.is_value.tolist(), graph.keys(), strict=True)
            self._keys = {node: decode(key) for node, is_value, key in values if is_value}
        self._children: dict[int, dict[str, int]] = {}

    @property
    def is_there(self) -> bool:
        """Whether there is one."""
        return self._graph is not None

    def children(self, node: int | None) -> Mapping[str, int]:
        """The nodes that attributes of a node lead to."""
        if self._graph is None or node is None:
            return {}
        if node not in self._children:
            self._children[node] = {decode(name): child for name, child in self._graph.children_of(node)}
        return self._children[node]

    def key(self, node: int | None) -> str | None:
        """Key of the variable that a node is, or None."""
        return None if node is None else self._keys.get(node)


def walk(objects: Mapping[str, Any], saved: Saved, *, at_root: bool = False) -> list[Found]:
    """All variables of named objects, each once, with the keys that the same attributes lead to.

    Args:
        objects: the recipe's trackable objects by their names.
        saved: the checkpoint's graph.
        at_root: whether the object is the root itself.
    """
    roots = dict.fromkeys(objects, 0) if at_root else roots_of(objects, saved)
    found: dict[int, Found] = {}
    for name, thing in objects.items():
        hangs = (0, (name,)) if roots[name] is None and saved.is_there else None
        for variable, path, key, numbered, hanging in _pairs(thing, roots[name], saved, hangs):
            one = found.setdefault(id(variable), Found(variable, (name, *path)))
            if key is not None:
                one.places.append((key, numbered))
            elif hanging is not None and one.hangs_on is None:
                one.hangs_on = hanging
    return list(found.values())


def roots_of(objects: Mapping[str, Any], saved: Saved) -> dict[str, int | None]:
    """The node that each object begins at: that of its name, else the free one that agrees most with its attributes."""
    top = saved.children(0)
    roots: dict[str, int | None] = {name: top.get(name) for name in objects}
    free = [node for name, node in top.items() if name not in objects and name != "save_counter"]
    for name, thing in objects.items():
        if roots[name] is not None or not saved.is_there:
            continue
        scores = sorted(((_score(thing, node, saved), node) for node in [*free, 0]), reverse=True)
        if scores[0][0] and (len(scores) == 1 or scores[0][0] > scores[1][0]):
            roots[name] = scores[0][1]
    return roots


def _score(thing: Any, node: int, saved: Saved) -> int:
    return len({id(variable) for variable, _, key, _, _ in _pairs(thing, node, saved) if key is not None})


def _pairs(
    thing: Any, node: int | None, saved: Saved, hangs_on: Hanging = None
) -> Iterator[tuple[Any, Path, str | None, bool, Hanging]]:
    """Breadth first: each variable with path, key, whether a place in a list led to it, and what it hangs on."""
    view = tf.train.TrackableView(thing)
    start: tuple[Any, int | None, Path, bool, Hanging] = (
        thing, node, (), False, hangs_on if node is None else (node, ()),
    )  # fmt: skip
    queue = deque([start])
    seen: set[tuple[int, int | None]] = {(id(thing), node)}
    while queue and len(seen) < _MOST_OBJECTS:
        at, number, path, numbered, hanging = queue.popleft()
        if is_variable(at):
            yield at, path, saved.key(number), numbered, hanging if number is None else None
            continue
        known = saved.children(number)
        for name, child in view.children(at).items():
            below = None if name == _BY_PLACE else known.get(name)
            mark = (id(child), below)
            if mark in seen:
                continue
            seen.add(mark)
            hangs = (below, ()) if below is not None else _further(hanging, name)
            queue.append((child, below, (*path, name), numbered or bool(_NUMBERED.fullmatch(name)), hangs))


def _further(hanging: Hanging, name: str) -> Hanging:
    return None if hanging is None else (hanging[0], (*hanging[1], name))


def is_variable(thing: Any) -> bool:
    """Whether a checkpoint holds a value for it."""
    return isinstance(thing, tf.Variable | keras.Variable)
