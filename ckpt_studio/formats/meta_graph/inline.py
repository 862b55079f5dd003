"""Puts the bodies of functions that update variables where they are called, so that each update is a node of the graph.

As TensorFlow does before it runs a graph: the call stays under its name and hands the results on, so that nobody who
takes them or waits for it notices. A condition (`If`) becomes what TensorFlow 1 has for it, Switch and Merge, and a
loop (`While`) a frame that values enter and leave.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from ckpt_studio.core.errors import Corrupt, RequestFault
from ckpt_studio.core.tensors import encode
from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.load import MetaGraph
from ckpt_studio.formats.meta_graph.node_writer import NodeWriter
from ckpt_studio.formats.meta_graph.op_outputs import outputs_of
from ckpt_studio.formats.meta_graph.ops import OpDefs, control_inputs, data_inputs
from ckpt_studio.formats.protos.meta_graph_pb2 import FunctionDef, MetaGraphDef, NodeDef, OpDef

_CALLS: Final = ("PartitionedCall", "StatefulPartitionedCall")
_CONDITIONS: Final = ("If", "StatelessIf")
_LOOPS: Final = ("While", "StatelessWhile")
_BOOL: Final = 10
_AT_ONCE: Final = 10
_MOST_ROUNDS: Final = 32
_MOST_NODES: Final = 500_000
"""A file could call functions by functions without end."""
_LOCATION: Final = b"loc:@"


def inline_updates(meta: MetaGraph, roots: Collection[str], variables: Collection[str]) -> MetaGraph:
    """The graph with the functions inlined that `roots` call and that write `variables`; the same where there are none.

    Raises:
        RequestFault: the file does not say enough of an operation in them, or they call each other without end.
        Corrupt: a call and its function do not fit.
    """
    wanted = frozenset(variables)
    for _ in range(_MOST_ROUNDS):
        calls = _calls(meta.view, roots, wanted)
        if not calls:
            return meta
        proto = MetaGraphDef()
        proto.CopyFrom(meta.proto)
        inliner = _Inliner(proto, meta.view)
        for name in calls:
            try:
                inliner.inline(name)
            except (LookupError, ValueError) as error:
                raise Corrupt(f"The graph is damaged: {name} is not as what it calls.", key=name) from error
        meta = MetaGraph(proto, path=meta.path)
    raise RequestFault(
        "The functions of the graph call each other without end; its optimizer cannot be replaced."
    )


def _calls(view: GraphView, roots: Collection[str], variables: frozenset[str]) -> list[str]:
    """The calls that can be inlined and write such variables."""
    behind = view.behind(roots)
    return [
        name
        for name, write in view.writes.items()
        if name in behind and write.by_call and write.all & variables and _is_plain(view, view.nodes[name])
    ]


def _is_plain(view: GraphView, node: NodeDef) -> bool:
    return (
        node.op in _CALLS
        or node.op in view.library.functions
        or (node.op in _CONDITIONS and node.attr["Tcond"].type == _BOOL)
        or (node.op in _LOOPS and _asks_once(view.library.functions.get(node.attr["cond"].func.name)))
    )


def _asks_once(function: FunctionDef | None) -> bool:
    """Whether a loop's condition gives a truth value."""
    return function is not None and [arg.type for arg in function.signature.output_arg] == [_BOOL]


class _Inliner:
    """Inlines calls in one graph, in place."""

    def __init__(self, proto: MetaGraphDef, view: GraphView) -> None:
        self._nodes = {node.name: node for node in proto.graph_def.node}
        self._view = view
        self._writer = NodeWriter(proto)
        self._count = len(self._nodes)

    def inline(self, name: str) -> None:
        """Put what a call does in its place."""
        node = self._nodes[name]
        before = NodeDef()
        before.CopyFrom(node)
        if node.op in _CONDITIONS:
            self._lower(node, before)
            return
        if node.op in _LOOPS:
            self._lower_loop(node, before)
            return
        called = node.attr["f"].func if node.op in _CALLS else None
        function = self._view.library.functions[node.op if called is None else called.name]
        attrs = node.attr if called is None else called.attr
        waits, types = control_inputs(before), _types(before, "Tin", function.signature.input_arg, attrs)
        inputs = [  # whoever takes an argument waits as the call did, and is in the loop or branch that this is in
            self._add("Identity", f"{name}/input_{at}", [text, *waits], before, T=number)
            for at, (text, number) in enumerate(zip(data_inputs(before), types, strict=True))
        ]
        anchors = [f"^{one}" for one in inputs[:1]] or waits
        outputs, done = self._body(f"{name}/inlined", function, attrs, inputs, anchors, before)
        types = _types(before, "Tout", function.signature.output_arg, attrs)
        _hand_on(node, outputs, types, done)

    def _lower(self, node: NodeDef, before: NodeDef) -> None:
        """Make a condition what it was in TensorFlow 1."""
        name, waits = node.name, control_inputs(before)
        condition, *inputs = data_inputs(before)
        chooses = self._add("Identity", f"{name}/pred", [condition, *waits], before, T=_BOOL)
        pivots = self._add("Switch", f"{name}/switch", [chooses, chooses], before, T=_BOOL)
        types = list(before.attr["Tin"].list.type)
        switched = [
            self._add("Switch", f"{name}/input_{at}", [text, chooses], before, T=number)
            for at, (text, number) in enumerate(zip(inputs, types, strict=True))
        ]
        branches, ends = [], []
        for place, branch in enumerate(("else", "then")):
            end = f":{place}" if place else ""
            pivot = self._add("Identity", f"{name}/{branch}_pivot", [f"{pivots}{end}"], before, T=_BOOL)
            called = before.attr[f"{branch}_branch"].func
            given = [f"{one}{end}" for one in switched]
            function = self._view.library.functions[called.name]
            outputs, done = self._body(
                f"{name}/{branch}", function, called.attr, given, [f"^{pivot}"], before
            )
            group = self._add("NoOp", f"{name}/{branch}_done", [f"^{pivot}", *done], before)
            ends.append(self._add("Identity", f"{name}/{branch}_end", [pivot, f"^{group}"], before, T=_BOOL))
            branches.append(outputs)
        types = list(before.attr["Tout"].list.type)
        merged = [
            self._merge(f"{name}/output_{at}", pair, number, before)
            for at, (*pair, number) in enumerate(zip(*branches, types, strict=True))
        ]
        _hand_on(node, merged, types, [f"^{self._merge(f'{name}/end', ends, _BOOL, before)}"])

    def _lower_loop(self, node: NodeDef, before: NodeDef) -> None:
        """Make a loop what it was in TensorFlow 1: what it does not change enters once, all else goes round."""
        scope, waits = self._writer.free(f"{node.name}/loop"), control_inputs(before)
        inputs, types = data_inputs(before), list(before.attr["T"].list.type)
        rounds = _changed(self._view.library.functions[before.attr["body"].func.name])
        if not rounds:
            raise RequestFault(f"The loop {node.name} never ends; its optimizer cannot be replaced.")
        values = [
            self._enter(
                f"{scope}/enter_{at}", [text, *waits], number, scope, before, constant=at not in rounds
            )
            for at, (text, number) in enumerate(zip(inputs, types, strict=True))
        ]
        for at in rounds:
            merges = [values[at], f"{scope}/next_{at}"]
            values[at] = self._merge(f"{scope}/merge_{at}", merges, types[at], before)
        goes_on = self._goes_on(scope, values, [f"^{values[rounds[0]]}"], before)
        ends = {
            at: self._add("Switch", f"{scope}/switch_{at}", [values[at], goes_on], before, T=types[at])
            for at in rounds
        }
        self._go_round(scope, values, ends, types, before)
        left = [
            self._add("Exit", f"{scope}/exit_{at}", [ends[at]], before, T=types[at]) if at in ends else text
            for at, text in enumerate(inputs)
        ]
        _hand_on(node, left, types, [f"^{left[rounds[0]]}"])

    def _goes_on(self, scope: str, values: Sequence[str], anchors: Sequence[str], before: NodeDef) -> str:
        """The condition of a loop."""
        called = before.attr["cond"].func
        function = self._view.library.functions[called.name]
        [asked], _ = self._body(f"{scope}/cond", function, called.attr, values, anchors, before)
        return self._add("LoopCond", f"{scope}/goes_on", [asked], before)

    def _go_round(
        self,
        scope: str,
        values: Sequence[str],
        ends: Mapping[int, str],
        types: Sequence[int],
        before: NodeDef,
    ) -> None:
        """The body of a loop, from what goes on by the Switch of `ends` to the next round."""
        first = next(iter(ends))
        pivot = self._add("Identity", f"{scope}/pivot", [f"{ends[first]}:1"], before, T=types[first])
        given = [
            f"{ends[at]}:1"
            if at in ends
            else self._add("Identity", f"{scope}/input_{at}", [value, f"^{pivot}"], before, T=types[at])
            for at, value in enumerate(values)
        ]
        called = before.attr["body"].func
        function = self._view.library.functions[called.name]
        outputs, done = self._body(f"{scope}/body", function, called.attr, given, [f"^{pivot}"], before)
        group = self._add("NoOp", f"{scope}/body_done", [f"^{pivot}", *done], before)
        for at in ends:  # a round begins when the one before it has done all that it does
            self._add("NextIteration", f"{scope}/next_{at}", [outputs[at], f"^{group}"], before, T=types[at])

    def _enter(
        self, name: str, inputs: Sequence[str], number: int, frame: str, near: NodeDef, *, constant: bool
    ) -> str:
        entered = self._add("Enter", name, inputs, near, T=number)
        attrs = self._nodes[entered].attr
        attrs["frame_name"].s = encode(frame)
        attrs["is_constant"].b = constant
        attrs["parallel_iterations"].i = near.attr["parallel_iterations"].i or _AT_ONCE
        return entered

    def _merge(self, name: str, inputs: Sequence[str], number: int, near: NodeDef) -> str:
        merged = self._add("Merge", name, inputs, near, T=number)
        self._nodes[merged].attr["N"].i = len(inputs)
        return merged

    def _body(
        self,
        scope: str,
        function: FunctionDef,
        attrs: Mapping[str, Any],
        inputs: Sequence[str],
        anchors: Sequence[str],
        near: NodeDef,
    ) -> tuple[list[str], list[str]]:
        """Add the nodes of a body; its outputs, and control inputs on what it does besides.

        Args:
            scope: stands before their names.
            function: whose body.
            attrs: what the call says for attributes that the function leaves open.
            inputs: its arguments.
            anchors: control inputs for nodes that have no other input.
            near: the call.
        """
        self._count += len(function.node_def)
        if self._count > _MOST_NODES:
            raise RequestFault(
                "The functions of the graph are too large to be put in it; its optimizer cannot be replaced."
            )
        arguments = dict(zip((arg.name for arg in function.signature.input_arg), inputs, strict=True))
        nodes = {node.name: node for node in function.node_def}
        scope = self._writer.free(scope)
        names = {name: f"{scope}/{name}" for name in nodes}

        def place(text: str) -> str:
            if text.startswith("^") and text[1:] not in nodes:
                return anchors[0]
            return _placed(text, arguments, nodes, names, self._sizes)

        for name, node in nodes.items():
            added = self._nodes[self._add(node.op, names[name], [place(text) for text in node.input], near)]
            if not added.input:
                added.input.extend(anchors)
            self._fill(added, node, names, attrs)
        outputs = [place(function.ret[arg.name]) for arg in function.signature.output_arg]
        does = {
            *function.control_ret.values(),
            *(name for name, node in nodes.items() if self._view.library.written_inputs(node)),
        }
        return outputs, [f"^{names[name]}" for name in nodes if name in does]

    def _fill(
        self, added: NodeDef, node: NodeDef, names: Mapping[str, str], attrs: Mapping[str, Any]
    ) -> None:
        """Give a node the device and the attributes that it has in the body."""
        added.device = node.device or added.device
        for key, value in node.attr.items():
            if value.placeholder and value.placeholder not in attrs:
                raise RequestFault(f"A function of the graph does not say {key} of its node {node.name}.")
            added.attr[key].CopyFrom(attrs[value.placeholder] if value.placeholder else value)
        if "_class" in node.attr:
            places = [
                one.removeprefix(_LOCATION).decode("utf-8", "replace") for one in node.attr["_class"].list.s
            ]
            del added.attr["_class"].list.s[:]
            added.attr["_class"].list.s.extend(
                _LOCATION + encode(names[one]) for one in places if one in names
            )

    def _sizes(self, node: NodeDef) -> list[tuple[str, int]]:
        """The outputs of a node by name, each with how many tensors it is."""
        return _outputs(node, self._view.known, self._view.library.functions)

    def _add(self, op: str, name: str, inputs: Sequence[str], near: NodeDef, **types: int) -> str:
        added = self._writer.add(op, name, inputs, None, **types)
        added.device = near.device
        self._nodes[added.name] = added
        return added.name


def _changed(body: FunctionDef) -> list[int]:
    """Which values of a loop its body does not give back as it was given them."""
    args = [arg.name for arg in body.signature.input_arg]
    outputs = enumerate(body.signature.output_arg)
    return [at for at, arg in outputs if body.ret[arg.name].partition(":")[0] != args[at]]


def _placed(
    text: str,
    arguments: Mapping[str, str],
    nodes: Mapping[str, NodeDef],
    names: Mapping[str, str],
    sizes: Callable[[NodeDef], list[tuple[str, int]]],
) -> str:
    """An input of a body's node as the graph has it: `node:output:1` -> `SCOPE/node:3`."""
    if text.startswith("^"):
        return f"^{names[text[1:]]}"
    name, _, rest = text.partition(":")
    if name not in nodes:
        return arguments[name]
    output, _, number = rest.partition(":")
    at = int(number or 0)
    for other, size in sizes(nodes[name]):  # none for the only output
        if other == output:
            break
        at += size
    return f"{names[name]}:{at}" if at else names[name]


def _outputs(node: NodeDef, known: OpDefs, functions: Mapping[str, FunctionDef]) -> list[tuple[str, int]]:
    if node.op in functions:
        return [(arg.name, 1) for arg in functions[node.op].signature.output_arg]
    if node.op in known:
        return [(arg.name, _size(arg, node)) for arg in known[node.op].output_arg]
    outputs = outputs_of(node.op)
    if outputs is None:
        raise RequestFault(
            f"The file does not say what {node.op} gives, which its functions use; its optimizer cannot be replaced."
        )
    return [(name, 1) for name in outputs]


def _size(arg: OpDef.ArgDef, node: NodeDef) -> int:
    if arg.number_attr:
        return int(node.attr[arg.number_attr].i)
    return len(node.attr[arg.type_list_attr].list.type) if arg.type_list_attr else 1


def _types(node: NodeDef, attr: str, args: Sequence[OpDef.ArgDef], attrs: Mapping[str, Any]) -> list[int]:
    """Element types of what a call takes or gives."""
    if node.op in _CALLS:
        return list(node.attr[attr].list.type)
    return [attrs[arg.type_attr].type if arg.type_attr else arg.type for arg in args]


def _hand_on(node: NodeDef, outputs: Sequence[str], types: Sequence[int], waits: Sequence[str]) -> None:
    """Let a call only hand on what was put in its place, and wait for all that this does."""
    device = node.device
    name = node.name
    node.Clear()
    node.name, node.device = name, device
    node.op = "IdentityN" if outputs else "NoOp"
    node.input.extend([*outputs, *dict.fromkeys(waits)])
    if outputs:
        node.attr["T"].list.type.extend(types)
