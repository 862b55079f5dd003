"""Roles by the names that TensorFlow 1's optimizers, averages and partitioners give, against the living objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.tensors import Role, RoleSource
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.helpers.tensorflow_child import TensorFlowChild

WRITE = """
v1 = tf.compat.v1
train = v1.train
result = {}

def key_of(variable):
    info = variable._get_save_slice_info()
    return info.full_name if info is not None else variable.op.name

def parts_of(variable):
    return list(variable) if hasattr(variable, "as_tensor") else [variable]

def network(rows, name, make, step, scope="", cut=1, resource=True):
    # weights, what is kept for them by an optimizer or as averages, and what is neither
    with v1.variable_scope(name, use_resource=resource):
        pieces = v1.fixed_size_partitioner(cut) if cut > 1 else None
        weights = [v1.get_variable("dense/kernel", [6, 2], partitioner=pieces), v1.get_variable("dense/bias", [2])]
        weights.append(v1.get_variable("scale", [1]))
        rows[key_of(v1.get_variable("still", [3], trainable=False))] = ["weight", None, None]
        rows[key_of(v1.get_variable("bn/moving_mean", [2], trainable=False))] = ["statistic", None, None]
    parts = [part for weight in weights for part in parts_of(weight)]
    optimizer = make(step) if make else None
    with v1.variable_scope(scope) if scope else v1.name_scope(""):
        if optimizer is not None:
            optimizer.minimize(tf.add_n([tf.reduce_sum(part) for part in parts]), global_step=step)
        else:
            average = tf.train.ExponentialMovingAverage(0.9)
            average.apply(parts)
    for part in parts:
        rows[key_of(part)] = ["weight", None, None]
        for slot in optimizer.get_slot_names() if optimizer else ():
            rows[key_of(optimizer.get_slot(part, slot))] = ["slot", key_of(part), slot]
        if optimizer is None:
            rows[key_of(average.average(part))] = ["slot", key_of(part), "average"]

def write(name, make):
    with tf.Graph().as_default(), v1.Session() as session:
        rows, step = {}, train.get_or_create_global_step()
        network(rows, "plain", make, step)
        network(rows, "scoped", make, step, scope="training/here", resource=False)
        network(rows, "parts", make, step, cut=3)
        variables = v1.global_variables()
        for variable in variables:
            rows.setdefault(key_of(variable), ["counter", None, None])
        session.run(v1.variables_initializer(v1.trainable_variables()))
        session.run(v1.global_variables_initializer())  # averages begin with the values of weights
        numbers = {key: number for number, key in enumerate(sorted(rows), 1)}
        for variable in variables:
            number = numbers[key_of(variable)]
            variable.load(np.full(variable.shape, number, variable.dtype.base_dtype.as_numpy_dtype), session)
        saver = train.Saver()
        prefixes = [saver.save(session, f"{args[0]}/{name}/{way}", write_meta_graph=way == "graph") for way in WAYS]
        trainable = sorted({key_of(variable) for variable in v1.trainable_variables()})
        result[name] = [prefixes, {key: [*row, numbers[key]] for key, row in rows.items()}, trainable]

WAYS = ("graph", "alone")
makers = {
    "sgd": lambda step: train.GradientDescentOptimizer(0.1), "momentum": lambda step: train.MomentumOptimizer(0.1, 0.9),
    "adam": lambda step: train.AdamOptimizer(), "adagrad": lambda step: train.AdagradOptimizer(0.1),
    "adadelta": lambda step: train.AdadeltaOptimizer(), "ftrl": lambda step: train.FtrlOptimizer(0.1),
    "rms": lambda step: train.RMSPropOptimizer(0.1, momentum=0.5),
    "centered": lambda step: train.RMSPropOptimizer(0.1, momentum=0.5, centered=True),
    "proximal": lambda step: train.ProximalAdagradOptimizer(0.1),
    "dual": lambda step: train.AdagradDAOptimizer(0.1, step),
    "averages": None, "named": lambda step: train.AdamOptimizer(name="mine"),
}
for name, make in makers.items():
    write(name, make)
"""

NAMES = (
    *(
        "sgd",
        "momentum",
        "adam",
        "adagrad",
        "adadelta",
        "ftrl",
        "rms",
        "centered",
        "proximal",
        "dual",
        "averages",
    ),
    "named",
)


@pytest.fixture(scope="session")
def written(
    tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild
) -> dict[str, list[Any]]:
    """[prefixes with and without a MetaGraph, [role, weight, slot name, value] by key, trainable keys] by case."""
    made: dict[str, list[Any]] = tensorflow_child(WRITE, tmp_path_factory.mktemp("savers"))
    return made


@pytest.mark.parametrize("with_graph", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_what_it_was(written: dict[str, list[Any]], name: str, with_graph: bool) -> None:
    (graph, alone), expected, trainable = written[name]
    checkpoint = open_bundle(graph if with_graph else alone)
    columns = checkpoint.columns
    assert sorted(columns.keys) == sorted(expected)
    for key, (role, weight, slot_name, value) in expected.items():
        if name == "named" and key.startswith("training/here/"):
            continue  # a scope and a name of its own: nothing tells that it is a slot
        info = columns.of(key)
        assert (info.name, info.role.name, info.slot_of, info.slot_name) == (key, role, weight, slot_name)
        assert np.unique(checkpoint.read(key)).tolist() == [value]
        by_graph = with_graph and key in trainable
        assert info.trainable == (by_graph if with_graph else None)
        assert info.role_source == (RoleSource.meta_graph if by_graph else RoleSource.by_name)


SUMS = """
v1 = tf.compat.v1

class Sums(v1.train.Optimizer):  # as Shampoo of tf.contrib: a slot of the weight's shape, and one of each axis
    def _create_slots(self, weights):
        for weight in weights:
            if self.plain:
                self._zeros_slot(weight, "all", "Sums")
            for axis, size in enumerate(weight.shape):
                self._get_or_make_slot(weight, tf.zeros([size, size]), "axis%d" % axis, "Sums")

    def _resource_apply_dense(self, gradient, weight):
        return weight.assign_sub(gradient)

result = []
for plain in (True, False):
    with tf.Graph().as_default(), v1.Session() as session:
        weights = [v1.get_variable("w", [3, 2]), v1.get_variable("b", [2])]
        optimizer = Sums(False, "Sums")
        optimizer.plain = plain
        optimizer.minimize(tf.add_n([tf.reduce_sum(one) for one in weights]))
        session.run(v1.global_variables_initializer())
        slots = {
            slot.op.name: one.op.name
            for one in weights for name in optimizer.get_slot_names()
            if (slot := optimizer.get_slot(one, name)) is not None
        }
        saver = v1.train.Saver()
        at = f"{args[0]}/{plain}"
        saver.save(session, at + "alone", write_meta_graph=False)
        result.append([slots, at + "alone", saver.save(session, at)])
"""


def test_slots_of_another_shape(tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    """Known by the MetaGraph, and without it where others of the optimizer have the shapes of their weights."""
    for number, (slots, alone, with_graph) in enumerate(tensorflow_child(SUMS, tmp_path)):
        assert len(slots) == (5, 3)[number]
        for prefix in (with_graph, alone)[: 2 - number]:
            columns = open_bundle(prefix).columns
            said = {key: columns.of(key).slot_of for key in columns.keys if columns.of(key).role == Role.slot}
            assert said == slots
            assert {columns.of(key).role for key in ("b", "w")} == {Role.weight}


OTHER_NAMES = """
v1 = tf.compat.v1
with tf.Graph().as_default(), v1.Session() as session:
    w, still = v1.get_variable("w", [2]), v1.get_variable("still", [2], trainable=False)
    session.run(v1.global_variables_initializer())
    result = v1.train.Saver({"saved/w": w, "saved/still": still}).save(session, args[0])
"""


def test_a_graph_whose_saver_has_other_names_says_nothing(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    columns = open_bundle(tensorflow_child(OTHER_NAMES, tmp_path / "model.ckpt")).columns
    assert [columns.of(key).trainable for key in ("saved/w", "saved/still")] == [None, None]
