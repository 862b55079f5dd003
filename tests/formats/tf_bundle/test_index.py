"""The columns of an index say the same as each entry read for itself, sound or damaged, and never crash."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import ChecksumMismatch, Corrupt, FileFault, Truncated, Unsupported
from ckpt_studio.formats.files import FileIdentity
from ckpt_studio.formats.protos.bundle_pb2 import BundleEntry, BundleHeader
from ckpt_studio.formats.sstable import records as records_module
from ckpt_studio.formats.sstable.table import Table
from ckpt_studio.formats.tf_bundle import entries
from ckpt_studio.formats.tf_bundle import index as index_module
from ckpt_studio.formats.tf_bundle.entries import VERSION, Entry, Header
from ckpt_studio.formats.tf_bundle.faults import Code, code_of, codes_of
from ckpt_studio.formats.tf_bundle.index import (
    Fields,
    decode_fields,
    decode_fields_one_by_one,
    deepest,
    parse_index,
)
from tests.helpers.bundles import Record, header, repaired, table, varint

DETERMINISTIC = settings(max_examples=100, deadline=None, derandomize=True, database=None)
ANY = FileIdentity(0, 0, 0, 0)

numbers = (
    st.integers(0, 300) | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([2**31 - 1, 2**31, 2**62, -1])
)
small = st.integers(-2, 40) | st.sampled_from([2**20, 2**31, 2**40, 2**62])
extents = st.tuples(st.integers(0, 9), st.integers(-1, 9))
records = st.builds(
    Record,
    dtype=st.integers(0, 40) | numbers,
    shape=st.lists(small, max_size=6).map(tuple) | st.lists(st.just(1), max_size=140).map(tuple),
    shard=st.integers(0, 4) | numbers,
    offset=st.integers(0, 2000) | numbers,
    size=st.integers(0, 400) | numbers,
    crc=st.integers(0, 2**32 - 1),
    slices=st.lists(st.lists(extents, max_size=3).map(tuple), max_size=3).map(tuple),
)
sound = st.builds(
    lambda dtype, shape, offset: Record(
        dtype,
        shape,
        0,
        offset,
        int(np.prod(shape)) * {1: 4, 9: 8, 14: 2, 7: 1}[dtype] + (4 if dtype == 7 else 0),
        1,
    ),
    st.sampled_from([1, 9, 14, 7]),
    st.lists(st.integers(0, 4), max_size=4).map(tuple),
    st.integers(0, 1000),
)
mutations = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3)


@st.composite
def values(draw: st.DrawFn) -> list[bytes]:
    """Encoded entries: sound, odd, and with bytes changed, cut or added."""
    made = []
    for record, changes in draw(st.lists(st.tuples(sound | records, mutations), min_size=1, max_size=30)):
        raw = bytearray(record.encode())
        for at, byte in changes:
            if raw:
                raw[at % len(raw)] = byte
        made.append(
            bytes(raw)
            + draw(st.sampled_from([b"", b"", b"", b"\x48\x05", b"\x80", b"\x12\x02\x18\x01", b"\x08\x01"]))
        )
    return made


def packed(raws: Sequence[bytes]) -> tuple[bytes, np.ndarray, np.ndarray]:
    sizes = np.array([len(raw) for raw in raws], np.int64)
    return b"".join(raws) + bytes(16), np.cumsum(sizes) - sizes, sizes


def assert_same(one: Fields, other: Fields) -> None:
    for name in ("malformed", "dtype", "shard", "offset", "size", "crc", "rank", "slices"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    width = max(one.dims.shape[1], other.dims.shape[1])
    one_dims, other_dims = (
        np.pad(f.dims, ((0, 0), (0, width - f.dims.shape[1])), constant_values=-1) for f in (one, other)
    )
    np.testing.assert_array_equal(one_dims, other_dims)


@DETERMINISTIC
@given(values())
def test_columns_agree_with_protobuf_entry_by_entry(raws: list[bytes]) -> None:
    data, at, size = packed(raws)
    columns = decode_fields(data, at, size)
    assert_same(columns, decode_fields_one_by_one(data, at, size))
    for row, raw in enumerate(raws):
        try:
            proto = BundleEntry.FromString(raw)
        except Exception:
            assert columns.malformed[row]
            continue
        assert (columns.dtype[row], columns.offset[row]) == (proto.dtype, proto.offset)
        assert (columns.size[row], columns.crc[row]) == (proto.size, proto.crc32c)


@DETERMINISTIC
@given(values(), st.integers(0, 3), st.dictionaries(st.integers(0, 3), st.integers(0, 3000)))
def test_faults_agree_with_unbounded_integers(raws: list[bytes], shards: int, sizes: dict[int, int]) -> None:
    fields = decode_fields(*packed(raws))
    sizes = {shard: size for shard, size in sizes.items() if shard < shards}
    codes = codes_of(fields, np.zeros(len(raws), np.bool_), shards, sizes)
    for row, raw in enumerate(raws):
        try:
            expected = code_of(Entry.parse(raw), deepest(len(raws)), shards, sizes)
        except ValueError:
            expected = Code.malformed
        assert codes[row] == expected, Entry.parse(raw) if expected != Code.malformed else raw


@DETERMINISTIC
@given(records)
def test_entries_are_encoded_as_tensorflow_does(record: Record) -> None:
    raw = record.encode()
    assert Entry.parse(raw).encode() == BundleEntry.FromString(raw).SerializeToString(deterministic=True)


@DETERMINISTIC
@given(st.lists(st.tuples(st.binary(max_size=6), sound), max_size=12), mutations)
def test_mutated_indexes_are_read_or_refused(
    items: list[tuple[bytes, Record]], changes: list[tuple[int, int]]
) -> None:
    whole = table([(b"", header()), *((key, record.encode()) for key, record in items)], per_block=5)
    for at, byte in changes:
        try:
            whole = repaired(whole, at % (len(whole) - 48), byte)
        except Exception:
            break  # the helper itself cannot walk it any more
    try:
        index = parse_index(whole, "x.index", ANY)
    except FileFault:
        return
    keys = [index.keys.raw(i) for i in range(len(index))]
    assert keys == sorted(keys)
    assert len(index.fields.dtype) == len(keys)


def read_strictly(whole: bytes) -> tuple[object, ...]:
    """An index by the plain loops and protobuf alone: what `parse_index` must not disagree with."""
    records = Table(whole, "x.index").records_in_sequence()
    keys = list(records.keys())
    if not keys or keys[0]:
        raise Corrupt("no header")
    try:
        header = BundleHeader.FromString(records.value(0))
    except DecodeError as error:
        raise Corrupt("header") from error
    if header.num_shards < 0 or header.endianness not in (0, 1):
        raise Corrupt("header")
    if header.version.min_consumer > VERSION:
        raise Unsupported("header")
    order = sorted(range(1, len(keys)), key=keys.__getitem__)
    fields = decode_fields_one_by_one(records.data, records.value_at[order], records.value_size[order])
    told = (header.num_shards, header.endianness, header.version.producer, header.version.min_consumer)
    repeated = [keys[b] == keys[a] for a, b in pairwise([0, *order])]
    in_order = all(a < b for a, b in pairwise(keys))
    return told, [keys[record] for record in order], fields, repeated, in_order


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_an_index_is_read_as_entry_by_entry(data: st.DataObject) -> None:
    """Whatever is changed in it, checksums made right again; pieces are so small that their borders are met."""
    prefix = data.draw(st.sampled_from([b"", b"model/layer/", b"x" * 130]))
    raws = data.draw(values())
    keys = [prefix + data.draw(st.binary(max_size=5)) for _ in raws]
    if data.draw(st.booleans()):
        keys = sorted(set(keys))
    start = header(data.draw(st.integers(0, 3)), big_endian=data.draw(st.booleans()))
    snappy = data.draw(st.integers(0, 9)) == 0
    records = [(b"", start), *zip(keys, raws, strict=False)]
    whole = table(records, per_block=data.draw(st.integers(1, 40)), snappy=snappy)
    for at, byte in (
        []
        if snappy
        else data.draw(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=4))
    ):
        try:
            whole = repaired(whole, at % (len(whole) - 48), byte)
        except (IndexError, struct.error):
            break  # the helper itself cannot walk it any more
    try:
        expected: tuple[object, ...] | None = read_strictly(whole)
    except FileFault as fault:
        expected, kind = None, type(fault)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "_ROWS", data.draw(st.sampled_from([1, 3, 16])))
        patch.setattr(records_module, "_LANES", data.draw(st.sampled_from([1, 2, 5])))
        patch.setattr(records_module, "_CHUNK", data.draw(st.sampled_from([1, 4, 17])))
        if expected is None:
            with pytest.raises(kind):
                parse_index(whole, "x.index", ANY)
            return
        index = parse_index(whole, "x.index", ANY)
    told, names, fields, repeated, in_order = expected
    head = index.header
    assert (head.num_shards, int(head.big_endian), head.producer, head.min_consumer) == told
    assert [index.keys.raw(i) for i in range(len(index))] == names
    assert_same(index.fields, fields)  # type: ignore[arg-type]
    assert (index.duplicate.tolist(), index.in_order) == (repeated, in_order)


@DETERMINISTIC
@given(
    st.binary(max_size=12)
    | st.builds(lambda n, b, m: header(n, big_endian=b, min_consumer=m), numbers, st.booleans(), numbers),
    mutations,
)
def test_a_plain_header_is_what_protobuf_reads(raw: bytes, changes: list[tuple[int, int]]) -> None:
    changed = bytearray(raw)
    for at, byte in changes:
        if changed:
            changed[at % len(changed)] = byte
    plain = entries._plain_header(bytes(changed))
    if plain is not None:
        assert plain == entries._any_header(bytes(changed))


def test_unsorted_and_repeated_keys() -> None:
    made = [(key, Record(1, (), size=4, offset=i).encode()) for i, key in enumerate([b"b", b"a", b"b", b"c"])]
    index = parse_index(table([(b"", header()), *made]), "x.index", ANY)
    assert [index.keys.raw(i) for i in range(4)] == [b"a", b"b", b"b", b"c"]
    assert index.fields.offset.tolist() == [1, 0, 2, 3]
    assert index.duplicate.tolist() == [False, False, True, False]
    assert not index.in_order


@pytest.mark.parametrize(
    ("first", "kind", "text"),
    [
        ((b"a", b""), Corrupt, "no checkpoint index"),
        ((b"", b"\xff"), Corrupt, "header"),
        ((b"", b"\x08" + varint(-3)), Corrupt, "-3 shards"),
        ((b"", b"\x08\x01\x10\x07"), Corrupt, "byte order 7"),
        ((b"", header(min_consumer=9)), Unsupported, "newer"),
    ],
)
def test_headers_are_checked(first: tuple[bytes, bytes], kind: type[FileFault], text: str) -> None:
    with pytest.raises(kind, match=text):
        parse_index(table([first, (b"k", b"")]), "x.index", ANY)


def test_header_round_trip() -> None:
    assert Header.parse(header(3, big_endian=True)).encode() == header(3, big_endian=True)


@pytest.mark.parametrize("at", [0, 10, -60, -46, -1])
def test_a_flipped_bit_anywhere_is_noticed(at: int) -> None:
    whole = bytearray(table([(b"", header()), (b"key", Record(1, (2,), size=8).encode())]))
    whole[at] ^= 4
    with pytest.raises((ChecksumMismatch, Corrupt, Truncated)):
        parse_index(bytes(whole), "x.index", ANY)


def test_a_hundred_thousand_entries_of_rank_127_stay_small() -> None:
    deep = Record(1, (1,) * 127, size=4).encode()
    plain = Record(1, (1,), size=4).encode()
    entries = [(b"%06d" % i, plain) for i in range(100_000)] + [(b"z", deep)]
    index = parse_index(table([(b"", header()), *entries], per_block=10_000), "x.index", ANY)
    assert index.fields.dims.nbytes < 64 << 20
    codes = codes_of(index.fields, index.duplicate, 1, {0: 4})
    assert codes[-1] == Code.too_deep
    assert not codes[:-1].any()
