"""V1 tables made to harm: they open or are refused with a typed error, quickly, in little memory, without a crash."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import CkptStudioError, FileFault, Unrecognised, Unsupported
from ckpt_studio.formats import files
from ckpt_studio.formats.protos.saved_tensor_slice_pb2 import SavedTensorSlices
from ckpt_studio.formats.tf_v1.checkpoint import open_v1
from tests.helpers.bundles import BundleMaker, TableBytes, block, repaired, slice_key, table, varint
from tests.helpers.v1_tables import Table, message, record, tagged, typed
from tests.helpers.work import at_most


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that others write are waited for; here there are hundreds of damaged ones."""
    monkeypatch.setattr(files, "_PAUSE", 0.0)


def sound() -> Table:
    """A bit of everything."""
    made = Table()
    made.add_whole("floats", (2, 3), 1, typed("float32", np.arange(6, dtype=np.float32)))
    made.add_whole("ints", (4,), 9, typed("int64", [1, -1, 300, 2**40]))
    made.add_whole("words", (3,), 7, typed("string", [b"a", b"", b"cde"]))
    made.add_whole("content", (2,), 3, message(4, struct.pack("<2i", 5, 6)))
    made.add("parts", (4,), 14, [(((2 * i, 2),), typed("bfloat16", [i, i])) for i in range(2)])
    made.add_whole("scalar", (), 10, typed("bool", [True]))
    return made


def read_all(path: str) -> None:
    """What a person can do with a file."""
    checkpoint = open_v1(path)
    columns = checkpoint.columns
    for row in range(len(columns)):
        info = columns.info(row)
        shape = info.shape or ()
        with contextlib.suppress(FileFault):
            checkpoint.read(info.key, tuple(slice(0, min(extent, 3)) for extent in shape))
        if np.prod(shape, dtype=float) < 1e6:
            with contextlib.suppress(FileFault):
                for _ in checkpoint.blocks(info.key):
                    pass
    list(checkpoint.verify())


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_mutated_tables(tmp_path: Path, data: st.DataObject) -> None:
    whole = sound().encode(per_block=data.draw(st.integers(1, 9)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        value = data.draw(st.integers(0, 255) | st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
        try:
            whole = repaired(whole, at, value)
        except (IndexError, struct.error):
            break
    if data.draw(st.integers(0, 9)) == 0:
        whole = whole[: data.draw(st.integers(0, len(whole)))]
    path = tmp_path / "t"
    path.write_bytes(whole)
    with contextlib.suppress(CkptStudioError):
        read_all(str(path))


def empty_variables() -> bytes:
    """A list of many variables that say nothing."""
    return table([(b"", message(1, b"\x0a\x00" * 100_000))])


def many_slices() -> bytes:
    """One variable with many slices."""
    return table([(b"", message(1, message(1, message(1, b"w") + b"\x22\x00" * 100_000)))])


def many_axes() -> bytes:
    """A shape of two million axes."""
    return table(
        [(b"", message(1, message(1, message(1, b"w") + message(2, b"\x12\x00" * 2_000_000) + b"\x18\x01")))]
    )


def many_extents() -> bytes:
    """A slice of two million axes."""
    return table([(b"", message(1, message(1, message(1, b"w") + message(4, b"\x0a\x00" * 2_000_000))))])


def overlapping_slices() -> bytes:
    """Slices over two axes, none of which is like another."""
    made = Table()
    pieces = [(((i, 1), (j, 1)), b"") for i in range(64) for j in range(64)]
    made.add("w", (64, 65), 1, pieces)
    return made.encode()


def long_shared_keys() -> bytes:
    """Prefix compression makes a small block claim keys of a hundred thousand bytes each."""
    made = Table()
    name = b"n" * 100_000
    made.listed.append((name, (2,), 1, [((0, -1),)]))
    parts = bytearray(varint(0) + varint(0) + varint(len(made.list_bytes())) + made.list_bytes())
    key = slice_key(name, ((0, 1),))
    parts += varint(0) + varint(len(key)) + varint(0) + key
    for i in range(300_000):
        parts += varint(len(key) - 1) + varint(1) + varint(0) + bytes([i % 256])
    file = TableBytes()
    return file.finish([(b"\xff", file.add(bytes(parts) + struct.pack("<2I", 0, 1)))])


def many_records() -> bytes:
    """Two million records that nobody listed."""
    listed = sound().list_bytes()
    parts = (
        varint(0)
        + varint(0)
        + varint(len(listed))
        + listed
        + (varint(0) + varint(1) + varint(0) + b"x") * 2_000_000
    )
    file = TableBytes()
    return file.finish([(b"\xff", file.add(parts + struct.pack("<2I", 0, 1)))])


def tiny_blocks() -> bytes:
    """A block for each of many records, in a table too large to be read as a whole."""
    file = TableBytes()
    first = file.add(block([(b"", sound().list_bytes())]))
    handles = [(b"", first)]
    for i in range(6_000):
        key = b"\x00%07d" % i
        handles.append((key, file.add(block([(key, bytes(800))]))))
    return file.finish(handles)


def inflating() -> bytes:
    """Snappy makes eight megabytes of each block."""
    made = Table()
    for i in range(8):
        made.add_whole(f"z{i}", (2_000_000,), 1, message(5, bytes(8_000_000)))
    return made.encode(per_block=1, snappy=True)


def a_huge_variable() -> bytes:
    """A variable of a tebibyte, of which there is one number."""
    made = Table()
    made.add_whole("w", (2**38,), 1, typed("float32", [1.0]))
    return made.encode()


def one_by_one() -> bytes:
    """Many numbers that are not packed."""
    made = Table()
    made.add_whole("w", (30_000,), 3, tagged(7, 0, b"\x05") * 30_000)
    return made.encode()


@pytest.mark.parametrize(
    "make",
    [
        empty_variables, many_slices, many_axes, many_extents, overlapping_slices, long_shared_keys, many_records,
        tiny_blocks, inflating, a_huge_variable, one_by_one,
    ],
)  # fmt: skip
def test_a_small_hostile_file_is_little_work(tmp_path: Path, make: Callable[[], bytes]) -> None:
    path = tmp_path / "t"
    path.write_bytes(make())
    assert path.stat().st_size < 12 << 20
    with at_most(1_000_000):
        attempt(str(path))
    tracemalloc.start()
    attempt(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20


def attempt(path: str) -> None:
    """Open, list, and look at the beginning of everything."""
    with contextlib.suppress(FileFault):
        checkpoint = open_v1(path)
        columns = checkpoint.columns
        for row in range(min(len(columns), 3)):
            info = columns.info(row)
            with contextlib.suppress(FileFault):
                checkpoint.read(info.key, tuple(slice(0, min(extent, 3)) for extent in info.shape or ()))


def test_the_index_of_a_bundle_is_said_to_be_that(tmp_path: Path) -> None:
    made = BundleMaker()
    made.add("w", np.ones(2, np.float32), 1)
    (tmp_path / "model.ckpt").write_bytes(made.index())
    with pytest.raises(Unrecognised, match=r"index of a V2 checkpoint"):
        open_v1(str(tmp_path / "model.ckpt"))


@pytest.mark.parametrize(
    "records",
    [[], [(b"key", b"value")], [(b"", b"")], [(b"", b"\xff\xff")], [(b"", b"\x0a\x05\x0a\x03\x12\x7f\x00")]],
)
def test_other_tables_are_refused(tmp_path: Path, records: list[tuple[bytes, bytes]]) -> None:
    (tmp_path / "t").write_bytes(table(records) if records else TableBytes().finish([]))
    with pytest.raises(FileFault, match="t "):
        open_v1(str(tmp_path / "t"))


def test_newer_versions_are_refused(tmp_path: Path) -> None:
    made = sound()
    (tmp_path / "t").write_bytes(table([(b"", made.list_bytes(version=b"\x08\x09\x10\x07"))]))
    with pytest.raises(Unsupported, match="newer version of the format \\(7\\)"):
        open_v1(str(tmp_path / "t"))


values = st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5)
fields = st.lists(
    st.one_of(
        values.map(lambda v: typed("int32", v)),
        st.integers(-(2**63), 2**63 - 1).map(lambda v: tagged(7, 0, varint(v))),
        st.just(tagged(2, 2, b"\x12\x02\x08\x05")),
        st.just(tagged(3, 0, b"\x05")),
        st.just(tagged(5, 5, bytes(4))),
        st.just(message(8, b"word")),
        st.just(tagged(99, 1, bytes(8))),
        st.just(tagged(1, 0, b"\x03")),
    ),
    max_size=6,
).map(b"".join)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(fields, min_size=1, max_size=3), st.integers(1, 12))
def test_records_are_read_as_protobuf_reads_them(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], count: int
) -> None:
    """Merged messages, numbers packed or not, unknown fields between."""
    raw = b"".join(record(b"w", ((0, -1),), part) for part in parts)
    said = list(SavedTensorSlices.FromString(raw).data.data.int_val)
    made = Table()
    made.add_whole("w", (count,), 3, b"")
    made.records[slice_key(b"w", ((0, -1),))] = raw
    path = tmp_path_factory.getbasetemp() / "records"
    expected = (said + said[-1:] * count or [0] * count)[:count]
    assert open_v1(made.write(path)).read("w").tolist() == expected
