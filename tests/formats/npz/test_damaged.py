"""NumPy files that are damaged or made to harm: what is broken costs its own row, and little time and memory."""

from __future__ import annotations

import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import Cancelled, FileFault, Unsupported
from ckpt_studio.core.tasks import Task
from ckpt_studio.formats.registry import open_checkpoint
from tests.formats.npz.packed import bomb, npy, zip_of
from tests.helpers.damage import flip
from tests.helpers.work import at_most


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
    members = [(f"{key}.npy", npy(array)) for key, array in arrays.items()]
    path = zip_of(tmp_path / "f.npz", members, method)
    flip(path, -2000)
    checkpoint = open_checkpoint(path)
    faults = list(checkpoint.verify())
    assert [fault.key for fault in faults] == ["b"]
    assert faults[0].kind in ("checksum", "corrupt", "truncated")
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        list(checkpoint.verify(task))


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
