"""Makes the GraphDef of a run: inputs cut to placeholders, frozen updates gone, random draws tied to the step, pruned.

Variables are set and read by nodes of our own. The graph's own read nodes are not to be trusted: in TensorFlow 1.4 to
1.8 that of an optimizer's slot reads the variable it belongs to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import RequestFault, RunFault
from ckpt_studio.formats.meta_graph.freeze import freeze_nodes, unfreeze_meta_graph
from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.inputs import GraphInput, is_cut
from ckpt_studio.formats.meta_graph.load import MetaGraph
from ckpt_studio.formats.meta_graph.names import CONTROL, node_of, parse_input, tensor_name
from ckpt_studio.formats.meta_graph.ops import VARIABLE_OPS
from ckpt_studio.formats.meta_graph.randomness import STATELESS, StepKeyed
from ckpt_studio.formats.meta_graph.repair import repair_graph
from ckpt_studio.formats.meta_graph.run_parts import Feed, RunGraph, RunVariable
from ckpt_studio.formats.meta_graph.train_ops import single_updates
from ckpt_studio.formats.meta_graph.training import TrainingGraph, bind
from ckpt_studio.formats.meta_graph.variables import VariableNode
from ckpt_studio.formats.meta_graph.watched import find_watched
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef, NodeDef

_INT64 = 9


def build_run_graph(
    meta: MetaGraph,
    plan: TrainingGraph,
    frozen: Collection[str],
    *,
    fed: Collection[str] = (),
    exact_random: bool = True,
    seed: int = 0,
) -> RunGraph:
    """The graph of a run.

    Args:
        meta: the graph that `plan` was made for.
        plan: how it trains.
        frozen: keys (or names) of the variables that must not change; their slots and shadows stay still too.
        fed: the inputs that are given data. Those that need it are fed in any case; where the graph has data of its
            own, its iterators and queues are kept unless they are named here.
        exact_random: tie random draws to the step, so that a resumed run continues exactly.
        seed: the run's, for the random draws.

    Raises:
        RequestFault: there is no train operation, or the loss cannot be fetched.
        RunFault: a variable has neither a value in the checkpoint nor an initializer.
    """
    if not plan.train_ops:
        raise RequestFault("The graph has no train operation; choose one by name.")
    meta = unfreeze_meta_graph(meta)
    result = freeze_nodes(meta, frozen, plan.train_ops)
    builder = _Builder(meta, result.meta.proto, plan, result.frozen, fed)
    feeds = builder.cut_inputs()
    losses = builder.fetchable_losses()
    train_ops = builder.group_updates()
    watched = find_watched(meta.view, plan, fed)
    builder.prune([*train_ops, *losses, *(tensor for _, tensor in watched)])
    step_feed = builder.tie_random(seed) if exact_random else None
    variables = builder.add_access()
    builder.finish()
    step = next((one.get for one in variables if one.name == plan.step and plan.step_moves), None)
    ops = meta.proto.meta_info_def.stripped_op_list
    inexact = plan.inexact_with(fed)
    if not exact_random:
        inexact = (*inexact, *builder.untied())
    return RunGraph(
        graph_def=builder.proto.graph_def.SerializeToString(deterministic=True),
        producer_ops=ops.SerializeToString(deterministic=True) if ops.op else b"",
        feeds=feeds,
        train_ops=train_ops,
        losses=losses,
        variables=variables,
        moved_by_loss=builder.moved_by(losses[:1]),
        initializers=builder.initializers,
        table_initializers=plan.table_initializers,
        own_data=bool(plan.own_data_used(fed)),
        starts=builder.starts,
        queues=builder.queues,
        step=step,
        step_feed=step_feed,
        frozen=result.frozen,
        blocked=result.blocked,
        inexact=inexact,
        notes=result.notes,
        watched=watched,
    )


class _Builder:
    """One graph on its way from a MetaGraph to a run.

    Attributes:
        proto: what is rewritten.
        initializers: set by `prune`.
        starts, queues: as `RunGraph` has them.
    """

    def __init__(
        self,
        meta: MetaGraph,
        proto: MetaGraphDef,
        plan: TrainingGraph,
        frozen: frozenset[str],
        fed: Collection[str],
    ) -> None:
        self.proto = proto
        self._meta = meta
        self._plan = plan
        self._frozen = frozen
        self._prefix = "ckpt_studio/"
        while any(name.startswith(self._prefix) for name in meta.view.nodes):
            self._prefix = f"{self._prefix[:-1]}_/"
        self._view = GraphView(proto)
        self.initializers: tuple[str, ...] = ()
        self._own = plan.own_data_used(fed)
        self.starts = tuple(dict.fromkeys(name for one in self._own.values() for name in one.starts))
        self.queues = tuple(dict.fromkeys(queue for one in self._own.values() for queue in one.queues))

    def cut_inputs(self) -> tuple[Feed, ...]:
        """Put placeholders where data comes from iterators, queues or Python."""
        stands_for: dict[tuple[str, int], str] = {}
        feeds = []
        for number, one in enumerate(self._plan.feeds):
            place = one.tensor
            if one.node in self._own:
                continue
            if is_cut(self._view.nodes[one.node]):
                stands_for[parse_input(one.tensor)] = name = f"{self._prefix}feed/{number}"
                self._placeholder(name, _number(one.dtype, one.tensor), one)
                place = tensor_name(name, 0)
            feeds.append(Feed(one.tensor, place, one.dtype, one.shape, one.required))
        cut = {name for name, _ in stands_for}
        for node in self.proto.graph_def.node:
            self._rewire(node, cut, stands_for)
        self._view = GraphView(self.proto)
        return tuple(feeds)

    def _rewire(self, node: NodeDef, cut: set[str], stands_for: dict[tuple[str, int], str]) -> None:
        if not any(node_of(text) in cut for text in node.input):
            return
        inputs = []
        for text in node.input:
            name, output = parse_input(text)
            if name not in cut:
                inputs.append(text)
            elif output != CONTROL:
                inputs.append(stands_for.get((name, output), text))
        del node.input[:]
        node.input.extend(inputs)

    def _placeholder(self, name: str, dtype: int, like: GraphInput | None) -> NodeDef:
        node = self.proto.graph_def.node.add(name=name, op="Placeholder")
        node.attr["dtype"].type = dtype
        shape = node.attr["shape"].shape
        shape.SetInParent()
        if like is None or like.shape is None:
            shape.unknown_rank = True
        else:
            for extent in like.shape:
                shape.dim.add(size=extent)
        return node

    def moved_by(self, tensors: Collection[str]) -> frozenset[str]:
        """Names of the variables that are written when these tensors are computed."""
        inside = self._view.behind(map(node_of, tensors))
        return frozenset(name for name, by in self._view.writers_of.items() if not inside.isdisjoint(by))

    def fetchable_losses(self) -> tuple[str, ...]:
        """The chosen loss, once it is sure that it may be fetched."""
        loss = self._plan.loss
        if loss is None:
            return ()
        if self._view.in_frame(node_of(loss)):
            raise RequestFault(
                f"{loss} lies inside a loop or condition and cannot be watched; choose another loss."
            )
        return (loss,)

    def group_updates(self) -> tuple[str, ...]:
        """The train operations; those that are single updates as one: they belong together."""
        single = single_updates(self._meta.view, self._plan.train_ops, self._plan.trainable)
        if not single:
            return self._plan.train_ops
        group = self.proto.graph_def.node.add(name=f"{self._prefix}train", op="NoOp")
        group.input.extend(f"^{name}" for name in single)
        self._view = GraphView(self.proto)
        return (group.name, *(name for name in self._plan.train_ops if name not in single))

    def prune(self, wanted: Sequence[str]) -> None:
        """Keep what the run reaches, and find out how to initialise what no checkpoint holds.

        That is kept even where it is frozen, since what the run writes holds all that the graph's Saver restores.
        """
        roots = [
            *(node_of(one) for one in wanted),
            *self._plan.table_initializers,
            *self.starts,
            *self._fillers(),
        ]
        first = self._plan.missing
        kept = self._view.behind([*roots, *first, *map(self._initializer, first)])
        self.initializers = self._in_order(first)
        graph = self.proto.graph_def
        nodes = [node for node in graph.node if node.name in kept]
        library = self._view.library.reached(nodes)
        gradients = [one for one in graph.library.gradient if one.function_name in library]
        known = self._view.library.functions
        library |= {
            one.gradient_func: known[one.gradient_func] for one in gradients if one.gradient_func in known
        }
        functions = list(library.values())
        del graph.library.function[:]
        del graph.library.gradient[:]
        graph.library.function.extend(functions)
        graph.library.gradient.extend(gradients)
        del graph.node[:]
        graph.node.extend(nodes)
        self._view = GraphView(self.proto)

    def _fillers(self) -> list[str]:
        return [name for one in self._own.values() for name in one.fillers]

    def _initializer(self, name: str) -> str:
        found = self._meta.variables[name].initializer
        if found is None:
            raise RunFault(
                f"{name} is not in the checkpoint and the graph has no initial value for it; swap one in first.",
                key=name,
            )
        return found

    def _in_order(self, names: Sequence[str]) -> tuple[str, ...]:
        """Initializers such that each runs after those whose variables it reads."""
        needs = {name: self._view.behind([self._initializer(name)]) for name in names}
        done: list[str] = []
        left = list(names)
        while left:
            ready = next(
                (one for one in left if not any(other in needs[one] for other in left if other != one)),
                left[0],
            )
            left.remove(ready)
            done.append(self._initializer(ready))
        return tuple(done)

    def tie_random(self, seed: int) -> str | None:
        """Make random draws a function of the step; initial values are drawn by the seed alone.

        What is drawn for the graph's own data is left alone: nobody feeds the step to what fills a queue.
        """
        apart = self._view.behind([*self.starts, *self._fillers()])
        stepping = self._view.behind(
            [*self._plan.train_ops, *(node_of(one) for one in self._plan.losses[:1])]
        )
        random = [
            node for node in self.proto.graph_def.node if node.op in STATELESS and node.name not in apart
        ]
        inside = [one for one in random if one.name in stepping and not self._view.in_frame(one.name)]
        first = [one for one in random if one.name not in stepping and not self._view.in_frame(one.name)]
        StepKeyed(self.proto.graph_def, f"{self._prefix}first/", seed, "").rewrite_all(first)
        if not inside:
            return None
        step = self._placeholder(f"{self._prefix}step", _INT64, None)
        step.attr["shape"].shape.Clear()
        step.attr["shape"].shape.SetInParent()
        StepKeyed(self.proto.graph_def, f"{self._prefix}step/", seed, step.name).rewrite_all(inside)
        return tensor_name(step.name, 0)

    def untied(self) -> tuple[str, ...]:
        """Sentences about random operations that could be tied to the step but were not."""
        names = [node.name for node in self.proto.graph_def.node if node.op in STATELESS]
        return tuple(f"{name} draws other random numbers than an uninterrupted run would." for name in names)

    def add_access(self) -> tuple[RunVariable, ...]:
        """Add nodes that set and read each variable of the run."""
        found = []
        held = {one.variable: one for one in self._plan.bindings}
        nodes = [node for node in self.proto.graph_def.node if node.op in VARIABLE_OPS]
        for number, node in enumerate(nodes):
            one = self._meta.variables[node.name]
            place = held.get(node.name) or bind(self._meta.view, one, ())
            found.append(
                RunVariable(
                    name=node.name,
                    key=place.key,
                    window=place.window,
                    full_shape=one.part.full_shape
                    if one.part is not None and place.window is not None
                    else None,
                    held=node.name in held,
                    dtype=one.dtype,
                    shape=one.shape,
                    frozen=node.name in self._frozen,
                    set_op=self._setter(node, one, number),
                    set_feed=tensor_name(f"{self._prefix}value/{number}", 0),
                    get=self._getter(node, one, number),
                )
            )
        return tuple(found)

    def _setter(self, variable: NodeDef, one: VariableNode, number: int) -> str:
        dtype = _number(one.dtype, one.name)
        value = self._placeholder(f"{self._prefix}value/{number}", dtype, None)
        node = self.proto.graph_def.node.add(
            name=f"{self._prefix}set/{number}", input=[variable.name, value.name]
        )
        if one.kind == "resource":
            node.op = "AssignVariableOp"
            node.attr["dtype"].type = dtype
        else:
            node.op = "Assign"
            node.attr["T"].type = dtype
            node.attr["validate_shape"].b = True
            node.attr["use_locking"].b = True
        return node.name

    def _getter(self, variable: NodeDef, one: VariableNode, number: int) -> str:
        dtype = _number(one.dtype, one.name)
        node = self.proto.graph_def.node.add(name=f"{self._prefix}get/{number}", input=[variable.name])
        node.op = "ReadVariableOp" if one.kind == "resource" else "Identity"
        node.attr["dtype" if one.kind == "resource" else "T"].type = dtype
        return tensor_name(node.name, 0)

    def finish(self) -> None:
        """Mend what old writers left."""
        repair_graph(self.proto.graph_def)


def _number(dtype: str, name: str) -> int:
    known = dtypes.BY_NAME.get(dtype)
    if known is None:
        raise RunFault(f"{name} has an element type ({dtype}) that this TensorFlow does not know.", key=name)
    return known.number
