"""What is written, stock TensorFlow restores through each of its doors; what did not change is taken over as it was."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.formats.tf_bundle.state_file import parse_state_file
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.writing import WriteOptions
from tests.formats.tf_bundle.replacing import READ_ALL, changes, names_in, replaced, seen, snapshot
from tests.helpers.bundles import BundleMaker, shard_name
from tests.helpers.memory_source import MemorySource
from tests.helpers.tensorflow_child import TensorFlowChild


@pytest.mark.parametrize("sharing", ["copy", "link", "compact"])
def test_changed_and_unchanged_variables_read_back(
    original: str, tmp_path: Path, tensorflow_child: TensorFlowChild, sharing: Any
) -> None:
    before = snapshot(Path(original).parent)
    base = open_bundle(original)
    view = replaced(base, MemorySource(changes()))
    prefix = str(tmp_path / "new" / "model.ckpt-7")
    written = write_bundle(view, prefix, take_over=base, state="new", options=WriteOptions(sharing=sharing))
    expected = {**tensorflow_child(READ_ALL, original), **seen(changes())}
    assert tensorflow_child(READ_ALL, prefix) == expected
    assert snapshot(Path(original).parent) == before
    shards = [path for path in written.files if ".data-" in path]
    assert len(shards) == (1 if sharing == "compact" else 2)
    linked = Path(shards[0]).samefile(base.shard_path(0))
    assert linked == (sharing == "link")
    assert written.shared_bytes == (Path(base.shard_path(0)).stat().st_size if linked else 0)
    sizes = sum(Path(path).stat().st_size for path in written.files)
    assert written.written_bytes + written.shared_bytes == sizes
    assert parse_state_file(str(tmp_path / "new" / "checkpoint")).latest == "model.ckpt-7"
    assert names_in(tmp_path / "new") == sorted(["checkpoint", *(Path(path).name for path in written.files)])
    assert list(open_bundle(prefix).verify()) == []


def test_every_door_of_tensorflow_restores_it(
    original: str, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    base = open_bundle(original)
    kernel = changes()["dense/kernel"]
    prefix = str(tmp_path / "m")
    write_bundle(replaced(base, MemorySource({"dense/kernel": kernel})), prefix, take_over=base)
    result = tensorflow_child(
        """
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            v = tf.compat.v1.get_variable
            kernel, split = v("dense/kernel", [7, 5]), v("split", [10, 4])
            tf.compat.v1.train.Saver().restore(session, args[0])
            saver = session.run([kernel, split])
        model = tf.Module(); model.kernel = tf.Variable(tf.zeros([7, 5]))
        names = {"dense/kernel": model.kernel}
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            parts = v("split", [10, 4], partitioner=tf.compat.v1.fixed_size_partitioner(3))
            tf.compat.v1.train.Saver().restore(session, args[0])
            pieces = session.run(parts.as_tensor())
        reader = tf.train.load_checkpoint(args[0])
        result = [saver[0], saver[1] - reader.get_tensor("split"), pieces - saver[1]]
        """,
        prefix,
    )
    np.testing.assert_array_equal(np.array(result[0], "f4"), kernel)
    assert not np.any(result[1])
    assert not np.any(result[2])


def test_an_object_based_checkpoint_is_read_by_tf_train_checkpoint(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    old, new = str(tmp_path / "old" / "ckpt"), str(tmp_path / "new" / "ckpt")
    model = """
    class Model(tf.Module):
        def __init__(self):
            self.w = tf.Variable(tf.ones([4, 3])); self.b = tf.Variable([1.0, 2.0])
    model = Model()
    """
    prefix = tensorflow_child(model + "\n    result = tf.train.Checkpoint(model=model).write(args[0])", old)
    base = open_bundle(prefix)
    key = "model/w/.ATTRIBUTES/VARIABLE_VALUE"
    value = np.arange(12, dtype="f4").reshape(4, 3)
    write_bundle(replaced(base, MemorySource({key: value})), new, take_over=base)
    got = tensorflow_child(
        model
        + """
    status = tf.train.Checkpoint(model=model).read(args[0])
    status.assert_consumed()
    result = [model.w.numpy(), model.b.numpy()]
    """,
        new,
    )
    assert got == [value.tolist(), [1.0, 2.0]]


def test_any_source_of_any_type_is_written_without_a_bundle(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    random = np.random.default_rng(3)
    arrays: dict[str, Any] = {"s": np.array([[b"a", b""], [b"long" * 99, b"\0"]], object)}
    arrays["none"] = np.zeros((0,), object)
    for name in (
        "<f4",
        "<f8",
        "<f2",
        "<i4",
        "<i8",
        "i1",
        "u1",
        "<u2",
        "<u4",
        "<u8",
        "<i2",
        "?",
        "<c8",
        "<c16",
    ):
        arrays[f"n/{name[-2:]}"] = random.integers(0, 2, (3, 5)).astype(name)
    for name in ("bfloat16", "float8_e5m2", "float8_e4m3fn", "int4", "uint4"):
        arrays[f"m/{name}"] = random.integers(0, 7, 9).astype(getattr(ml_dtypes, name))
    arrays["big"] = random.normal(size=700_000).astype("<f4")
    arrays["empty"] = np.zeros((0, 4), "f4")
    prefix = str(tmp_path / "any")
    write_bundle(MemorySource(arrays), prefix)
    assert tensorflow_child(READ_ALL, prefix) == seen(arrays)


def test_strings_are_encoded_as_tensorflow_encodes_them(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    values = {"a": [b"one", b"", b"x" * 200], "none": []}
    tensorflow_child(
        """
        tf.raw_ops.SaveV2(prefix=args[0], tensor_names=["a", "none"], shape_and_slices=["", ""],
                          tensors=[tf.constant([b"one", b"", b"x" * 200]), tf.zeros([0], tf.string)])
        """,
        tmp_path / "theirs",
    )
    write_bundle(MemorySource({k: np.array(v, object) for k, v in values.items()}), str(tmp_path / "ours"))
    for end in (".index", ".data-00000-of-00001"):
        assert Path(f"{tmp_path}/ours{end}").read_bytes() == Path(f"{tmp_path}/theirs{end}").read_bytes()


def big_endian_copy(original: str, prefix: str) -> None:
    """The numbers of a bundle as a big-endian machine would have written them."""
    source = open_bundle(original)
    arrays = {key: source.read(key) for key in source.columns.keys}
    plan_free = MemorySource(arrays)
    write_bundle(plan_free, prefix)
    little = open_bundle(prefix)
    from ckpt_studio.formats.sstable.coding import checksum, mask
    from ckpt_studio.formats.sstable.writer import TableWriter
    from ckpt_studio.formats.tf_bundle.encode_tensors import encode_strings
    from ckpt_studio.formats.tf_bundle.entries import Entry, Header

    data, index = bytearray(), bytearray()
    writer = TableWriter(index.extend)
    writer.add(b"", Header(1, big_endian=True).encode())
    for key in little.columns.keys:
        value = arrays[key]
        info = little.columns.of(key)
        if value.dtype == object:
            raw, crc = encode_strings(value, big_endian=True)
        else:
            raw = value.astype(value.dtype.newbyteorder(">")).tobytes()
            crc = mask(checksum(raw))
        writer.add(key.encode(), Entry(info.dtype.number, value.shape, 0, len(data), len(raw), crc).encode())
        data += raw
    writer.finish()
    Path(f"{prefix}.data-00000-of-00001").write_bytes(data)
    Path(f"{prefix}.index").write_bytes(index)


@pytest.mark.parametrize("sharing", ["copy", "compact"])
def test_a_big_endian_bundle_stays_one(
    original: str, tmp_path: Path, tensorflow_child: TensorFlowChild, sharing: Any
) -> None:
    big, new = str(tmp_path / "big"), str(tmp_path / "new")
    big_endian_copy(original, big)
    base = open_bundle(big)
    assert base.big_endian
    assert tensorflow_child(READ_ALL, big) == tensorflow_child(READ_ALL, original)
    write_bundle(
        replaced(base, MemorySource(changes())), new, take_over=base, options=WriteOptions(sharing=sharing)
    )
    assert tensorflow_child(READ_ALL, new) == {**tensorflow_child(READ_ALL, original), **seen(changes())}


@pytest.mark.parametrize("sharing", ["copy", "compact"])
def test_bundles_of_the_corpus_are_taken_over(
    corpus: Path, tmp_path: Path, tensorflow_child: TensorFlowChild, sharing: Any
) -> None:
    """Partitioned, snappy, opaque, odd names: all come out as they were; a row that cannot be read is not lost."""
    for number, path in enumerate(sorted(corpus.rglob("*.index"))):
        if path.read_bytes().startswith(b"version https://git-lfs"):
            continue
        base = open_bundle(str(path)[: -len(".index")])
        if not all(Path(base.shard_path(i)).exists() for i in range(base.num_shards)):
            continue
        if sharing == "compact" and list(base.verify()):
            continue
        prefix = str(tmp_path / f"{sharing}{number}")
        write_bundle(base, prefix, take_over=base, options=WriteOptions(sharing=sharing))
        copy = open_bundle(prefix)
        assert list(copy.columns.keys) == list(base.columns.keys)
        assert [fault.kind for fault in copy.verify()] == [fault.kind for fault in base.verify()]
        for key in base.columns.keys:
            mine, theirs = base.stored(key), copy.stored(key)
            assert (mine is None) == (theirs is None)
            assert mine is None or theirs is None or (mine.size, mine.crc) == (theirs.size, theirs.crc)


def test_a_read_only_data_file_can_be_shared(tmp_path: Path) -> None:
    write_bundle(MemorySource({"a": np.ones(3, "f4")}), str(tmp_path / "in" / "m"))
    base = open_bundle(str(tmp_path / "in" / "m"))
    Path(base.shard_path(0)).chmod(0o444)
    script = """
import os, sys
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.writing import WriteOptions
def share(name):
    base = open_bundle(sys.argv[1])
    target = sys.argv[2] + "/" + name
    return write_bundle(base, target, take_over=base, state="append", options=WriteOptions("link"))
share("imports-everything")
if os.geteuid() == 0:
    old, new = os.path.dirname(sys.argv[1]), sys.argv[2]
    for path in (old, sys.argv[1] + ".data-00000-of-00001", new, new + "/checkpoint"):
        os.chown(path, 65534, 65534)
    os.seteuid(65534)
print(share("m").shared_bytes)
"""
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run(
        [sys.executable, "-c", script, base.prefix, tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "12\n"), done.stderr


def test_opaque_types_are_passed_on_and_compared(tmp_path: Path) -> None:
    made = BundleMaker()
    made.put("future", made.record(99, (3,), b"any bytes").encode())
    made.add("w", np.ones(3, np.float32), 1)
    base = open_bundle(made.write(tmp_path / "m"))
    for sharing in ("copy", "compact"):
        out = str(tmp_path / sharing / "m")
        write_bundle(base, out, take_over=base, options=WriteOptions(sharing=sharing))  # type: ignore[arg-type]
        assert b"any bytes" in Path(shard_name(out, 0, 1)).read_bytes()
        assert "future" in open_bundle(out).columns


@pytest.mark.parametrize("sharing", ["copy", "compact"])
def test_opaque_variables_are_taken_over_as_they_are(
    tmp_path: Path, tensorflow_child: TensorFlowChild, sharing: Any
) -> None:
    """The state of an iterator is a variant, whose bytes only TensorFlow understands."""
    script = """
    data = tf.data.Dataset.range(10)
    iterator = iter(data)
    """
    prefix = tensorflow_child(
        script + "\n    next(iterator); next(iterator)\n"
        "    result = tf.train.Checkpoint(it=iterator, v=tf.Variable(3.0)).write(args[0])",
        tmp_path / "old",
    )
    base = open_bundle(prefix)
    assert "variant" in {base.columns.info(row).dtype.name for row in range(len(base.columns))}
    new = str(tmp_path / "new")
    view = replaced(base, MemorySource({"v/.ATTRIBUTES/VARIABLE_VALUE": np.float32(7)}))
    write_bundle(view, new, take_over=base, options=WriteOptions(sharing=sharing))
    got = tensorflow_child(
        script + "\n    v = tf.Variable(0.0)\n"
        "    tf.train.Checkpoint(it=iterator, v=v).read(args[0]).assert_consumed()\n"
        "    result = [int(next(iterator)), float(v)]",
        new,
    )
    assert got == [2, 7.0]
