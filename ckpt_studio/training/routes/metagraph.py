"""Runs of a MetaGraph, as TensorFlow 1 wrote it: the graph says what trains, what is lost and where data enters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final

from ckpt_studio.core.errors import CkptStudioError, RequestFault
from ckpt_studio.core.tensors import TensorSource, printable
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.meta_graph import MetaGraph, load_meta_graph
from ckpt_studio.formats.meta_graph.follow import follow
from ckpt_studio.formats.meta_graph.freeze import freeze_nodes, unfreeze_meta_graph
from ckpt_studio.formats.meta_graph.learning_rate import rate_tensors
from ckpt_studio.formats.meta_graph.new_optimizer import hidden_source, laid_open, put_optimizer
from ckpt_studio.formats.meta_graph.optimizers import Optimizer, chosen_optimizer
from ckpt_studio.formats.meta_graph.training import TrainingGraph, plan_training
from ckpt_studio.formats.tf_bundle.write_plan import Meta
from ckpt_studio.formats.writing import Renaming
from ckpt_studio.training.card import Card, Initialised, Input, Risk
from ckpt_studio.training.data import (
    ArrayInfo,
    FeedPlan,
    named_inputs,
    open_data,
    plan_feeds,
)
from ckpt_studio.training.guess import guess_mapping
from ckpt_studio.training.prepare import Start
from ckpt_studio.training.spec import RunSpec

GRADIENTS_OF: Final = "gradients_of"
"""Setting of a card: the loss whose gradients have to be added to the graph."""
_COMPUTED: Final = (
    "The graph shows no gradients that another optimizer could take, so those of {} are computed anew; what the graph "
    "does with its own, such as clipping, falls away."
)


class MetaGraphRoute:
    """A checkpoint with a `.meta` file beside it."""

    name: ClassVar[str] = "meta_graph"

    def declines(self, base: Checkpoint, spec: RunSpec) -> str | None:
        """As `Route.declines`."""
        return "it has no .meta file beside it" if base.meta_graph is None else None

    def prospect(self, source: TensorSource, base: Checkpoint, spec: RunSpec, frozen: frozenset[str]) -> Card:
        """As `Route.prospect`."""
        assert base.meta_graph is not None
        return make_card(source, base.meta_graph, spec, frozen, base.step)

    def write_start(self, start: Start) -> str:
        """As `Route.write_start`: the staged view; the graph goes along, its variables called as in that."""
        graph, source = start.card.meta_graph, start.source
        meta: Meta = Path(graph)
        if start.spec.optimizer is not None:
            meta = _planned(source, graph, start.spec).meta.serialise()
        elif _renamed(source):
            meta = _graph(graph, source).serialise()
        return start.write(meta)


def _renamed(source: TensorSource) -> Mapping[str, str]:
    """New key by old key, of what a staged edit calls otherwise than the graph does."""
    return source.renamed() if isinstance(source, Renaming) else {}


def _graph(path: str, source: TensorSource) -> MetaGraph:
    """The graph in a file, its variables called as those of `source` are. Raises FileFault."""
    meta, renamed = load_meta_graph(path), _renamed(source)
    return follow(unfreeze_meta_graph(meta), renamed, ()).meta if renamed else meta


@dataclass(frozen=True, slots=True)
class _Planned:
    """The graph of a run, and how it trains.

    Attributes:
        meta: the graph, with the optimizer that was chosen.
        plan: how it trains.
        optimizer: what was chosen, None where the graph has its own.
        notes: what the choice does.
        problems: why it cannot be.
        gradients_of: the loss whose gradients the training process has to add before that optimizer can be put on it.
    """

    meta: MetaGraph
    plan: TrainingGraph
    optimizer: Optimizer | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    gradients_of: str | None = None


def _planned(source: TensorSource, path: str, spec: RunSpec) -> _Planned:
    """The graph that a run would have. Raises FileFault, and RequestFault for names that it does not have."""
    meta = _graph(path, source)
    keys = frozenset(source.columns.keys)
    chosen = () if spec.train_op is None else tuple(name.strip() for name in spec.train_op.split(","))
    plan = plan_training(meta, keys, train_ops=chosen, loss=spec.loss)
    if spec.optimizer is None:
        return _Planned(meta, plan)
    try:
        optimizer = chosen_optimizer(spec.optimizer, spec.learning_rate)
        opened = laid_open(meta, plan, optimizer)
        hidden = hidden_source(opened, plan, optimizer, spec.loss)
        if hidden is not None:
            note = _COMPUTED.format(hidden[0])
            return _Planned(meta, plan, optimizer, (note,), gradients_of=hidden[0])
        placed = put_optimizer(opened, plan, optimizer, keys)
    except RequestFault as error:
        return _Planned(meta, plan, problems=(error.message,))
    trained = plan_training(placed.meta, keys, train_ops=placed.train_ops, loss=spec.loss)
    return _Planned(placed.meta, trained, optimizer, placed.notes)


def make_card(
    source: TensorSource,
    meta_path: str,
    spec: RunSpec,
    frozen: frozenset[str] = frozenset(),
    step: int | None = None,
) -> Card:
    """Find out what a run would do, without running anything.

    Args:
        source: the staged view that the run would begin with.
        meta_path: its graph.
        spec: the specification, as far as it is known; data, train operation and loss matter here.
        frozen: keys that the run must not change.
        step: what the checkpoint's name says.

    Raises:
        FileFault: the graph cannot be read.
        RequestFault: the specification names a train operation or loss that the graph does not have.
    """
    run = _planned(source, meta_path, spec)
    meta, plan = run.meta, run.plan
    start_step, step_key = start_of(plan, source, step, frozen)
    inputs = inputs_of(plan)
    mapping, feeds, problems = _feeds(inputs, spec)
    frozen, blocked, notes, refused = _freezing(meta, plan, frozen)
    return Card(
        meta_graph=meta_path,
        train_ops=plan.train_ops,
        train_choices=tuple(dict.fromkeys((*plan.train_ops, *(one.name for one in plan.candidates)))),
        loss=plan.loss,
        loss_choices=plan.losses,
        inputs=inputs,
        step_variable=step_key,
        start_step=start_step,
        **bound_by(plan),
        frozen=tuple(sorted(frozen)),
        blocked=blocked,
        risks=tuple(Risk(one.kind, one.op, one.node) for one in plan.risks),
        mapping=mapping,
        inexact=plan.inexact_with([feed.input.name for feed in feeds.feeds]),
        notes=(*plan.notes, *run.notes, *notes, *feeds.notes),
        settings=_settings(spec, run),
        problems=(
            *_unable(plan),
            *_misfits(plan, source),
            *refused,
            *problems,
            *feeds.problems,
            *run.problems,
            *_no_rate(meta, plan, spec),
        ),
    )


def inputs_of(plan: TrainingGraph) -> tuple[Input, ...]:
    """The inputs that a run needs or may be given."""
    return tuple(
        Input(
            name=one.tensor,
            dtype=one.dtype,
            shape=None
            if one.shape is None
            else tuple(None if extent < 0 else extent for extent in one.shape),
            op=one.op,
            optional=not one.required,
        )
        for one in plan.feeds
    )


def start_of(
    plan: TrainingGraph, source: TensorSource, step: int | None, frozen: frozenset[str]
) -> tuple[int, str | None]:
    """The step that a run starts from, and the key of the variable that counts on; None where the run counts itself."""
    key = next((one.key for one in plan.bindings if one.variable == plan.step), None)
    counts = plan.step is not None and plan.step_moves and key not in frozen
    if key is not None and (counts or step is None):
        values = source.read(key)
        if values.size == 1 and values.dtype.kind in "iuf":
            return max(0, int(values.reshape(())[()])), key if counts else None
    if counts and key is None:
        return 0, plan.step
    return step or 0, None


def _feeds(inputs: Sequence[Input], spec: RunSpec) -> tuple[dict[str, str | float], FeedPlan, list[str]]:
    """The mapping (given, and guessed for the rest), what it leads to, and what is wrong with the data file."""
    problems: list[str] = []
    arrays: dict[str, ArrayInfo] = {}
    given = {} if spec.data is None else dict(spec.data.map)
    if spec.data is not None and spec.data.file is not None:
        try:
            arrays = open_data(spec.data.file)
        except CkptStudioError as error:
            return given, FeedPlan((), 0, 0), [error.message]
    named = named_inputs(inputs, given, problems)
    left = [one for one in inputs if one.name not in named]
    unused = {name: info for name, info in arrays.items() if name not in named.values()}
    mapping = named | guess_mapping(left, unused)
    plan = plan_feeds(inputs, arrays, mapping, spec.batch_size)
    if inputs and arrays and not plan.problems and not any(isinstance(one.source, str) for one in plan.feeds):
        note = "None of the data file's arrays is mapped to an input, so the run does not use that file."
        plan = replace(plan, notes=(*plan.notes, note))
    return mapping, plan, problems


def _freezing(
    meta: MetaGraph, plan: TrainingGraph, frozen: frozenset[str]
) -> tuple[frozenset[str], int, tuple[str, ...], list[str]]:
    """All frozen keys (slots and shadows go along), how many updates fall away, what to say, what cannot be frozen."""
    if not frozen:
        return frozen, 0, (), []
    result = freeze_nodes(unfreeze_meta_graph(meta), frozen, plan.train_ops)
    problems = [f"{', '.join(one.variables)} cannot be frozen: {one.reason}" for one in result.blocked]
    keys = {one.key for one in plan.bindings if one.variable in result.frozen}
    return frozen | keys, len(result.replaced), result.notes, problems


def bound_by(plan: TrainingGraph) -> dict[str, Any]:
    """What binds, is missing, is not used and is trained, as fields of a card."""
    trained = set(plan.trainable)
    return {
        "bound": tuple(sorted({one.key for one in plan.bindings})),
        "missing": _missing(plan),
        "unused": plan.unused,
        "trained": tuple(sorted({one.key for one in plan.bindings if one.variable in trained})),
    }


def _missing(plan: TrainingGraph) -> tuple[Initialised, ...]:
    first = {one.name: one.initializer for one in plan.variables}
    return tuple(
        Initialised(
            name, "by its own initializer" if first.get(name) else "not at all: the graph has no initializer"
        )
        for name in plan.missing
    )


def _unable(plan: TrainingGraph) -> list[str]:
    """Why the graph itself cannot be trained."""
    problems = list(plan.left_out.problems)
    if not plan.train_ops:
        problems.append(
            "The graph has no train operation that could be found; name one, or open another checkpoint."
        )
    if plan.unknown_ops:
        listed = ", ".join(plan.unknown_ops)
        problems.append(f"The graph uses operations that this TensorFlow does not have: {listed}.")
    first = {one.name: one.initializer for one in plan.variables}
    for name in plan.missing:
        if not first.get(name):
            problems.append(f"The checkpoint does not hold {name}, and the graph does not say how it begins.")
    return problems


def _no_rate(meta: MetaGraph, plan: TrainingGraph, spec: RunSpec) -> list[str]:
    """Why the learning rate cannot be another."""
    own = spec.learning_rate is not None and spec.optimizer is None
    if own and not rate_tensors(meta.view, plan.train_ops):
        return [
            "The graph's updates are written by hand, so its learning rate cannot be told and changed; name an "
            "optimizer that takes their place."
        ]
    return []


def _settings(spec: RunSpec, run: _Planned) -> dict[str, object]:
    """What the run has in place of the graph's own."""
    if run.optimizer is not None:
        rate = run.optimizer.settings["learning_rate"]
        computed = {} if run.gradients_of is None else {GRADIENTS_OF: run.gradients_of}
        return {"optimizer": run.optimizer.to_json(), "learning_rate": rate, **computed}
    return {} if spec.learning_rate is None else {"learning_rate": spec.learning_rate}


def _misfits(plan: TrainingGraph, source: TensorSource) -> list[str]:
    """Variables whose value in the checkpoint is damaged or does not fit."""
    nodes = {one.name: one for one in plan.variables}
    problems = []
    for binding in plan.bindings:
        node, info = nodes[binding.variable], source.columns.of(binding.key)
        key = printable(binding.key)
        shape = info.shape
        if binding.window is not None:
            shape = None if node.part is None or shape != node.part.full_shape else node.part.shape
        if info.error is not None:
            problems.append(f"{key} cannot be read: {info.error}")
        elif info.dtype.name != node.dtype:
            problems.append(f"{key} is {info.dtype.name} in the checkpoint and {node.dtype} in the graph.")
        elif shape is None or not _fits(shape, node.shape):
            problems.append(
                f"{key} has shape {list(info.shape or ())} in the checkpoint and {list(node.shape or ())} in the graph."
            )
    return problems


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...] | None) -> bool:
    return wanted is None or (
        len(shape) == len(wanted) and all(w in (-1, h) for h, w in zip(shape, wanted, strict=True))
    )
