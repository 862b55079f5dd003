"""Puts another optimizer on a graph: new updates take the places of the old ones and the gradients given to those.

An update operation is replaced where it stands, under its name. So whatever waited for it goes on waiting: the step is
counted once, moving averages are taken after it, statistics are updated as they were, clipping and loss scaling stay.
What only the old updates read is not updated any more. Old slots stay in the graph, and as they are; new ones get
names of their own, also beside keys of the checkpoint that the graph does not have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.texts import some_of
from ckpt_studio.formats.meta_graph.freeze import unfreeze_meta_graph
from ckpt_studio.formats.meta_graph.freezing import Freezer
from ckpt_studio.formats.meta_graph.gradients import Gradient, gradient_of
from ckpt_studio.formats.meta_graph.graph import GraphView, closure, sources_of
from ckpt_studio.formats.meta_graph.inline import inline_updates
from ckpt_studio.formats.meta_graph.load import MetaGraph
from ckpt_studio.formats.meta_graph.losses import find_losses
from ckpt_studio.formats.meta_graph.names import node_of
from ckpt_studio.formats.meta_graph.new_variables import NewVariables
from ckpt_studio.formats.meta_graph.ops import control_inputs, data_inputs
from ckpt_studio.formats.meta_graph.optimizers import Optimizer
from ckpt_studio.formats.meta_graph.train_ops import single_updates
from ckpt_studio.formats.meta_graph.training import TrainingGraph
from ckpt_studio.formats.meta_graph.update_nodes import Updates, Weight
from ckpt_studio.formats.meta_graph.way_in import way_in
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef

_KEEP_IT: Final = "Train it with the one that it has, if need be at another learning rate, or with a recipe."
_WHOLE: Final = ("int", "uint", "bool", "string")


class HiddenGradients(RequestFault):
    """The graph updates weights by operations that do not show the gradient."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A graph with another optimizer.

    Attributes:
        meta: the graph.
        train_ops: the train operations to choose from here on, in the order in which they were.
        slots: names of the new variables.
        notes: what a person should know.
    """

    meta: MetaGraph
    train_ops: tuple[str, ...]
    slots: tuple[str, ...]
    notes: tuple[str, ...]


def laid_open(meta: MetaGraph, plan: TrainingGraph, optimizer: Optimizer) -> MetaGraph:
    """The graph with the updates that are to be replaced as nodes of its own: not frozen, and in no function.

    Args:
        meta: the graph.
        plan: how it trains.
        optimizer: the new one.

    Raises:
        RequestFault: it is not clear which they are, or they cannot be put there.
    """
    meta = unfreeze_meta_graph(meta)
    return inline_updates(meta, _train_ops(meta.view, plan, optimizer), plan.trainable)


def put_optimizer(
    meta: MetaGraph,
    plan: TrainingGraph,
    optimizer: Optimizer,
    keys: Collection[str],
    computed: Mapping[str, Gradient] | None = None,
) -> Placed:
    """The graph with another optimizer in place of the one that a train operation has.

    Args:
        meta: the graph as `laid_open` gives it.
        plan: how it trains.
        optimizer: the new one.
        keys: the checkpoint's keys.
        computed: gradients by weight that were added to the graph, for one that does not show its own.

    Raises:
        HiddenGradients: it shows none, and none were added.
        RequestFault: the graph does not show what it would need; the message says what to do.
    """
    view = meta.view
    replaced = _train_ops(view, plan, optimizer)
    given = _given(meta, plan, replaced, computed)
    proto = MetaGraphDef()
    proto.CopyFrom(meta.proto)
    variables = NewVariables(meta, proto, keys)
    ways = {way.names: way for way in (way_in(view, weight.node) for weight in given)}
    if len(ways) > 1:
        raise RequestFault(
            "The graph updates its weights in several loops, so there is no one place for another optimizer. "
            + _KEEP_IT
        )
    updates = Updates(proto, variables, optimizer, *ways.values())
    for weight in given:
        updates.replace(weight)
    after = updates.finish([weight.node for weight in given])
    train_ops = _wait_for(
        view, proto, variables, plan.train_ops, replaced, after, frozenset(one.node for one in given)
    )
    saved = variables.list_and_save()
    changed = MetaGraph(proto, path=meta.path)
    _keep_counting(view, changed, replaced, given)
    still = _still(view, changed, plan, train_ops, given)
    freezer = Freezer(proto, changed.view, still)
    freezer.freeze(changed.view.behind(train_ops) & set(changed.view.writes), [])
    left = sorted(_written(view, plan.train_ops) - _written(MetaGraph(proto).view, train_ops))
    return Placed(
        MetaGraph(proto, path=meta.path), train_ops, variables.names, tuple(_notes(left, saved=saved))
    )


def hidden_source(
    meta: MetaGraph, plan: TrainingGraph, optimizer: Optimizer, loss: str | None
) -> tuple[str, tuple[str, ...]] | None:
    """For a graph that hides its gradients: the loss to compute them of, and the weights; None where that is not so.

    Args:
        meta: the graph as `laid_open` gives it.
        plan: how it trains.
        optimizer: the new one.
        loss: the one that a person chose.

    Raises:
        RequestFault: they could not be computed or used either; the message says why.
    """
    replaced = _train_ops(meta.view, plan, optimizer)
    try:
        _given(meta, plan, replaced, None)
    except HiddenGradients:
        covered = frozenset().union(*(one.covers for one in plan.candidates if one.name in replaced))
        weights = tuple(sorted(covered & set(plan.trainable)))
        found = find_losses(meta.view, replaced, meta.listed("losses"))
        of = plan.loss if loss is not None else next(iter(found), None)
        if of is None or not weights:
            raise
        _given(meta, plan, replaced, dict.fromkeys(weights, Gradient("")))
        return of, weights
    return None


def _train_ops(view: GraphView, plan: TrainingGraph, optimizer: Optimizer) -> tuple[str, ...]:
    """The train operations whose updates are replaced: one, or those that are an update each."""
    if optimizer.train_op is not None:
        name = node_of(optimizer.train_op)
        if name not in plan.train_ops:
            known = ", ".join(plan.train_ops) or "none"
            raise RequestFault(f"The run has no train operation {name!r}; it has {known}.", key=name)
        return (name,)
    single = single_updates(view, plan.train_ops, plan.trainable)
    if len(plan.train_ops) > 1 and set(single) != set(plan.train_ops):
        raise RequestFault(
            f"The graph trains by {some_of(plan.train_ops)}; say whose optimizer is replaced as train_op of the "
            "optimizer in the SPEC."
        )
    if not plan.train_ops:
        raise RequestFault("The graph has no train operation whose optimizer could be replaced.")
    return plan.train_ops


def _given(
    meta: MetaGraph, plan: TrainingGraph, train_ops: Sequence[str], computed: Mapping[str, Gradient] | None
) -> list[Weight]:
    """What the train operations update, by which node, and with which gradient."""
    view = meta.view
    behind = view.behind(train_ops)
    trainable = set(plan.trainable) if computed is None else computed.keys()
    found: dict[str, list[tuple[str, Gradient]]] = {}
    for name, write in view.writes.items():
        if name in behind and len(write.primary) == 1 and write.primary <= trainable and not write.by_call:
            (variable,) = write.primary
            gradient = gradient_of(view, write) if computed is None else computed[variable]
            if gradient is not None:
                found.setdefault(variable, []).append((name, gradient))
    covered = frozenset().union(*(one.covers for one in plan.candidates if one.name in train_ops))
    hidden = sorted((covered & trainable) - found.keys())
    _check_calls(view, behind, hidden)
    if hidden or not found:
        what = some_of(hidden) or "its variables"
        raise HiddenGradients(
            f"The graph updates {what} by operations of its own that show no gradient, so its optimizer cannot be "
            "replaced; train it with the one that it has, or with a recipe."
        )
    twice = sorted(name for name, updates in found.items() if len(updates) > 1)
    if twice:
        raise RequestFault(
            f"The graph updates {some_of(twice)} more than once a step; its optimizer cannot be replaced."
        )
    inside = sorted(name for name, [(node, _)] in found.items() if view.in_frame(node))
    if computed is not None and inside:
        raise RequestFault(
            f"The graph updates {some_of(inside)} by operations of its own that show no gradient, and only on a "
            "condition or in a loop, as where gradients are added up over several steps; so no other optimizer can "
            f"take their place. {_KEEP_IT}"
        )
    weights = [Weight(meta.variables[name], node, gradient) for name, [(node, gradient)] in found.items()]
    for one in weights:
        shape, known = one.variable.shape, one.variable.dtype in dtypes.BY_NAME
        if shape is None or -1 in shape or not known:
            raise RequestFault(
                f"The graph does not say the {'shape' if known else 'type'} of {one.variable.name}; no slots can be "
                "made for it."
            )
    return weights


def _check_calls(view: GraphView, behind: Collection[str], hidden: Sequence[str]) -> None:
    """Raise RequestFault where a function that is called does the updates: what can be inlined was."""
    for write in view.writes.values():
        called = write.all.intersection(hidden)
        if write.by_call and write.node in behind and called:
            raise RequestFault(
                f"The graph updates {some_of(sorted(called))} in functions that {write.node} ({write.op}) calls, where "
                f"no other optimizer can be put. {_KEEP_IT}"
            )


def _wait_for(
    view: GraphView,
    proto: MetaGraphDef,
    variables: NewVariables,
    train_ops: tuple[str, ...],
    replaced: Sequence[str],
    after: Sequence[str],
    updates: frozenset[str],
) -> tuple[str, ...]:
    """Let the train operations do what comes after all updates, too; their names from now on.

    Raises:
        RequestFault: the updates lie in a condition or loop, and nothing there waits for all of them.
    """
    if not after:
        return train_ops
    waits = [f"^{name}" for name in after]
    waiting = set.intersection(*(set(view.consumers.get(name, ())) for name in updates))
    waiting &= view.behind(replaced)
    groups = {min((name for name in waiting if view.nodes[name].op == "NoOp"), default="")} - {""}
    if any(map(view.in_frame, updates)) and not groups:
        every = {f"^{name}" for name in updates}
        groups = {name for name in waiting if every <= set(view.nodes[name].input)}
        if not groups:
            raise RequestFault(
                "The graph updates its weights in a condition or loop in which nothing waits for all of them, so Adam "
                "cannot count its steps there; choose another optimizer."
            )
    if groups or updates.isdisjoint(replaced):
        for node in proto.graph_def.node:
            if node.name in (groups or replaced[-1:]):
                node.input.extend(waits)
        return train_ops
    group = variables.writer.add("NoOp", "train", [*(f"^{name}" for name in replaced), *waits])
    if "train_op" in proto.collection_def:
        proto.collection_def["train_op"].node_list.value.append(group.name)
    place = train_ops.index(replaced[0])
    others = [name for name in train_ops if name not in replaced]
    return (*others[:place], group.name, *others[place:])


def _keep_counting(
    view: GraphView, changed: MetaGraph, train_ops: Sequence[str], given: Sequence[Weight]
) -> None:
    """Let counters still count that only ran because an old update needed them."""
    nodes = {node.name: node for node in changed.proto.graph_def.node}
    there = closure(train_ops, {name: sources_of(node) for name, node in nodes.items()})
    for name in sorted(view.behind(train_ops) - there):
        write = view.writes.get(name)
        if write is not None and all(_is_whole(nodes[one].attr["dtype"].type) for one in write.all):
            first = next((one.node for one in given if name in view.behind([one.node])), given[0].node)
            nodes[first].input.append(f"^{name}")


def _is_whole(number: int) -> bool:
    return dtypes.unknown(number % 100 if number > 100 else number).name.startswith(_WHOLE)


def _still(
    view: GraphView,
    changed: MetaGraph,
    plan: TrainingGraph,
    train_ops: Sequence[str],
    given: Sequence[Weight],
) -> frozenset[str]:
    """Variables that only the old updates read: powers of betas, and slots that are written on their own."""
    weights = {one.variable.name for one in given}
    before = {name for one in given for name in view.behind_values(view.nodes[one.node])}
    writes = changed.view.writes
    still = {
        name
        for name in (before & _written(changed.view, train_ops)) - weights - {plan.step}
        if name in changed.variables and not changed.variables[name].dtype.startswith(_WHOLE)
    }
    while True:
        own = {name for name, write in writes.items() if write.all <= still and not write.by_call}
        needed = still & _needed(changed.view, train_ops, own)
        if not needed:
            return frozenset(still)
        still -= needed


def _needed(view: GraphView, train_ops: Sequence[str], own: set[str]) -> set[str]:
    """Variables that train operations need when these writes are left out, what takes a value of them not."""
    sources = {
        name: tuple(map(node_of, control_inputs(node))) if name in own else view.sources[name]
        for name, node in view.nodes.items()
    }
    reached = closure(train_ops, sources)
    taken = {
        node_of(text)
        for name in (reached & view.nodes.keys()) - own
        for text in data_inputs(view.nodes[name])
    }
    return reached | {name for write in own & taken for name in view.writes[write].all}


def _written(view: GraphView, train_ops: Sequence[str]) -> set[str]:
    """The variables that train operations write."""
    return {name for node in view.behind(train_ops) & view.writes.keys() for name in view.writes[node].all}


def _notes(left: Sequence[str], *, saved: bool) -> list[str]:
    notes = []
    if left:
        notes.append(f"The new optimizer does not use {some_of(left)}; they are carried along as they are.")
    if not saved:
        notes.append("The graph's own Saver cannot take the new slots; make a new Saver before you restore.")
    return notes
