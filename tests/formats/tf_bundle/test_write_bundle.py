"""What is written, stock TensorFlow restores through each of its doors; what did not change is taken over as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import (
    Cancelled,
    ChecksumMismatch,
    FileFault,
    MissingFile,
    RequestFault,
    SaveFault,
    TargetExists,
)
from ckpt_studio.core.tasks import Task
from ckpt_studio.document.edits import Swap
from ckpt_studio.document.staged import StagedView
from ckpt_studio.document.state import State
from ckpt_studio.formats.saving import Saving
from ckpt_studio.formats.temporary_file import TemporaryFile
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from ckpt_studio.formats.tf_bundle.state_file import parse_state_file
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.writing import WriteOptions
from tests.helpers.bundles import BundleMaker, shard_name
from tests.helpers.memory_source import MemorySource
from tests.helpers.tensorflow_child import TensorFlowChild

READ_ALL = """
reader = tf.train.load_checkpoint(args[0])
result = {}
for name in sorted(reader.get_variable_to_dtype_map()):
    value = reader.get_tensor(name)
    if value.dtype == object:
        result[name] = ["string", list(value.shape), [bytes(v).hex() for v in value.reshape(-1)]]
    else:
        result[name] = [tf.as_dtype(value.dtype).name, list(value.shape), value.tobytes().hex()]
"""

MAKE = """
tf.random.set_seed(5)
with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
    v = tf.compat.v1.get_variable
    v("dense/kernel", [7, 5]); v("dense/bias", [5]); v("half", [3], tf.float16, tf.compat.v1.ones_initializer())
    v("step", [], tf.int64, tf.compat.v1.constant_initializer(7)); v("empty", [0, 3])
    v("split", [10, 4], partitioner=tf.compat.v1.fixed_size_partitioner(3))
    tf.compat.v1.get_variable("texts", initializer=tf.constant([b"a", b"", b"x" * 300]))
    session.run(tf.compat.v1.global_variables_initializer())
    tf.compat.v1.train.Saver().save(session, args[0])
"""


def seen(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """As READ_ALL answers."""
    answer = {}
    for key, value in arrays.items():
        array = np.asarray(value)
        if array.dtype == object:
            answer[key] = ["string", list(array.shape), [bytes(text).hex() for text in array.reshape(-1)]]
        else:
            name = dtypes.of_numpy(array.dtype).name
            answer[key] = [name, list(array.shape), np.ascontiguousarray(array).tobytes().hex()]
    return answer


def replaced(base: Bundle, donor: MemorySource) -> StagedView:
    """A view of `base` with every variable of `donor` in place."""
    keys = tuple(donor.arrays)
    rows = np.array([base.columns.row(key) for key in keys])
    return StagedView(base, State.of(base.columns).laying(rows, Swap(donor, "donor", keys)))


def snapshot(folder: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> str:
    prefix = str(tmp_path_factory.mktemp("original") / "model.ckpt-7")
    tensorflow_child(MAKE, prefix)
    return prefix


def changes() -> dict[str, Any]:
    return {
        "dense/kernel": np.arange(35, dtype="f4").reshape(7, 5),
        "half": np.array([1.5, -2, 3], "f2"),
        "split": np.arange(40, dtype="f4").reshape(10, 4),
        "texts": np.array([b"one", b"\xff\0", b""], object),
    }


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


def test_the_state_file_keeps_its_entries_and_times(original: str, tmp_path: Path) -> None:
    base = open_bundle(original)
    (tmp_path / "checkpoint").write_text(
        f'model_checkpoint_path: "{tmp_path}/a-2"\nall_model_checkpoint_paths: "{tmp_path}/a-1"\n'
        f'all_model_checkpoint_paths: "{tmp_path}/a-2"\nall_model_checkpoint_timestamps: 11.5\n'
        "all_model_checkpoint_timestamps: 12.5\nlast_preserved_timestamp: 3.25\n"
    )
    (tmp_path / "a-2.index").touch()
    write_bundle(base, str(tmp_path / "b-3"), take_over=base, state="append")
    state = parse_state_file(str(tmp_path / "checkpoint"))
    assert state.latest == "b-3"
    assert state.paths == (f"{tmp_path}/a-1", "a-2", "b-3")
    assert state.timestamps[:2] == (11.5, 12.5)
    assert len(state.timestamps) == 3
    assert state.last_preserved == 3.25


@pytest.mark.parametrize("content", [b"", b"garbage {", None])
def test_a_state_file_that_cannot_be_understood_is_not_replaced(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "checkpoint"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(SaveFault, match=r"^Nothing was written: checkpoint .*; choose another folder\.$"):
        write_bundle(MemorySource({"v": np.ones(2)}), str(tmp_path / "m"), state="append")
    assert names_in(tmp_path) == ["checkpoint"]
    assert content is None or path.read_bytes() == content


def test_tensorflows_manager_goes_on_with_the_state_file(
    original: str, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    base = open_bundle(original)
    write_bundle(base, str(tmp_path / "a-1"), take_over=base, state="new")
    write_bundle(base, str(tmp_path / "a-2"), take_over=base, state="append")
    result = tensorflow_child(
        """
        manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=tf.Variable(1.0)), args[0], max_to_keep=2,
                                             checkpoint_name="a")
        before = list(manager.checkpoints)
        manager.save(checkpoint_number=3)
        result = [tf.train.latest_checkpoint(args[0]), before, manager.checkpoints]
        """,
        tmp_path,
    )
    assert result[0] == str(tmp_path / "a-3")
    assert [Path(path).name for path in result[1]] == ["a-1", "a-2"]
    assert not (tmp_path / "a-1.index").exists(), "the manager knows its age and deletes it"


def test_a_target_that_exists_is_refused(original: str, tmp_path: Path) -> None:
    base = open_bundle(original)
    for name in ("m.index", "m.data-00000-of-00005", "m.meta", "m.ckpt-studio.json", "m"):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        (folder / name).write_bytes(b"mine")
        with pytest.raises(TargetExists):
            write_bundle(base, str(folder / "m"), take_over=base)
        assert names_in(folder) == [name]
        assert (folder / name).read_bytes() == b"mine"


@pytest.mark.parametrize("how", ["itself", "symlink", "folder link", "hard link"])
def test_the_source_is_never_the_target(original: str, tmp_path: Path, how: str) -> None:
    target = original
    if how == "symlink":
        target = str(tmp_path / "s")
        Path(f"{target}.index").symlink_to(f"{original}.index")
    elif how == "folder link":
        (tmp_path / "f").symlink_to(Path(original).parent)
        target = str(tmp_path / "f" / Path(original).name)
    elif how == "hard link":
        target = str(tmp_path / "h")
        os.link(f"{original}.index", f"{target}.index")
    before = snapshot(Path(original).parent)
    base = open_bundle(original)
    with pytest.raises(RequestFault):
        write_bundle(base, target, take_over=base, options=WriteOptions(overwrite=True))
    assert snapshot(Path(original).parent) == before


def test_overwriting_switches_by_the_index(
    original: str, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    base = open_bundle(original)
    prefix = str(tmp_path / "m")
    sidecars = {".ckpt-studio.json": b"{}"}
    write_bundle(base, prefix, take_over=base, sidecars=sidecars)
    view = replaced(base, MemorySource(changes()))
    overwrite = WriteOptions(overwrite=True)
    for number in range(3):
        own = {".ckpt-studio.json": lambda shards, n=number: f"{shards} {n}".encode()}
        written = write_bundle(view, prefix, take_over=base, sidecars=own, options=overwrite)
        shards = sum(".data-" in path for path in written.files)
        assert names_in(tmp_path) == sorted(Path(path).name for path in written.files)
        assert Path(f"{prefix}.ckpt-studio.json").read_text() == f"{shards} {number}"
        assert tensorflow_child(READ_ALL, prefix) == {
            **tensorflow_child(READ_ALL, original),
            **seen(changes()),
        }


def test_a_checkpoint_with_a_graph_is_not_overwritten(original: str, tmp_path: Path) -> None:
    base = open_bundle(original)
    prefix = str(tmp_path / "m")
    write_bundle(base, prefix, take_over=base, meta=b"graph one")
    before = snapshot(tmp_path)
    for meta in (b"graph two", None):
        with pytest.raises(TargetExists, match="graph"):
            write_bundle(base, prefix, take_over=base, meta=meta, options=WriteOptions(overwrite=True))
    assert snapshot(tmp_path) == before
    write_bundle(base, prefix, take_over=base, meta=b"graph one", options=WriteOptions(overwrite=True))
    assert Path(f"{prefix}.meta").read_bytes() == b"graph one"


def flip(bundle: Bundle, *keys: str) -> Bundle:
    """Change a byte of each of these variables on the disk, and open again."""
    for key in keys:
        stored = bundle.stored(key)
        assert stored is not None
        with Path(stored.path).open("r+b") as file:
            file.seek(stored.offset + stored.size // 2)
            byte = file.read(1)[0]
            file.seek(stored.offset + stored.size // 2)
            file.write(bytes([byte ^ 4]))
    return open_bundle(bundle.prefix)


def copied(original: str, folder: Path) -> Bundle:
    base = open_bundle(original)
    write_bundle(base, str(folder / "m"), take_over=base)
    return open_bundle(str(folder / "m"))


@pytest.mark.parametrize("sharing", ["copy", "compact"])
def test_damaged_tensors_stop_the_save_and_all_are_named(original: str, tmp_path: Path, sharing: Any) -> None:
    damaged = flip(copied(original, tmp_path / "in"), "dense/kernel", "step", "texts")
    with pytest.raises(
        FileFault,
        match=r"3 variables \(.*\) are damaged in m, so nothing is written; take them .* or drop them",
    ) as caught:
        write_bundle(
            damaged, str(tmp_path / "out" / "m"), take_over=damaged, options=WriteOptions(sharing=sharing)
        )
    assert all(key in caught.value.message for key in ("dense/kernel", "step", "texts"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("sharing", ["copy", "link", "compact"])
def test_damage_that_was_swapped_is_no_hindrance(
    original: str, tmp_path: Path, tensorflow_child: TensorFlowChild, sharing: Any
) -> None:
    """The dead bytes of a taken-over file are not looked at; what is live is compared."""
    expected = tensorflow_child(READ_ALL, original)
    damaged = flip(copied(original, tmp_path / "in"), "dense/kernel")
    kernel = np.arange(35, dtype="f4").reshape(7, 5)
    view = replaced(damaged, MemorySource({"dense/kernel": kernel}))
    new = str(tmp_path / "out" / "m")
    write_bundle(view, new, take_over=damaged, options=WriteOptions(sharing=sharing))
    assert tensorflow_child(READ_ALL, new) == {**expected, **seen({"dense/kernel": kernel})}
    assert list(open_bundle(new).verify()) == []
    damaged = flip(damaged, "step")
    view = replaced(damaged, MemorySource({"dense/kernel": kernel}))
    with pytest.raises(ChecksumMismatch, match="step is damaged"):
        write_bundle(view, str(tmp_path / "2" / "m"), take_over=damaged)


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


def test_linked_files_are_shared_unread_unless_damage_is_known(tmp_path: Path) -> None:
    """A link costs nothing and is no copy: what it holds is what the original holds, and `verify` says so."""
    made = BundleMaker(2)
    for i in range(4):
        made.add(f"t{i}", np.full(10, i, np.float32), 1, shard=i % 2)
    damaged = flip(open_bundle(made.write(tmp_path / "m")), "t0")
    link = WriteOptions(sharing="link")
    write_bundle(damaged, str(tmp_path / "out" / "m"), take_over=damaged, options=link)
    assert [fault.key for fault in open_bundle(str(tmp_path / "out" / "m")).verify()] == ["t0"]
    Path(damaged.shard_path(1)).unlink()
    damaged = open_bundle(damaged.prefix)
    view = replaced(damaged, MemorySource({f"t{i}": np.ones(10, np.float32) for i in (1, 3)}))
    with pytest.raises(ChecksumMismatch, match="t0 is damaged"):
        write_bundle(view, str(tmp_path / "2" / "m"), take_over=damaged, options=link)


@pytest.mark.parametrize("sharing", ["copy", "link", "compact"])
def test_what_is_left_of_a_bundle_with_lost_files_is_kept(
    tmp_path: Path, tensorflow_child: TensorFlowChild, sharing: Any
) -> None:
    """One data file is missing, one is cut: what lay in them is swapped, the others' data is taken over."""
    made = BundleMaker(4)
    for i in range(8):
        made.add(f"t{i}", np.full(10, i, np.float32), 1, shard=i % 4)
    prefix = made.write(tmp_path / "m")
    Path(shard_name(prefix, 1, 4)).unlink()
    os.truncate(shard_name(prefix, 2, 4), 60)
    base = open_bundle(prefix)
    out = str(tmp_path / "out" / "m")
    with pytest.raises(FileFault, match=r"3 variables \(t1, t5, t6\) are damaged in m"):
        write_bundle(base, out, take_over=base, options=WriteOptions(sharing=sharing))
    view = replaced(base, MemorySource({key: np.ones(10, np.float32) for key in ("t1", "t5", "t6")}))
    write_bundle(view, out, take_over=base, options=WriteOptions(sharing=sharing))
    want = {f"t{i}": np.full(10, 1 if i in (1, 5, 6) else i, np.float32) for i in range(8)}
    assert tensorflow_child(READ_ALL, out) == seen(want)
    assert list(open_bundle(out).verify()) == []
    if sharing == "copy":
        assert Path(shard_name(out, 1, 5)).stat().st_size == 0


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


def test_a_disk_that_gives_back_other_bytes_is_noticed(
    original: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is damaged behind the save's back, the original is not."""
    base = copied(original, tmp_path / "in")
    real = Saving.seal_unread

    def lying(saving: Saving, file: TemporaryFile) -> None:
        real(saving, file)
        with Path(file.path).open("r+b") as changed:
            changed.write(b"\xff\x00\xff")

    monkeypatch.setattr(Saving, "seal_unread", lying)
    with pytest.raises(SaveFault, match="gave back other bytes"):
        write_bundle(base, str(tmp_path / "out" / "m"), take_over=base)
    assert not (tmp_path / "out").exists()


def test_a_missing_data_file_stops_the_save(original: str, tmp_path: Path) -> None:
    base = open_bundle(original)
    write_bundle(base, str(tmp_path / "m"), take_over=base)
    broken = open_bundle(str(tmp_path / "m"))
    Path(broken.shard_path(0)).unlink()
    with pytest.raises(MissingFile):
        write_bundle(broken, str(tmp_path / "out" / "m"), take_over=broken)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("sharing", ["copy", "link", "compact"])
def test_a_pipe_in_place_of_a_data_file_is_not_waited_for(
    original: str, tmp_path: Path, sharing: Any
) -> None:
    base = open_bundle(original)
    write_bundle(base, str(tmp_path / "m"), take_over=base)
    shard = Path(open_bundle(str(tmp_path / "m")).shard_path(0))
    shard.unlink()
    os.mkfifo(shard)
    broken = open_bundle(str(tmp_path / "m"))
    with pytest.raises(FileFault):
        write_bundle(
            broken, str(tmp_path / "out" / "m"), take_over=broken, options=WriteOptions(sharing=sharing)
        )
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_said_before_anything_is_made(
    original: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = open_bundle(original)
    usage = type("usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(SaveFault, match="free"):
        write_bundle(base, str(tmp_path / "out" / "m"), take_over=base)
    assert names_in(tmp_path) == []


def test_cancelling_leaves_nothing_behind(tmp_path: Path) -> None:
    source = MemorySource({f"v{i}": np.ones(300_000, "f4") for i in range(4)})

    class Impatient(Task):
        def advance(self, amount: int) -> None:
            super().advance(amount)
            if self.done > 2_000_000:
                self.cancel()

    with pytest.raises(Cancelled):
        write_bundle(source, str(tmp_path / "a" / "b" / "m"), task=Impatient())
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("prefix", ["", "folder/", ".", "folder/.", "folder/..", "folder/a\0b"])
def test_a_checkpoint_needs_a_name(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(RequestFault, match="name"):
        write_bundle(MemorySource({}), f"{tmp_path}/{prefix}")
    with pytest.raises(RequestFault, match="name"):
        write_bundle(MemorySource({}), "")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("name", ["-m", "m [1]", "größe 数", "m*?", ".hidden", "m\udcff"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    source = MemorySource({"v": np.arange(3.0)})
    written = write_bundle(source, str(tmp_path / name), state="new")
    assert written.prefix == str(tmp_path / name)
    np.testing.assert_array_equal(open_bundle(written.prefix).read("v"), np.arange(3.0))
    assert parse_state_file(str(tmp_path / "checkpoint")).latest == name


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
