"""Tables: what is read is what stands there; damage is a typed error; a small file is little work."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import ChecksumMismatch, Corrupt, FileFault, Truncated, Unsupported
from ckpt_studio.formats.sstable.coding import read_varint, write_varint
from ckpt_studio.formats.sstable.records import Records
from ckpt_studio.formats.sstable.table import Footer, Table
from tests.helpers.bundles import TableBytes, block, block_spans, repaired, table, varint
from tests.helpers.work import at_most

DETERMINISTIC = settings(max_examples=150, deadline=None, derandomize=True, database=None)

keys = st.binary(max_size=12) | st.integers(0, 40).map(lambda n: b"layer/%03d/kernel" % n)
tables = st.dictionaries(keys, st.binary(max_size=40), max_size=70).map(lambda d: sorted(d.items()))


def pairs(records: Records) -> list[tuple[bytes, bytes]]:
    return [(key, records.value(i)) for i, key in enumerate(records.keys())]


@DETERMINISTIC
@given(tables, st.integers(1, 40), st.booleans())
def test_reads_what_stands_there(
    records: Sequence[tuple[bytes, bytes]], per_block: int, snappy: bool
) -> None:
    opened = Table(table(records, per_block=per_block, snappy=snappy), "t.index")
    assert pairs(opened.records()) == records
    assert pairs(opened.records_in_sequence()) == records
    assert list(opened.block_faults()) == []


@DETERMINISTIC
@given(tables, st.integers(1, 40), st.data())
def test_both_decoders_agree_on_mutated_tables(
    records: Sequence[tuple[bytes, bytes]], per_block: int, data: st.DataObject
) -> None:
    whole = table(records, per_block=per_block)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 49))
        whole = repaired_or_same(whole, at, data.draw(st.integers(0, 255)))
    answers = []
    for read in (lambda t: t.records(), lambda t: t.records_in_sequence()):
        try:
            answers.append(pairs(read(Table(whole, "t.index"))))
        except FileFault as fault:
            answers.append(type(fault))
    assert answers[0] == answers[1]


def repaired_or_same(whole: bytes, at: int, value: int) -> bytes:
    try:
        return repaired(whole, at, value)
    except (IndexError, struct.error):
        return whole


@given(st.integers(0, 2**64 - 1))
@DETERMINISTIC
def test_varints(value: int) -> None:
    assert write_varint(value) == varint(value)
    assert read_varint(varint(value), 0, 10) == (value, len(varint(value)))


def test_footer_is_as_the_format_says() -> None:
    whole = table([(b"a", b"1")])
    assert Footer.SIZE == 48
    assert Footer.parse(whole[-48:]).index.offset == block_spans(whole)[1][0]
    with pytest.raises(ValueError, match="magic"):
        Footer.parse(bytes(48))


@pytest.mark.parametrize("size", [0, 1, 47, 48, 100])
def test_what_is_no_table_is_said(size: int) -> None:
    with pytest.raises((Truncated, Corrupt), match=r"t\.index"):
        Table(bytes(size), "some/t.index")


def test_every_block_with_a_wrong_checksum_is_named() -> None:
    whole = bytearray(table([(b"%03d" % i, bytes(20)) for i in range(100)], per_block=10))
    spans = sorted(block_spans(bytes(whole)))
    for start, _ in spans[2:4]:
        whole[start + 3] ^= 1
    opened = Table(bytes(whole), "t.index")
    with pytest.raises(ChecksumMismatch):
        opened.records()
    assert [fault.offset for fault in opened.block_faults()] == [spans[2][0], spans[3][0]]


def test_unknown_compression_is_unsupported() -> None:
    made = TableBytes()
    handle = made.add(block([(b"a", b"1")]))
    kind = len(made.data) - 5
    whole = made.finish([(b"a", handle)])
    with pytest.raises(Unsupported, match="compression 7"):
        Table(repaired(whole, kind, 7), "t.index").records()


def overlapping() -> bytes:
    """A thousand handles of one large block."""
    made = TableBytes()
    handle = made.add(block([(b"%07d" % i, bytes(20)) for i in range(20000)]))
    return made.finish([(b"%07d" % i, handle) for i in range(1000)])


def long_keys() -> bytes:
    """Prefix compression makes a small block claim keys of a hundred thousand bytes each."""
    parts = bytearray(varint(0) + varint(100_000) + varint(8) + bytes(100_000) + bytes(8))
    for i in range(30_000):
        parts += varint(100_000 + i) + varint(1) + varint(8) + b"x" + bytes(8)
    made = TableBytes()
    return made.finish([(b"x", made.add(bytes(parts) + struct.pack("<2I", 0, 1)))])


def inflating() -> bytes:
    """Snappy blocks of zeros."""
    made = TableBytes()
    handles = [(b"%05d" % i, made.add(bytes(1 << 20), snappy=True)) for i in range(40)]
    return made.finish(handles)


def claiming() -> bytes:
    """A snappy block that claims four gigabytes."""
    made = TableBytes()
    handle = made.add(varint((1 << 32) - 1) + bytes(10), snappy=False)
    kind = len(made.data) - 5
    return repaired(made.finish([(b"a", handle)]), kind, 1)


def many_records() -> bytes:
    made = TableBytes()
    parts = varint(0) + varint(1) + varint(0) + b"a"
    return made.finish([(b"a", made.add(parts * 100_000 + struct.pack("<2I", 0, 1)))])


def tiny_blocks() -> bytes:
    made = TableBytes()
    handles = [(b"%07d" % i, made.add(block([]))) for i in range(10_000)]
    return made.finish(handles)


@pytest.mark.parametrize("make", [overlapping, long_keys, inflating, claiming, many_records, tiny_blocks])
def test_a_small_hostile_file_is_little_work(make: object) -> None:
    whole = make()  # type: ignore[operator]
    assert len(whole) < 8 << 20
    with at_most(500_000):
        attempt(whole)
    tracemalloc.start()
    attempt(whole)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20


def attempt(whole: bytes) -> None:
    with contextlib.suppress(FileFault):
        Table(whole, "t.index").records()


def test_positions_are_int64() -> None:
    records = Table(table([(b"a", b"1")]), "t").records()
    assert records.value_at.dtype == np.int64
