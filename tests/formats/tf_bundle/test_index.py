"""The columns of an index say the same as each entry read for itself, sound or damaged, and never crash."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import ChecksumMismatch, Corrupt, FileFault, Truncated, Unsupported
from ckpt_studio.formats.files import FileIdentity
from ckpt_studio.formats.protos.bundle_pb2 import BundleEntry
from ckpt_studio.formats.tf_bundle.entries import Entry, Header
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


def test_unsorted_and_repeated_keys() -> None:
    entries = [
        (key, Record(1, (), size=4, offset=i).encode()) for i, key in enumerate([b"b", b"a", b"b", b"c"])
    ]
    index = parse_index(table([(b"", header()), *entries]), "x.index", ANY)
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
