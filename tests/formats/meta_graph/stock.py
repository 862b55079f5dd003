"""Runs one generated graph through everything that a MetaGraph goes through, beside stock TensorFlow.

Imported in the process that has TensorFlow only; the answers travel back as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ckpt_studio.formats.meta_graph import (
    MetaGraph,
    RunGraph,
    TrainingGraph,
    build_run_graph,
    freeze_meta_graph,
    load_meta_graph,
    parse_meta_graph,
    plan_training,
    trainable_names,
    unfreeze_meta_graph,
)
from tests.formats.meta_graph import odd_graphs, usual_graphs
from tests.formats.meta_graph.graphs import BUILDERS, Expected, kind, plain

assert odd_graphs.graph is usual_graphs.graph, "both fill BUILDERS"

v1 = tf.compat.v1
Values = dict[str, np.ndarray]
SETTINGS = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


def write_case(name: str, resource: bool, prefix: str) -> Expected:
    """Build a graph, train two steps and save."""
    with tf.Graph().as_default(), kind(resource):
        v1.set_random_seed(5)
        if ":" in name:
            optimizer, listed = name.split(":")
            expected = plain(optimizer, listed == "listed")
        else:
            expected = BUILDERS[name](resource)
        chosen = v1.get_collection("only_saved")
        saver = v1.train.Saver(chosen or None)
        with v1.Session(config=SETTINGS) as session:
            session.run([v1.global_variables_initializer(), v1.tables_initializer()])
            for step in range(2):
                train(session, expected, step)
            saver.save(session, prefix, write_state=False)
    return expected


def train(session: Any, expected: Expected, step: int) -> None:
    ops = [session.graph.get_operation_by_name(name) for name in expected.train_ops]
    for one in [ops] if expected.together else ops:
        session.run(one, feed(expected, step))


def feed(expected: Expected, step: int) -> dict[str, Any]:
    return {tensor: make(step) for tensor, make in expected.feeds.items()}


def run(
    graph: RunGraph, expected: Expected, values: Callable[[Any], Any], first: int, steps: int, resumed: bool
) -> tuple[list[Values], list[float]]:
    """Values of all variables after 0, 5, 10... steps, and the losses."""
    with tf.Graph().as_default() as where, v1.Session(graph=where, config=SETTINGS) as session:
        operations = v1.GraphDef.FromString(graph.graph_def)
        tf.graph_util.import_graph_def(operations, name="")
        for one in graph.variables:
            if one.held or resumed:
                session.run(one.set_op, {one.set_feed: values(one)})
        for name in () if resumed else graph.initializers:
            session.run(name)
        for name in graph.table_initializers:
            session.run(name)
        get = {one.name: one.get for one in graph.variables}
        seen, losses = [session.run(get)], []
        train = [where.get_operation_by_name(name) for name in graph.train_ops]
        by_tensor = {one.tensor: one.placeholder for one in graph.feeds}
        for step in range(first, first + steps):
            data = {by_tensor[tensor]: value for tensor, value in feed(expected, step).items()}
            if graph.step_feed is not None:
                data[graph.step_feed] = step
            for place, one in enumerate(train):
                got, _ = session.run([list(graph.losses) if place == 0 else [], one], data)
                losses += [float(np.mean(loss)) for loss in got]
            if (step + 1 - first) % 5 == 0 or step + 1 == first + steps:
                seen.append(session.run(get))
        return seen, losses


def from_checkpoint(prefix: str) -> Callable[[Any], Any]:
    reader = tf.train.load_checkpoint(prefix)

    def value(one: Any) -> Any:
        whole = reader.get_tensor(one.key)
        return whole if one.window is None else whole[one.window]

    return value


def same(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Names of what differs in any bit."""
    return sorted(name for name in a if np.asarray(a[name]).tobytes() != np.asarray(b[name]).tobytes())


PATTERNS: dict[str, slice] = {
    "every second": slice(0, None, 2),
    "the first": slice(0, 1),
    "all but the last": slice(0, -1),
    "all": slice(None),
}


def examine(name: str, resource: bool, folder: str, pattern: str = "every second") -> dict[str, Any]:
    """The whole way of one case; what is found, for the test to compare."""
    prefix = str(Path(folder) / "model.ckpt-2")
    expected = write_case(name, resource, prefix)
    meta = load_meta_graph(prefix + ".meta")
    keys = list(tf.train.load_checkpoint(prefix).get_variable_to_shape_map())
    plan = plan_training(meta, keys)
    frozen = sorted({meta.variables[one].key for one in plan.trainable})[PATTERNS[pattern]]
    return {
        "expected": {
            "train_ops": sorted(expected.train_ops), "loss": expected.loss, "step": expected.step,
            "feeds": sorted(expected.feeds), "exact": expected.exact, "missing": expected.missing,
            "trainable": expected.trains or sorted(meta.trainable or ()),
        },
        "plan": describe(plan, meta, prefix),
        "frozen": frozen,
        "frozen_run": frozen_run(meta, plan, expected, frozen, from_checkpoint(prefix)),
        "stock_run": stock_run(meta, plan, expected, prefix) if expected.stock_equal else None,
        "written": written(meta, expected, frozen, prefix),
        "round_trip": round_trip(prefix + ".meta"),
    }  # fmt: skip


def describe(plan: TrainingGraph, meta: MetaGraph, prefix: str) -> dict[str, Any]:
    names = trainable_names(prefix + ".meta")
    return {
        "train_ops": sorted(plan.train_ops), "loss": plan.loss, "step": plan.step if plan.step_moves else None,
        "feeds": sorted(one.tensor for one in plan.feeds if one.required), "missing": sorted(plan.missing),
        "trainable": sorted(plan.trainable), "risks": [one.op for one in plan.risks], "inexact": list(plan.inexact),
        "quick_names_agree": names is not None and names >= (meta.trainable or frozenset()),
        "shapes": {one.tensor: one.shape for one in plan.feeds},
    }  # fmt: skip


def frozen_run(
    meta: MetaGraph, plan: TrainingGraph, expected: Expected, frozen: list[str], start: Callable[[Any], Any]
) -> dict[str, Any]:
    """Ten steps with frozen variables, at once and as 5 + 5."""
    graph = build_run_graph(meta, plan, frozen, seed=11)
    (before, half, after), losses = run(graph, expected, start, 2, 10, False)
    (_, again), _ = run(graph, expected, lambda one: half[one.name], 7, 5, True)
    moved = same(before, after)
    return {
        "blocked": [one.reason for one in graph.blocked],
        "frozen_that_moved": sorted(set(moved) & graph.frozen),
        "trainable_that_stayed": sorted(set(plan.trainable) - graph.frozen - set(moved)),
        "moved": moved,
        "unlike_5_and_5": same(after, again),
        "finite": bool(np.all(np.isfinite(losses))) and len(losses) == (10 if plan.loss else 0),
        "inexact": bool(graph.inexact),
    }


def stock_run(meta: MetaGraph, plan: TrainingGraph, expected: Expected, prefix: str) -> list[str]:
    """What differs between our graph, nothing frozen, and a stock session that restores and trains five steps."""
    graph = build_run_graph(meta, plan, ())
    (_, ours), _ = run(graph, expected, from_checkpoint(prefix), 2, 5, False)
    with tf.Graph().as_default(), v1.Session(config=SETTINGS) as session:
        saver = v1.train.import_meta_graph(prefix + ".meta")
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        saver.restore(session, prefix)
        for step in range(2, 7):
            train(session, expected, step)
        stock = {one.op.name: session.run(one) for one in v1.global_variables() if one.op.name in ours}
    return same(ours, stock) + sorted(set(ours) - set(stock))


def written(meta: MetaGraph, expected: Expected, frozen: list[str], prefix: str) -> dict[str, Any]:
    """A frozen `.meta` as a file: stock TensorFlow imports it, restores into it, trains with it; and it is undone."""
    result = freeze_meta_graph(meta, frozen)
    path = prefix + "-frozen.meta"
    Path(path).write_bytes(result.meta.serialise())
    back = unfreeze_meta_graph(load_meta_graph(path))
    original = v1.MetaGraphDef.FromString(meta.serialise()).SerializeToString(deterministic=True)
    with tf.Graph().as_default(), v1.Session(config=SETTINGS) as session:
        saver = v1.train.import_meta_graph(path)
        trainable = sorted(one.op.name for one in v1.trainable_variables())
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        saver.restore(session, prefix)
        variables = {one.op.name: one for one in v1.global_variables()}
        before = {name: session.run(one) for name, one in variables.items()}
        for step in range(2, 5):
            train(session, expected, step)
        after = {name: session.run(one) for name, one in variables.items()}
        exported = parse_meta_graph(v1.train.export_meta_graph().SerializeToString())
    start = from_checkpoint(prefix)
    held = list(tf.train.load_checkpoint(prefix).get_variable_to_shape_map())
    keys = {one.variable: one for one in plan_training(meta, held).bindings}
    restored = [
        name for name in result.frozen if name in keys and not np.array_equal(before[name], start(keys[name]))
    ]
    refrozen = freeze_meta_graph(result.meta, frozen).meta.serialise() == result.meta.serialise()
    return {
        "trainable": trainable,
        "blocked": [one.reason for one in result.blocked],
        "frozen_that_moved": sorted(set(same(before, after)) & result.frozen),
        "moved": same(before, after),
        "not_restored": restored,
        "undone": v1.MetaGraphDef.FromString(back.serialise()).SerializeToString(deterministic=True)
        == original,
        "refreezing_is_the_same": refrozen,
        "undone_after_stock": wiring(meta).items() <= wiring(unfreeze_meta_graph(exported)).items(),
    }


def wiring(meta: MetaGraph) -> dict[str, tuple[str, ...]]:
    """Operation and inputs of every node; control inputs have no order."""
    return {node.name: (node.op, *sorted(node.input)) for node in meta.proto.graph_def.node}


def round_trip(path: str) -> bool:
    """Whether our definitions keep everything that TensorFlow's see in a file."""
    data = Path(path).read_bytes()
    ours = parse_meta_graph(data).proto.SerializeToString()
    theirs = v1.MetaGraphDef.FromString(data)
    return v1.MetaGraphDef.FromString(ours).SerializeToString(deterministic=True) == theirs.SerializeToString(
        deterministic=True
    )


def blind_run(prefix: str) -> dict[str, Any]:
    """Three steps of a real graph with noise for data and every second trainable variable frozen."""
    meta = load_meta_graph(prefix + ".meta")
    try:
        keys = list(tf.train.load_checkpoint(prefix).get_variable_to_shape_map())
        values = from_checkpoint(prefix)
    except (ValueError, tf.errors.OpError):  # the data was not kept: any values do
        keys = sorted({one.key for one in meta.variables.values()})
        values = _noise
    plan = plan_training(meta, keys)
    graph = build_run_graph(meta, plan, plan.trainable[::2])
    feeds = {one.tensor: _blind(one.dtype, one.shape) for one in graph.feeds if one.required}
    (before, after), _ = run(graph, Expected(list(plan.train_ops), plan.loss, feeds), values, 0, 3, False)
    moved = same(before, after)
    return {
        "moved": moved,
        "frozen_that_moved": sorted(set(moved) & graph.frozen),
        "round_trip": round_trip(prefix + ".meta"),
    }


def _noise(one: Any) -> Any:
    return np.random.default_rng(0).random(one.shape or ()).astype(tf.as_dtype(one.dtype).as_numpy_dtype)


def _blind(dtype: str, shape: tuple[int, ...] | None) -> Callable[[int], Any]:
    extents = [4 if extent < 0 else extent for extent in shape or ()]
    if dtype == "string":
        return lambda step: np.full(extents, b"1", object)
    if "int" in dtype:
        return lambda step: np.random.default_rng(step).integers(0, 2, extents)
    return lambda step: np.random.default_rng(step).random(extents)
