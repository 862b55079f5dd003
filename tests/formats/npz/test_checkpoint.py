"""NumPy files that numpy wrote are read as numpy reads them, in place or unpacked; damage costs its own row."""

from __future__ import annotations

import io
import pickle
import struct
import tracemalloc
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import Cancelled, FileFault, NoSuchVariable, Unsupported
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.folder import scan_folder
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.work import at_most

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
    path = tmp_path / "weights.npz"
    (np.savez if request.param == "stored" else np.savez_compressed)(path, **ARRAYS)
    return str(path)


def test_what_numpy_wrote(archive: str) -> None:
    checkpoint = open_checkpoint(archive)
    assert (checkpoint.format, checkpoint.prefix, checkpoint.step) == ("npz", archive, 77)
    assert list(checkpoint.columns.keys) == sorted(ARRAYS, key=str.encode)
    for key, array in ARRAYS.items():
        assert_reads(checkpoint, key, array)
        info = checkpoint.columns.of(key)
        assert info.nbytes == np.asarray(array).nbytes
        assert checkpoint.stored(key) is None
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


class Alarm:
    """Goes off when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize("fortran", [False, True])
def test_objects_are_never_loaded(tmp_path: Path, fortran: bool) -> None:
    array = np.array([[Alarm()]], order="F" if fortran else "C")
    np.savez(tmp_path / "f.npz", bad=array, good=np.ones(2), records=np.zeros(2, [("a", "O"), ("b", "i4")]))
    np.save(tmp_path / "f.npy", array)
    checkpoint = open_checkpoint(str(tmp_path / "f.npz"))
    for key in ("bad", "records"):
        assert checkpoint.columns.of(key).error
        with pytest.raises(Unsupported):
            checkpoint.read(key)
        with pytest.raises(Unsupported):
            next(checkpoint.blocks(key))
    assert "could run code" in (checkpoint.columns.of("bad").error or "")
    assert checkpoint.read("good").tolist() == [1, 1]
    single = open_checkpoint(str(tmp_path / "f.npy"))
    with pytest.raises(Unsupported, match="could run code"):
        single.read("f")


def test_pickles_under_these_names(tmp_path: Path) -> None:
    for name in ("f.npy", "f.npz"):
        (tmp_path / name).write_bytes(pickle.dumps([Alarm()]))
        with pytest.raises(FileFault, match="pickle"):
            open_checkpoint(str(tmp_path / name))


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


def zip_of(path: Path, members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> str:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
        warnings.simplefilter("ignore")  # zipfile warns of names that are there twice
        for name, data in members:
            archive.writestr(name, data)
    return str(path)


def npy(array: Any, cut: int | None = None) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()[:cut]


def test_damaged_members_cost_their_own_row(tmp_path: Path) -> None:
    members = [
        ("good.npy", npy(np.arange(3))),
        ("short.npy", npy(np.arange(3), -1)),
        ("head.npy", npy(np.arange(3), 40)),
        ("nothing.npy", b""),
        ("garbage.npy", b"\x93NUMPY\1\0\5\0hello"),
        ("long.npy", npy(np.arange(3)) + b"more"),
        ("twice.npy", npy(np.arange(1))),
        ("twice.npy", npy(np.arange(2))),
        ("readme.txt", b"read me"),
        ("folder/", b""),
        ("bare", npy(np.arange(2))),
    ]
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        checkpoint = open_checkpoint(zip_of(tmp_path / "f.npz", members, method))
        columns = checkpoint.columns
        sound = {key for key in columns.keys if columns.of(key).error is None}
        assert set(columns.keys) - sound == {"short", "head", "nothing", "garbage", "twice"}
        assert sound == {"good", "long", "bare"}
        for key in columns.keys:
            if key in sound:
                assert checkpoint.read(key).tolist() == list(range(3 if key != "bare" else 2))
            else:
                with pytest.raises(FileFault) as caught:
                    checkpoint.read(key)
                assert caught.value.key == key
        assert "cut off" in (columns.of("short").error or "")
        assert "more than once" in (columns.of("twice").error or "")
        assert checkpoint.notes == ("Members of it that are no arrays are not shown: 1.",)
        assert {fault.key for fault in checkpoint.verify()} == {
            "short",
            "head",
            "nothing",
            "garbage",
            "twice",
        }


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_verify_finds_flipped_bits(tmp_path: Path, method: int) -> None:
    arrays = {"a": np.arange(5000.0), "b": np.arange(4000.0)}
    path = Path(
        zip_of(tmp_path / "f.npz", [(f"{key}.npy", npy(array)) for key, array in arrays.items()], method)
    )
    data = bytearray(path.read_bytes())
    data[len(data) - 2000] ^= 1
    path.write_bytes(data)
    checkpoint = open_checkpoint(str(path))
    faults = list(checkpoint.verify())
    assert [fault.key for fault in faults] == ["b"]
    assert faults[0].kind in ("checksum", "corrupt", "truncated")
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        list(checkpoint.verify(task))


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


def bomb(real: int, claimed: int) -> bytes:
    """An array of zeros that is `real` bytes long when unpacked and claims to be `claimed` bytes."""
    head = npy(np.zeros(0, np.uint8)).replace(b"(0,), ", f"({claimed},), ".encode())[:128]
    return head + bytes(real)


def test_bombs(tmp_path: Path) -> None:
    path = Path(zip_of(tmp_path / "f.npz", [("a.npy", bomb(200 << 20, 200 << 20))], zipfile.ZIP_DEFLATED))
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    with at_most(5_000):
        checkpoint = open_checkpoint(str(path))
        assert checkpoint.columns.of("a").error is None
        assert not next(checkpoint.blocks("a")).any()
        assert checkpoint.read("a", (slice(5, 10),)).tolist() == [0] * 5
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    data = path.read_bytes()
    entry = data.index(b"PK\1\2")
    path.write_bytes(data[: entry + 24] + struct.pack("<I", 2**32 - 2) + data[entry + 28 :])
    assert "claims 4294967294 bytes" in (open_checkpoint(str(path)).columns.of("a").error or "")
    path.write_bytes(data[: entry + 24] + struct.pack("<I", (200 << 20) + 1000) + data[entry + 28 :])
    checkpoint = open_checkpoint(str(path))
    assert "ends after" in next(checkpoint.verify()).message


def test_huge_shapes(tmp_path: Path) -> None:
    for text, words in (
        ("(4611686018427387904, 4)", "larger than any file"),
        ("(0, 4611686018427387904, 4)", "larger than any file"),
        ("(18446744073709551616, 0)", "larger than any file"),
        ("(1000000000000,)", "cut off"),
        ("(" + "1," * 60 + ")", "60 axes"),
        ("(" + "1," * 3000 + ")", "3000 axes"),
    ):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {text}, }}".encode()
        (tmp_path / "f.npy").write_bytes(
            b"\x93NUMPY\2\0" + struct.pack("<I", len(header)) + header + bytes(4)
        )
        checkpoint = open_checkpoint(str(tmp_path / "f.npy"))
        assert words in (checkpoint.columns.of("f").error or "")
        with pytest.raises(FileFault):
            checkpoint.read("f")


def test_texts_that_are_damaged(tmp_path: Path) -> None:
    array = np.zeros(3, "<U2")
    data = npy(array)
    (tmp_path / "f.npy").write_bytes(data[:-24] + struct.pack("<6I", 0xD800, 0x41, 0, 0x42, 0, 0))
    assert open_checkpoint(str(tmp_path / "f.npy")).read("f").tolist() == [b"\xed\xa0\x80A", b"\0B", b""]
    (tmp_path / "f.npy").write_bytes(data[:-24] + struct.pack("<6I", 0x110000, 0, 0, 0, 0, 0))
    with pytest.raises(FileFault, match="damaged"):
        open_checkpoint(str(tmp_path / "f.npy")).read("f")


def test_many_members_are_little_work(tmp_path: Path) -> None:
    data = npy(np.float32(1))
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = zip_of(tmp_path / "f.npz", [(f"{i}.npy", data) for i in range(2000)], method)
        with at_most(200 * 2000):
            assert len(open_checkpoint(path).columns) == 2000


def test_many_long_headers_are_not_read(tmp_path: Path) -> None:
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"1," * 4950 + b"), }"
    data = b"\x93NUMPY\2\0" + struct.pack("<I", len(text)) + text
    path = zip_of(tmp_path / "f.npz", [(f"{i}.npy", data) for i in range(2000)], zipfile.ZIP_DEFLATED)
    columns = open_checkpoint(path).columns
    faults = [columns.info(row).error or "" for row in range(len(columns))]
    assert sum("4950 axes" in fault for fault in faults) > 50
    assert sum("long" in fault for fault in faults) > 1800


def test_archives_that_contradict_themselves(tmp_path: Path) -> None:
    path = Path(zip_of(tmp_path / "f.npz", [("a.npy", npy(np.ones(2))), ("b.npy", npy(np.ones(2)))]))
    data = path.read_bytes()
    end, entry = data.index(b"PK\5\6"), data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", entry + 4)
    cases = {
        "its directory is missing": data[:-1],
        "directory does not lie": data[: end + 16] + struct.pack("<I", entry + 1) + data[end + 20 :],
        "overlap": data[: second + 42] + struct.pack("<I", 1) + data[second + 46 :],
        "ends too early|does not lie": data[: end + 8] + b"\3\0\3\0" + data[end + 12 :],
        "holds more": data[: end + 8] + b"\1\0\1\0" + data[end + 12 :],
        "contradicts itself": data[:entry] + b"XX" + data[entry + 2 :],
        "several archives": data[: end + 4] + b"\1\0\1\0" + data[end + 8 :],
        "a size of its directory is missing": data[: entry + 20] + b"\xff" * 4 + data[entry + 24 :],
    }
    for words, broken in cases.items():
        path.write_bytes(broken)
        with pytest.raises(FileFault, match=words):
            open_checkpoint(str(path))
    path.write_bytes(data[:2] + b"XX" + data[4:])
    path.rename(tmp_path / "g.npz")
    columns = open_checkpoint(str(tmp_path / "g.npz")).columns
    assert "does not lie where the directory says" in (columns.of("a").error or "")
    assert columns.of("b").error is None


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
