"""Objects of an object graph by their paths: found, made, hung up elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ckpt_studio.document.graph_nodes import Graph

Path = tuple[str, ...]
_FEW: Final = 64
"""To take out more values of a field than this one by one costs more than to copy those that stay."""


@dataclass(slots=True)
class Place:
    """A place in the tree of old paths.

    Attributes:
        below: the places below it, by local name, that others than those that stay have.
        stays: whether an object here or below keeps its key.
        target: the new path of the object that has a key here, if one has.
        holder: that object's node.
        whole: the new path of all that lies here and below, or None where it does not move as one.
    """

    below: dict[str, Place] = field(default_factory=dict)
    stays: bool = False
    target: Path | None = None
    holder: int | None = None
    whole: Path | None = None


class Mover:
    """Hangs objects up at other paths.

    Args:
        graph: whose.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._children: dict[int, dict[str, int]] = {}

    def children(self, number: int) -> dict[str, int]:
        """Node by local name, of the children of a node."""
        if number not in self._children:
            children = self._graph[number].children
            self._children[number] = {child.local_name: child.node_id for child in children}
        return self._children[number]

    def find(self, path: Path) -> int | None:
        """The node at a path."""
        number = 0
        for name in path:
            found = self.children(number).get(name)
            if found is None or not 0 <= found < len(self._graph):
                return None
            number = found
        return number

    def make(self, path: Path) -> int:
        """The node at a path; what is not there is made."""
        number = 0
        for name in path:
            found = self.children(number).get(name)
            if found is None:
                found = len(self._graph)
                made = self._graph.add()
                if self._graph.says_values:
                    made.has_checkpoint_values.value = True
                self.hang(number, name, found)
            number = found
        return number

    def hang(self, parent: int, name: str, number: int) -> None:
        """Make a node a child of another."""
        self._graph[parent].children.add(node_id=number, local_name=name)
        self.children(parent)[name] = number

    def move(self, moves: list[tuple[Path, Path, Place]]) -> None:
        """Take all from where they are before any is hung up, so that two can change places."""
        found = [
            (*self._edge(old, place.holder), old, new, place)
            for old, new, place in sorted(moves, key=_length)
        ]
        for parent, name, number, _, _, _ in found:
            if parent is not None and number is not None:
                self._take_down(parent, name)
        for _, _, number, old, _, place in found:
            if number is not None and place.whole is None and self.children(number):
                self._share(number, self.make(old))  # it moves alone
        for parent, _, number, _, new, place in found:
            if parent is not None and number is not None:
                self._put(number, new, place)

    def _edge(self, path: Path, holder: int | None) -> tuple[int | None, str, int | None]:
        """Parent, local name and node at a path. Members of a list have other places than their keys say, perhaps."""
        parent, name = self.find(path[:-1]), path[-1]
        number = self.find(path)
        if holder is not None and number != holder and parent is not None:
            name = next((own for own, child in self.children(parent).items() if child == holder), "")
            number = holder if name else None
        return parent, name, number

    def sink(self, path: Path) -> None:
        """Hang all that there is up at a path: the root is a new object that leads to nothing else."""
        if not path:
            return
        root, number = self._graph[0], len(self._graph)
        self._graph.add().CopyFrom(root)
        del root.children[:], root.attributes[:], root.slot_variables[:]
        self._children.clear()
        self.hang(self.make(path[:-1]), path[-1], number)

    def _take_down(self, parent: int, name: str) -> None:
        keep(self._graph[parent].children, lambda child: child.local_name != name)
        self.children(parent).pop(name, None)

    def _put(self, number: int, path: Path, place: Place) -> None:
        """Hang a node up; where there is one already, as the root is, what lies below it joins what is there."""
        parent = self.make(path[:-1])
        there = self.children(parent).get(path[-1]) if path else 0
        if there is None:
            self.hang(parent, path[-1], number)
        elif path and self._graph[number].attributes:  # what has a value is what its slots belong to
            self._take_down(parent, path[-1])
            self.hang(parent, path[-1], number)
            self._share(there, number)
        elif there != number:
            if place.whole is not None:
                self._share(number, there)
            for name, below in place.below.items():
                child = self.children(number).get(name)
                if child is not None:
                    self._put(child, (*path, name), below)

    def _share(self, number: int, other: int) -> None:
        """Let another node lead to the children of a node, too, but for names that it has itself."""
        for name, child in self.children(number).items():
            if name not in self.children(other):
                self.hang(other, name, child)


def _length(move: tuple[Path, Path, Place]) -> int:
    return len(move[1])


def keep(field: Any, wanted: Callable[[Any], bool]) -> None:
    """Only these values of a repeated field."""
    remove(field, [place for place, one in enumerate(field) if not wanted(one)])


def remove(field: Any, places: list[int]) -> None:
    """Take values out of a repeated field, by their places, ascending."""
    if len(places) <= _FEW:
        for place in reversed(places):
            del field[place]
        return
    gone = set(places)
    copies = [type(one).FromString(one.SerializeToString()) for at, one in enumerate(field) if at not in gone]
    del field[:]
    field.extend(copies)
