"""What the object graph of a checkpoint is told of edits: TensorFlow restores by it, so it must follow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import distinct
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Role, decode
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.document.graph_parts import beginnings, changed_parts, of_parts
from ckpt_studio.document.state import State
from ckpt_studio.document.values.base import Unstored, Values, Want
from ckpt_studio.formats.roles.by_name import GRAPH_KEY

if TYPE_CHECKING:
    from ckpt_studio.document.graph_nodes import Graph

__all__ = ["GRAPH_KEY", "Change", "FollowingGraph", "told"]


def told(graph: bytes, change: Change) -> bytes:
    """The object graph after a change; itself where it names nothing of that, or is damaged."""
    from google.protobuf.message import DecodeError  # late: opening a checkpoint needs no protobuf

    from ckpt_studio.document.graph_edits import take_out, with_keys, with_new
    from ckpt_studio.document.graph_nodes import Graph

    try:
        nodes = Graph(graph)
        renamed, lost = of_parts(nodes, change.parts)
        changed = take_out(
            nodes, change.gone(nodes) | lost, in_place=change.in_place, untrained=change.untrained
        )
        changed |= with_keys(nodes, {**change.renamed, **renamed})
        changed |= with_new(nodes, change.added)
    except (ValueError, DecodeError):
        return graph
    return nodes.to_bytes() if changed else graph


@dataclass(frozen=True, slots=True)
class Change:
    """What the object graph has to be told.

    Attributes:
        renamed: new key by the key that the checkpoint has.
        dropped: keys of the checkpoint that are not there any more.
        kept: where not all that the graph names was there: keys of the checkpoint that still are.
        added: new keys.
        untrained: keys of the checkpoint of weights that an optimizer keeps nothing for any more.
        parts: of objects that are stored as several tensors (tables, iterators) and that something is changed of: new
            key of each by the key that the checkpoint has, None for what is dropped.
        in_place: whether something of what an optimizer keeps is dropped that is not all that it keeps for a weight.
    """

    renamed: Mapping[str, str]
    dropped: frozenset[str]
    kept: frozenset[str] | None
    added: tuple[str, ...]
    untrained: frozenset[str] = frozenset()
    in_place: bool = False
    parts: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, state: State, *, incomplete: bool) -> Change:
        """What a state changes.

        Args:
            state: what is staged.
            incomplete: whether variables could not be read that the graph may name.
        """
        base, own = state.base.keys, state.columns.keys
        there = np.zeros(len(base), np.bool_)
        live = ~state.dropped
        there[state.origin[live & ~state.added]] = True
        rows = np.flatnonzero(state.renamed & live)
        before = base.take(state.origin[rows].tolist())
        weights, in_place = _idle(state)
        renamed = dict(zip(before, own.take(rows.tolist()), strict=True))
        dropped = base.take(np.flatnonzero(~there).tolist())
        return cls(
            renamed=renamed,
            dropped=frozenset(dropped),
            kept=frozenset(base.take(np.flatnonzero(there).tolist())) if incomplete else None,
            added=tuple(own.take(np.flatnonzero(state.added & live).tolist())),
            untrained=frozenset(base.take(state.origin[weights].tolist())),
            in_place=in_place,
            parts=changed_parts(base, renamed, dropped),
        )

    def gone(self, graph: Graph) -> frozenset[str]:
        """Keys that an object graph may name and that are not there any more."""
        if self.kept is None:
            return self.dropped
        named = frozenset(decode(key) for _, key in graph.each_key())
        return named - self.kept - beginnings(self.kept)

    def identity(self) -> str:
        """A text that changes with what is told."""
        told = (sorted(self.renamed.items()), sorted(self.dropped), self.added, self.in_place)
        return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _idle(state: State) -> tuple[NDArray[np.int64], bool]:
    """What becomes of the lists in which an optimizer keeps its slots, by place.

    Returns:
        Rows of weights that have lost their slots while others have some, and False. Or none, and True: more is dropped
        than all slots of some weights, and all of some kinds.
    """
    columns, dropped = state.columns, state.dropped
    slots = np.flatnonzero((columns.role == Role.slot) & ~state.added)
    lost, left = slots[dropped[slots]], slots[~dropped[slots]]
    own = np.flatnonzero(dropped & np.isin(columns.role, (Role.counter, Role.metadata))).tolist()
    others = any("/" in columns.name(row) for row in own)  # `adam/iteration`
    if not (len(lost) or others) or not len(left):
        return np.zeros(0, np.int64), False
    weight, kind = columns.slot_of[lost], columns.slot_name[lost]
    of_weight = (weight >= 0) & ~np.isin(weight, columns.slot_of[left])
    of_kind = (kind >= 0) & ~np.isin(kind, columns.slot_name[left])
    if others or not (of_weight | of_kind).all():
        return np.zeros(0, np.int64), True
    idle = distinct(weight[~of_kind])
    return idle[~dropped[idle]].astype(np.int64), False


class FollowingGraph(Unstored):
    """The value of the object graph's key, told of a change."""

    def __init__(self, below: Values, change: Change) -> None:
        super().__init__(Want(GRAPH_KEY, below.dtype, below.shape, GRAPH_KEY))
        self._below, self._change = below, change

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """The graph: an object array without axes."""
        check_window(window, ())
        values = self._below.read()
        for place, graph in enumerate(values.flat):
            values.flat[place] = told(bytes(graph), self._change)
        return values

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`."""
        values = self.read().reshape(-1)
        yield values
        task.advance(sum(map(len, values)))

    def identity(self) -> str:
        """As `Values.identity`."""
        return f"{self._below.identity()} following {self._change.identity()}"
