"""Values of a bundle, whole, by windows and by blocks, in every type and layout, are what numpy put there."""

from __future__ import annotations

import os
import struct
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import Cancelled, FileFault, NoSuchVariable, Unsupported
from ckpt_studio.core.tasks import Task
from ckpt_studio.formats import files
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.helpers.bundles import BundleMaker, Record, masked, shard_name, variant_bytes, varint

NUMERIC = [dtype for dtype in dtypes.BY_NUMBER.values() if dtype.is_numeric]


def numbers(dtype: np.dtype[Any], shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Arbitrary bytes as numbers; of types that use few bits, such as occur."""
    rng = np.random.default_rng(seed)
    count = int(np.prod(shape))
    if dtype == np.bool_ or dtype.name in ("int4", "uint4", "int2", "uint2", "float4_e2m1fn"):
        return rng.integers(0, 2, count).astype(dtype).reshape(shape)
    return np.frombuffer(rng.bytes(count * dtype.itemsize), dtype).reshape(shape)


def same(one: np.ndarray, other: np.ndarray) -> None:
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("dtype", NUMERIC, ids=lambda d: d.name)
def test_every_type_in_both_byte_orders(tmp_path: Path, dtype: dtypes.DType, big_endian: bool) -> None:
    assert dtype.numpy is not None
    made = BundleMaker(big_endian=big_endian)
    made.shards[0] += b"odd"  # nothing is aligned
    arrays = {f"t{rank}": numbers(dtype.numpy, (3, 4, 5)[:rank], rank) for rank in range(4)}
    arrays["empty"] = numbers(dtype.numpy, (3, 0, 2))
    for key, array in arrays.items():
        made.shards[0] += b"x"
        made.add(key, array, dtype.number)
    bundle = open_bundle(made.write(tmp_path / "m"))
    assert bundle.big_endian == big_endian
    for key, array in arrays.items():
        info = bundle.columns.of(key)
        assert (info.dtype, info.shape, info.nbytes, info.error) == (dtype, array.shape, array.nbytes, None)
        same(bundle.read(key), array)
        blocks = [block.copy() for block in bundle.blocks(key)]
        same(np.concatenate([np.empty(0, dtype.numpy), *blocks]), array.reshape(-1))
    same(bundle.read("t3", (slice(1, 3), slice(0, 4), slice(2, 3))), arrays["t3"][1:3, :, 2:3].copy())
    assert list(bundle.verify()) == []


shapes = st.lists(st.integers(0, 9), max_size=4).map(tuple)


@st.composite
def windows(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[slice, ...]:
    bounds = [sorted(draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in shape]
    return tuple(slice(low, high) for low, high in bounds)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundles")


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_any_window_of_whole_and_partitioned_variables_and_strings(folder: Path, data: st.DataObject) -> None:
    shape = data.draw(shapes)
    big_endian = data.draw(st.booleans())
    made = BundleMaker(2, big_endian=big_endian)
    array = np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)
    words = np.array([b"w" * (i % 5) + b"%d" % i for i in range(array.size)], object).reshape(shape)
    made.add("whole", array, 3, shard=1)
    made.add_strings("words", list(words.reshape(-1)), shape)
    keys = {"whole": array, "words": words}
    if shape and min(shape):
        made.add_slices("parts", array, 3, data.draw(cuts(shape)))
        keys["parts"] = array
    bundle = open_bundle(made.write(folder / "w", per_block=3))
    for key, expected in keys.items():
        window = data.draw(windows(shape))
        values = bundle.read(key, window)
        assert values.flags.c_contiguous
        assert values.tolist() == expected[(*window, ...)].tolist()
        assert values.shape == expected[(*window, ...)].shape
        assert (
            np.concatenate([np.empty(0, values.dtype), *bundle.blocks(key)]).tolist()
            == expected.reshape(-1).tolist()
        )
    assert list(bundle.verify()) == []


@st.composite
def cuts(draw: st.DrawFn, shape: tuple[int, ...]) -> list[tuple[tuple[int, int], ...]]:
    """Slices on a grid: some axes cut at some places."""
    axes = []
    for extent in shape:
        at = sorted(draw(st.sets(st.integers(1, max(extent - 1, 1)), max_size=2))) if extent > 1 else []
        edges = [0, *at, extent]
        axes.append([(0, -1)] if len(edges) == 2 else [(a, b - a) for a, b in pairwise(edges)])
    pieces: list[tuple[tuple[int, int], ...]] = [()]
    for axis in axes:
        pieces = [(*piece, part) for piece in pieces for part in axis]
    return pieces


@pytest.mark.parametrize(
    "window", [(slice(5, 105), slice(7, 107)), (slice(0, 3000), slice(4, 5)), (slice(9, 10), slice(0, 3000))]
)
def test_windows_of_a_large_tensor(tmp_path: Path, window: tuple[slice, slice]) -> None:
    array = np.random.default_rng(1).integers(0, 255, (3000, 3000), np.uint8).view(np.uint8)
    made = BundleMaker()
    made.add("big", array, 4)
    bundle = open_bundle(made.write(tmp_path / "m"))
    same(bundle.read("big", window), array[window].copy())
    same(np.concatenate([b.copy() for b in bundle.blocks("big")]), array.reshape(-1))


def test_where_positional_vectors_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(files.os, "preadv", raising=False)
    array = np.arange(3_000_000, dtype=np.float32)
    made = BundleMaker()
    made.add("t", array, 1)
    bundle = open_bundle(made.write(tmp_path / "m"))
    same(bundle.read("t"), array)


def test_many_slices_in_several_shards(tmp_path: Path) -> None:
    array = np.arange(600_000, dtype=np.int64).reshape(3000, 200)
    made = BundleMaker(3)
    made.add_slices("table", array, 9, [((i, 1), (0, -1)) for i in range(3000)])
    bundle = open_bundle(made.write(tmp_path / "m", snappy=True))
    info = bundle.columns.of("table")
    assert len(bundle.columns) == 1
    assert (info.shape, info.nbytes) == ((3000, 200), array.nbytes)
    window = (slice(998, 1003), slice(10, 13))
    same(bundle.read("table", window), array[window].copy())
    same(bundle.read("table"), array)
    assert len(bundle.raw_entries("table")) == 3001
    assert bundle.stored("table") is None
    assert len(bundle.identity("table").split("/")) == 5


@pytest.mark.parametrize("big_endian", [False, True])
def test_hundreds_of_slices_over_two_axes(tmp_path: Path, big_endian: bool) -> None:
    array = np.arange(120_000, dtype=np.int32).reshape(400, 300)
    made = BundleMaker(3, big_endian=big_endian)
    made.add_slices("table", array, 3, [((20 * i, 20), (15 * j, 15)) for j in range(20) for i in range(20)])
    made.add("other", array[0], 3, shard=0)
    made.add("third", array[1], 3, shard=2)
    prefix = made.write(tmp_path / "m", per_block=37, snappy=True)
    bundle = open_bundle(prefix)
    for window in (
        (slice(33, 390), slice(14, 47)),
        (slice(0, 400), slice(299, 300)),
        (slice(5, 5), slice(0, 9)),
    ):
        same(bundle.read("table", window), array[window].copy())
    same(np.concatenate([block.copy() for block in bundle.blocks("table")]), array.reshape(-1))
    assert list(bundle.verify()) == []
    size = Path(shard_name(prefix, 2, 3)).stat().st_size
    for missing, faulty in ((1, ["third"]), (array[1].nbytes + 1, ["table", "third"])):
        os.truncate(shard_name(prefix, 2, 3), size - missing)
        short = open_bundle(prefix)
        assert [short.columns.keys[row] for row in short.columns.faults] == faulty
    Path(shard_name(prefix, 2, 3)).unlink()
    gone = open_bundle(prefix)
    assert [gone.columns.keys[row] for row in gone.columns.faults] == ["table", "third"]
    with pytest.raises(FileFault, match="data-00002-of-00003"):
        gone.read("table", (slice(0, 1), slice(0, 1)))
    assert gone.columns.of("table").shape == (400, 300)
    same(gone.read("other"), array[0])


def test_a_string_of_more_than_four_gibibytes(tmp_path: Path) -> None:
    lengths = [(1 << 32) + 5, 2]  # from 4 GiB on, eight bytes of a length go into the checksum, else four
    crc = masked(struct.pack("<QI", *lengths))
    head = b"".join(map(varint, lengths)) + struct.pack("<I", crc)
    size = len(head) + sum(lengths)
    made = BundleMaker()
    made.put("s", Record(7, (2,), 0, 0, size, 1).encode())
    prefix = made.write(tmp_path / "m")
    with Path(shard_name(prefix, 0, 1)).open("wb") as file:
        file.write(head)
        file.truncate(size)
        file.seek(size - 2)
        file.write(b"ab")
    bundle = open_bundle(prefix)
    assert bundle.columns.of("s").nbytes == size
    assert bundle.read("s", (slice(1, 2),)).tolist() == [b"ab"]


def test_several_threads_at_once(tmp_path: Path) -> None:
    made = BundleMaker(2)
    arrays = {f"t{i}": np.full(100_000, i, np.int32) for i in range(8)}
    for i, (key, array) in enumerate(arrays.items()):
        made.add(key, array, 3, shard=i % 2)
    bundle = open_bundle(made.write(tmp_path / "m"))
    wrong: list[str] = []

    def check(key: str) -> None:
        for _ in range(20):
            if not (bundle.read(key) == arrays[key]).all() or len(bundle.columns) != 8:
                wrong.append(key)

    threads = [threading.Thread(target=check, args=(key,)) for key in arrays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_opaque_rows_are_listed_and_copied_but_not_read(tmp_path: Path) -> None:
    made = BundleMaker()
    data, crc = variant_bytes([b"anything", b""])
    made.put("iterator", replace(made.record(21, (2,), data), crc=crc).encode())
    made.put("handle", made.record(20, (2,), b"some thing").encode())
    bundle = open_bundle(made.write(tmp_path / "m"))
    assert [bundle.columns.info(row).dtype.name for row in range(2)] == ["resource", "variant"]
    with pytest.raises(Unsupported, match="variant"):
        bundle.read("iterator")
    stored = bundle.stored("iterator")
    assert stored is not None
    assert Path(stored.path).read_bytes()[stored.offset : stored.offset + stored.size] == data
    assert list(bundle.verify()) == []
    path = Path(stored.path)
    path.write_bytes(path.read_bytes().replace(b"anything", b"anyth1ng"))
    assert [fault.kind for fault in open_bundle(bundle.prefix).verify()] == ["checksum"]


def test_keys_that_are_not_utf8(tmp_path: Path) -> None:
    made = BundleMaker()
    made.add(b"caf\xe9/w", np.ones(2, np.float32), 1)
    made.add("größe", np.ones(2, np.float32), 1)
    bundle = open_bundle(made.write(tmp_path / "m"))
    assert "caf\udce9/w" in bundle.columns
    assert bundle.read("caf\udce9/w").tolist() == [1, 1]
    assert bundle.read("größe").tolist() == [1, 1]


@pytest.mark.parametrize("name", ["", "-o", "a[1]b*?", "mit Leerzeichen", "größe-ü", "x.index", "new\nline"])
def test_any_prefix(tmp_path: Path, name: str) -> None:
    made = BundleMaker()
    made.add("w", np.arange(3, dtype=np.float32), 1)
    prefix = made.write(f"{tmp_path}{os.sep}{name}")
    assert open_bundle(prefix).read("w").tolist() == [0, 1, 2]


def test_wrong_keys_and_windows(tmp_path: Path) -> None:
    made = BundleMaker()
    made.add("w", np.zeros((2, 3), np.float32), 1)
    bundle = open_bundle(made.write(tmp_path / "m"))
    with pytest.raises(NoSuchVariable, match="nothing"):
        bundle.read("nothing")
    with pytest.raises(ValueError, match="rank"):
        bundle.read("w", (slice(0, 1),))
    with pytest.raises(ValueError, match="slice"):
        bundle.read("w", (slice(0, 3), slice(0, 1)))


def test_verification_can_be_stopped(tmp_path: Path) -> None:
    made = BundleMaker()
    made.add("w", np.ones(2_000_000, np.float32), 1)
    bundle = open_bundle(made.write(tmp_path / "m"))
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        list(bundle.verify(task))


def test_the_step_comes_from_the_name_or_the_global_step(tmp_path: Path) -> None:
    made = BundleMaker()
    made.add("global_step", np.array(77, np.int64), 9)
    assert open_bundle(made.write(tmp_path / "model.ckpt-12")).step == 12
    assert open_bundle(made.write(tmp_path / "model.ckpt")).step == 77


def test_reading_a_window_costs_no_more_memory_than_it_needs(tmp_path: Path) -> None:
    import tracemalloc

    made = BundleMaker()
    record = Record(1, (1 << 20, 1 << 10), size=1 << 32)
    made.put("huge", record.encode())
    prefix = made.write(tmp_path / "m")
    os.truncate(shard_name(prefix, 0, 1), 1 << 32)  # sparse
    bundle = open_bundle(prefix)
    tracemalloc.start()
    bundle.read("huge", (slice(1000, 1100), slice(500, 600)))
    bundle.read("huge", (slice(0, 1 << 12), slice(3, 4)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


def test_int4_is_one_byte_an_element(tmp_path: Path) -> None:
    made = BundleMaker()
    values = np.arange(-8, 8).astype(ml_dtypes.int4)
    made.add("q", values, 29)
    bundle = open_bundle(made.write(tmp_path / "m"))
    assert bundle.columns.of("q").nbytes == 16
    assert bundle.read("q").tolist() == values.tolist()
