"""Replaces the nodes that write frozen variables, so that a train operation leaves those variables bit-identical.

A resource write becomes a NoOp with its control inputs. A reference write becomes a RefIdentity of the variable, so
that whatever uses the reference stays valid. Data inputs fall away, and with them the gradient, unless something else
(a global norm) needs it. In function bodies the same is done in a copy of the function for that call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ckpt_studio.formats.meta_graph.functions import FunctionBody, Library
from ckpt_studio.formats.meta_graph.graph import GraphView, Write, closure, sources_of
from ckpt_studio.formats.meta_graph.names import node_of
from ckpt_studio.formats.meta_graph.ops import (
    PASS_OPS,
    control_inputs,
    data_inputs,
    gives_nothing,
    gives_reference,
    written_handles,
)
from ckpt_studio.formats.meta_graph.variables import VariableNode
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef, NodeDef

_KEPT_ATTRS = ("_class", "_output_shapes")


@dataclass(frozen=True, slots=True)
class Blocked:
    """A node that writes a frozen variable and could not be replaced: the variable would not stay still.

    Attributes:
        node, op: the node.
        variables: the frozen variables that it writes.
        reason: a sentence for a person.
    """

    node: str
    op: str
    variables: tuple[str, ...]
    reason: str


def with_companions(
    view: GraphView, variables: dict[str, VariableNode], frozen: Collection[str]
) -> frozenset[str]:
    """`frozen` and what belongs to it: slots that the same operation writes, shadows of the same shape under its name.

    Hand-written optimizers and moving averages (`w/ExponentialMovingAverage`) are found by those names.
    """
    found = set(frozen)
    for write in view.writes.values():
        if not write.by_call and "Apply" in write.op and write.primary and write.primary <= found:
            found |= write.all
    for name, one in variables.items():
        owner = name
        while "/" in owner and name not in found:
            owner = owner.rpartition("/")[0]
            if owner in found and not one.trainable and one.shape == variables[owner].shape:
                found.add(name)
    return frozenset(found)


class Freezer:
    """Freezes variables in one graph, in place.

    Args:
        proto: the copy that is rewritten.
        view: the graph as it was.
        frozen: names of the variables, companions included.

    Attributes:
        replaced: the replaced nodes of the graph, by name, as they were.
        functions: names of the functions that were added.
        blocked: what could not be replaced.
        notes: sentences about side effects.
    """

    def __init__(self, proto: MetaGraphDef, view: GraphView, frozen: frozenset[str]) -> None:
        self._graph = proto.graph_def
        self._nodes = {node.name: node for node in proto.graph_def.node}
        self._view = view
        self._library: Library = view.library
        self._frozen = frozen
        self._clones: dict[tuple[str, frozenset[int]], str] = {}
        self.replaced: dict[str, NodeDef] = {}
        self.functions: list[str] = []
        self.blocked: list[Blocked] = []
        self.notes: list[str] = []

    def freeze(self, writers: Collection[str], roots: Sequence[Collection[str]]) -> None:
        """Replace those of `writers` that write frozen variables.

        Args:
            writers: names of nodes.
            roots: groups of nodes that are run together; whatever else a group writes, it still writes afterwards.
        """
        for name, write in self._view.writes.items():
            if name in writers and write.all & self._frozen:
                self._freeze_one(write)
        for group in roots:
            self._keep_other_writers(group)

    def _freeze_one(self, write: Write) -> None:
        node = self._nodes[write.node]
        original = self._view.nodes[write.node]
        before = NodeDef()
        before.CopyFrom(node)
        if write.by_call:
            self._freeze_call(write, node)
        elif not write.all <= self._frozen:
            others = ", ".join(sorted(write.all - self._frozen))
            self._block(write, f"{write.node} may also write {others}, which is not frozen; freeze that too.")
            return
        elif gives_reference(write.op, self._view.known):
            handle = written_handles(original, self._view.known)[0]
            _make_reference(node, data_inputs(original)[handle])
        elif gives_nothing(write.op, self._view.known):
            _make_nothing(node, self._frame_anchors(original))
        else:
            self._block(
                write, f"{write.node} ({write.op}) gives a value that others use, so it cannot be left out."
            )
            return
        if node != before:
            self.replaced[write.node] = before

    def _block(self, write: Write, reason: str) -> None:
        self.blocked.append(Blocked(write.node, write.op, tuple(sorted(write.all & self._frozen)), reason))

    def _frame_anchors(self, node: NodeDef) -> list[str]:
        """A control input on the handle where it comes through a loop or condition: a NoOp has to stay in its frame."""
        source = node_of(data_inputs(node)[0])
        return (
            [f"^{source}"] if source in self._view.nodes and self._view.nodes[source].op in PASS_OPS else []
        )

    def _keep_other_writers(self, roots: Collection[str]) -> None:
        """Let writers of other variables still run that only ran because a replaced node needed them."""
        before = self._view.behind(roots)
        after = closure(
            roots, {**self._view.sources, **{name: sources_of(self._nodes[name]) for name in self.replaced}}
        )
        for other in sorted(before - after):
            write = self._view.writes.get(other)
            if write is None or write.all & self._frozen:
                continue
            ahead = self._view.ahead([other])
            for name in [one for one in self.replaced if one in ahead and one in after]:
                if self._view.in_frame(other) == self._view.in_frame(name):
                    self._nodes[name].input.append(f"^{other}")
                    break
            else:
                self.notes.append(f"{other} no longer runs, since only frozen updates needed it.")

    def _freeze_call(self, write: Write, node: NodeDef) -> None:
        inputs = data_inputs(node)
        frozen = set()
        for place, text in enumerate(inputs):
            behind = self._view.variables_of(text)
            if behind & self._frozen:
                if not behind <= self._frozen:
                    self._block(
                        write,
                        f"{write.node} may write other variables than the frozen ones; freeze them too.",
                    )
                    return
                frozen.add(place)
        self._patch_calls(node, frozenset(frozen), lambda reason: self._block(write, reason))

    def _patch_calls(self, node: NodeDef, frozen: frozenset[int], block: Callable[[str], None]) -> None:
        """Let a node call copies of its functions that do not write what stands at the `frozen` data inputs."""
        for call in self._library.calls(node):
            if call.offset is None:
                continue
            offset = call.offset
            arguments = self._library.written(call.function) & {place - offset for place in frozen}
            if not arguments:
                continue
            clone = self._clone(call.function, frozenset(place - offset for place in frozen), block)
            if not call.attr:
                node.op = clone
            elif call.index is None:
                node.attr[call.attr].func.name = clone
            else:
                node.attr[call.attr].list.func[call.index].name = clone

    def _clone(self, name: str, arguments: frozenset[int], block: Callable[[str], None]) -> str:
        if (name, arguments) in self._clones:
            return self._clones[name, arguments]
        taken = {one.signature.name for one in self._graph.library.function}
        number = 1
        while (clone := f"{name}_frozen_{number}") in taken:
            number += 1
        self._clones[name, arguments] = clone
        function = self._graph.library.function.add()
        function.CopyFrom(self._library.functions[name])
        function.signature.name = clone
        self.functions.append(clone)
        body = FunctionBody(self._library.functions[name])
        for node in function.node_def:
            self._freeze_in_body(name, node, body, arguments, block)
        return clone

    def _freeze_in_body(
        self,
        function: str,
        node: NodeDef,
        body: FunctionBody,
        arguments: frozenset[int],
        block: Callable[[str], None],
    ) -> None:
        inputs = data_inputs(node)
        handles = [
            body.arguments_of(inputs[at])
            for at in written_handles(node, self._view.known)
            if at < len(inputs)
        ]
        if handles:
            about = handles[:1] if "Apply" in node.op else handles
            if all(one and one <= arguments for one in about) and gives_nothing(node.op, self._view.known):
                _make_nothing(node, [])
            elif any(one & arguments for one in handles):
                block(f"{node.name} of the function {function} writes frozen variables together with others.")
        else:
            frozen = {place for place, text in enumerate(inputs) if body.arguments_of(text) & arguments}
            self._patch_calls(node, frozenset(frozen), block)


def _make_nothing(node: NodeDef, anchors: list[str]) -> None:
    inputs = dict.fromkeys([*control_inputs(node), *anchors])
    node.op = "NoOp"
    del node.input[:]
    node.input.extend(inputs)
    for attr in [one for one in node.attr if one != "_class"]:
        del node.attr[attr]


def _make_reference(node: NodeDef, handle: str) -> None:
    inputs = [handle, *control_inputs(node)]
    dtype = node.attr["T"].type if "T" in node.attr else node.attr["dtype"].type
    node.op = "RefIdentity"
    del node.input[:]
    node.input.extend(inputs)
    for attr in [one for one in node.attr if one not in _KEPT_ATTRS]:
        del node.attr[attr]
    node.attr["T"].type = dtype
