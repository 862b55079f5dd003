"""Datasets of every kind that HDF5 offers: numbers and text are read as h5py reads them, the others say why not."""

from __future__ import annotations

from pathlib import Path

import h5py
import ml_dtypes
import numpy as np
import pytest

from ckpt_studio.core.errors import Corrupt, FileFault, Truncated, Unsupported
from ckpt_studio.core.tensors import TensorInfo
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint

NUMBERS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "c8", "c16"]


def opened(path: Path) -> tuple[Checkpoint, dict[str, TensorInfo]]:
    checkpoint = open_checkpoint(str(path))
    columns = checkpoint.columns
    return checkpoint, {info.key: info for info in map(columns.info, range(len(columns)))}


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_every_element_type(tmp_path: Path, libver: str) -> None:
    rng = np.random.default_rng(1)
    arrays = {}
    for code in NUMBERS:
        for order in "<>":
            values = (rng.normal(size=(5, 7)) * 50).astype(order + code)
            arrays[f"{code}{order}"] = values + (1j * values if code[0] == "c" else 0)
    arrays |= {"bool": rng.normal(size=9) > 0, "scalar": np.array(3.5), "none": np.zeros((0, 3), "f4")}
    with h5py.File(tmp_path / "types.h5", "w", libver=libver) as file:
        for name, array in arrays.items():
            file.create_dataset(f"plain/{name}", data=array)
            if array.size > 1:
                file.create_dataset(
                    f"packed/{name}", data=array, chunks=True, compression="gzip", shuffle=True
                )
        bfloat = np.arange(6).astype(ml_dtypes.bfloat16)
        file.create_dataset("bfloat16", data=bfloat).attrs["dtype"] = "bfloat16"  # as Keras 3 stores it
    checkpoint, rows = opened(tmp_path / "types.h5")
    try:
        assert [info.error for info in rows.values() if info.error] == []
        for name, array in arrays.items():
            for folder in ("plain", "packed"):
                key = f"{folder}/{name}"
                if key in rows:
                    read = checkpoint.read(key)
                    assert read.dtype == array.dtype.newbyteorder("=")
                    np.testing.assert_array_equal(read, array)
                    assert rows[key].dtype.name == array.dtype.newbyteorder("=").name
        np.testing.assert_array_equal(checkpoint.read("bfloat16"), bfloat)
        assert list(checkpoint.verify()) == []
    finally:
        checkpoint.close()


def test_windows_and_blocks_of_every_storage(tmp_path: Path) -> None:
    whole = np.arange(700 * 611, dtype=np.float32).reshape(700, 611)
    storages = {
        "together": {},
        "chunks": {"chunks": (64, 100)},
        "gzip": {"chunks": (700, 611), "compression": "gzip"},
        "lzf": {"chunks": (13, 611), "compression": "lzf", "shuffle": True},
        "sums": {"chunks": (50, 50), "fletcher32": True},
    }
    with h5py.File(tmp_path / "storage.h5", "w", userblock_size=1024) as file:
        for name, options in storages.items():
            file.create_dataset(name, data=whole, **options)
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((9, 5))
        compact = h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F32LE, space, plist)
        compact.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(whole[:9, :5]))
    checkpoint, rows = opened(tmp_path / "storage.h5")
    try:
        assert [info.error for info in rows.values() if info.error] == []
        np.testing.assert_array_equal(checkpoint.read("compact"), whole[:9, :5])
        for name in storages:
            for window in (
                (slice(0, 1), slice(600, 611)),
                (slice(5, 5), slice(0, 3)),
                (slice(63, 515), slice(99, 303)),
            ):
                np.testing.assert_array_equal(checkpoint.read(name, window), whole[window])
            blocks = np.concatenate([block.copy() for block in checkpoint.blocks(name)])
            np.testing.assert_array_equal(blocks, whole.reshape(-1))
        assert list(checkpoint.verify()) == []
    finally:
        checkpoint.close()


def test_strings(tmp_path: Path) -> None:
    texts = ["", "a", "é" * 300, "z"]
    with h5py.File(tmp_path / "strings.h5", "w") as file:
        file["varying"] = texts
        file["fixed"] = np.array([b"a", b"bcd", b""])
        file["one"] = "alone"
    checkpoint, rows = opened(tmp_path / "strings.h5")
    try:
        assert {info.dtype.name for info in rows.values()} == {"string"}
        assert checkpoint.read("varying").tolist() == [text.encode() for text in texts]
        assert checkpoint.read("varying", (slice(1, 3),)).tolist() == [text.encode() for text in texts[1:3]]
        assert checkpoint.read("fixed").tolist() == [b"a", b"bcd", b""]
        assert checkpoint.read("one")[()] == b"alone"
    finally:
        checkpoint.close()


def test_what_is_refused_says_why(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(400))
    with h5py.File(tmp_path / "elsewhere.h5", "w") as file:
        file["data"] = np.ones(4)
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file["good"] = np.ones(3)
        file["group/soft"] = h5py.SoftLink("/good")
        file["link"] = h5py.ExternalLink("elsewhere.h5", "/data")
        file.create_dataset("outside", (10,), "f4", external=[(str(tmp_path / "secret.bin"), 0, 40)])
        layout = h5py.VirtualLayout((4,), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "elsewhere.h5"), "data", (4,))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("scaled", data=np.arange(9), chunks=(3,), scaleoffset=0)
        file["nothing"] = h5py.Empty("f4")
        file.create_dataset("unwritten", (5,), "f4")
        file.create_dataset("half", (10,), "f4", chunks=(2,))[:4] = 1
        file["records"] = np.zeros(3, [("a", "f4"), ("b", "i8")])
        file["opaque"] = np.zeros(3, "V5")
        file["reference"] = file["good"].ref
        file.create_dataset("ragged", (2,), h5py.vlen_dtype("f4"))
        file["wide"] = np.ones(2, np.longdouble)
        file["colours"] = np.zeros(2, h5py.enum_dtype({"RED": 0, "GREEN": 1}, "i4"))
        file["type"] = np.dtype("f4")
        file["huge"] = h5py.Empty("f4")
        del file["huge"]
        file.create_dataset("huge", (1 << 40, 1 << 30), "f4", chunks=(1 << 10, 1 << 10))
        file.create_dataset("vast", (0, 1 << 61), "f4")
    words = {
        "group/soft": (Unsupported, "soft link to /good"),
        "link": (Unsupported, "another file, elsewhere.h5 /data"),
        "outside": (Unsupported, "another file, .*secret.bin"),
        "virtual": (Unsupported, "virtual dataset"),
        "scaled": (Unsupported, "filter 6"),
        "nothing": (Unsupported, "no shape"),
        "unwritten": (Corrupt, "never written"),
        "half": (Corrupt, "Only 2 of its 5 chunks"),
        "records": (Unsupported, "records of several fields"),
        "opaque": (Unsupported, "opaque bytes"),
        "reference": (Unsupported, "references"),
        "ragged": (Unsupported, "lists of varying length"),
        "wide": (Unsupported, "128 bits"),
        "colours": (Unsupported, "an enumeration"),
        "huge": (Corrupt, "larger than any file"),
        "vast": (Corrupt, "larger than any file"),
    }
    checkpoint, rows = opened(tmp_path / "odd.h5")
    try:
        assert set(rows) == {"good", *words}
        for key, (kind, text) in words.items():
            with pytest.raises(kind, match=text) as caught:
                checkpoint.read(key)
            assert (caught.value.key, caught.value.message) == (key, rows[key].error)
        np.testing.assert_array_equal(checkpoint.read("good"), np.ones(3))
        assert {fault.key for fault in checkpoint.verify()} == set(words)
    finally:
        checkpoint.close()


def test_groups_with_several_names_and_circles(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "circle.h5", "w") as file:
        file["a/b/data"] = np.ones(3)
        file["a/b/up"] = file["a"]
        file["root"] = file["/"]
        file["other"] = file["a/b"]
        file["again"] = file["a/b/data"]
    checkpoint, rows = opened(tmp_path / "circle.h5")
    checkpoint.close()
    assert set(rows) == {"a/b/data", "again"}
    assert any("more than one name" in note for note in checkpoint.notes)


def test_names_of_any_kind(tmp_path: Path) -> None:
    names = [b"caf\xc3\xa9", b"\xff\xfe", b"new\nline", b"a b", b"-", b"x" * 1000]
    with h5py.File(tmp_path / "names.h5", "w") as file:
        for number, name in enumerate(names):
            file.create_dataset(name, data=np.full(2, number))
    checkpoint, rows = opened(tmp_path / "names.h5")
    try:
        assert {key.encode("utf-8", "surrogateescape") for key in rows} == set(names)
        for number, name in enumerate(names):
            key = name.decode("utf-8", "surrogateescape")
            np.testing.assert_array_equal(checkpoint.read(key), np.full(2, number))
    finally:
        checkpoint.close()


def test_damage_in_a_packed_dataset_is_found(tmp_path: Path) -> None:
    path = tmp_path / "packed.h5"
    values = np.random.default_rng(1).normal(size=(40, 50))
    with h5py.File(path, "w") as file:
        file.create_dataset("sums", data=values, chunks=(10, 50), fletcher32=True)
        file.create_dataset("gzip", data=values, chunks=(10, 50), compression="gzip")
        file["plain"] = values
        places = {name: file[name].id.get_chunk_info(1).byte_offset for name in ("sums", "gzip")}
    data = bytearray(path.read_bytes())
    for place in places.values():
        data[place + 100] ^= 0xFF
    path.write_bytes(data)
    checkpoint, _ = opened(path)
    try:
        assert {fault.key for fault in checkpoint.verify()} == {"sums", "gzip"}
        for name in places:
            with pytest.raises(FileFault, match=r"packed\.h5"):
                checkpoint.read(name)
            np.testing.assert_array_equal(checkpoint.read(name, (slice(0, 10), slice(0, 50))), values[:10])
        np.testing.assert_array_equal(checkpoint.read("plain"), values)
    finally:
        checkpoint.close()


def test_cut_off_anywhere_never_changes_a_value(tmp_path: Path) -> None:
    path = tmp_path / "whole.h5"
    with h5py.File(path, "w") as file:
        for number in range(6):
            file[f"layers/dense_{number}/vars/0"] = np.full((30, 10), number + 1, "f4")
            file.create_dataset(
                f"packed/{number}", data=np.full(500, number + 1), chunks=(50,), compression="gzip"
            )
    whole, rows = opened(path)
    want = {key: whole.read(key) for key in rows}
    whole.close()
    data = path.read_bytes()
    cut = tmp_path / "cut.h5"
    kept = 0
    for length in [*range(8, len(data), len(data) // 8), len(data) - 1]:
        cut.write_bytes(data[:length])
        try:
            checkpoint, rows = opened(cut)
        except (Truncated, Corrupt):
            continue
        try:
            assert any("cut off" in note for note in checkpoint.notes)
            for key, info in rows.items():
                if info.error is None:
                    np.testing.assert_array_equal(checkpoint.read(key), want[key])
                    kept += 1
        finally:
            checkpoint.close()
    assert kept > 5
