"""The records of a table as columns, decoded by one of two routes that must never disagree.

The vectorised route walks all restart intervals of all blocks side by side, and gives up wherever it is in doubt. The
plain sequential one is the reference for what a table means and for what is damage.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.formats.sstable.coding import read_varint

_MAX_LANE: Final = 64
_LANES: Final = 1 << 11
"""So many restart intervals are walked side by side: what is worked on stays in the processor's cache."""
_CHUNK: Final = 1 << 14

MOST_KEY_BYTES: Final = 16 << 20
"""Prefix compression can make few bytes claim to be very long keys: so many more than what stands there is too many."""


_Columns: TypeAlias = tuple[NDArray[np.int64], ...]


class Data(Protocol):
    """Bytes by position: in memory, or read as they are looked at."""

    @overload
    def __getitem__(self, where: int, /) -> int: ...

    @overload
    def __getitem__(self, where: slice, /) -> bytes | memoryview: ...


class Doubt(Exception):
    """Raised inside the vectorised decoders: the bytes are unusual, let the plain loop decide."""


@dataclass(frozen=True, eq=False)
class Records:
    """All records of a table, in the order in which they stand.

    Attributes:
        data: the blocks' bytes (the file itself where no block is compressed), padded.
        shared: how many bytes a key has in common with the key before it.
        key_at: where the rest of the key begins in `data`; it ends at `value_at`.
        value_at, value_size: the value.
    """

    data: bytes
    shared: NDArray[np.int64]
    key_at: NDArray[np.int64]
    value_at: NDArray[np.int64]
    value_size: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.shared)

    def value(self, i: int) -> bytes:
        """The value of record i."""
        at = int(self.value_at[i])
        return self.data[at : at + int(self.value_size[i])]

    def intervals(self, those: range, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where a block can be taken apart, so that parts of it are copied as they are.

        Args:
            those: its records, but for some of the first.
            start: the first of its bytes in `data`.
            stop: the byte behind the last, without the trailer.

        Returns:
            int64 [intervals], which of its records begin with their whole key at a restart point, rising; and int64
            [records + 1], where each record begins, and where the last one ends.
        """
        first, past = those.start, those.stop
        begins = np.empty(len(those) + 1, np.int64)
        begins[0] = start
        np.add(self.value_at[first:past], self.value_size[first:past], out=begins[1:])
        if first and self.value_at[first - 1] > start:
            begins[0] = self.value_at[first - 1] + self.value_size[first - 1]
        end = _block_end(self.data, start, stop)
        restarts = np.frombuffer(self.data, "<u4", (stop - 4 - end) // 4, end).astype(np.int64) + start
        places = np.searchsorted(begins[:-1], restarts)
        places = places[begins[np.minimum(places, len(those) - 1)] == restarts]
        return places[self.shared[first + places] == 0], begins

    def key_sizes(self) -> NDArray[np.int64]:
        """How long each whole key is."""
        return self.shared + self.value_at - self.key_at

    def keys(self) -> Iterator[bytes]:
        """The whole keys, one after the other."""
        for chunk in self.key_chunks():
            yield from chunk

    def key_chunks(self) -> Iterator[list[bytes]]:
        """The whole keys, some thousands at a time."""
        key = b""
        data = self.data
        for first in range(0, len(self), _CHUNK):
            part = slice(first, first + _CHUNK)
            columns = (self.shared[part].tolist(), self.key_at[part].tolist(), self.value_at[part].tolist())
            yield [
                key := key[:shared] + data[start:stop] for shared, start, stop in zip(*columns, strict=True)
            ]


def _block_end(data: Data, start: int, stop: int) -> int:
    """Where the restart array of a block begins, which is where its entries end; -1 if there is no room for it."""
    if stop - start < 4:
        return -1
    end = stop - 4 - 4 * int.from_bytes(data[stop - 4 : stop], "little")
    return end if end >= start else -1


def walk_block(data: Data, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Entries of a block as (shared, key position, value position, value size).

    Raises:
        ValueError: the block contradicts itself.
    """
    end = _block_end(data, start, stop)
    if end < 0:
        raise ValueError("a block has no room for its restart points")
    position = start
    key_size = 0
    while position < end:
        if position + 3 <= end and data[position] | data[position + 1] | data[position + 2] < 0x80:
            shared, fresh, size = data[position], data[position + 1], data[position + 2]
            position += 3
        else:
            shared, position = read_varint(data, position, end, 32)
            fresh, position = read_varint(data, position, end, 32)
            size, position = read_varint(data, position, end, 32)
        value_at = position + fresh
        if shared > key_size or value_at + size > end:
            raise ValueError("an entry of a block reaches past its bounds")
        key_size = shared + fresh
        yield shared, position, value_at, size
        position = value_at + size


def walk_keys(data: Data, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Entries of a block as (whole key, value position, value size).

    Raises:
        ValueError: the block contradicts itself, or its keys are far longer together than it is.
    """
    key = b""
    left = MOST_KEY_BYTES + 16 * (stop - start)
    for shared, key_at, value_at, size in walk_block(data, start, stop):
        key = key[:shared] + bytes(data[key_at:value_at])
        left -= len(key)
        if left < 0:
            raise ValueError("its keys claim to be very long")
        yield key, value_at, size


def decode_in_sequence(data: bytes, spans: list[tuple[int, int]], limit: int) -> Records:
    """The plain loop. Raises ValueError where a block contradicts itself or there are more than `limit` records."""
    columns = tuple(array("q") for _ in range(4))
    add_shared, add_key_at, add_value_at, add_size = (column.append for column in columns)
    count = 0
    for start, stop in spans:
        for shared, key_at, value_at, size in walk_block(data, start, stop):
            count += 1
            if count > limit:
                raise ValueError("it claims more records than its bytes can hold")
            add_shared(shared)
            add_key_at(key_at)
            add_value_at(value_at)
            add_size(size)
    return Records(data, *(np.frombuffer(column, np.int64) for column in columns))


def varints(
    buffer: NDArray[np.uint8], position: NDArray[np.int64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Values of the varints at `position`, and the positions behind.

    A value is -1 where a varint has more than `most` bytes (at most 9).
    Positions must leave `most` bytes before the end of `buffer`.
    """
    byte = buffer[position]
    after = position + 1
    value = byte.astype(np.int64)
    if int(byte.max(initial=0)) < 0x80:
        return value, after
    value &= 0x7F
    more = np.flatnonzero(byte >= 0x80)
    for shift in range(7, 7 * most, 7):
        byte = buffer[after[more]]
        value[more] |= (byte & 0x7F).astype(np.int64) << shift
        after[more] += 1
        more = more[byte >= 0x80]
        if not more.size:
            return value, after
    value[more] = -1
    return value, after


def _lanes(data: bytes, spans: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each restart interval of all blocks begins and ends."""
    starts, ends = [], []
    for start, stop in spans:
        end = _block_end(data, start, stop)
        if end < 0:
            raise Doubt
        restarts = np.frombuffer(data, "<u4", (stop - 4 - end) // 4, end).astype(np.int64) + start
        if end == start and len(restarts) <= 1:
            continue
        if not len(restarts) or restarts[0] != start or restarts[-1] >= end or (np.diff(restarts) <= 0).any():
            raise Doubt
        starts.append(restarts)
        ends.append(np.append(restarts[1:], end))
    if not starts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(starts), np.concatenate(ends)


def decode_side_by_side(data: bytes, spans: list[tuple[int, int]], limit: int) -> Records:
    """All restart intervals at once: step n decodes the n-th entry of each. Raises Doubt where anything is unusual."""
    position, end = _lanes(data, spans)
    buffer = np.frombuffer(data, np.uint8)
    groups: list[_Columns] = [tuple(np.zeros(0, np.int64) for _ in range(4))]
    count = 0
    for first in range(0, len(position), _LANES):
        lanes = slice(first, first + _LANES)
        groups.append(_decode_lanes(buffer, position[lanes], end[lanes], limit - count))
        count += len(groups[-1][0])
    return Records(data, *(np.concatenate(column) for column in zip(*groups, strict=True)))


def _decode_lanes(
    buffer: NDArray[np.uint8], position: NDArray[np.int64], end: NDArray[np.int64], limit: int
) -> _Columns:
    """The records of some lanes, in the order in which they stand."""
    key_size = np.zeros(len(position), np.int64)
    steps: list[_Columns] = []
    count = 0
    while position.size:
        count += position.size
        if len(steps) >= _MAX_LANE or count > limit:
            raise Doubt
        shared, position = varints(buffer, position, 4)
        fresh, position = varints(buffer, position, 4)
        size, position = varints(buffer, position, 4)
        key_at, value_at = position, position + fresh
        position = value_at + size
        if (
            int(np.minimum(np.minimum(shared, fresh), size).min()) < 0
            or (shared > key_size).any()
            or (position > end).any()
        ):
            raise Doubt
        steps.append((shared, key_at, value_at, size))
        live = position < end
        if not live.all():
            position, end = position[live], end[live]
            key_size = (shared + fresh)[live]
        else:
            key_size = shared + fresh
    columns = [np.concatenate(column) for column in zip(*steps, strict=True)]
    order = np.argsort(columns[1], kind="stable")
    return tuple(column[order] for column in columns)
