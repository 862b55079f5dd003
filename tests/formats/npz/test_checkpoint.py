"""NumPy files that numpy wrote are read as numpy reads them, in place or unpacked; what nobody can show says why."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import FileFault, NoSuchVariable, Unsupported
from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.folder import scan_folder
from ckpt_studio.formats.registry import open_checkpoint
from tests.formats.npz.packed import npy, zip_of

RNG = np.random.default_rng(5)
ARRAYS: dict[str, Any] = {
    "w": RNG.normal(size=(700, 900)).astype(np.float32),
    "w/Adam": np.zeros((700, 900), np.float32),
    "columns": np.asfortranarray(RNG.normal(size=(300, 50, 7))),
    "big_endian": np.arange(24).reshape(2, 3, 4).astype(">i4"),
    "both": np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype(">c8")),
    "scalar": np.float16(2.5),
    "empty": np.zeros((3, 0, 2), np.float32),
    "bools": np.array([True, False]),
    "bytes": np.array([[b"a", b"bc\0"], [b"", b"\0x"]]),
    "texts": np.array(["", "é", "漢字", "a\0b"]),
    "texts_turned": np.asfortranarray(np.array([["x", "yy"], ["z", "é"]])).astype(">U2"),
    "nested/name/ä": np.arange(3, dtype=np.uint64),
    "global_step": np.array(77, np.int64),
}


def expected(array: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(array)
    if array.dtype.kind in "SU":
        out = np.empty(array.shape, object)
        out.reshape(-1)[:] = [t.encode() if isinstance(t, str) else bytes(t) for t in array.flat]
        return out
    return array.astype(array.dtype.newbyteorder("="))


def assert_reads(checkpoint: Checkpoint, key: str, array: Any) -> None:
    want = expected(array)
    info = checkpoint.columns.of(key)
    assert (info.shape, info.error) == (want.shape, None)
    values = checkpoint.read(key)
    assert values.dtype == want.dtype
    assert values.flags.c_contiguous
    np.testing.assert_array_equal(values, want)
    blocks = [block.copy() for block in checkpoint.blocks(key)]
    np.testing.assert_array_equal(np.concatenate(blocks) if blocks else want.reshape(-1), want.reshape(-1))
    for window in (
        tuple(slice(n // 3, max(n // 3, n - 1)) for n in want.shape),
        tuple(slice(0, min(n, 1)) for n in want.shape),
    ):
        np.testing.assert_array_equal(checkpoint.read(key, window), want[window])


@pytest.fixture(params=["stored", "deflated"])
def archive(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    path = tmp_path / f"{request.param}.npz"
    (np.savez if request.param == "stored" else np.savez_compressed)(path, **ARRAYS)
    return str(path)


def assert_stored(checkpoint: Checkpoint, key: str, array: object, lie_open: bool) -> None:
    """Numbers that are neither packed nor turned lie where it is said."""
    stored, array = checkpoint.stored(key), np.asarray(array)
    if not lie_open or array.dtype.kind not in "biufc" or not array.flags.c_contiguous:
        assert stored is None
        return
    assert stored is not None
    assert (stored.crc, stored.big_endian) == (None, array.dtype.byteorder == ">")
    data = Path(stored.path).read_bytes()[stored.offset : stored.offset + stored.size]
    np.testing.assert_array_equal(np.frombuffer(data, array.dtype).reshape(array.shape), array)


def test_what_numpy_wrote(archive: str) -> None:
    checkpoint = open_checkpoint(archive)
    assert (checkpoint.format, checkpoint.prefix, checkpoint.step) == ("npz", archive, 77)
    assert list(checkpoint.columns.keys) == sorted(ARRAYS, key=str.encode)
    for key, array in ARRAYS.items():
        assert_reads(checkpoint, key, array)
        info = checkpoint.columns.of(key)
        assert info.nbytes == np.asarray(array).nbytes
        assert_stored(checkpoint, key, array, Path(archive).stem == "stored")
    assert checkpoint.columns.of("w/Adam").slot_of == "w"
    assert checkpoint.columns.of("global_step").role == Role.counter
    assert list(checkpoint.verify()) == []
    assert checkpoint.files() == (archive,)
    with pytest.raises(NoSuchVariable):
        checkpoint.read("nowhere")


@pytest.mark.parametrize(
    "name", ["w", "columns", "big_endian", "both", "scalar", "empty", "texts", "texts_turned"]
)
def test_single_arrays(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}-12.npy"
    np.save(path, ARRAYS[name])
    checkpoint = open_checkpoint(str(path))
    assert (checkpoint.format, checkpoint.step) == ("npy", 12)
    assert list(checkpoint.columns.keys) == [f"{name}-12"]
    assert_reads(checkpoint, f"{name}-12", ARRAYS[name])
    assert list(checkpoint.verify()) == []


def test_columns_larger_than_a_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ckpt_studio.formats.npz.values._TURNED_BYTES", 4096)
    values = np.asfortranarray(RNG.normal(size=(60, 17, 5)))
    np.save(tmp_path / "f.npy", values)
    np.savez_compressed(tmp_path / "f.npz", f=values)
    for name in ("f.npy", "f.npz"):
        assert_reads(open_checkpoint(str(tmp_path / name)), "f", values)


def test_stored_arrays_are_read_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "f.npz", big=np.zeros((20_000, 1000), np.float32), last=np.ones(3))
    read = 0
    original = FileReader.read_into

    def counted(self: FileReader, target: Any, offset: int) -> None:
        nonlocal read
        read += len(target)
        original(self, target, offset)

    monkeypatch.setattr(FileReader, "read_into", counted)
    checkpoint = open_checkpoint(str(tmp_path / "f.npz"))
    checkpoint.read("big", (slice(100, 101), slice(0, 10)))
    assert checkpoint.read("last").tolist() == [1, 1, 1]
    assert read < 1 << 20


def test_types_that_nobody_shows(tmp_path: Path) -> None:
    arrays = {
        "times": np.array(["2020-01-01"], "M8[D]"),
        "spans": np.zeros(2, "m8[s]"),
        "raw": np.zeros(3, "V2"),
        "records": np.zeros(2, [("a", "i4"), ("b", "f4", (2,))]),
        "long": np.zeros(2, np.longdouble),
    }
    np.savez(tmp_path / "f.npz", **arrays)
    checkpoint = open_checkpoint(str(tmp_path / "f.npz"))
    names = {key: checkpoint.columns.of(key).dtype.name for key in arrays}
    assert list(names.values()) == ["datetime64", "timedelta64", "void", "void", "float128"]
    for key, array in arrays.items():
        info = checkpoint.columns.of(key)
        assert info.error
        assert (info.shape, info.nbytes) == (array.shape, array.nbytes)
        with pytest.raises(Unsupported):
            checkpoint.read(key)
    assert {fault.key for fault in checkpoint.verify()} == set(arrays)


def test_other_methods_and_passwords(tmp_path: Path) -> None:
    path = Path(zip_of(tmp_path / "f.npz", [("a.npy", npy(np.ones(2)))], zipfile.ZIP_BZIP2))
    checkpoint = open_checkpoint(str(path))
    assert "method 12" in (checkpoint.columns.of("a").error or "")
    with pytest.raises(Unsupported, match="method 12"):
        checkpoint.read("a")
    data = Path(zip_of(tmp_path / "f.npz", [("a.npy", npy(np.ones(2)))])).read_bytes()
    entry = data.index(b"PK\1\2")
    path.write_bytes(data[: entry + 8] + b"\1" + data[entry + 9 :])
    assert "encrypted" in (open_checkpoint(str(path)).columns.of("a").error or "")


def test_what_holds_no_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz")
    assert len(open_checkpoint(str(tmp_path / "f.npz")).columns) == 0
    for data, words in (
        (b"", "is empty"),
        (b"hello, world", "cut off|no sound NumPy"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "Git LFS pointer"),
    ):
        for name in ("f.npz", "f.npy"):
            (tmp_path / name).write_bytes(data)
            with pytest.raises(FileFault, match=f"{name}.*({words})|{words}"):
                open_checkpoint(str(tmp_path / name))
    with pytest.raises(FileFault, match="holds no NumPy arrays"):
        open_checkpoint(zip_of(tmp_path / "f.npz", [("readme.txt", b"hello")]))


def test_by_content_and_in_folders(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights-3.npz", a=np.ones(2))
    np.savez(tmp_path / "weights-20.npz", a=np.ones(2))
    folder = scan_folder(str(tmp_path))
    assert [(entry.name, entry.format, entry.step) for entry in folder.entries] == [
        ("weights-3", "npz", 3),
        ("weights-20", "npz", 20),
    ]
    (tmp_path / "weights-3.npz").rename(tmp_path / "strange")
    np.save(tmp_path / "a.npy", np.ones(3))
    (tmp_path / "a.npy").rename(tmp_path / "odd.npz")
    assert open_checkpoint(str(tmp_path / "strange")).format == "npz"
    assert open_checkpoint(str(tmp_path / "odd.npz")).format == "npy"


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", a=np.ones(2))
    checkpoint = open_checkpoint(str(tmp_path / "f.npz"))
    before = checkpoint.identity("a")
    np.savez(tmp_path / "f.npz", a=np.ones(3))
    with pytest.raises(FileFault, match="rewritten"):
        checkpoint.read("a")
    assert open_checkpoint(str(tmp_path / "f.npz")).identity("a") != before
