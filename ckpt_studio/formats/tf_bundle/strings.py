"""String tensors: varint lengths, masked CRC32C of the lengths, then the bytes.

The checksum is over each length as a uint32 (a uint64 from 4 GiB on) in the bundle's byte order; the entry's checksum
goes on over the stored length checksum and the bytes. Older TensorFlows wrote the same lengths by another route; what
is on disk does not differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import ChecksumMismatch, Corrupt
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import BLOCK_BYTES, printable
from ckpt_studio.core.windows import Window
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.reading import Place, checksum_of
from ckpt_studio.formats.sstable.coding import MOST_VARINT, checksum, read_varints, unmask

_CRC_BYTES: Final = 4


@dataclass(frozen=True, eq=False)
class Strings:
    """Where each string of a tensor lies.

    Attributes:
        bounds: int64 [n + 1], string i is at bytes `bounds[i]` to `bounds[i + 1]` of the file.
        crc: CRC32C of the lengths and their stored checksum, to go on from with the bytes.
    """

    bounds: NDArray[np.int64]
    crc: int


def locate(file: FileReader, place: Place, big_endian: bool, task: Task = UNTENDED) -> Strings:
    """Read the lengths.

    Raises:
        Corrupt, ChecksumMismatch, FileFault: they are damaged.
        Cancelled: if asked to stop.
    """
    count = prod(place.shape)
    if place.size == 0 or not count:
        return Strings(np.full(1, place.offset, np.int64), 0)
    lengths, position = _read_lengths(file, place, count, task)
    total = place.offset + place.size - position - _CRC_BYTES
    if total < 0 or float(lengths.sum(dtype=np.float64)) > float(total) * 1.01 + 1:
        raise _damaged(place, file)
    bounds = np.zeros(count + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    if int(bounds[-1]) != total:
        raise _damaged(place, file)
    crc = _lengths_checksum(lengths, big_endian)
    stored = file.read(position, _CRC_BYTES)
    if unmask(int(stored.view(">u4" if big_endian else "<u4")[0])) != crc:
        raise ChecksumMismatch(
            f"The lengths of the strings of {printable(place.key)!r} do not match their checksum.",
            path=file.path,
            key=place.key,
            offset=place.offset,
        )
    return Strings(bounds + position + _CRC_BYTES, checksum(stored, crc))


def _damaged(place: Place, file: FileReader) -> Corrupt:
    return Corrupt(
        f"The lengths of the strings of {printable(place.key)!r} contradict its size.",
        path=file.path,
        key=place.key,
        offset=place.offset,
    )


def _read_lengths(file: FileReader, place: Place, count: int, task: Task) -> tuple[NDArray[np.int64], int]:
    """`count` varints and the position behind them."""
    parts: list[NDArray[np.int64]] = []
    position, end, missing = place.offset, place.offset + place.size, count
    while missing:
        block = file.read(position, min(BLOCK_BYTES, end - position, missing * MOST_VARINT))
        try:
            values, used = read_varints(block, missing)
        except ValueError as error:
            raise _damaged(place, file) from error
        if not used or int(values.max()) > place.size:
            raise _damaged(place, file)
        parts.append(values.astype(np.int64))
        position += used
        missing -= len(values)
        task.check()
    return np.concatenate(parts), position


def _lengths_checksum(lengths: NDArray[np.int64], big_endian: bool) -> int:
    order = ">" if big_endian else "<"
    long = np.flatnonzero(lengths > 0xFFFFFFFF).tolist()
    crc, done = 0, 0
    for i in long:
        crc = checksum(lengths[done:i].astype(f"{order}u4"), crc)
        crc = checksum(lengths[i : i + 1].astype(f"{order}u8"), crc)
        done = i + 1
    return checksum(lengths[done:].astype(f"{order}u4"), crc)


def read_window(file: FileReader, place: Place, window: Window, big_endian: bool) -> NDArray[Any]:
    """The strings of a window as an object array of bytes.

    Raises:
        as `locate`.
    """
    strings = locate(file, place, big_endian)
    out = np.empty([part.stop - part.start for part in window], object)
    if not out.size:
        return out
    flat = np.arange(prod(place.shape)).reshape(place.shape)[window].reshape(-1)
    target = out.reshape(-1)
    cuts = np.flatnonzero(np.diff(flat) != 1) + 1
    for first, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(flat)], strict=True):
        target[first:stop] = _run(file, strings.bounds, int(flat[first]), int(flat[stop - 1]) + 1)
    return out


def _run(file: FileReader, bounds: NDArray[np.int64], first: int, stop: int) -> NDArray[Any]:
    """Strings first to stop as a flat object array."""
    begin = int(bounds[first])
    data = file.read(begin, int(bounds[stop]) - begin).tobytes()
    edges = (bounds[first : stop + 1] - begin).tolist()
    out = np.empty(stop - first, object)
    for i in range(stop - first):
        out[i] = data[edges[i] : edges[i + 1]]
    return out


def read_blocks(
    file: FileReader, place: Place, big_endian: bool, task: Task = UNTENDED
) -> Iterator[NDArray[Any]]:
    """All strings in order, in object arrays of about `BLOCK_BYTES`.

    Raises:
        as `locate`.
    """
    bounds = locate(file, place, big_endian, task).bounds
    count = len(bounds) - 1
    first = 0
    while first < count:
        stop = int(np.searchsorted(bounds, bounds[first] + BLOCK_BYTES, side="right")) - 1
        stop = min(max(stop, first + 1), count, first + BLOCK_BYTES // 8)
        yield _run(file, bounds, first, stop)
        task.advance(int(bounds[stop] - bounds[first]))
        first = stop


def stored_checksum(file: FileReader, place: Place, big_endian: bool, task: Task = UNTENDED) -> int:
    """CRC32C as the entry of a string tensor holds it, unmasked.

    Raises:
        as `locate`.
    """
    strings = locate(file, place, big_endian, task)
    if not prod(place.shape):
        return checksum_of(file, place.offset, place.size, task)
    begin = int(strings.bounds[0])
    task.advance(begin - place.offset)
    return checksum_of(file, begin, int(strings.bounds[-1]) - begin, task, strings.crc)
