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
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import distinct
from ckpt_studio.core.tensors import decode, encode
from ckpt_studio.document.graph_nodes import Graph, Node
from ckpt_studio.document.graph_tree import Mover, Path, Place, keep, remove
from ckpt_studio.document.paths import ATTRIBUTES, following_name, path_of

_MEMBER: Final = re.compile(r"(|layer-|layer_with_weights-)(0|[1-9]\d{0,8})")
"""Names that lists, and Keras's functional models, give their members by position."""
_SLOT: Final = ".OPTIMIZER_SLOT"
_WEIGHTS, _KEPT = "_trainable_variables", "_variables"
"""Lists of an optimizer of Keras: what it trains, and all that it keeps."""
_FOLDER, _SLOT_FOLDER = encode(ATTRIBUTES), encode(f"/{_SLOT}/")


def take_out(
    graph: Graph, lost: Collection[str], *, in_place: bool = False, untrained: Collection[str] = ()
) -> bool:
    """Take variables out, by their keys; whether there was anything to do.

    Args:
        graph: is changed.
        lost: the keys.
        in_place: whether what an optimizer of Keras has in lists stays where it is in them: it is for the weight at the
            same place of another list.
        untrained: keys of weights that go from the list of those that the optimizer trains.
    """
    found = {number for number, _ in graph.holding(lost)} if lost else set[int]()
    if not found:
        return False
    before = _with_values(graph)
    for number in found:
        keep(graph[number].attributes, lambda one: one.checkpoint_key not in lost)
    lists = _lists_of_optimizers(graph, found) if in_place or untrained else {}
    idle = {number for number, _ in graph.holding(untrained)} if untrained else set[int]()
    for number, name in lists.items():
        if name == _WEIGHTS:
            _cut(graph[number], idle)
    _cut_empty(graph, before, lists if in_place else ())
    return True


def _lists_of_optimizers(graph: Graph, kept: Collection[int]) -> dict[int, str]:
    """The lists of Keras's optimizers that keep some of these nodes: node and name."""
    edges = graph.edges()
    above = distinct(edges.parent[np.isin(edges.child, list(kept))])
    owners = distinct(edges.parent[np.isin(edges.child, above)]).tolist()
    found: dict[int, str] = {}
    for owner in owners:
        names = {child.local_name: child.node_id for child in graph[owner].children}
        if _WEIGHTS in names and _KEPT in names:
            found |= {number: name for name, number in names.items() if not graph[number].attributes}
    return found


def _cut_empty(graph: Graph, before: NDArray[np.bool_], fixed: Collection[int] = ()) -> None:
    """Cut off the nodes that led to values before and do not any more; members of `fixed` lists do not move up."""
    empty = np.zeros(len(graph) + 1, np.bool_)  # the last stands for numbers that lead nowhere
    empty[: len(before)] = before & ~_with_values(graph)[: len(before)]
    if graph.says_values:
        for number in np.flatnonzero(empty).tolist():
            if graph[number].HasField("has_checkpoint_values"):
                graph[number].has_checkpoint_values.value = False
    slots = graph.slots()
    cut = empty[_there(slots.slot, graph)] | empty[_there(slots.weight, graph)]
    for owner in distinct(slots.owner[cut]).tolist():
        remove(graph[owner].slot_variables, slots.place[cut & (slots.owner == owner)].tolist())
    edges = graph.edges()
    gone = set(np.flatnonzero(empty).tolist())
    for parent in distinct(edges.parent[empty[edges.child]]).tolist():
        _cut(graph[parent], gone, moving=parent not in fixed)


def _there(numbers: NDArray[np.int64], graph: Graph) -> NDArray[np.int64]:
    """Numbers of nodes; -1 for those that lead nowhere."""
    return np.where((numbers >= 0) & (numbers < len(graph)), numbers, -1)


def _with_values(graph: Graph) -> NDArray[np.bool_]:
    """Bool [nodes]: those that hold values, or lead to some."""
    edges, seen = graph.edges(), graph.holders()
    parents = edges.parent[np.argsort(edges.child, kind="stable")]
    start = np.concatenate(([0], np.cumsum(np.bincount(edges.child, minlength=len(graph)))))
    level = np.flatnonzero(seen)
    while len(level):
        counts = start[level + 1] - start[level]
        places = np.repeat(start[level] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        found = parents[places]
        level = distinct(found[~seen[found]])
        seen[level] = True
    return seen


def _cut(node: Node, empty: set[int], *, moving: bool = True) -> None:
    """Take a node's references to empty ones away, and let the members of its lists move up."""
    if all(child.node_id not in empty for child in node.children):
        return
    lists: dict[str, list[Any]] = {}
    for child in node.children:
        member = _MEMBER.fullmatch(child.local_name)
        if member is not None:
            lists.setdefault(member[1], []).append((int(member[2]), child))
    for prefix, members in lists.items() if moving else ():
        members.sort(key=lambda one: one[0])
        if [place for place, _ in members] == list(range(len(members))):
            left = [child for _, child in members if child.node_id not in empty]
            for place, child in enumerate(left):
                child.local_name = f"{prefix}{place}"
    keep(node.children, lambda child: child.node_id not in empty)


# ---- other keys


def with_keys(graph: Graph, renamed: Mapping[str, str]) -> bool:
    """Call variables otherwise; whether there was anything to do."""
    renamed = {key: new for key, new in renamed.items() if key != new}
    found = graph.holding(renamed) if renamed else []
    if not found:
        return False
    above = _above(graph, found)
    staying = _at_which_some_stay(graph, above, renamed, found[0][0])
    root, slots = Place(), _SlotsOf(graph)
    whole = {
        number for number, _ in found if all(a.checkpoint_key in renamed for a in graph[number].attributes)
    }
    for number, key in found:
        new = renamed[key]
        _rekey(graph[number], key, new)
        before, after = path_of(key), path_of(new)
        if before is None or after is None:
            continue
        if _SLOT not in before:
            if number in whole:
                _enter(root, before, after, staying).holder = number
        elif before[-1] != after[-1]:
            for slot in slots.of(number):
                slot.slot_name = after[-1]
    _find_whole(root)
    moves = list(_moves(root, ()))
    leaving = any(old[:-1] != new[:-1] for old, new, _ in moves)
    before_moving = _with_values(graph) if leaving else np.zeros(len(graph), np.bool_)
    mover = Mover(graph)
    mover.sink(root.whole or ())
    mover.move(moves)
    if leaving:
        _cut_empty(graph, before_moving)
    return True


def _rekey(node: Node, key: str, new: str) -> None:
    for attribute in node.attributes:
        if attribute.checkpoint_key == key:
            attribute.checkpoint_key = new
            attribute.full_name = following_name(attribute.full_name, key, new)


def _above(graph: Graph, renamed: Iterable[tuple[int, str]]) -> set[Path]:
    """The paths above objects that are renamed, and their own where they hold more than that."""
    found: set[Path] = set()
    for number, key in renamed:
        path = path_of(key)
        if path is not None and _SLOT not in path:
            alone = not graph[number].children and len(graph[number].attributes) == 1
            for end in range(len(path) - alone, -1, -1):
                if path[:end] in found:
                    break
                found.add(path[:end])
    return found


def _at_which_some_stay(
    graph: Graph, above: Collection[Path], renamed: Collection[str], beside: int
) -> set[Path]:
    """Those of some paths at or below which an object keeps its key.

    Objects that lie near each other in the tree do so in the graph: all is found soon beside the node `beside`.
    """
    found: set[Path] = set()
    known: set[bytes] = set()
    for _, raw in graph.each_key(beside):
        if len(found) == len(above):
            break
        folder = raw.rpartition(_FOLDER)[0].rpartition(b"/")[0]
        if folder in known or _SLOT_FOLDER in raw:
            continue
        key = decode(raw)
        path = None if key in renamed else path_of(key)
        if path is not None:
            found.update(path[:end] for end in range(len(path) + 1) if path[:end] in above)
            if path[:-1] not in above:
                known.add(folder)
    return found


def _enter(root: Place, before: Path, after: Path, staying: Collection[Path]) -> Place:
    """Note where an object goes, and where on the way to it others stay; its place."""
    place = root
    place.stays = () in staying
    for depth, name in enumerate(before, 1):
        place = place.below.setdefault(name, Place())
        place.stays = before[:depth] in staying
    place.target = after
    return place


class _SlotsOf:
    """The slot relations by the node of the slot, found when the first is asked for.

    Args:
        graph: whose.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @cached_property
    def _places(self) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = {}
        slots = self._graph.slots()
        columns = (column.tolist() for column in (slots.slot, slots.owner, slots.place))
        for slot, owner, place in zip(*columns, strict=True):
            found.setdefault(slot, []).append((owner, place))
        return found

    def of(self, number: int) -> list[Any]:
        """Those of one node."""
        return [self._graph[owner].slot_variables[place] for owner, place in self._places.get(number, ())]


def _find_whole(root: Place) -> None:
    """Work out `whole` of every place, from the leaves up; without recursion, for paths of any length."""
    order: list[tuple[Path, Place]] = [((), root)]
    for path, place in order:
        order += (((*path, name), below) for name, below in place.below.items())
    for path, place in reversed(order):
        targets: set[Path | None] = set() if place.target is None else {place.target}
        if place.stays:
            targets.add(path)
        for name, below in place.below.items():
            fits = below.whole is not None and below.whole[-1:] == (name,)
            targets.add(below.whole[:-1] if fits and below.whole is not None else None)
        place.whole = next(iter(targets)) if len(targets) == 1 else None


def _moves(root: Place, path: Path) -> Iterator[tuple[Path, Path, Place]]:
    """The largest parts that move as one: from where, to where, and the place."""
    waiting = [] if root.whole else [(path, root)]
    while waiting:
        path, place = waiting.pop()
        if place.whole == path:
            continue
        if place.whole is not None and path:
            yield path, place.whole, place
            continue
        if place.target is not None and place.target != path:
            yield path, place.target, Place(target=place.target, holder=place.holder)
        waiting += (((*path, name), below) for name, below in place.below.items())


# ---- new ones


def with_new(graph: Graph, keys: Iterable[str]) -> bool:
    """Give new variables whose keys are paths a place; whether there was anything to do."""
    mover, changed = Mover(graph), False
    for key in keys:
        path = path_of(key)
        if not path:
            continue
        node = graph[mover.make(path)]
        node.attributes.add(name=key.rpartition(ATTRIBUTES)[2], full_name="/".join(path), checkpoint_key=key)
        changed = True
    return changed
