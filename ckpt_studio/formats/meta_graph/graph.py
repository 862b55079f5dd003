"""A graph by names: who consumes what, what lies behind a node, which variable an input means, who writes which."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import filterfalse
from typing import Final

from ckpt_studio.core.errors import Corrupt
from ckpt_studio.formats.meta_graph.functions import Library
from ckpt_studio.formats.meta_graph.names import CONTROL, node_of, parse_input
from ckpt_studio.formats.meta_graph.ops import (
    PASS_OPS,
    VARIABLE_OPS,
    OpDefs,
    data_inputs,
    gives_reference,
    written_handles,
)
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef, NodeDef

_INPUTS: Final = {
    "Identity": 1, "Reshape": 1, "Cast": 1, "Fill": 2, "OnesLike": 1, "Shape": 1, "RestoreV2": 3, "ScalarSummary": 2,
    "RandomUniform": 1, "RandomStandardNormal": 1, "TruncatedNormal": 1, "RandomUniformInt": 3, "Multinomial": 2,
    "UnsortedSegmentSum": 3, "Unique": 1, "Assign": 2, "AssignAdd": 2, "AssignSub": 2,
    "AssignVariableOp": 2, "AssignAddVariableOp": 2, "AssignSubVariableOp": 2,
}  # fmt: skip
"""Fewest data inputs of the operations whose inputs are looked at by their place."""


@dataclass(frozen=True, slots=True)
class Write:
    """One node that writes variables.

    Attributes:
        node: its name.
        op: its operation.
        variables: for each handle that it writes, the variables that this may be (several where a graph chooses).
        by_call: whether functions that the node calls do the writing.
    """

    node: str
    op: str
    variables: tuple[frozenset[str], ...]
    by_call: bool = False

    @property
    def primary(self) -> frozenset[str]:
        """The variables that the operation is about; the others are its slots. Of a call, all are."""
        return self.all if self.by_call else self.variables[0]

    @property
    def all(self) -> frozenset[str]:
        """Every variable that it may write."""
        return frozenset().union(*self.variables)


class GraphView:
    """The nodes of a graph, looked at but not changed.

    Attributes:
        nodes: node by name, in the file's order.
        known: the OpDefs that the file carries, by operation.
        library: its functions.

    Raises:
        Corrupt: a node lacks inputs.
    """

    def __init__(self, meta: MetaGraphDef) -> None:
        self.nodes: dict[str, NodeDef] = {node.name: node for node in meta.graph_def.node}
        self.known: OpDefs = {one.name: one for one in meta.meta_info_def.stripped_op_list.op}
        self.library = Library(meta.graph_def, self.known)
        for node in self.nodes.values():
            self._check(node)
        for function in self.library.functions.values():
            for node in function.node_def:
                self._check(node)

    def _check(self, node: NodeDef) -> None:
        """Make sure that a node has the inputs which the rest of this package counts on."""
        handles = written_handles(node, self.known)
        needed = max(_INPUTS.get(node.op, 0), 1 + max(handles, default=-1))
        if needed and len(data_inputs(node)) < needed:
            raise Corrupt(
                f"The graph is damaged: its node {node.name!r} ({node.op}) lacks inputs.", key=node.name
            )

    @cached_property
    def sources(self) -> dict[str, tuple[str, ...]]:
        """For each node, the nodes that it needs, each once."""
        return {name: sources_of(node) for name, node in self.nodes.items()}

    @cached_property
    def consumers(self) -> dict[str, list[str]]:
        """For each node that is needed, the nodes that need it, each once."""
        found: dict[str, list[str]] = {}
        for name, sources in self.sources.items():
            for source in sources:
                found.setdefault(source, []).append(name)
        return found

    def outputs_used(self, name: str, by: Collection[str] | None = None) -> set[int]:
        """Numbers of the outputs of a node that other nodes (of `by` only) take as values."""
        used = set()
        for consumer in self.consumers.get(name, ()):
            if by is None or consumer in by:
                places = (parse_input(text) for text in data_inputs(self.nodes[consumer]))
                used |= {output for source, output in places if source == name}
        return used

    def behind(self, roots: Iterable[str], stop: Callable[[NodeDef], bool] | None = None) -> set[str]:
        """Names of all nodes that `roots` need, themselves included, but not what lies behind nodes that `stop`."""
        ends = set() if stop is None else {name for name, node in self.nodes.items() if stop(node)}
        return closure(roots, self.sources, ends) & self.nodes.keys()

    def behind_values(self, node: NodeDef) -> set[str]:
        """Names of all nodes that make the values a node is given, by values only, its handle left out."""
        seen: set[str] = set()
        todo = deque(node_of(text) for text in data_inputs(node)[1:])
        while todo:
            name = todo.popleft()
            if name in self.nodes and name not in seen:
                seen.add(name)
                todo.extend(node_of(text) for text in data_inputs(self.nodes[name]))
        return seen

    def ahead(self, roots: Iterable[str]) -> set[str]:
        """Names of all nodes that need one of `roots`, themselves included."""
        return closure(roots, self.consumers)

    def variables_of(self, text: str) -> frozenset[str]:
        """The variables that an input may stand for, looked for through what hands a variable on."""
        found: set[str] = set()
        seen: set[tuple[str, int]] = set()
        todo = [parse_input(text)]
        while todo:
            place = todo.pop()
            node = self.nodes.get(place[0])
            if node is None or place in seen or place[1] == CONTROL:
                continue
            seen.add(place)
            if node.op in VARIABLE_OPS:
                found.add(node.name)
            else:
                todo.extend(parse_input(one) for one in self._handed_on(node, place[1]))
        return frozenset(found)

    def _handed_on(self, node: NodeDef, output: int) -> list[str]:
        inputs = data_inputs(node)
        if node.op in ("IdentityN", "While", "StatelessWhile"):
            return inputs[output : output + 1]
        if node.op in ("Merge", "RefMerge"):
            return inputs
        if node.op == "RefSelect":
            return inputs[1:]
        if node.op in PASS_OPS:
            return inputs[:1]
        handles = written_handles(node, self.known)
        if handles and output == 0 and gives_reference(node.op, self.known):
            return inputs[handles[0] : handles[0] + 1]
        return []

    @cached_property
    def writes(self) -> dict[str, Write]:
        """Every node that writes variables of this graph, by its name."""
        found = {}
        for name, node in self.nodes.items():
            variables = tuple(self.variables_of(text) for text in self.library.written_inputs(node))
            if any(variables):
                found[name] = Write(name, node.op, variables, not written_handles(node, self.known))
        return found

    @cached_property
    def writers_of(self) -> dict[str, list[str]]:
        """Names of the nodes that may write each variable."""
        found: dict[str, list[str]] = {}
        for write in self.writes.values():
            for variable in sorted(write.all):
                found.setdefault(variable, []).append(write.node)
        return found

    def initializer_of(self, variable: str, said: str) -> str | None:
        """Node that gives a variable its first value: the one its definition names, else `VARIABLE/Assign`."""
        for name in (said, f"{variable}/Assign"):
            if name and name in self.nodes:
                return name
        return None

    @cached_property
    def restored(self) -> dict[str, tuple[str, ...]]:
        """Keys by variable, as the graph's restoring nodes assign them: several where savers call it differently."""
        found: dict[str, tuple[str, ...]] = {}
        for write in self.writes.values():
            if write.op in ("Assign", "AssignVariableOp") and len(write.primary) == 1:
                inputs = data_inputs(self.nodes[write.node])
                key = self._restored_key(inputs[1]) if len(inputs) > 1 else None
                if key is not None:
                    (name,) = write.primary
                    found[name] = tuple(dict.fromkeys((*found.get(name, ()), key)))
        return found

    def is_restoring(self, name: str) -> bool:
        """Whether a writer puts in what a saver read from a checkpoint."""
        write = self.writes.get(name)
        if write is None or write.op not in ("Assign", "AssignVariableOp"):
            return False
        inputs = data_inputs(self.nodes[name])
        return len(inputs) > 1 and self._restored_key(inputs[1]) is not None

    def _restored_key(self, text: str) -> str | None:
        name, output = parse_input(text)
        for _ in range(8):
            node = self.nodes.get(name)
            if node is None:
                return None
            if node.op in ("RestoreV2", "Restore", "RestoreSlice"):
                return self._key_list(node, output)
            if node.op not in ("Identity", "Reshape", "Cast"):
                return None
            name, output = parse_input(data_inputs(node)[0])
        return None

    def _key_list(self, restore: NodeDef, output: int) -> str | None:
        inputs = data_inputs(restore)
        names = self.nodes.get(node_of(inputs[1])) if len(inputs) > 1 else None
        if names is None or names.op != "Const" or "value" not in names.attr:
            return None
        listed = names.attr["value"].tensor.string_val
        return listed[output].decode("utf-8", "surrogateescape") if output < len(listed) else None

    def in_frame(self, name: str) -> bool:
        """Whether a node lies inside a while loop's frame or one branch of a condition, so that nobody may fetch it."""
        return self._is_inside(name, branches=True)

    def in_loop(self, name: str) -> bool:
        """Whether a node lies inside a while loop's frame."""
        return self._is_inside(name, branches=False)

    def _is_inside(self, name: str, *, branches: bool) -> bool:
        """Whether a node lies inside a while loop's frame or, if they count, one branch of a condition."""
        begins = ("Enter", "RefEnter", *(("Switch", "RefSwitch") if branches else ()))
        seen: set[str] = set()
        todo = [name]
        while todo:
            node = self.nodes.get(todo.pop())
            if node is None or node.op in ("Exit", "RefExit"):
                continue
            if node.op in begins:
                return True
            if branches and node.op in ("Merge", "RefMerge") and not self._is_loop_merge(node):
                continue
            new = list(filterfalse(seen.__contains__, self.sources[node.name]))
            seen.update(new)
            todo.extend(new)
        return False

    def _is_loop_merge(self, node: NodeDef) -> bool:
        sources = (self.nodes.get(node_of(text)) for text in data_inputs(node))
        return any(source is not None and source.op.endswith("NextIteration") for source in sources)


def sources_of(node: NodeDef) -> tuple[str, ...]:
    """The nodes that a node needs, each once."""
    return tuple(dict.fromkeys(text.partition(":")[0].removeprefix("^") for text in node.input))


def closure(
    roots: Iterable[str], steps: Mapping[str, Sequence[str]], stop: Collection[str] = frozenset()
) -> set[str]:
    """`roots` and all names that are reached from them by `steps`, not going on from those in `stop`."""
    seen = set(roots)
    todo = list(seen)
    while todo:
        name = todo.pop()
        if name not in stop:
            new = list(filterfalse(seen.__contains__, steps.get(name, ())))
            seen.update(new)
            todo.extend(new)
    return seen


def names_in(view: GraphView, texts: Collection[str]) -> list[str]:
    """The nodes that texts of a collection name, each once, those that the graph does not have left out."""
    return [name for name in dict.fromkeys(node_of(text) for text in texts) if name in view.nodes]
