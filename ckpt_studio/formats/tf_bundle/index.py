"""The index of a bundle as columns: a hundred thousand entries in tens of milliseconds, an object for none of them.

Entries are decoded field by field for all rows at once with numpy. A row whose bytes are in any way unusual is left to
`Entry.parse`, which is the reference for what an entry means; the two must never disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import lt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import ChecksumMismatch, Corrupt, FileFault, Unsupported
from ckpt_studio.core.tensors import Names
from ckpt_studio.formats.files import FileIdentity, read_settled, said
from ckpt_studio.formats.sstable.records import Records, varints
from ckpt_studio.formats.sstable.table import BlockHandle, Gap, Table, check_end
from ckpt_studio.formats.tf_bundle.blocks import Block
from ckpt_studio.formats.tf_bundle.entries import VERSION, Entry, Header

MAX_INDEX_BYTES: Final = 1 << 31
_MAX_FIELDS: Final = 24
_ROWS: Final = 1 << 14
"""So many entries are decoded at once: what is worked on stays in the processor's cache."""
_DTYPE, _SHAPE, _SHARD, _OFFSET, _SIZE, _CRC, _SLICES = 0x08, 0x12, 0x18, 0x20, 0x28, 0x35, 0x3A
_DIM, _EXTENT = 0x12, 0x08
_INT32: Final = 1 << 31


@dataclass(eq=False)
class Fields:
    """The fields of N entries, unchecked.

    Attributes:
        dtype, shard, offset, size: int64 [N].
        crc: uint32 [N].
        rank: int32 [N], -1 where the shape is unknown.
        dims: int64 [N, D], -1 past the rank; D is the largest rank that is kept (`deepest`).
        slices: int32 [N], how many slices an entry lists.
        malformed: bool [N], where the bytes are no entry; the other fields are zero there.
    """

    dtype: NDArray[np.int64]
    shard: NDArray[np.int64]
    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    crc: NDArray[np.uint32]
    rank: NDArray[np.int32]
    dims: NDArray[np.int64]
    slices: NDArray[np.int32]
    malformed: NDArray[np.bool_]

    @classmethod
    def zeros(cls, count: int) -> Fields:
        """Of entries without any field."""
        return cls(
            dtype=np.zeros(count, np.int64),
            shard=np.zeros(count, np.int64),
            offset=np.zeros(count, np.int64),
            size=np.zeros(count, np.int64),
            crc=np.zeros(count, np.uint32),
            rank=np.zeros(count, np.int32),
            dims=np.full((count, 0), -1, np.int64),
            slices=np.zeros(count, np.int32),
            malformed=np.zeros(count, np.bool_),
        )

    def put(self, first: int, part: Fields) -> None:
        """Put the fields of other entries over those from `first` on."""
        self.widen(part.dims.shape[1])
        rows = slice(first, first + len(part.rank))
        self.dims[rows, : part.dims.shape[1]] = part.dims
        for name in self.__dataclass_fields__:
            if name != "dims":
                getattr(self, name)[rows] = getattr(part, name)

    def widen(self, width: int) -> None:
        """Make room for so many axes."""
        rows, own = self.dims.shape
        if width > own:
            wider = np.full((rows, width), -1, np.int64)
            wider[:, :own] = self.dims
            self.dims = wider

    def take(self, rows: NDArray[np.int64]) -> Fields:
        """The fields of some rows."""
        return Fields(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Index:
    """All entries of a bundle, slices included, in byte order of keys.

    Attributes:
        path: the `.index` file.
        identity: what it was when it was read.
        header: shards and byte order.
        keys: one a record.
        fields: one row a record.
        duplicate: bool [N], for the second and later records of one key.
        in_order: whether the table was sorted, as it must be.
        gaps: where entries stood that are lost, because a part of the file is damaged.
    """

    path: str
    identity: FileIdentity
    header: Header
    keys: Names
    fields: Fields
    duplicate: NDArray[np.bool_]
    in_order: bool
    _records: Records = field(repr=False)
    _order: NDArray[np.int64] = field(repr=False)
    _handles: tuple[BlockHandle, ...] = field(repr=False, default=())
    gaps: tuple[Gap, ...] = ()

    def __len__(self) -> int:
        return len(self.keys)

    def raw(self, i: int) -> bytes:
        """The encoded entry of record i, as it stands in the file."""
        return self._records.value(int(self._order[i]))

    def pairs(self, records: NDArray[np.int64]) -> Iterator[tuple[bytes, bytes]]:
        """Key and encoded entry of some records: much cheaper than one by one."""
        blob, data, order = self.keys.blob, self._records.data, self._order[records]
        starts, ends = self.keys.offsets[records].tolist(), (self.keys.offsets[records + 1] - 1).tolist()
        at, size = self._records.value_at[order], self._records.value_size[order]
        for start, end, first, after in zip(starts, ends, at.tolist(), (at + size).tolist(), strict=True):
            yield blob[start:end], data[first:after]

    def blocks(self) -> Iterator[Block]:
        """The data blocks in order, or one block of all records where the table is compressed or not in order."""
        if not self._handles:
            if len(self):
                yield Block(range(len(self)), None, self._records, 0, None)
            return
        starts = [handle.offset for handle in self._handles]
        ends = np.searchsorted(self._records.value_at[self._order], [*starts[1:], len(self._records.data)])
        first = 0
        for handle, stop in zip(self._handles, ends.tolist(), strict=True):
            if first < stop:
                yield Block.of(range(first, stop), self._records, int(self._order[first]), handle)
            first = stop

    def entry(self, i: int) -> Entry:
        """The entry of record i.

        Raises:
            ValueError: it is malformed.
        """
        return Entry.parse(self.raw(i))


def load_index(path: str) -> Index:
    """Read a `.index` file, again if another program is rewriting it.

    A damaged block costs the entries that it holds, unless it is the first, where the header is.

    Raises:
        MissingFile, Truncated, Corrupt, ChecksumMismatch, Unsupported, Changed: it cannot be read.
    """
    try:
        return read_settled(
            path, MAX_INDEX_BYTES, lambda data, identity: parse_index(data, path, identity), check_end
        )
    except ChecksumMismatch as damage:
        try:
            return read_settled(path, MAX_INDEX_BYTES, lambda data, identity: _rest(data, path, identity))
        except FileFault:
            raise damage from None


def parse_index(data: bytes, path: str, identity: FileIdentity) -> Index:
    """The index in the bytes of a `.index` file.

    Raises:
        Truncated, Corrupt, ChecksumMismatch, Unsupported: it is damaged, or is another kind of table.
    """
    return _index_of(Table(data, path), path, identity)


def _rest(data: bytes, path: str, identity: FileIdentity) -> Index:
    """As `parse_index`, of an index some of whose blocks are damaged."""
    table, gaps = Table(data, path).without_damaged_blocks()
    index = _index_of(table, path, identity)
    if not len(index):
        raise Corrupt(f"{said(path)} is damaged: nothing but its header can be read.", path=path)
    return replace(index, gaps=gaps)


def _index_of(table: Table, path: str, identity: FileIdentity) -> Index:
    records = table.records()
    if not len(records) or records.key_sizes()[0] != 0:
        raise Corrupt(
            f"{said(path)} is a table without a bundle's header; it is no checkpoint index.", path=path
        )
    try:
        header = Header.parse(records.value(0))
    except ValueError as error:
        raise Corrupt(f"{said(path)} is damaged: {error}.", path=path) from error
    if header.min_consumer > VERSION:
        raise Unsupported(
            f"{said(path)} was written for a newer version of the format ({header.min_consumer}); "
            "a newer Ckpt Studio is needed.",
            path=path,
        )
    keys, order, duplicate, in_order = _sorted_keys(records)
    fields = decode_fields(records.data, records.value_at[order], records.value_size[order])
    handles = table.handles if in_order and records.data is table.data else ()
    return Index(path, identity, header, keys, fields, duplicate, in_order, records, order, handles)


def _sorted_keys(records: Records) -> tuple[Names, NDArray[np.int64], NDArray[np.bool_], bool]:
    """Keys without the header's, their records, which of them repeat another, and whether they stood in order."""
    parts: list[bytes] = []
    last: bytes | None = None
    for chunk in records.key_chunks():
        in_order = last is None or last < chunk[0]
        if not (in_order and all(map(lt, chunk, islice(chunk, 1, None)))):
            return _sort(records)
        if last is None:
            last = chunk.pop(0)  # the header's
        if chunk:
            last = chunk[-1]
            parts.append(b"\n".join([*chunk, b""]))
    count = len(records) - 1
    offsets = np.zeros(count + 1, np.int64)
    np.cumsum(records.key_sizes()[1:] + 1, out=offsets[1:])
    return Names(b"".join(parts), offsets), np.arange(1, count + 1), np.zeros(count, np.bool_), True


def _sort(records: Records) -> tuple[Names, NDArray[np.int64], NDArray[np.bool_], bool]:
    keys = list(records.keys())
    order = sorted(range(1, len(keys)), key=keys.__getitem__)
    duplicate = np.zeros(len(order), np.bool_)
    previous = keys[0]
    for row, record in enumerate(order):
        duplicate[row] = keys[record] == previous
        previous = keys[record]
    return Names.of(keys[record] for record in order), np.array(order, np.int64), duplicate, False


def decode_fields(data: bytes, at: NDArray[np.int64], size: NDArray[np.int64]) -> Fields:
    """The fields of the entries at `at`, by columns, and by `Entry.parse` where an entry is unusual."""
    most = deepest(len(at))
    fields = Fields.zeros(len(at))
    for first in range(0, len(at), _ROWS):
        rows = slice(first, first + _ROWS)
        fields.put(first, _decode_rows(data, at[rows], size[rows], most))
    return fields


def _decode_rows(data: bytes, at: NDArray[np.int64], size: NDArray[np.int64], most: int) -> Fields:
    fields = Fields.zeros(len(at))
    try:
        odd, shape_at, shape_end = _scalars(data, at, size, fields)
        odd |= _shapes(data, shape_at, shape_end, odd, most, fields)
    except IndexError:  # a length led past the end of the data
        fields = Fields.zeros(len(at))
        odd = np.ones(len(at), np.bool_)
    _fill(data, at, size, np.flatnonzero(odd), most, fields)
    return fields


def decode_fields_one_by_one(data: bytes, at: NDArray[np.int64], size: NDArray[np.int64]) -> Fields:
    """The same by `Entry.parse` alone: the reference."""
    fields = Fields.zeros(len(at))
    _fill(data, at, size, np.arange(len(at)), deepest(len(at)), fields)
    return fields


def _scalars(
    data: bytes, at: NDArray[np.int64], size: NDArray[np.int64], fields: Fields
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """Fill all but the shapes. Returns which rows are unusual, and where each row's shape begins and ends."""
    buffer = np.frombuffer(data, np.uint8)
    odd = np.zeros(len(at), np.bool_)
    shape_at, shape_end = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
    targets = {_DTYPE: fields.dtype, _SHARD: fields.shard, _OFFSET: fields.offset, _SIZE: fields.size}
    rows = np.flatnonzero(size > 0)
    position, end = at[rows], (at + size)[rows]
    for _ in range(_MAX_FIELDS):
        if not rows.size:
            break
        tags = buffer[position]
        after = np.full(len(rows), -1, np.int64)
        for tag in np.flatnonzero(np.bincount(tags)).tolist():
            whole = bool((tags == tag).all())
            here = slice(None) if whole else np.flatnonzero(tags == tag)
            at_value, which = position[here] + 1, rows[here]
            if tag == _CRC:
                after[here] = at_value + 4
                inside = after[here] <= end[here]
                where = at_value[inside][:, None] + np.arange(4)
                fields.crc[which[inside]] = buffer[where].view("<u4")[:, 0]
            elif tag in targets:
                value, behind = varints(buffer, at_value, 9)
                if tag in (_DTYPE, _SHARD):
                    value[value >= _INT32] = -1
                targets[tag][which] = value
                after[here] = np.where(value < 0, -1, behind)
            elif tag in (_SHAPE, _SLICES):
                length, behind = varints(buffer, at_value, 4)
                after[here] = np.where(length < 0, -1, behind + length)
                if tag == _SLICES:
                    fields.slices[which] += 1
                else:
                    after[here] = np.where(shape_at[which] > 0, -1, after[here])
                    shape_at[which], shape_end[which] = behind, behind + length
        unusual = (after < 0) | (after > end)
        odd[rows[unusual]] = True
        live = ~unusual & (after < end)
        rows, position, end = rows[live], after[live], end[live]
    odd[rows] = True
    odd |= fields.slices > 0
    return odd, shape_at, shape_end


def _shapes(
    data: bytes,
    at: NDArray[np.int64],
    stop: NDArray[np.int64],
    odd: NDArray[np.bool_],
    most: int,
    fields: Fields,
) -> NDArray[np.bool_]:
    """Fill rank and dims of the rows that are not odd; returns which are odd after all."""
    buffer = np.frombuffer(data, np.uint8)
    unusual = np.zeros(len(at), np.bool_)
    rows = np.flatnonzero((at < stop) & ~odd)
    position, end = at[rows], stop[rows]
    columns: list[NDArray[np.int64]] = []
    while rows.size and len(columns) < min(most, _MAX_FIELDS):
        plain = buffer[position] == _DIM
        length, inner = varints(buffer, position + 1, 4)
        after = inner + length
        plain &= (length >= 0) & (after <= end)
        extent = np.zeros(len(rows), np.int64)
        filled = np.flatnonzero(plain & (length > 0))
        value, behind = varints(buffer, inner[filled] + 1, 9)
        extent[filled] = value
        plain[filled] &= (buffer[inner[filled]] == _EXTENT) & (value >= 0) & (behind == after[filled])
        unusual[rows[~plain]] = True
        column = np.full(len(at), -1, np.int64)
        column[rows] = extent
        columns.append(column)
        fields.rank[rows] += 1
        live = plain & (after < end)
        rows, position, end = rows[live], after[live], end[live]
    unusual[rows] = True
    if columns:
        fields.dims = np.stack(columns, axis=1)
    return unusual


def deepest(count: int) -> int:
    """The largest rank that is kept among `count` entries: the columns of dims must not outgrow a small file."""
    return max(8, min(127, (1 << 22) // max(count, 1)))


def _fill(
    data: bytes,
    at: NDArray[np.int64],
    size: NDArray[np.int64],
    rows: NDArray[np.int64],
    most: int,
    fields: Fields,
) -> None:
    """Decode some rows by `Entry.parse`."""
    for row in rows.tolist():
        start = int(at[row])
        try:
            entry = Entry.parse(data[start : start + int(size[row])])
        except ValueError:
            entry = Entry()
            fields.malformed[row] = True
        fields.dtype[row], fields.shard[row] = entry.dtype, entry.shard
        fields.offset[row], fields.size[row], fields.crc[row] = entry.offset, entry.size, entry.crc
        fields.slices[row] = len(entry.slices)
        fields.rank[row] = -1 if entry.shape is None else len(entry.shape)
        shape = (entry.shape or ())[:most]
        fields.widen(len(shape))
        fields.dims[row] = -1
        fields.dims[row, : len(shape)] = shape
