"""What a training process is given of a graph, and in which order it uses it."""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_studio.core.windows import Window
from ckpt_studio.formats.meta_graph.freezing import Blocked
from ckpt_studio.formats.meta_graph.own_data import OwnQueue


@dataclass(frozen=True, slots=True)
class Feed:
    """An input of the original graph and the placeholder that takes its data.

    Attributes:
        tensor: name of the tensor in the original graph, as `TrainingGraph.inputs` has it.
        placeholder: name of the tensor to feed.
        dtype: TensorFlow's name of the element type.
        shape: -1 for an extent that any number fits, None when even the rank is unknown.
        required: False where a default value stands in when nothing is fed.
    """

    tensor: str
    placeholder: str
    dtype: str
    shape: tuple[int, ...] | None
    required: bool


@dataclass(frozen=True, slots=True)
class RunVariable:
    """A variable of the run, and how it is set and read.

    Attributes:
        name: its node in the original graph.
        key: its key in checkpoints, read and written.
        window: the part of the key's tensor that it holds (partitioned variables), None for all of it.
        full_shape: shape of the key's tensor where `window` is set.
        held: whether the checkpoint has a value for it; otherwise `RunGraph.initializers` give one.
        dtype, shape: of the variable; the shape may be None.
        frozen: whether the run must not change it.
        set_op: node that assigns what is fed to `set_feed`.
        set_feed: tensor to feed.
        get: tensor to fetch.
    """

    name: str
    key: str
    window: Window | None
    full_shape: tuple[int, ...] | None
    held: bool
    dtype: str
    shape: tuple[int, ...] | None
    frozen: bool
    set_op: str
    set_feed: str
    get: str


@dataclass(frozen=True, slots=True)
class RunGraph:
    """What a training process needs of a graph.

    Order of its work: set the held variables, run `initializers` one after another, run `table_initializers` and
    `starts`, fill `queues`, then at each step run `train_ops` with the feeds, and with `step_feed` if there is one.
    Several train operations (a GAN's) are run in calls of their own, one after another, as their authors do: in one
    call they race for the variables.

    Attributes:
        graph_def: serialised GraphDef, wire-compatible with TensorFlow's.
        producer_ops: serialised OpList for `import_graph_def(producer_op_list=...)`, empty when the file had none.
        feeds: the inputs.
        train_ops: nodes to run at each step, each in a call of its own.
        losses: tensors that may be fetched at each step, the chosen loss first; empty without a loss.
        variables: every variable of the run.
        moved_by_loss: names of those that change when the first loss is computed, as statistics kept on the way do.
        initializers: nodes that give values to variables that the checkpoint does not hold, in an order that works.
        table_initializers: nodes that fill lookup tables.
        own_data: whether the run takes data that the graph brings along.
        starts: nodes that begin the iterators over the graph's own data.
        queues: what keeps the queues of the graph's own data filled.
        step: tensor that holds the step, or None where the run has to count itself.
        step_feed: placeholder for the number of steps done (int64 scalar), or None if nothing random is tied to it.
        frozen: names of all variables that are frozen, slots and shadows included.
        blocked: updates of frozen variables that could not be taken out: with any, a run must not start.
        inexact: sentences that say why the run is no exact continuation.
        notes: sentences about side effects of freezing.
        watched: name and tensor of numbers beside the loss that may be fetched between two steps.
    """

    graph_def: bytes
    producer_ops: bytes
    feeds: tuple[Feed, ...]
    train_ops: tuple[str, ...]
    losses: tuple[str, ...]
    variables: tuple[RunVariable, ...]
    moved_by_loss: frozenset[str]
    initializers: tuple[str, ...]
    table_initializers: tuple[str, ...]
    own_data: bool
    starts: tuple[str, ...]
    queues: tuple[OwnQueue, ...]
    step: str | None
    step_feed: str | None
    frozen: frozenset[str]
    blocked: tuple[Blocked, ...]
    inexact: tuple[str, ...]
    notes: tuple[str, ...]
    watched: tuple[tuple[str, str], ...] = ()
