"""MetaGraphs (`.meta` files): read, looked through, frozen and cut down to what a run needs, all without TensorFlow.

load.py       bytes -> MetaGraph; `trainable_names` without the graph
graph.py      the graph by names: closures, variables behind inputs, writers; ops.py says what kinds of nodes there are
training.py   `plan_training`: train operation, loss, inputs, step, what is not safe or not exact
freeze.py     `freeze_meta_graph` for written files, `freeze_nodes` for runs
new_optimizer.py  `put_optimizer`: another optimizer in place of the graph's; optimizers.py says which there are
own_data.py   iterators and queues that a graph fills itself
run_graph.py  `build_run_graph`: the GraphDef that a training process imports, with what run_parts.py says about it
"""

from ckpt_studio.formats.meta_graph.freeze import (
    FrozenResult,
    freeze_meta_graph,
    frozen_names,
    unfreeze_meta_graph,
)
from ckpt_studio.formats.meta_graph.load import MetaGraph, load_meta_graph, parse_meta_graph, trainable_names
from ckpt_studio.formats.meta_graph.run_graph import build_run_graph
from ckpt_studio.formats.meta_graph.run_parts import RunGraph
from ckpt_studio.formats.meta_graph.training import TrainingGraph, plan_training

__all__ = [
    "FrozenResult",
    "MetaGraph",
    "RunGraph",
    "TrainingGraph",
    "build_run_graph",
    "freeze_meta_graph",
    "frozen_names",
    "load_meta_graph",
    "parse_meta_graph",
    "plan_training",
    "trainable_names",
    "unfreeze_meta_graph",
]
