"""Changes of an object graph: variables taken out of it, called otherwise, or new.

A node that held what was taken out, and every node that leads to nothing but such ones, is cut off from its parents,
so that a model which still has it is told so; nodes keep their numbers. Where a member of a list went, those behind it
move up, as they do in the list of a model without it. Slot relations go with the slot or with its weight.

A key is the path by which its object is found. Where all that lies below a path gets another, the edge that leads there
is renamed or hung up elsewhere, so that the object keeps its other names (a layer is a model's attribute and a member
of its list of layers); else objects are moved one by one, and what is missing on the way to them is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ckpt_studio.document.paths import ATTRIBUTES, following_name, path_of
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph

_MEMBER: Final = re.compile(r"(|layer-|layer_with_weights-)(0|[1-9]\d{0,8})")
"""Names that lists, and Keras's functional models, give their members by position."""
_SLOT: Final = ".OPTIMIZER_SLOT"

_Node = TrackableObjectGraph.TrackableObject
_Path = tuple[str, ...]


def take_out(proto: TrackableObjectGraph, lost: Collection[str]) -> bool:
    """Take variables out, by their keys; whether there was anything to do."""
    if not lost:
        return False
    nodes = proto.nodes
    before = _with_values(nodes)
    for node in nodes:
        _keep(node.attributes, lambda one: one.checkpoint_key not in lost)
    _cut_empty(proto, before)
    return True


def _cut_empty(proto: TrackableObjectGraph, before: set[int]) -> None:
    """Cut off the nodes that led to values before and do not any more."""
    nodes = proto.nodes
    empty = before - _with_values(nodes)
    for number in empty:
        if nodes[number].HasField("has_checkpoint_values"):
            nodes[number].has_checkpoint_values.value = False
    for node in nodes:
        _keep(
            node.slot_variables,
            lambda one: not empty & {one.slot_variable_node_id, one.original_variable_node_id},
        )
        _cut(node, empty)


def _with_values(nodes: Iterable[_Node]) -> set[int]:
    """Numbers of the nodes that hold values, or lead to some."""
    parents: dict[int, list[int]] = {}
    found = []
    for number, node in enumerate(nodes):
        if node.attributes:
            found.append(number)
        for child in node.children:
            parents.setdefault(child.node_id, []).append(number)
    seen = set(found)
    while found:
        for parent in parents.get(found.pop(), ()):
            if parent not in seen:
                seen.add(parent)
                found.append(parent)
    return seen


def _keep(field: Any, wanted: Callable[[Any], bool]) -> None:
    """Only these values of a repeated field."""
    kept = [one for one in field if wanted(one)]
    if len(kept) < len(field):
        copies = [type(one).FromString(one.SerializeToString()) for one in kept]
        del field[:]
        field.extend(copies)


def _cut(node: _Node, empty: set[int]) -> None:
    """Take a node's references to empty ones away, and let the members of its lists move up."""
    if all(child.node_id not in empty for child in node.children):
        return
    lists: dict[str, list[Any]] = {}
    for child in node.children:
        member = _MEMBER.fullmatch(child.local_name)
        if member is not None:
            lists.setdefault(member[1], []).append((int(member[2]), child))
    for prefix, members in lists.items():
        members.sort(key=lambda one: one[0])
        if [place for place, _ in members] == list(range(len(members))):
            left = [child for _, child in members if child.node_id not in empty]
            for place, child in enumerate(left):
                child.local_name = f"{prefix}{place}"
    _keep(node.children, lambda child: child.node_id not in empty)


# ---- other keys


@dataclass(slots=True)
class _Place:
    """A place in the tree of old paths.

    Attributes:
        below: the places below it, by local name.
        target: the new path of the object that has a key here, if one has.
        whole: the new path of all that lies here and below, or None where it does not move as one.
    """

    below: dict[str, _Place] = field(default_factory=dict)
    target: _Path | None = None
    whole: _Path | None = None


def with_keys(proto: TrackableObjectGraph, renamed: Mapping[str, str]) -> bool:
    """Call variables otherwise; whether there was anything to do."""
    near = _above(renamed)
    root, changed = _Place(), False
    for number, node in enumerate(proto.nodes):
        for attribute in node.attributes:
            old = attribute.checkpoint_key
            new = renamed.get(old)
            before = path_of(old)
            if new is not None and new != old:
                changed = True
                attribute.checkpoint_key = new
                attribute.full_name = following_name(attribute.full_name, old, new)
            after = before if new is None else path_of(new)
            if before is None or after is None:
                continue
            if _SLOT not in before:
                _enter(root, before, after, near)
            elif before[-1] != after[-1]:
                _rename_slot(proto, number, after[-1])
    if changed:
        _find_whole(root)
        moves = list(_moves(root, ()))
        leaving = any(old[:-1] != new[:-1] for old, new, _ in moves)
        before_moving = _with_values(proto.nodes) if leaving else set()
        _Mover(proto).move(moves)
        if leaving:
            _cut_empty(proto, before_moving)
    return changed


def _above(renamed: Iterable[str]) -> set[_Path]:
    """The paths above those that keys are renamed at: only what lies there matters to how they move."""
    found: set[_Path] = set()
    for key in renamed:
        path = path_of(key) or ()
        for end in range(len(path) - 1, -1, -1):
            if path[:end] in found:
                break
            found.add(path[:end])
    return found


def _enter(root: _Place, before: _Path, after: _Path, near: set[_Path]) -> None:
    """Note where an object goes; of what does not move, only where its way leaves those of what does."""
    place = root
    for depth, name in enumerate(before):
        if after == before and before[:depth] not in near:
            place.target = before[:depth]
            return
        place = place.below.setdefault(name, _Place())
    place.target = after


def _rename_slot(proto: TrackableObjectGraph, number: int, name: str) -> None:
    for node in proto.nodes:
        for slot in node.slot_variables:
            if slot.slot_variable_node_id == number:
                slot.slot_name = name


def _find_whole(root: _Place) -> None:
    """Work out `whole` of every place, from the leaves up; without recursion, for paths of any length."""
    order = [root]
    for place in order:
        order += place.below.values()
    for place in reversed(order):
        targets: set[_Path | None] = set() if place.target is None else {place.target}
        for name, below in place.below.items():
            fits = below.whole is not None and below.whole[-1:] == (name,)
            targets.add(below.whole[:-1] if fits and below.whole is not None else None)
        place.whole = next(iter(targets)) if len(targets) == 1 else None


def _moves(root: _Place, path: _Path) -> Iterator[tuple[_Path, _Path, _Place]]:
    """The largest parts that move as one: from where, to where, and the place."""
    waiting = [(path, root)]
    while waiting:
        path, place = waiting.pop()
        if place.whole == path:
            continue
        if place.whole is not None and path:
            yield path, place.whole, place
            continue
        if place.target is not None and place.target != path:
            yield path, place.target, _Place(target=place.target)
        waiting += (((*path, name), below) for name, below in place.below.items())


class _Mover:
    """Hangs objects up at other paths.

    Args:
        proto: the graph.
    """

    def __init__(self, proto: TrackableObjectGraph) -> None:
        self._nodes = proto.nodes
        self._says_values = any(node.HasField("has_checkpoint_values") for node in proto.nodes)
        self._children: dict[int, dict[str, int]] = {}

    def children(self, number: int) -> dict[str, int]:
        """Node by local name, of the children of a node."""
        if number not in self._children:
            node = self._nodes[number]
            self._children[number] = {child.local_name: child.node_id for child in node.children}
        return self._children[number]

    def find(self, path: _Path) -> int | None:
        """The node at a path."""
        number = 0
        for name in path:
            found = self.children(number).get(name)
            if found is None or not 0 <= found < len(self._nodes):
                return None
            number = found
        return number

    def make(self, path: _Path) -> int:
        """The node at a path; what is not there is made."""
        number = 0
        for name in path:
            found = self.children(number).get(name)
            if found is None:
                found = len(self._nodes)
                made = self._nodes.add()
                if self._says_values:
                    made.has_checkpoint_values.value = True
                self.hang(number, name, found)
            number = found
        return number

    def hang(self, parent: int, name: str, number: int) -> None:
        """Make a node a child of another."""
        self._nodes[parent].children.add(node_id=number, local_name=name)
        self.children(parent)[name] = number

    def move(self, moves: list[tuple[_Path, _Path, _Place]]) -> None:
        """Take all from where they are before any is hung up, so that two can change places."""
        found = [
            (self.find(old[:-1]), self.find(old), old, new, place)
            for old, new, place in sorted(moves, key=_length)
        ]
        for parent, number, old, _, _ in found:
            if parent is not None and number is not None:
                self._take_down(parent, old[-1])
        for parent, number, _, new, place in found:
            if parent is not None and number is not None and new:
                self._put(number, new, place)

    def _take_down(self, parent: int, name: str) -> None:
        _keep(self._nodes[parent].children, lambda child: child.local_name != name)
        self.children(parent).pop(name, None)

    def _put(self, number: int, path: _Path, place: _Place) -> None:
        """Hang a node up; where there is one already, what lies below it joins what is there."""
        parent = self.make(path[:-1])
        if path[-1] not in self.children(parent):
            self.hang(parent, path[-1], number)
            return
        for name, below in place.below.items():
            child = self.children(number).get(name)
            if child is not None:
                self._put(child, (*path, name), below)


def _length(move: tuple[_Path, _Path, _Place]) -> int:
    return len(move[1])


# ---- new ones


def with_new(proto: TrackableObjectGraph, keys: Iterable[str]) -> bool:
    """Give new variables whose keys are paths a place; whether there was anything to do."""
    mover, changed = _Mover(proto), False
    for key in keys:
        path = path_of(key)
        if not path:
            continue
        node = proto.nodes[mover.make(path)]
        node.attributes.add(name=key.rpartition(ATTRIBUTES)[2], full_name="/".join(path), checkpoint_key=key)
        changed = True
    return changed
