"""Hand-made V1 tables: any window of any encoding, slices over several tables, and which rows damage takes along."""

from __future__ import annotations

import os
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import (
    Cancelled,
    Changed,
    ChecksumMismatch,
    Corrupt,
    FileFault,
    MissingFile,
    NoSuchVariable,
    Unsupported,
)
from ckpt_studio.core.tasks import Task
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_v1 import shard
from ckpt_studio.formats.tf_v1.checkpoint import V1Checkpoint, open_v1
from tests.helpers.bundles import block_spans, slice_key
from tests.helpers.v1_tables import Piece, Table, message, tagged, typed

NAMES = {"float32": 1, "int32": 3, "int64": 9, "complex64": 8, "string": 7, "bool": 10}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@st.composite
def cuts(draw: st.DrawFn, shape: tuple[int, ...]) -> list[Piece]:
    """Slices on a grid: some axes cut at some places, written as full extents or as numbers."""
    pieces: list[Piece] = [()]
    for extent in shape:
        at = sorted(draw(st.sets(st.integers(1, max(extent - 1, 1)), max_size=2))) if extent > 1 else []
        edges = [0, *at, extent]
        whole = [(0, -1)] if draw(st.booleans()) else [(0, extent)]
        axis = whole if len(edges) == 2 else [(a, b - a) for a, b in pairwise(edges)]
        pieces = [(*piece, part) for piece in pieces for part in axis]
    return draw(st.permutations(pieces))


def values_for(name: str, shape: tuple[int, ...]) -> np.ndarray:
    count = int(np.prod(shape))
    if name == "string":
        return np.array([b"w" * (i % 4) + b"%d" % i for i in range(count)], object).reshape(shape)
    numbers = np.arange(count) * (1 if name == "bool" else -77)
    return (numbers % 3 == 0 if name == "bool" else numbers.astype(name)).reshape(shape)


def part_of(array: np.ndarray, piece: Piece) -> np.ndarray:
    window = tuple(slice(start, None if n == -1 else start + n) for start, n in piece)
    return np.ascontiguousarray(array[window]).reshape(-1)


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_any_window_however_it_is_stored(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(NAMES)))
    shape = data.draw(st.lists(st.integers(0, 9), max_size=4).map(tuple))
    array = values_for(name, shape)
    tables = [Table() for _ in range(data.draw(st.integers(1, 3)))]
    pieces = data.draw(cuts(shape))
    for number, table in enumerate(tables):
        mine = [(piece, typed(name, part_of(array, piece))) for piece in pieces[number :: len(tables)]]
        if mine:
            table.add("net/w", shape, NAMES[name], mine)
        table.add_whole(f"only/{number}", (2,), 1, typed("float32", np.ones(2, np.float32)))
        where = folder / f"t-{number:05d}-of-{len(tables):05d}"
        table.write(where, per_block=data.draw(st.integers(1, 4)), snappy=data.draw(st.booleans()))
    checkpoint = open_checkpoint(str(folder / f"t-?????-of-{len(tables):05d}"))
    assert checkpoint.notes == ()
    assert checkpoint.columns.of("net/w").shape == shape
    assert not checkpoint.columns.faults
    bounds = [sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in shape]
    window = tuple(slice(low, high) for low, high in bounds)
    values = checkpoint.read("net/w", window)
    assert values.tolist() == array[(*window, ...)].tolist()
    assert values.shape == array[(*window, ...)].shape
    assert values.flags.c_contiguous
    blocks = [block.copy() for block in checkpoint.blocks("net/w")]
    assert np.concatenate([np.empty(0, values.dtype), *blocks]).tolist() == array.reshape(-1).tolist()
    assert list(checkpoint.verify()) == []


@pytest.mark.parametrize("whole", [0, 4 << 20])
@pytest.mark.parametrize("name", ["float32", "int64", "string", "complex64", "bool"])
def test_large_records_are_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, whole: int
) -> None:
    monkeypatch.setattr(shard, "WHOLE", whole)
    rows = 70 if name == "string" else 700
    array = values_for(name, (rows, 300))
    table = Table()
    table.add_whole("a", (), 1, typed("float32", np.ones(1, np.float32)))
    table.add_whole("big", (rows, 300), NAMES[name], typed(name, array.reshape(-1)))
    table.add_whole("padded", (rows, 300), 3, typed("int32", [5, 6]))
    halves: list[Piece] = [((0, -1), (0, 150)), ((0, -1), (150, 150))]
    table.add("halves", (rows, 300), NAMES[name], [(p, typed(name, part_of(array, p))) for p in halves])
    checkpoint = open_v1(table.write(tmp_path / "t", per_block=3))
    for window in (
        (slice(3, rows - 9), slice(5, 7)),
        (slice(rows - 1, rows), slice(0, 300)),
        (slice(0, rows), slice(0, 300)),
    ):
        for key in ("big", "halves"):
            assert checkpoint.read(key, window).tolist() == array[window].tolist()
        padded = np.full((rows, 300), 6)
        padded[0, 0] = 5
        assert checkpoint.read("padded", window).tolist() == padded[window].tolist()
    for key in ("big", "halves"):
        blocks = [block.copy() for block in checkpoint.blocks(key)]
        assert np.concatenate(blocks).tolist() == array.reshape(-1).tolist()
        assert max(block.nbytes for block in blocks) <= 1 << 20
    assert checkpoint.read("a").tolist() == 1
    task = Task()
    assert list(checkpoint.verify(task)) == []
    assert task.done == task.total == Path(checkpoint.prefix).stat().st_size


def test_hundreds_of_slices_over_two_axes_in_several_tables(tmp_path: Path) -> None:
    array = np.arange(120_000, dtype=np.float32).reshape(400, 300)
    pieces: list[Piece] = [((20 * i, 20), (15 * j, 15)) for i in range(20) for j in range(20)]
    for number in range(3):
        table = Table()
        table.add("w", (400, 300), 1, [(p, typed("float32", part_of(array, p))) for p in pieces[number::3]])
        table.write(tmp_path / f"m-{number:05d}-of-00003", per_block=50)
    checkpoint = open_v1(str(tmp_path / "m-?????-of-00003"))
    assert checkpoint.read("w").tobytes() == array.tobytes()
    window = (slice(33, 390), slice(14, 47))
    assert checkpoint.read("w", window).tolist() == array[window].tolist()
    assert np.concatenate([b.copy() for b in checkpoint.blocks("w")]).tolist() == array.reshape(-1).tolist()
    assert len(checkpoint.identity("w").split("/")) == 4
    assert list(checkpoint.verify()) == []


def sharded(folder: Path) -> str:
    """Three tables: one variable in each, and one whose slices lie in two."""
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    for number in range(3):
        table = Table()
        table.add_whole(f"only/{number}", (2,), 1, typed("float32", np.full(2, number, np.float32)))
        if number < 2:
            piece = ((2 * number, 2), (0, -1))
            table.add("parts", (4, 3), 1, [(piece, typed("float32", part_of(array, piece)))])
        table.write(folder / f"m-{number:05d}-of-00003")
    return str(folder / "m-?????-of-00003")


def test_a_missing_table_harms_only_its_own_variables(tmp_path: Path) -> None:
    prefix = sharded(tmp_path)
    (tmp_path / "m-00001-of-00003").unlink()
    checkpoint = open_checkpoint(prefix)
    assert list(checkpoint.columns.keys) == ["only/0", "only/2", "parts"]
    with pytest.raises(MissingFile, match="m-00001-of-00003 is missing"):
        checkpoint.read("parts")
    assert checkpoint.read("only/2").tolist() == [2, 2]
    assert "m-00001-of-00003 is missing" in checkpoint.notes[0]
    assert [(fault.key, fault.kind) for fault in checkpoint.verify()] == [("parts", "missing")]
    (tmp_path / "m-00000-of-00003").unlink()
    assert "and 1 more of its files are missing" in open_checkpoint(prefix).notes[0]


def test_a_table_that_is_cut_off_keeps_its_names(tmp_path: Path) -> None:
    prefix = sharded(tmp_path)
    path = tmp_path / "m-00001-of-00003"
    os.truncate(path, path.stat().st_size - 30)
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.prefix == prefix
    columns = checkpoint.columns
    assert [columns.keys[row] for row in columns.faults] == ["only/1", "parts"]
    assert columns.of("only/1").shape == (2,)
    assert any("cut off" in note for note in checkpoint.notes)
    with pytest.raises(FileFault, match="cut off"):
        checkpoint.read("only/1")
    assert checkpoint.read("only/0").tolist() == [0, 0]
    assert {fault.key for fault in checkpoint.verify()} == {"only/1", "parts", None}
    os.truncate(path, 10)  # nothing of it is left
    checkpoint = open_checkpoint(prefix)
    assert "m-00001-of-00003" in checkpoint.notes[0]
    assert [checkpoint.columns.keys[row] for row in checkpoint.columns.faults] == ["parts"]


def many(path: Path) -> tuple[V1Checkpoint, bytes, list[tuple[int, int]]]:
    """Thirty variables in blocks of ten records; the first record of all is the list."""
    table = Table()
    for i in range(30):
        table.add_whole(f"v{i:02d}", (3,), 1, typed("float32", np.full(3, i, np.float32)))
    raw = Path(table.write(path, per_block=10)).read_bytes()
    spans = sorted(block_spans(raw))
    assert len(spans) == 4 + 2  # data, metaindex, index
    return open_v1(str(path)), raw, spans


@pytest.mark.parametrize("block", range(4))
@pytest.mark.parametrize("whole", [0, 4 << 20])
def test_a_damaged_block_harms_only_what_lies_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, whole: int
) -> None:
    _, raw, spans = many(tmp_path / "t")
    start, size = spans[block]
    at = start + size - 10  # of the value of its last record
    (tmp_path / "t").write_bytes(raw[:at] + bytes([raw[at] ^ 64]) + raw[at + 1 :])
    monkeypatch.setattr(shard, "WHOLE", whole)
    checkpoint = open_v1(str(tmp_path / "t"))
    first = 0 if block == 0 else 10 * block - 1  # the list is the first of its ten
    inside = [f"v{i:02d}" for i in range(first, min(10 * block + 9, 30))]
    columns = checkpoint.columns
    assert len(columns) == 30
    found = [fault for fault in checkpoint.verify() if fault.key is not None]
    assert [(fault.key, fault.kind) for fault in found] == [(key, "checksum") for key in inside]
    if whole:  # a small file is looked through when it is opened
        assert [columns.keys[row] for row in columns.faults] == inside
        with pytest.raises(ChecksumMismatch, match="does not match its checksum") as caught:
            checkpoint.read(inside[0])
        assert caught.value.key == inside[0]
    outside = next(f"v{i:02d}" for i in range(30) if f"v{i:02d}" not in inside)
    assert checkpoint.read(outside).tolist() == [float(outside[1:])] * 3


@pytest.mark.parametrize("block", [4, 5, None])
def test_a_damaged_index_keeps_the_names(tmp_path: Path, block: int | None) -> None:
    _, raw, spans = many(tmp_path / "t")
    at = len(raw) - 45 if block is None else spans[block][0] + 1
    (tmp_path / "t").write_bytes(raw[:at] + bytes([raw[at] ^ 64]) + raw[at + 1 :])
    checkpoint = open_v1(str(tmp_path / "t"))
    assert len(checkpoint.columns) == 30
    faulty = len(checkpoint.columns.faults)
    assert faulty == (0 if block == 4 else 30)  # nobody needs the metaindex
    assert [fault for fault in checkpoint.verify() if fault.key is None]


def test_missing_and_strange_records(tmp_path: Path) -> None:
    table = Table()
    for name in ("absent", "alien", "cut", "good", "junk", "typed", "varint", "words"):
        table.add_whole(name, (2,), 3, typed("int32", [1, 2]))
    full: Piece = ((0, -1),)
    del table.records[slice_key(b"absent", full)]
    table.records[slice_key(b"alien", full)] = table.records[slice_key(b"good", full)]
    table.records[slice_key(b"cut", full)] = table.records[slice_key(b"cut", full)][:-2]
    table.records[slice_key(b"junk", full)] = b"\xff\xff\xff"
    table.records[slice_key(b"typed", full)] = message(
        2, message(3, tagged(1, 0, b"\x01") + typed("int32", [1]))
    )
    table.records[slice_key(b"varint", full)] = message(2, message(3, message(7, b"\x01\x80")))
    table.records[slice_key(b"words", full)] = message(2, message(3, message(4, b"abc")))
    checkpoint = open_v1(table.write(tmp_path / "t"))
    columns = checkpoint.columns
    assert [columns.keys[row] for row in columns.faults] == ["absent"]
    texts = {
        "absent": "holds no values", "alien": "another variable", "cut": "too early", "junk": "byte 0|middle",
        "typed": "another type", "varint": "does not end", "words": "3 bytes for 2 elements",
    }  # fmt: skip
    for key, text in texts.items():
        with pytest.raises(Corrupt, match=text) as caught:
            checkpoint.read(key)
        assert caught.value.key == key
    assert checkpoint.read("good").tolist() == [1, 2]
    assert {fault.key for fault in checkpoint.verify()} == set(texts)


@pytest.mark.parametrize(
    ("shape", "dtype", "pieces", "kind", "text", "shown"),
    [
        ((2,), 0, [((0, -1),)], Unsupported, "number 0", (2,)),
        ((2,), 99, [((0, -1),)], Unsupported, "number 99", (2,)),
        ((-1,), 1, [((0, -1),)], Corrupt, "negative", None),
        ((2**40, 2**40), 1, [((0, -1), (0, -1))], Unsupported, "larger", None),
        ((1,) * 40, 1, [((0, -1),) * 40], Unsupported, "40 axes", (1,) * 40),
        ((1,) * 200, 1, [((0, -1),) * 200], Unsupported, "200 axes", None),
        ((2,), 1, [], Corrupt, "do not fill", (2,)),
        ((2,), 1, [((0, 1),)], Corrupt, "do not fill", (2,)),
        ((2,), 1, [((0, 2),), ((0, -1),)], Corrupt, "do not fill", (2,)),
        ((2,), 1, [((1, 2),)], Corrupt, "out of the variable", (2,)),
        ((2,), 1, [((0, -1), (0, -1))], Corrupt, "another rank", (2,)),
        ((2, 2), 1, [((0, 1), (0, 2)), ((0, 2), (0, 1))], Corrupt, "overlap", (2, 2)),
    ],
)
def test_a_broken_variable_is_a_faulty_row(
    tmp_path: Path,
    shape: tuple[int, ...],
    dtype: int,
    pieces: list[Piece],
    kind: type[FileFault],
    text: str,
    shown: Any,
) -> None:
    table = Table()
    table.add_whole("good", (2,), 1, typed("float32", np.ones(2, np.float32)))
    table.add("w", shape, dtype, [(piece, b"") for piece in pieces])
    checkpoint = open_v1(table.write(tmp_path / "t"))
    info = checkpoint.columns.of("w")
    assert (info.shape, info.error is not None) == (shown, True)
    with pytest.raises(kind, match=text) as caught:
        checkpoint.read("w")
    assert (caught.value.message, caught.value.key) == (info.error, "w")
    assert checkpoint.read("good").tolist() == [1, 1]


def test_tables_that_disagree(tmp_path: Path) -> None:
    for number in range(2):
        table = Table()
        table.add("w", (2,), 1 + number, [(((number, 1),), b"")])
        table.write(tmp_path / f"m-{number:05d}-of-00002")
    with pytest.raises(Corrupt, match="listed twice"):
        open_v1(str(tmp_path / "m-?????-of-00002")).read("w")


def test_opaque_types_are_listed(tmp_path: Path) -> None:
    table = Table()
    table.add_whole("iterator", (2,), 21, message(15, b"abc"))
    checkpoint = open_v1(table.write(tmp_path / "t"))
    assert checkpoint.columns.of("iterator").dtype.name == "variant"
    with pytest.raises(Unsupported, match="variant"):
        checkpoint.read("iterator")
    with pytest.raises(NoSuchVariable):
        checkpoint.read("x")
    assert list(checkpoint.verify()) == []


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    table = Table()
    names = [b"caf\xe9/w", b"new\nline", b"\xff\x01\x00x"]
    for name in names:
        table.add(name, (2,), 1, [(((i, 1),), typed("float32", np.full(1, i, np.float32))) for i in range(2)])
    checkpoint = open_v1(table.write(tmp_path / "t"))
    assert [checkpoint.columns.keys.raw(row) for row in range(3)] == names
    for key in checkpoint.columns.keys:
        assert checkpoint.read(key).tolist() == [0, 1]


def test_a_rewritten_file_is_noticed_and_a_cancel_heard(tmp_path: Path) -> None:
    checkpoint, raw, _ = many(tmp_path / "t")
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        list(checkpoint.blocks("v03", task))
    with pytest.raises(Cancelled):
        list(checkpoint.verify(task))
    (tmp_path / "new").write_bytes(raw)
    (tmp_path / "new").replace(tmp_path / "t")
    with pytest.raises(Changed):
        checkpoint.read("v03")
    assert [fault.kind for fault in checkpoint.verify() if fault.key is None] == ["changed"]


def test_several_threads_at_once(tmp_path: Path) -> None:
    checkpoint, _, _ = many(tmp_path / "t")
    wrong: list[str] = []

    def check(i: int) -> None:
        if len(checkpoint.columns) != 30 or checkpoint.read(f"v{i:02d}").tolist() != [i] * 3:
            wrong.append(f"v{i:02d}")

    threads = [threading.Thread(target=check, args=(i,)) for i in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
