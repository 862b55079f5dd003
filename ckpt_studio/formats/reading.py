"""Reads windows and blocks of one tensor whose bytes lie together in a file, and not much more than asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import room
from ckpt_studio.core.dtypes import FOREIGN, DType
from ckpt_studio.core.errors import FileFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import BLOCK_BYTES
from ckpt_studio.core.windows import Window
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.sstable.coding import checksum

MOST_AXES: Final = 31
"""numpy's own limit, less the axis of bytes."""

_CHEAP_GAP: Final = 8 << 10
"""Reading over so many unwanted bytes costs less than another call."""


class Bytes(Protocol):
    """A file, or what can be read as one is."""

    def read_into(self, target: NDArray[np.uint8] | memoryview, offset: int) -> None:
        """As `FileReader.read_into`."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where one tensor lies; checked against the shape and the real size of the file.

    Attributes:
        key: the variable that it belongs to.
        dtype, shape: what it is.
        shard: number of the data file.
        offset, size: the bytes in it.
        crc: masked CRC32C of them.
    """

    key: str
    dtype: DType
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a row cannot be read. An error is made of it each time, because raising one changes it."""

    kind: type[FileFault]
    message: str
    path: str

    def error(self, key: str) -> FileFault:
        """The error that reading the row raises."""
        return self.kind(self.message, path=self.path, key=key)


def row_fault(shape: tuple[int, ...], dtype: DType) -> str | None:
    """Why a tensor of this shape and type cannot be shown, as a sentence, or None."""
    if dtype.name in FOREIGN:
        return f"TensorFlow has no element type {dtype.name}, so its values are not shown."
    if len(shape) > MOST_AXES:
        return f"It has {len(shape)} axes, more than can be shown."
    if is_too_large(shape, dtype):
        return f"Its shape {list(shape)} is larger than any file."
    return None


def is_too_large(shape: tuple[int, ...], dtype: DType) -> bool:
    """Whether numpy can have no such array; it refuses an empty one, too, whose other extents are that large."""
    return prod(max(extent, 1) for extent in shape) * dtype.held >= 1 << 63


def as_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """The bytes of a C-ordered array of numbers, flat, sharing its memory."""
    return array.reshape(-1).view(np.uint8)


def swap(array: NDArray[Any]) -> None:
    """Turn the bytes of each number around, in place."""
    unit = array.dtype.itemsize // (2 if array.dtype.kind == "c" else 1)
    if unit > 1:
        array.reshape(-1).view(f"u{unit}").byteswap(inplace=True)


def read_window(file: Bytes, place: Place, window: Window, big_endian: bool) -> NDArray[Any]:
    """Values of a window that was checked against the shape: native byte order, C order.

    Raises:
        FileFault: as `FileReader.read_into`.
    """
    assert place.dtype.numpy is not None
    out = room([part.stop - part.start for part in window], place.dtype.numpy)
    if out.size:
        itemsize = place.dtype.itemsize
        target = as_bytes(out).reshape(*out.shape, itemsize)
        _fill(file, place.offset, (*place.shape, itemsize), (*window, slice(0, itemsize)), target)
        if big_endian:
            swap(out)
    return out


def _fill(file: Bytes, offset: int, shape: tuple[int, ...], window: Window, out: NDArray[np.uint8]) -> None:
    """Fill `out` (C order, bytes as last axis) from a box of a tensor of bytes at `offset`.

    A box whose rows are short or mostly wanted is read with the gaps between; otherwise each row is read for itself.
    """
    row = prod(shape[1:])
    first, count = window[0].start, out.shape[0]
    wanted = prod(out.shape[1:])
    if wanted == row:
        file.read_into(out.reshape(-1), offset + first * row)
    elif row <= max(_CHEAP_GAP, min(4 * wanted, BLOCK_BYTES)):
        step = min(count, max(1, BLOCK_BYTES // row))
        rows = room((step, *shape[1:]))
        for start in range(0, count, step):
            part = rows[: min(step, count - start)]
            file.read_into(part.reshape(-1), offset + (first + start) * row)
            out[start : start + len(part)] = part[(slice(None), *window[1:])]
    elif (run := _run(shape[1:], window[1:], wanted)) is not None:
        target, start = out.reshape(-1).data, offset + first * row + run
        for i in range(count):
            file.read_into(target[i * wanted : (i + 1) * wanted], start + i * row)
    else:
        for i in range(count):
            _fill(file, offset + (first + i) * row, shape[1:], window[1:], out[i])


def _run(shape: tuple[int, ...], window: Window, wanted: int) -> int | None:
    """Where in a row of this shape the wanted bytes begin, if they lie together."""
    start, last, stride = 0, 0, 1
    for extent, part in zip(reversed(shape), reversed(window), strict=True):
        start += part.start * stride
        last += (part.stop - 1) * stride
        stride *= extent
    return start if last - start + 1 == wanted else None


def read_blocks(file: Bytes, place: Place, big_endian: bool, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
    """All values in C order, in flat arrays of about `BLOCK_BYTES`; each is valid until the next is asked for.

    Raises:
        FileFault: as `FileReader.read_into`.
        Cancelled: if asked to stop.
    """
    assert place.dtype.numpy is not None
    itemsize = place.dtype.itemsize
    step = BLOCK_BYTES // itemsize * itemsize
    buffer = room((min(step, place.size),))
    for done in range(0, place.size, step):
        block = buffer[: min(step, place.size - done)]
        file.read_into(block, place.offset + done)
        values = block.view(place.dtype.numpy)
        if big_endian:
            swap(values)
        yield values
        task.advance(len(block))


def checksum_of(file: FileReader, offset: int, size: int, task: Task = UNTENDED, crc: int = 0) -> int:
    """CRC32C of bytes of a file, continuing from `crc`.

    Raises:
        FileFault: as `FileReader.read_into`.
        Cancelled: if asked to stop.
    """
    buffer = room((min(BLOCK_BYTES, size),))
    for done in range(0, size, BLOCK_BYTES):
        block = buffer[: min(BLOCK_BYTES, size - done)]
        file.read_into(block, offset + done)
        crc = checksum(block, crc)
        task.advance(len(block))
    return crc


def read_through(file: FileReader, task: Task = UNTENDED) -> None:
    """Read all of a file, for formats without checksums: that every byte can be had is what can be told.

    Raises:
        FileFault: as `FileReader.read_into`.
        Cancelled: if asked to stop.
    """
    size = file.identity.size
    buffer = room((min(BLOCK_BYTES, size),))
    for done in range(0, size, BLOCK_BYTES):
        block = buffer[: min(BLOCK_BYTES, size - done)]
        file.read_into(block, done)
        task.advance(len(block))
    file.check_unchanged()


def covering_windows(shape: tuple[int, ...], itemsize: int, most: int = BLOCK_BYTES) -> Iterator[Window]:
    """Windows of about `most` bytes that cover a tensor one after the other in C order."""
    if not prod(shape):
        return
    axis, inner = len(shape), itemsize
    while axis and inner * shape[axis - 1] <= most:
        axis -= 1
        inner *= shape[axis]
    if axis == 0:
        yield tuple(slice(0, extent) for extent in shape)
        return
    step = max(1, most // inner)
    rest = tuple(slice(0, extent) for extent in shape[axis:])
    for outer in np.ndindex(*shape[: axis - 1]):
        head = tuple(slice(i, i + 1) for i in outer)
        for start in range(0, shape[axis - 1], step):
            yield (*head, slice(start, min(start + step, shape[axis - 1])), *rest)
