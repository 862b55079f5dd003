"""Puts an optimizer on a generated graph, beside stock TensorFlow that builds the same graph with that optimizer.

Imported in the process that has TensorFlow only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.formats.meta_graph import (
    build_run_graph,
    freeze_meta_graph,
    load_meta_graph,
    plan_training,
)
from ckpt_studio.formats.meta_graph.gradients import gradient_of
from ckpt_studio.formats.meta_graph.new_optimizer import hidden_source, laid_open, put_optimizer
from ckpt_studio.formats.meta_graph.optimizers import chosen_optimizer
from ckpt_studio.training.worker.graph_gradients import with_gradients
from tests.formats.meta_graph.graphs import BUILDERS, Expected, kind, plain
from tests.formats.meta_graph.stock import SETTINGS, from_checkpoint, run, same, train, write_case

v1 = tf.compat.v1

NEW: dict[str, tuple[Any, Callable[[], Any]]] = {
    "sgd": ("sgd", lambda: v1.train.GradientDescentOptimizer(0.01)),
    "momentum": (
        {"class_name": "SGD", "config": {"momentum": 0.8, "nesterov": True, "learning_rate": 0.02}},
        lambda: v1.train.MomentumOptimizer(0.02, 0.8, use_nesterov=True),
    ),
    "adam": ("adam", v1.train.AdamOptimizer),
    "rmsprop": ("rmsprop", lambda: v1.train.RMSPropOptimizer(0.001)),
    "centered": (
        {"class_name": "RMSprop", "config": {"centered": True, "rho": 0.8, "momentum": 0.5}},
        lambda: v1.train.RMSPropOptimizer(0.001, 0.8, 0.5, centered=True),
    ),
    "adagrad": ("Adagrad", lambda: v1.train.AdagradOptimizer(0.001)),
    "adadelta": ("Adadelta", lambda: v1.train.AdadeltaOptimizer(0.001)),
    "ftrl": ("ftrl", lambda: v1.train.FtrlOptimizer(0.001)),
}  # fmt: skip
"""What a SPEC says, and what makes the same in TensorFlow."""

_CLASSES = ("GradientDescent", "Momentum", "Adam", "RMSProp", "Adagrad", "Adadelta", "Ftrl")


@contextmanager
def every_optimizer_is(make: Callable[[], Any]) -> Iterator[None]:
    """Whatever optimizer a graph asks for, it gets this one."""
    kept = {f"{one}Optimizer": getattr(v1.train, f"{one}Optimizer") for one in _CLASSES}
    try:
        new = make()
        for one in kept:
            setattr(v1.train, one, lambda *_, **__: new)
        yield
    finally:
        for one, value in kept.items():
            setattr(v1.train, one, value)


def build(name: str, resource: bool) -> Expected:
    if ":" in name:
        optimizer, listed = name.split(":")
        return plain(optimizer, listed == "listed")
    return BUILDERS[name](resource)


def stock_values(name: str, resource: bool, new: str, prefix: str, steps: int) -> dict[str, Any]:
    """The same graph with the other optimizer, its weights from the checkpoint, after some steps."""
    reader = tf.train.load_checkpoint(prefix)
    with tf.Graph().as_default(), kind(resource), every_optimizer_is(NEW[new][1]):
        v1.set_random_seed(5)
        expected = build(name, resource)
        new_slots = {one.op.name for one in v1.global_variables()} - set(_weights(reader))
        with v1.Session(config=SETTINGS) as session:
            session.run([v1.global_variables_initializer(), v1.tables_initializer()])
            for one in v1.global_variables():
                if one.op.name not in new_slots and one._save_slice_info is None:
                    one.load(reader.get_tensor(one.op.name), session)
                elif one._save_slice_info is not None:
                    info = one._save_slice_info
                    if reader.has_tensor(info.full_name) and not _is_slot(info.full_name):
                        place = tuple(
                            slice(a, a + n) for a, n in zip(info.var_offset, info.var_shape, strict=True)
                        )
                        one.load(reader.get_tensor(info.full_name)[place], session)
            for step in range(2, 2 + steps):
                train(session, expected, step)
            return {one.op.name: session.run(one) for one in v1.global_variables()}


def minimised(
    loss: str, weights: tuple[str, ...], new: str, prefix: str, expected: Expected
) -> dict[str, Any]:
    """The weights of a graph whose loss stock TensorFlow minimises by an optimizer that it adds, after five steps."""
    with tf.Graph().as_default() as graph, v1.Session(config=SETTINGS) as session:
        v1.train.import_meta_graph(prefix + ".meta").restore(session, prefix)
        before = set(v1.global_variables())
        variables = [one for one in v1.trainable_variables() if one.op.name in weights]
        step = NEW[new][1]().minimize(graph.get_tensor_by_name(loss), var_list=variables)
        session.run([one.initializer for one in v1.global_variables() if one not in before])
        for number in range(2, 7):
            session.run(step, {tensor: make(number) for tensor, make in expected.feeds.items()})
        return {one.op.name: session.run(one) for one in variables}


def _is_slot(name: str) -> bool:
    return any(
        part.split("_")[0] in _CLASSES or part.startswith(("beta1_power", "beta2_power"))
        for part in name.split("/")
    )


def _weights(reader: Any) -> list[str]:
    return [name for name in reader.get_variable_to_shape_map() if not _is_slot(name)]


def examine(name: str, resource: bool, new: str, folder: str) -> dict[str, Any]:
    """The whole way of one case; what is found, for the test to compare."""
    prefix = str(Path(folder) / "model.ckpt-2")
    expected = write_case(name, resource, prefix)
    meta = load_meta_graph(prefix + ".meta")
    keys = list(tf.train.load_checkpoint(prefix).get_variable_to_shape_map())
    plan = plan_training(meta, keys)
    optimizer = chosen_optimizer(NEW[new][0])
    try:
        opened = laid_open(meta, plan, optimizer)
        hidden = hidden_source(opened, plan, optimizer, None)
        computed, gradients = with_gradients(opened, *hidden) if hidden is not None else (opened, None)
        placed = put_optimizer(computed, plan, optimizer, keys, gradients)
    except RequestFault as error:
        return {"refused": error.message}
    again = plan_training(placed.meta, keys, train_ops=placed.train_ops)
    found = plan_training(placed.meta, [*keys, *placed.slots])
    graph = build_run_graph(placed.meta, again, (), seed=11)
    (_, half, after), _ = run(graph, expected, from_checkpoint(prefix), 2, 10, False)
    (_, rest), _ = run(graph, expected, lambda one: half[one.name], 7, 5, True)
    (_, five), _ = run(graph, expected, from_checkpoint(prefix), 2, 5, False)
    stock = {}
    if hidden is not None:
        stock = minimised(*hidden, new, prefix, expected)
    elif expected.stock_equal and expected.by_optimizer:
        stock = stock_values(name, resource, new, prefix, 5)
    weights = [one for one in five if not _is_slot(one)]
    frozen = sorted({meta.variables[one].key for one in plan.trainable})[::2]
    still = build_run_graph(placed.meta, again, frozen, seed=11)
    (start, _, end), _ = run(still, expected, from_checkpoint(prefix), 2, 10, False)
    return {
        "train_ops": [list(placed.train_ops), list(found.train_ops)],
        "unlike_5_and_5": same(after, rest) if expected.exact else [],
        "unlike_stock": same({one: five[one] for one in weights}, {**five, **stock}),
        "blocked": [one.reason for one in still.blocked],
        "frozen_that_moved": sorted(set(same(start, end)) & still.frozen),
        "trainable_that_stayed": sorted(set(again.trainable) - still.frozen - set(same(start, end))),
        "written": written(placed, expected, frozen, prefix),
        "missing": expected.missing,
    }  # fmt: skip


def written(placed: Any, expected: Expected, frozen: list[str], prefix: str) -> Any:
    """A file with the graph: stock TensorFlow initialises, saves, restores and trains with it."""
    result = freeze_meta_graph(placed.meta, frozen)
    path = prefix + "-new.meta"
    Path(path).write_bytes(result.meta.serialise())
    with tf.Graph().as_default(), v1.Session(config=SETTINGS) as session:
        saver = v1.train.import_meta_graph(path)
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        firsts = {one.op.name: session.run(one) for one in v1.global_variables()}
        saved = saver.save(session, prefix + "-stock", write_meta_graph=False, write_state=False)
        held = tf.train.load_checkpoint(saved).get_variable_to_shape_map().keys()
        for step in range(2, 4):
            train(session, expected, step)
        moved = {one.op.name: session.run(one) for one in v1.global_variables()}
        saver.restore(session, saved)
        after = {one.op.name: session.run(one) for one in v1.global_variables()}
    return {
        "not_restored": same(firsts, after),
        "not_saved": sorted({one.key for one in placed.meta.variables.values() if one.name in placed.slots} - held),
        "frozen_that_moved": sorted(set(same(firsts, moved)) & result.frozen),
    }  # fmt: skip


def agree(name: str, resource: bool, folder: str) -> list[str]:
    """Weights whose computed gradient is another than the one that the graph's own update is given."""
    prefix = str(Path(folder) / "model.ckpt-2")
    expected = write_case(name, resource, prefix)
    meta = load_meta_graph(prefix + ".meta")
    plan = plan_training(meta, list(tf.train.load_checkpoint(prefix).get_variable_to_shape_map()))
    shown = {}
    for write in meta.view.writes.values():
        gradient = gradient_of(meta.view, write)
        if write.primary <= set(plan.trainable) and gradient is not None and gradient.rows is None:
            shown[next(iter(write.primary))] = gradient.values
    assert plan.loss is not None
    assert shown
    changed, computed = with_gradients(meta, plan.loss, tuple(shown))
    path = prefix + "-gradients.meta"
    Path(path).write_bytes(changed.serialise())
    with tf.Graph().as_default() as graph, v1.Session(config=SETTINGS) as session:
        v1.train.import_meta_graph(path).restore(session, prefix)

        def tensor(text: str) -> Any:
            return graph.get_tensor_by_name(text if ":" in text else f"{text}:0")

        pairs = {one: (tensor(shown[one]), tensor(computed[one].values)) for one in shown}
        got = session.run(pairs, {name: make(2) for name, make in expected.feeds.items()})
    return [one for one, (a, b) in got.items() if not np.allclose(a, b, rtol=1e-5, atol=1e-7)]
