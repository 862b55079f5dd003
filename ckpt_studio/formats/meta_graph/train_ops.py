"""Finds the train operation of a graph: the node at the end of everything whose closure updates the most variables.

The `train_op` collection alone does not do: it also holds inner operations, and many graphs have none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from ckpt_studio.formats.meta_graph.graph import GraphView, Write, names_in
from ckpt_studio.formats.meta_graph.names import node_of
from ckpt_studio.formats.meta_graph.ops import VARIABLE_OPS, control_inputs, data_inputs
from ckpt_studio.formats.meta_graph.variables import VariableNode

_TRAIN_NAME: Final = re.compile(
    r"train|adam|minimi[sz]e|optimi[sz]e|gradientdescent|momentum|rmsprop|adagrad|adadelta|ftrl|apply|step",
    re.IGNORECASE,
)
_COPY: Final = re.compile(r"_\d+(?=/|$)")
"""What TensorFlow adds to a name when the same code ran once more."""


@dataclass(frozen=True, slots=True)
class TrainOp:
    """A node that, when run, trains.

    Attributes:
        name, op: the node and its operation.
        covers: names of the trainable variables that it updates.
        missing: how many variables it needs that the checkpoint does not hold.
        listed: how many nodes of the `train_op` collection it runs.
    """

    name: str
    op: str
    covers: frozenset[str]
    missing: int
    listed: int


@dataclass(frozen=True, slots=True)
class TrainOps:
    """What was found: the choice, all candidates from the best on, and sentences about the choice."""

    chosen: tuple[str, ...]
    candidates: tuple[TrainOp, ...]
    notes: tuple[str, ...]


class TrainOpFinder:
    """Looks for train operations in one graph, with one checkpoint's keys in mind."""

    def __init__(
        self,
        view: GraphView,
        variables: dict[str, VariableNode],
        keys: Collection[str],
        listed: Iterable[str],
    ) -> None:
        self._view = view
        self._variables = variables
        self._keys = frozenset(keys)
        self._listed = [name for name in names_in(view, list(listed)) if not view.in_frame(name)]
        self._order = {name: place for place, name in enumerate(view.nodes)}
        self._initializers = {one.initializer for one in variables.values()}

    def find(self) -> TrainOps:
        """The train operations that together update every trainable variable, and what else there is."""
        cover = self._cover()
        ends = (
            name for name in cover if not self._view.consumers.get(name) and not self._view.in_frame(name)
        )
        reached = [self._write_before(name, cover) for name in ends]
        listed = [name for name in self._listed if name in cover]
        candidates = self._outer_first(
            sorted((self._candidate(name, cover[name]) for name in {*reached, *listed}), key=self._rank)
        )
        chosen, notes = self._choose(candidates)
        if not chosen and self._listed:
            chosen = self._outermost(self._listed)
        return TrainOps(tuple(chosen), tuple(candidates), tuple(notes))

    def _write_before(self, name: str, cover: dict[str, set[str]]) -> str:
        """For the read that a resource variable's `assign` returns, the write that it waits for."""
        node = self._view.nodes[name]
        if node.op != "ReadVariableOp":
            return name
        before = [one for text in control_inputs(node) if (one := node_of(text)) in self._view.writes]
        alike = [one for one in before if cover.get(one) == cover[name]]
        return alike[0] if len(alike) == 1 else name

    def trainable(self) -> frozenset[str]:
        """The variables that training is about: those listed, else those that an optimizer applies something to."""
        listed = frozenset(name for name, one in self._variables.items() if one.trainable)
        if listed:
            return listed
        applied = [write.primary for write in self._view.writes.values() if "Apply" in write.op]
        return frozenset().union(*applied) if applied else frozenset(self._variables)

    def _cover(self) -> dict[str, set[str]]:
        """For every node that runs an update, the trainable variables that it then updates."""
        cover: dict[str, set[str]] = {}
        for writer, variables in self._updates().items():
            for name in self._view.ahead([writer]):
                cover.setdefault(name, set()).update(variables)
        return cover

    def _updates(self) -> dict[str, frozenset[str]]:
        trainable = self.trainable()
        strong: dict[str, frozenset[str]] = {}
        weak: dict[str, frozenset[str]] = {}
        for name, write in self._view.writes.items():
            about = write.primary & trainable
            if not about or name in self._initializers or self._view.is_restoring(name):
                continue
            if write.by_call or "Apply" in write.op:
                strong[name] = about
                continue
            behind = self._view.behind_values(self._view.nodes[name])
            if any("grad" in one.lower() for one in behind):
                strong[name] = about
            elif self._depends_on_itself(write, behind):
                weak[name] = about
        return strong or weak

    def _depends_on_itself(self, write: Write, behind: set[str]) -> bool:
        if write.op not in ("Assign", "AssignVariableOp"):
            return any(self._view.nodes[one].op in VARIABLE_OPS for one in behind)
        return bool(write.all & behind)

    def _candidate(self, name: str, covers: set[str]) -> TrainOp:
        behind = self._view.behind([name])
        needed = (self._variables[one] for one in behind if one in self._variables)
        missing = sum(1 for one in needed if self._keys and one.key not in self._keys)
        listed = sum(1 for one in self._listed if one in behind)
        return TrainOp(name, self._view.nodes[name].op, frozenset(covers), missing, listed)

    def _rank(self, one: TrainOp) -> tuple[int, ...]:
        held = sum(1 for name in one.covers if not self._keys or self._variables[name].key in self._keys)
        shape = 0 if one.op == "NoOp" else 1 if one.op.startswith("Assign") else 2
        named = 0 if _TRAIN_NAME.search(one.name) else 1
        return (-held, -one.listed, shape, named, one.missing, len(one.name), self._order[one.name])

    def _outer_first(self, candidates: list[TrainOp]) -> list[TrainOp]:
        """Those last that another one runs which updates more, such as averages of what was trained."""
        if len(candidates) < 2:
            return candidates
        behind = {one.name: self._view.behind([one.name]) for one in candidates}
        writes = {name: self._view.writes.keys() & nodes for name, nodes in behind.items()}

        def is_inner(one: TrainOp) -> bool:
            return any(
                one.name in behind[other.name]
                and one.covers <= other.covers
                and writes[one.name] < writes[other.name]
                for other in candidates
            )

        return sorted(candidates, key=is_inner)

    def _choose(self, candidates: list[TrainOp]) -> tuple[list[str], list[str]]:
        notes: list[str] = []
        picked: list[TrainOp] = []
        left = frozenset().union(*(one.covers for one in candidates)) if candidates else frozenset()
        for one in candidates:
            if one.covers & left:
                left -= one.covers
                picked.append(self._latest_copy(one, candidates, notes))
        kept = [one for one in picked if not self._is_old_copy(one, picked, notes)]
        return [one.name for one in kept], notes

    def _latest_copy(self, one: TrainOp, candidates: list[TrainOp], notes: list[str]) -> TrainOp:
        copies = [
            other
            for other in candidates
            if _COPY.sub("", other.name) == _COPY.sub("", one.name)
            and (other.covers, other.missing) == (one.covers, one.missing)
        ]
        last = max(copies, key=lambda copy: self._order[copy.name])
        if last is not one:
            notes.append(f"{last.name} is taken for the train operation, as the latest copy of {one.name}.")
        return last

    def _is_old_copy(self, one: TrainOp, picked: list[TrainOp], notes: list[str]) -> bool:
        """Whether the same model was built once more later on, as in a notebook whose cell ran twice."""
        for other in picked:
            if (
                self._order[other.name] > self._order[one.name]
                and _plain(other.covers) == _plain(one.covers)
                and not other.covers & one.covers
            ):
                notes.append(f"The graph holds the model twice; {other.name} trains the later copy.")
                return True
        return False

    def _outermost(self, names: list[str]) -> list[str]:
        behind = {name: self._view.behind([name]) for name in names}
        return [name for name in names if not any(name in behind[other] for other in names if other != name)]


def _plain(names: Iterable[str]) -> list[str]:
    return sorted(_COPY.sub("", name) for name in names)


def single_updates(view: GraphView, train_ops: Iterable[str], trainable: Collection[str]) -> list[str]:
    """Train operations that are an update each (`[assign(w, ...), assign(b, ...)]`): one call runs them together."""
    about = set(trainable)
    single = [name for name in train_ops if name in view.writes and view.writes[name].primary & about]
    return single if len(single) > 1 else []


def step_variable(
    view: GraphView, variables: dict[str, VariableNode], listed: Iterable[str], train_ops: Collection[str]
) -> tuple[str | None, bool]:
    """(the variable that counts the steps or None, whether the train operations move it on).

    The `global_step` collection says it; else a whole-number scalar of that name; else the one that training counts up.
    """
    whole = [
        name
        for name, one in variables.items()
        if one.dtype in ("int64", "int32", "uint64") and not one.shape and one.part is None
    ]
    behind = view.behind(train_ops)
    moved = [name for name in whole if any(writer in behind for writer in view.writers_of.get(name, ()))]
    for name in names_in(view, list(listed)):
        if name in variables:
            return name, name in moved
    for pool in (moved, whole):
        for name in pool:
            if re.search(r"(^|/)global_step(_\d+)?$", name):
                return name, name in moved
    counted = [name for name in moved if _counts_up(view, name, behind)]
    return (counted[0], True) if counted else (None, False)


def _counts_up(view: GraphView, name: str, behind: set[str]) -> bool:
    for writer in view.writers_of[name]:
        node = view.nodes[writer]
        if writer in behind and node.op in ("AssignAdd", "AssignAddVariableOp"):
            by = view.nodes.get(node_of(data_inputs(node)[1]))
            return by is not None and by.op == "Const"
    return False
