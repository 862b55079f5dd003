"""What stock TensorFlow wrote is read as stock TensorFlow reads it: keys, shapes, types and bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.tensors import Role, RoleSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.helpers.tensorflow_child import TensorFlowChild

READ_ALL = """
result = {}
for prefix in args[0]:
    reader = tf.compat.v1.train.NewCheckpointReader(prefix)
    shapes = reader.get_variable_to_shape_map()
    rows = {}
    for key, dtype in reader.get_variable_to_dtype_map().items():
        row = [dtype.name, shapes[key], None]
        if dtype.name not in ("variant", "resource"):
            value = reader.get_tensor(key)
            if dtype.name == "string":
                row[2] = [bytes(item).hex() for item in np.asarray(value, object).reshape(-1)]
            else:
                row[2] = np.asarray(value).tobytes().hex()
        rows[key] = row
    result[prefix] = rows
"""

TYPES = """
reals = ["float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64"]
reals += ["uint8", "uint16", "uint32", "uint64"]
small = tf.dtypes.experimental
tensors = [np.arange(12).reshape(3, 4).astype(tf.as_dtype(name).as_numpy_dtype) for name in reals]
for name in ("float8_e5m2", "float8_e4m3fn"):
    tensors.append(tf.cast(tf.constant([[0.5, -2.0], [1.0, 3.0]]), getattr(small, name)))
tensors += [tf.cast(tf.constant([-8, -1, 0, 7]), small.int4), tf.cast(tf.constant([0, 15]), small.uint4)]
tensors += [np.array([True, False]), np.array([1 + 2j, 3 - 4j], np.complex64), np.array(5 + 1j, np.complex128)]
tensors += [tf.constant([b"", b"a", b"\\xff\\x00" * 100]), tf.constant("scalar"), tf.zeros([0, 3]), tf.constant(7.0)]
tensors += [tf.zeros([0], tf.string), tf.constant([[b"x" * 300] * 3] * 2)]
for kind in (tf.qint8, tf.quint8, tf.qint32, tf.qint16, tf.quint16):
    tensors.append(tf.bitcast(tf.constant([1, 2, 3], {tf.qint8: tf.int8, tf.quint8: tf.uint8, tf.qint32: tf.int32,
                   tf.qint16: tf.int16, tf.quint16: tf.uint16}[kind]), kind))
names = [f"t{i:02d}" for i in range(len(tensors))]
tf.raw_ops.SaveV2(prefix=args[0], tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)
"""

PARTITIONED = """
v1 = tf.compat.v1
with tf.Graph().as_default(), v1.Session() as session:
    cut, start = v1.fixed_size_partitioner, v1.random_normal_initializer(seed=1)
    for name, cuts in (("rows", 7), ("one", 1)):
        v1.get_variable(name, [100, 6], partitioner=cut(cuts), initializer=start)
    v1.get_variable("columns", [5, 1000], partitioner=cut(9, axis=1), initializer=start)
    v1.get_variable("whole", [4], initializer=start)
    words = v1.get_variable("words", initializer=np.array([[b"a", b"bc"], [b"", b"d"]], object), dtype=tf.string)
    session.run(v1.global_variables_initializer())
    v1.train.Saver(sharded=args[1]).save(session, args[0], write_meta_graph=args[2])
"""

MERGED = """
for i in range(3):
    tf.raw_ops.SaveV2(prefix=f"{args[0]}_part{i}", tensor_names=[f"t{i}", f"u{i}"], shape_and_slices=["", ""],
                      tensors=[np.full([50], i, np.float32), np.array([i], np.int64)])
tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[f"{args[0]}_part{i}" for i in range(3)], destination_prefix=args[0])
"""

TF1_OPTIMIZERS = """
v1 = tf.compat.v1
makers = {
    "adam": lambda: v1.train.AdamOptimizer(), "momentum": lambda: v1.train.MomentumOptimizer(0.1, 0.9),
    "rms": lambda: v1.train.RMSPropOptimizer(0.1), "centered": lambda: v1.train.RMSPropOptimizer(0.1, centered=True),
    "adagrad": lambda: v1.train.AdagradOptimizer(0.1), "adadelta": lambda: v1.train.AdadeltaOptimizer(),
    "ftrl": lambda: v1.train.FtrlOptimizer(0.1),
}
result = {}
for name, make in makers.items():
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("net"):
            w = v1.get_variable("w", [3, 2], use_resource=True)
        frozen = v1.get_variable("frozen", [2], trainable=False, use_resource=True)
        step = v1.train.get_or_create_global_step()
        opt = make()
        train = opt.minimize(tf.reduce_sum(w), global_step=step)
        average = tf.train.ExponentialMovingAverage(0.9)
        average.apply([w])
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver().save(session, f"{args[0]}/{name}", global_step=5, write_meta_graph=args[1])
        slots = {opt.get_slot(w, s).op.name: s for s in opt.get_slot_names()}
        result[name] = [prefix, slots]
"""

OBJECTS = """
class Dense(tf.Module):
    def __init__(self):
        self.kernel = tf.Variable(tf.ones([3, 2]), name="dense/kernel")
        self.bias = tf.Variable(tf.zeros([2]), name="dense/bias")
        self.moving_mean = tf.Variable(tf.zeros([2]), trainable=False, name="dense/moving_mean")

model = Dense()
optimizer = tf.compat.v1.train.AdamOptimizer()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model.kernel) + tf.reduce_sum(model.bias)
weights = [model.kernel, model.bias]
optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
saver = tf.train.Checkpoint(model=model, optimizer=optimizer, step=tf.Variable(3, dtype=tf.int64),
                            data=iter(tf.data.Dataset.range(5)))
result = saver.save(args[0])
"""

KERAS = """
import keras
result = {}
makers = {"adam": lambda: keras.optimizers.Adam(), "sgd": lambda: keras.optimizers.SGD(momentum=0.9),
          "rms": lambda: keras.optimizers.RMSprop(momentum=0.5, centered=True)}
for name, make in makers.items():
    optimizer = make()
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, name="first"),
                              keras.layers.BatchNormalization(), keras.layers.Dense(3)])
    optimizer.build(model.trainable_variables)
    prefix = tf.train.Checkpoint(model=model, optimizer=optimizer).save(f"{args[0]}/{name}/ckpt")
    paths = [v.path for v in model.trainable_variables]
    slots = {}
    for v in optimizer.variables[2:]:
        owner = [p for p in paths if v.name.startswith(p.replace("/", "_") + "_")]
        slots[v.path] = max(owner, key=len)
    result[name] = [prefix, sorted(v.path for v in model.variables), slots]
"""


def assert_conforms(checkpoint: Checkpoint, rows: dict[str, Any]) -> None:
    """Keys, types, shapes, bytes, blocks and checksums."""
    columns = checkpoint.columns
    assert sorted(columns.keys) == sorted(rows)
    for key, (dtype, shape, values) in rows.items():
        info = columns.of(key)
        assert (info.dtype.name, list(info.shape or ()), info.error) == (dtype, shape, None), key
        if values is None:
            continue
        read = checkpoint.read(key)
        blocks = [block.copy() for block in checkpoint.blocks(key)]
        if dtype == "string":
            assert [item.hex() for item in read.reshape(-1)] == values
            assert [item.hex() for block in blocks for item in block] == values
        else:
            assert read.tobytes().hex() == values, key
            assert b"".join(block.tobytes() for block in blocks).hex() == values, key
    assert list(checkpoint.verify()) == []


def assert_same_as_tensorflow(prefixes: list[str], tensorflow_child: TensorFlowChild) -> None:
    for prefix, rows in tensorflow_child(READ_ALL, prefixes).items():
        assert_conforms(open_bundle(prefix), rows)


def test_every_type(tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    prefix = str(tmp_path / "types")
    tensorflow_child(TYPES, prefix)
    assert_same_as_tensorflow([prefix], tensorflow_child)
    names = {open_bundle(prefix).columns.info(row).dtype.name for row in range(28)}
    assert {"int4", "float8_e5m2", "bfloat16", "string", "qint32", "complex128", "bool"} <= names


@pytest.mark.parametrize("sharded", [False, True])
def test_partitioned(tmp_path: Path, tensorflow_child: TensorFlowChild, sharded: bool) -> None:
    prefix = str(tmp_path / "model.ckpt")
    tensorflow_child(PARTITIONED, prefix, sharded, True)
    assert_same_as_tensorflow([prefix], tensorflow_child)
    columns = open_bundle(prefix).columns
    assert columns.of("rows").nbytes == 2400
    assert [columns.of(key).trainable for key in ("rows", "columns", "whole", "one")] == [True] * 4


def test_several_shards(tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    prefix = str(tmp_path / "merged")
    tensorflow_child(MERGED, prefix)
    assert open_bundle(prefix).num_shards == 3
    assert_same_as_tensorflow([prefix], tensorflow_child)


@pytest.mark.parametrize("meta", [False, True])
def test_slots_of_tf1_optimizers(tmp_path: Path, tensorflow_child: TensorFlowChild, meta: bool) -> None:
    for name, (prefix, slots) in tensorflow_child(TF1_OPTIMIZERS, tmp_path, meta).items():
        columns = open_bundle(prefix).columns
        for key, slot in slots.items():
            info = columns.of(key)
            found = (info.role, info.slot_of, info.slot_name, info.role_source)
            assert found == (Role.slot, "net/w", slot, RoleSource.by_name), (name, key)
        assert columns.of("global_step").role == Role.counter
        assert columns.of("net/w/ExponentialMovingAverage").slot_of == "net/w"
        weight, frozen = columns.of("net/w"), columns.of("frozen")
        assert (weight.role, frozen.role) == (Role.weight, Role.weight)
        assert (weight.trainable, frozen.trainable) == ((True, False) if meta else (None, None))
        assert weight.role_source == (RoleSource.meta_graph if meta else RoleSource.by_name)
        if name == "adam":
            assert columns.of("beta1_power").role == Role.counter


def test_objects_with_slots(tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    prefix = tensorflow_child(OBJECTS, tmp_path / "ckpt")
    checkpoint = open_bundle(prefix)
    assert_conforms(checkpoint, tensorflow_child(READ_ALL, [prefix])[prefix])
    end = "/.ATTRIBUTES/VARIABLE_VALUE"
    rows = {info.object_path: info for info in map(checkpoint.columns.info, range(len(checkpoint.columns)))}
    kernel = rows["model/kernel"]
    assert (kernel.name, kernel.role, kernel.key) == ("dense/kernel", Role.weight, "model/kernel" + end)
    assert kernel.role_source == RoleSource.object_graph
    for slot in "mv":
        moment = rows[f"model/kernel/.OPTIMIZER_SLOT/optimizer/{slot}"]
        assert (moment.role, moment.slot_of, moment.slot_name) == (Role.slot, kernel.key, slot)
    assert (
        rows["step"].role == rows["save_counter"].role == rows["optimizer/beta1_power"].role == Role.counter
    )
    assert rows["model/moving_mean"].role == Role.statistic
    graph = checkpoint.columns.of("_CHECKPOINTABLE_OBJECT_GRAPH")
    assert (graph.role, graph.object_path) == (Role.metadata, None)
    assert kernel.trainable is None


def test_keras_models(tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    made = tensorflow_child(KERAS, tmp_path)
    assert_same_as_tensorflow([prefix for prefix, _, _ in made.values()], tensorflow_child)
    for prefix, variables, slots in made.values():
        columns = open_bundle(prefix).columns
        rows = {columns.name(row): columns.info(row) for row in range(len(columns))}
        names = {info.name for info in rows.values() if info.role in (Role.weight, Role.statistic)}
        assert sorted(names) == variables
        assert {info.name for info in rows.values() if info.role == Role.slot} == set(slots)
        for slot, owner in slots.items():
            assert rows[slot].slot_of == rows[owner].key
            assert slot.endswith(f"_{rows[slot].slot_name}")
        moving = [name for name in variables if "moving" in name]
        assert [rows[name].role for name in moving] == [Role.statistic] * 2
        counters = [info.key.partition("/.ATTR")[0] for info in rows.values() if info.role == Role.counter]
        assert sorted(counters) == ["optimizer/_iterations", "save_counter"]


def test_every_bundle_of_the_corpus(corpus: Path, tensorflow_child: TensorFlowChild) -> None:
    prefixes, pointers = [], 0
    for index in sorted(corpus.rglob("*.index")):
        prefix = str(index).removesuffix(".index")
        if index.read_bytes()[:7] == b"version":
            pointers += 1
            continue
        checkpoint = open_bundle(prefix)
        if not checkpoint.contents.shards:
            assert len(checkpoint.columns.faults) == len(checkpoint.columns) > 0
            continue
        prefixes.append(prefix)
    assert len(prefixes) >= 16
    assert any(prefix.endswith("/") for prefix in prefixes)  # the one without a name
    assert_same_as_tensorflow(prefixes, tensorflow_child)


def test_old_strings_of_the_corpus(corpus: Path) -> None:
    folder = next(corpus.rglob("old_string_tensors"))
    checkpoint = open_checkpoint(str(folder))
    assert checkpoint.read("floats").dtype == np.float32
    assert sum(len(item) for item in checkpoint.read("strs")) > 1000
    assert isinstance(checkpoint.read("scalar")[0], bytes)
