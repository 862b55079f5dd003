"""What stock TensorFlow wrote as V1 is read as stock TensorFlow reads it, and what it refuses as it was given."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from ckpt_studio.core import dtypes
from ckpt_studio.core.tensors import Role, RoleSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.helpers.v1_tables import Table, tagged, typed

WRITE = """
folder = args[0]
names = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool", "complex64"]
names += ["complex128"]
tensors = [np.array([[0, 1, -2], [3, 100, -7]]).astype(tf.as_dtype(name).as_numpy_dtype) for name in names]
names += ["words", "scalar", "empty", "zeros"]
tensors += [tf.constant([b"", b"a", b"\\xff\\x00" * 300]), tf.constant(7.5), tf.zeros([0, 3]), tf.zeros([600, 300])]
for kind, base in ((tf.qint8, tf.int8), (tf.quint8, tf.uint8), (tf.qint32, tf.int32)):
    names.append(kind.name)
    tensors.append(tf.bitcast(tf.constant([1, 2, 3], base), kind))
tf.raw_ops.Save(filename=f"{folder}/types", tensor_names=names, data=tensors)
big = np.arange(1_500_000, dtype=np.float32).reshape(3000, 500)
tf.raw_ops.Save(filename=f"{folder}/big", tensor_names=["a", "big", "counts", "z"],
                data=[tf.constant(1.0), big, big[:300].astype(np.int64) - 5000, tf.constant([2.0])])
v1 = tf.compat.v1
for sharded in (False, True):
    with tf.Graph().as_default(), v1.Session() as session:
        cut, start = v1.fixed_size_partitioner, v1.random_normal_initializer(seed=1)
        v1.get_variable("rows", [100, 6], partitioner=cut(7), initializer=start)
        v1.get_variable("columns", [5, 1000], partitioner=cut(9, axis=1), initializer=start)
        with tf.device("/cpu:0"):
            w = v1.get_variable("net/w", [3, 2], initializer=start)
        frozen = v1.get_variable("frozen", [4], trainable=False)
        step = v1.train.get_or_create_global_step()
        train = v1.train.AdamOptimizer().minimize(tf.reduce_sum(w), global_step=step)
        session.run(v1.global_variables_initializer())
        session.run(train)
        saver = v1.train.Saver(write_version=v1.train.SaverDef.V1, sharded=sharded)
        saver.save(session, f"{folder}/{'shards' if sharded else 'single'}/model.ckpt", global_step=step)
        for name in ("rows", "columns"):
            parts = [v for v in v1.global_variables() if v.name.startswith(name + "/part_")]
            np.save(f"{folder}/{name}-{sharded}.npy", np.concatenate(session.run(parts), axis=int(name == "columns")))
"""

READ = """
result = {}
for path in args[0]:
    reader = tf.train.load_checkpoint(path)
    shapes = reader.get_variable_to_shape_map()
    rows = {}
    for key, dtype in reader.get_variable_to_dtype_map().items():
        try:
            value = reader.get_tensor(key)
        except tf.errors.OpError:
            rows[key] = [dtype.name, shapes[key], None]
            continue
        if dtype.name == "string":
            rows[key] = [dtype.name, shapes[key], [bytes(item).hex() for item in np.asarray(value, object).reshape(-1)]]
        else:
            rows[key] = [dtype.name, shapes[key], np.asarray(value).tobytes().hex()]
    result[path] = rows
"""

PARSE = """
result = []
for proto, number in args[0]:
    value = tf.io.parse_tensor(bytes.fromhex(proto), tf.as_dtype(number)).numpy()
    if number == 7:
        result.append([item.hex() for item in value.reshape(-1).tolist()])
    else:
        result.append(value.tobytes().hex())
"""

MAGIC = bytes.fromhex("57fb808b247547db")
REFUSED = {"float16", "uint16", "complex64", "complex128", "qint8", "quint8", "qint32"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Path:
    """Tables that TensorFlow wrote."""
    folder = tmp_path_factory.mktemp("v1")
    for name in ("shards", "single"):
        (folder / name).mkdir()
    tensorflow_child(WRITE, folder)
    return folder


def hexed(array: np.ndarray) -> Any:
    """As the child tells values."""
    return [item.hex() for item in array.reshape(-1)] if array.dtype == object else array.tobytes().hex()


def assert_conforms(checkpoint: Checkpoint, rows: dict[str, Any]) -> set[str]:
    """Keys, types, shapes, bytes, blocks and checksums; returns the types that TensorFlow did not read."""
    columns = checkpoint.columns
    assert list(columns.keys) == sorted(rows)
    refused = set()
    for key, (dtype, shape, values) in rows.items():
        info = columns.of(key)
        assert (info.dtype.name, list(info.shape or ()), info.error) == (dtype, shape, None), key
        read = checkpoint.read(key)
        blocks = [block.copy() for block in checkpoint.blocks(key)]
        flat = np.concatenate([np.empty(0, read.dtype), *blocks])
        assert hexed(flat) == hexed(read), key
        if values is None:
            refused.add(dtype)
        else:
            assert hexed(read) == values, key
        assert checkpoint.stored(key) is None
    assert list(checkpoint.verify()) == []
    return refused


def test_every_type_that_tensorflow_writes(written: Path, tensorflow_child: TensorFlowChild) -> None:
    path = str(written / "types")
    checkpoint = open_checkpoint(path)
    assert (checkpoint.format, checkpoint.prefix, checkpoint.step) == ("tf_v1", path, None)
    assert assert_conforms(checkpoint, tensorflow_child(READ, [path])[path]) == REFUSED
    given = np.array([[0, 1, -2], [3, 100, -7]])
    for name in REFUSED - {"qint8", "quint8", "qint32"}:
        assert checkpoint.read(name).tolist() == given.astype(name).tolist(), name
    for name in ("qint8", "quint8", "qint32"):
        assert checkpoint.read(name).tolist() == [1, 2, 3]


def test_records_larger_than_a_block(written: Path, tensorflow_child: TensorFlowChild) -> None:
    path = str(written / "big")
    checkpoint = open_checkpoint(path)
    assert assert_conforms(checkpoint, tensorflow_child(READ, [path])[path]) == set()
    big = np.arange(1_500_000, dtype=np.float32).reshape(3000, 500)
    counts = big[:300].astype(np.int64) - 5000
    for window in (
        (slice(7, 2999), slice(3, 5)),
        (slice(100, 101), slice(0, 500)),
        (slice(9, 9), slice(0, 3)),
    ):
        assert checkpoint.read("big", window).tolist() == big[window].tolist()
        short = (slice(min(window[0].start, 299), min(window[0].stop, 300)), window[1])
        assert checkpoint.read("counts", short).tolist() == counts[short].tolist()


@pytest.mark.parametrize("name", ["single", "shards"])
def test_a_savers_checkpoint(written: Path, tensorflow_child: TensorFlowChild, name: str) -> None:
    base = str(written / name / "model.ckpt-1")
    prefix = base if name == "single" else f"{base}-?????-of-00002"
    checkpoint = open_checkpoint(str(written / name))
    assert (checkpoint.prefix, checkpoint.step, checkpoint.meta_graph) == (prefix, 1, base + ".meta")
    rows = tensorflow_child(READ, [prefix])[prefix]
    for key in ("rows", "columns"):  # which TensorFlow lists, but reads none of
        assert rows[key][2] is None
    assert_conforms(checkpoint, rows)
    for key in ("rows", "columns"):
        whole = np.load(written / f"{key}-{name == 'shards'}.npy")
        assert checkpoint.read(key).tobytes() == whole.tobytes()
        window = (slice(2, 4), slice(3, 6))
        assert checkpoint.read(key, window).tolist() == whole[window].tolist()
    columns = checkpoint.columns
    slot = columns.of("net/w/Adam_1")
    assert (slot.role, slot.slot_of, slot.slot_name) == (Role.slot, "net/w", "v")
    weight, frozen = columns.of("net/w"), columns.of("frozen")
    assert (weight.trainable, weight.role_source, frozen.trainable) == (True, RoleSource.meta_graph, False)
    assert columns.of("rows").trainable is True
    assert columns.of("global_step").role == columns.of("beta1_power").role == Role.counter
    for path in checkpoint.files():
        assert open_checkpoint(path).prefix == prefix


def test_step_from_global_step(written: Path, tmp_path: Path) -> None:
    path = str(shutil.copy(written / "single" / "model.ckpt-1", tmp_path / "weights"))
    checkpoint = open_checkpoint(path)
    assert (checkpoint.step, checkpoint.meta_graph, checkpoint.files()) == (1, None, (path,))


def test_v2_wins_on_one_prefix(written: Path, tmp_path: Path, corpus: Path) -> None:
    index = next(corpus.rglob("old_string_tensors/foo.index"))
    for part in index.parent.iterdir():
        shutil.copy(part, tmp_path / part.name.replace("foo", "x"))
    shutil.copy(written / "types", tmp_path / "x")
    assert open_checkpoint(str(tmp_path / "x")).format == "tf_bundle"


def protos() -> list[tuple[int, int, bytes]]:
    """Type number, element count and TensorProto fields: packed, one by one, in pieces, too few and too many."""
    rng = np.random.default_rng(3)
    made = []
    for dtype in dtypes.BY_NUMBER.values():
        if dtype.numpy is None:
            continue
        if dtype.name == "string":
            words = [b"", b"abc", b"\xff" * 200]
            made += [(7, n, typed("string", words)) for n in (1, 3, 5)] + [(7, 2, b"")]
            made.append(
                (7, 3, b"\x22\x08\x01\x00\x04" + b"a" + b"bcde")
            )  # tensor_content: lengths, then bytes
            continue
        raw = rng.bytes(6 * dtype.itemsize)
        values = np.frombuffer(raw, dtype.numpy)
        if dtype.name == "bool":
            values = np.array([1, 0, 1, 1, 0, 1], np.bool_)
        elif dtype.name in ("float16", "bfloat16"):
            values = np.frombuffer(raw, "<u2")
        elif dtype.name in ("int4", "uint4", "int2", "uint2"):
            values = np.frombuffer(raw, np.int8) % 2
        one_by_one = [typed(dtype.name, values[i : i + 1]) for i in range(6)]
        made += [(dtype.number, n, typed(dtype.name, values)) for n in (1, 4, 6, 9)]
        made.append((dtype.number, 8, b"".join(one_by_one)))
        made += [(dtype.number, 3, b""), (dtype.number, 5, one_by_one[0])]
        if dtype.name != "bool":
            made.append((dtype.number, 6, tagged(4, 2, raw)))
    made.append((1, 4, b"".join(tagged(5, 5, np.float32(i).tobytes()) for i in (1, 2, 3))))
    made.append((3, 4, b"".join(tagged(7, 0, b"\x05") for _ in range(3)) + typed("int32", [-1])))
    made.append((18, 2, b"".join(tagged(12, 1, np.float64(i).tobytes()) for i in (1, 2, 3, 4))))
    made.append((8, 3, typed("float32", []) + typed("complex64", np.array([1, 2, 3], np.float32))))
    return made


def test_values_are_what_tensorflow_makes_of_a_tensor_proto(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    table, asked = Table(), []
    for i, (dtype, count, fields) in enumerate(protos()):
        table.add_whole(f"t{i:04d}", (count,), dtype, fields)
        head = tagged(1, 0, bytes([dtype])) + tagged(2, 2, b"\x12\x02\x08" + bytes([count]))
        asked.append([(head + fields).hex(), dtype])
    checkpoint = open_checkpoint(table.write(tmp_path / "table", per_block=10))
    assert not checkpoint.columns.faults
    for i, told in enumerate(tensorflow_child(PARSE, asked)):
        values = checkpoint.read(f"t{i:04d}")
        assert hexed(values) == told, (i, protos()[i])
        assert values.dtype == dtypes.BY_NUMBER[protos()[i][0]].numpy
    assert list(checkpoint.verify()) == []


def test_every_v1_checkpoint_of_the_corpus(corpus: Path, tensorflow_child: TensorFlowChild) -> None:
    tables = [
        str(path)
        for path in corpus.rglob("*")
        if path.is_file() and not path.name.endswith(".index") and path.read_bytes()[-8:] == MAGIC
    ]
    assert len(tables) >= 4
    for path, rows in tensorflow_child(READ, tables).items():
        checkpoint = open_checkpoint(path)
        assert checkpoint.format == "tf_v1"
        assert assert_conforms(checkpoint, rows) == set()


def test_bfloat16_bits(tmp_path: Path) -> None:
    table = Table()
    table.add_whole("b", (2,), 14, typed("bfloat16", [0x3F80, 0xC000]))
    assert open_checkpoint(table.write(tmp_path / "t")).read("b").tolist() == [ml_dtypes.bfloat16(1), -2]
