"""The function library of a graph: who calls what, and which arguments a function writes as variables."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ckpt_studio.formats.meta_graph.names import is_control
from ckpt_studio.formats.meta_graph.ops import PASS_OPS, OpDefs, data_inputs, written_handles
from ckpt_studio.formats.protos.meta_graph_pb2 import FunctionDef, GraphDef, NameAttrList, NodeDef

_SKIPPED_INPUTS = {"If": 1, "StatelessIf": 1, "Case": 1, "StatelessCase": 1, "RemoteCall": 1}
_CALLING = frozenset(
    {
        "PartitionedCall",
        "StatefulPartitionedCall",
        "While",
        "StatelessWhile",
        "SymbolicGradient",
        *_SKIPPED_INPUTS,
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    """One place where a node names a function.

    Attributes:
        function: its name.
        attr: the attribute that names it, or "" where the node's operation is the function.
        index: the place in a list attribute, or None.
        offset: data input `i` of the node is argument `i - offset`; None where inputs are not arguments.
    """

    function: str
    attr: str
    index: int | None
    offset: int | None


class Library:
    """The functions of a graph."""

    def __init__(self, graph: GraphDef, known: OpDefs) -> None:
        self.functions: dict[str, FunctionDef] = {one.signature.name: one for one in graph.library.function}
        self._known = known
        self._written: dict[str, frozenset[int]] = {}

    def calls(self, node: NodeDef) -> list[Call]:
        """Every function that a node names."""
        if not self.functions:
            return []
        found = []
        if node.op in self.functions:
            found.append(Call(node.op, "", None, 0))
        offset = _SKIPPED_INPUTS.get(node.op, 0) if node.op in _CALLING else None
        for attr, index, function in _named(node):
            if function.name in self.functions:
                found.append(Call(function.name, attr, index, offset))
        return found

    def reached(self, nodes: Iterable[NodeDef]) -> dict[str, FunctionDef]:
        """Every function that nodes call, directly or through others."""
        found: dict[str, FunctionDef] = {}
        todo = deque(call.function for node in nodes for call in self.calls(node))
        while todo:
            name = todo.popleft()
            if name not in found:
                found[name] = self.functions[name]
                todo.extend(call.function for node in found[name].node_def for call in self.calls(node))
        return found

    def written(self, name: str) -> frozenset[int]:
        """Numbers of the arguments that a function, or one that it calls, writes as variables."""
        if name not in self._written:
            self._written[name] = frozenset()  # what a recursive function adds is found by its other nodes
            body = FunctionBody(self.functions[name])
            found: set[int] = set()
            for node in self.functions[name].node_def:
                for text in self.written_inputs(node):
                    found |= body.arguments_of(text)
            self._written[name] = frozenset(found)
        return self._written[name]

    def written_inputs(self, node: NodeDef) -> list[str]:
        """The inputs of a node that it, or a function that it calls, writes as variables."""
        inputs = data_inputs(node)
        places = set(written_handles(node, self._known))
        for call in self.calls(node):
            if call.offset is not None:
                places |= {at + call.offset for at in self.written(call.function)}
        return [inputs[at] for at in sorted(places) if at < len(inputs)]


class FunctionBody:
    """Looks up, in a function's body, which argument an input stands for."""

    def __init__(self, function: FunctionDef) -> None:
        self._nodes = {node.name: node for node in function.node_def}
        self._arguments = {arg.name: place for place, arg in enumerate(function.signature.input_arg)}

    def arguments_of(self, text: str) -> frozenset[int]:
        """Numbers of the arguments that an input of a body's node may be, through what hands a variable on."""
        found: set[int] = set()
        seen: set[str] = set()
        todo = [text]
        while todo:
            at = todo.pop()
            if at in seen or is_control(at):
                continue
            seen.add(at)
            name, _, output = at.partition(":")
            node = self._nodes.get(name)
            if node is None:
                if name in self._arguments:
                    found.add(self._arguments[name])
            elif node.op in ("While", "StatelessWhile", "IdentityN"):
                place = output.rpartition(":")[2]
                todo.extend(data_inputs(node)[int(place) : int(place) + 1] if place.isdecimal() else [])
            elif node.op in PASS_OPS:
                todo.extend(data_inputs(node) if node.op == "Merge" else data_inputs(node)[:1])
        return frozenset(found)


def _named(node: NodeDef) -> Iterator[tuple[str, int | None, NameAttrList]]:
    for attr in sorted(node.attr):
        value = node.attr[attr]
        if value.HasField("func"):
            yield attr, None, value.func
        for index, function in enumerate(value.list.func if value.HasField("list") else ()):
            yield attr, index, function
