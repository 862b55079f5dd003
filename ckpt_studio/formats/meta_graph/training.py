"""Says, before anything runs, how a graph would be trained on: by which operation, fed by what, how exactly."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.windows import Window
from ckpt_studio.formats.meta_graph.freeze import unfreeze_meta_graph
from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.inputs import GraphInput, data_nodes, find_inputs, is_data
from ckpt_studio.formats.meta_graph.left_out import LeftOut, find_left_out
from ckpt_studio.formats.meta_graph.load import MetaGraph
from ckpt_studio.formats.meta_graph.losses import find_losses
from ckpt_studio.formats.meta_graph.names import node_of, tensor_name
from ckpt_studio.formats.meta_graph.own_data import NOT_EXACT, OwnData, find_own_data
from ckpt_studio.formats.meta_graph.races import racing_variables
from ckpt_studio.formats.meta_graph.randomness import RANDOM, STATELESS
from ckpt_studio.formats.meta_graph.risks import Risk, find_risks
from ckpt_studio.formats.meta_graph.train_ops import (
    TrainOp,
    TrainOpFinder,
    single_updates,
    step_variable,
)
from ckpt_studio.formats.meta_graph.variables import VariableNode
from ckpt_studio.formats.protos.meta_graph_pb2 import CollectionDef


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a checkpoint has the value of a variable.

    Attributes:
        variable: name of the variable's node.
        key: the key in the checkpoint.
        window: the part of that tensor, for a part of a partitioned variable; None for all of it.
    """

    variable: str
    key: str
    window: Window | None


@dataclass(frozen=True, slots=True)
class TrainingGraph:
    """How a graph would be trained on.

    Attributes:
        train_ops: names of the nodes to run at each step; empty when the graph has none.
        candidates: all nodes that train, from the best on.
        trainable: names of the variables that the train operations update and that the graph says are trainable.
        losses: tensors that may be the loss, the most likely first.
        inputs: where data comes in; those with `used` matter to the train operations.
        own_data: how the nodes among them whose data the graph brings along get it, by name; they may be fed instead.
        step: the variable that counts the steps, or None.
        step_moves: whether the train operations count it up.
        variables: the variables that the train operations need or change, by the order of the graph.
        bindings: for each of them that the checkpoint holds, where.
        missing: names of those that it does not hold: they get their initial values.
        unused: keys of the checkpoint that belong to no variable of the run; they are carried over as they are.
        table_initializers: nodes that fill lookup tables before the first step.
        risks: what is not known to be harmless.
        unknown_ops: operations that this TensorFlow does not have: the run cannot start.
        inexact: sentences that say why the run is no exact continuation, whatever it is fed.
        notes: other sentences that a person should see.
        left_out: what changes variables of the run and is not run.
    """

    train_ops: tuple[str, ...]
    candidates: tuple[TrainOp, ...]
    trainable: tuple[str, ...]
    losses: tuple[str, ...]
    inputs: tuple[GraphInput, ...]
    own_data: Mapping[str, OwnData]
    step: str | None
    step_moves: bool
    variables: tuple[VariableNode, ...]
    bindings: tuple[Binding, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    table_initializers: tuple[str, ...]
    risks: tuple[Risk, ...]
    unknown_ops: tuple[str, ...]
    inexact: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: LeftOut

    @property
    def loss(self) -> str | None:
        """The tensor that is most likely the loss."""
        return self.losses[0] if self.losses else None

    @property
    def feeds(self) -> tuple[GraphInput, ...]:
        """The inputs that a run needs or may be given."""
        return tuple(one for one in self.inputs if one.used)

    def own_data_used(self, fed: Collection[str]) -> dict[str, OwnData]:
        """What of the graph's own data a run takes when these tensors are fed."""
        cut = {node_of(tensor) for tensor in fed}
        return {name: own for name, own in self.own_data.items() if name not in cut}

    def inexact_with(self, fed: Collection[str]) -> tuple[str, ...]:
        """Why a run that is fed these tensors is no exact continuation."""
        return (*self.inexact, NOT_EXACT) if self.own_data_used(fed) else self.inexact


def plan_training(
    meta: MetaGraph, keys: Collection[str], *, train_ops: Sequence[str] = (), loss: str | None = None
) -> TrainingGraph:
    """How the graph would be trained on from a checkpoint with these keys.

    Freezing that was written into the graph is undone first: what is frozen in a run is said to `build_run_graph`.

    Args:
        meta: the graph.
        keys: the checkpoint's keys.
        train_ops: nodes (or tensors) that a person chose instead of what would be found.
        loss: a tensor (or node) that a person chose.

    Raises:
        RequestFault: the graph has no such node.
    """
    meta = unfreeze_meta_graph(meta)
    view, held = meta.view, frozenset(keys)
    found = TrainOpFinder(view, meta.variables, held, meta.listed("train_op")).find()
    chosen = tuple(_node(view, name, "train operation") for name in train_ops) or found.chosen
    losses = _with_choice(view, find_losses(view, chosen, meta.listed("losses")), loss)
    roots = [*chosen, *(node_of(one) for one in losses[:1])]
    behind = view.behind(roots, stop=is_data)
    needed = _needed(meta, behind, held)
    bindings = tuple(bind(view, one, held) for one in needed)
    bound = tuple(one for one in bindings if one.key in held)
    missing = tuple(one.variable for one in bindings if one.key not in held)
    risks = _risks(meta, roots, missing)
    collections = meta.proto.collection_def
    runners = collections["queue_runners"] if "queue_runners" in collections else CollectionDef()
    own_data, outside = find_own_data(view, data_nodes(view, roots), runners)
    inputs = find_inputs(view, roots, meta.proto.graph_def.versions.producer, own_data)
    step, moves = step_variable(view, meta.variables, meta.listed("global_step"), chosen)
    updated = {name for write in view.writes.values() if write.node in behind for name in write.all}
    trainable = tuple(one.name for one in needed if one.name in updated and one.trainable is not False)
    notes = [] if train_ops else list(found.notes)
    kept = [name for name, one in meta.variables.items() if bind(view, one, held).key in held]
    left_out = find_left_out(view, meta.variables, roots, (one.name for one in found.candidates), kept)
    return TrainingGraph(
        train_ops=chosen,
        candidates=found.candidates,
        trainable=trainable,
        losses=losses,
        inputs=inputs,
        own_data=own_data,
        step=step,
        step_moves=moves,
        variables=needed,
        bindings=bound,
        missing=missing,
        unused=tuple(sorted(held - {one.key for one in bound})),
        table_initializers=tables_of(meta),
        risks=risks,
        unknown_ops=tuple(sorted({one.op for one in risks if one.kind == "unknown"})),
        inexact=(*_inexact(view, behind), *_races(view, chosen, trainable)),
        notes=(
            *notes,
            *_train_notes(chosen, losses),
            *_step_notes(chosen, step, moves),
            *_value_notes(missing, inputs),
            *outside,
            *left_out.notes,
        ),
        left_out=left_out,
    )


def _needed(meta: MetaGraph, behind: set[str], held: frozenset[str]) -> tuple[VariableNode, ...]:
    """The variables of a run: those behind its roots, and those that initial values of missing ones are made from."""
    reached = set(behind)
    while True:
        needed = tuple(one for name, one in meta.variables.items() if name in reached)
        firsts = {one.initializer for one in needed if bind(meta.view, one, held).key not in held}
        more = meta.view.behind(one for one in firsts if one is not None)
        if more <= reached:
            return needed
        reached |= more


def tables_of(meta: MetaGraph) -> tuple[str, ...]:
    """The nodes that fill lookup tables."""
    return tuple(dict.fromkeys(name for name in meta.listed("table_initializer") if name in meta.view.nodes))


def _risks(meta: MetaGraph, roots: Sequence[str], missing: Sequence[str]) -> tuple[Risk, ...]:
    view = meta.view
    firsts = [one for name in missing if (one := meta.variables[name].initializer) is not None]
    running = view.behind([*roots, *tables_of(meta), *firsts], stop=is_data)
    return find_risks(
        (node for name, node in view.nodes.items() if name in running and not is_data(node)), view.library
    )


def _with_choice(view: GraphView, losses: tuple[str, ...], choice: str | None) -> tuple[str, ...]:
    if choice is None:
        return losses
    _node(view, choice, "loss")
    tensor = choice if ":" in choice else tensor_name(choice, 0)
    return (tensor, *(one for one in losses if one != tensor))


def bind(view: GraphView, variable: VariableNode, keys: Collection[str]) -> Binding:
    """Where a checkpoint would have a variable's value: under its own name, else where the graph's saver has it."""
    if variable.part is not None and variable.name not in keys:
        return Binding(variable.name, variable.part.full_name, variable.part.window)
    known = (variable.name, *view.restored.get(variable.name, ()))
    return Binding(variable.name, next((key for key in known if key in keys), variable.name), None)


def _node(view: GraphView, text: str, what: str) -> str:
    name = node_of(text.removeprefix("^"))
    if name not in view.nodes:
        raise RequestFault(f"The graph has no {name!r}; choose another {what}.", key=name)
    return name


def _inexact(view: GraphView, behind: set[str]) -> tuple[str, ...]:
    found = []
    for name in view.nodes:
        if name not in behind or view.nodes[name].op not in RANDOM:
            continue
        if view.nodes[name].op not in STATELESS:
            found.append(
                f"{name} ({view.nodes[name].op}) draws other random numbers than an uninterrupted run would."
            )
        elif view.in_frame(name):
            found.append(
                f"{name} draws random numbers inside a loop or condition; they do not continue where they were."
            )
    called = view.library.reached(view.nodes[name] for name in behind)
    for function, definition in called.items():
        if any(node.op in RANDOM for node in definition.node_def):
            found.append(
                f"The function {function} draws random numbers; they do not continue where they were."
            )
    return tuple(found)


def _races(view: GraphView, train_ops: Sequence[str], trainable: Sequence[str]) -> list[str]:
    single = single_updates(view, train_ops, trainable)
    calls = [single, *([name] for name in train_ops if name not in single)]
    names = list(dict.fromkeys(name for call in calls for name in racing_variables(view, call)))
    if not names:
        return []
    return [
        f"{_some(names)} read and written in no fixed order within a step, so no run repeats another exactly."
    ]


def _train_notes(train_ops: Sequence[str], losses: Sequence[str]) -> list[str]:
    if not train_ops:
        return ["The graph has no train operation; choose one by name, or another checkpoint."]
    if not losses:
        return ["The graph does not say what its loss is; the run has no curve unless one is chosen."]
    return []


def _step_notes(train_ops: Sequence[str], step: str | None, moves: bool) -> list[str]:
    if step is None:
        return ["The graph counts no steps; the run counts from the checkpoint's number."]
    if train_ops and not moves:
        return [f"The train operation does not count {step} up; the run counts from the checkpoint's number."]
    return []


def _value_notes(missing: Sequence[str], inputs: Sequence[GraphInput]) -> list[str]:
    notes = []
    if missing:
        notes.append(f"{_some(missing)} not in the checkpoint, so initial values are used.")
    if any("PyFunc" in one.op for one in inputs):
        notes.append("The graph calls Python code that is not in the file; what it gave has to be fed.")
    return notes


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    more = len(names) - 3
    return f"{shown} and {more} more are" if more > 0 else f"{shown} {'is' if len(names) == 1 else 'are'}"
