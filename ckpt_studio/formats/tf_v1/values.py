"""The values of one slice, as TensorFlow reads a TensorProto: by windows and blocks, however they are encoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.tensors import BLOCK_BYTES
from ckpt_studio.core.windows import Window
from ckpt_studio.formats import reading
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.reading import Place
from ckpt_studio.formats.sstable.coding import read_varints
from ckpt_studio.formats.tf_v1.record import Record, Tensor, find_tensor

_STEP: Final = BLOCK_BYTES // 8
"""How many elements a block of decoded numbers holds at most."""

_LONG: Final = 512
"""A run of so many wanted elements is copied at once."""


class Values(Protocol):
    """The values of one slice. Reading raises FileFault, or ValueError where they are damaged."""

    def window(self, window: Window) -> NDArray[Any]:
        """A window that was checked against the shape, owned by the caller."""
        ...

    def blocks(self) -> Iterator[NDArray[Any]]:
        """All values in C order as flat arrays of about `BLOCK_BYTES`; each is valid until the next is asked for."""
        ...


def values_of(record: Record, dtype: DType, shape: tuple[int, ...], name: bytes) -> Values:
    """The values in a record.

    Args:
        record: where they stand.
        dtype: not opaque.
        shape: of the slice.
        name: the variable's.

    Raises:
        ValueError: the record is damaged.
        FileFault: it cannot be read.
    """
    assert dtype.numpy is not None
    tensor = find_tensor(record, dtype, name)
    count = prod(shape)
    if not count:
        return InMemory(np.empty(shape, dtype.numpy))
    first, after = tensor.content
    if after > first and dtype.itemsize:
        if after - first != count * dtype.itemsize:
            raise ValueError(f"it has {after - first} bytes for {count} elements of {dtype.name}")
        return _as_they_stand(record, first, dtype, shape)
    if after > first:
        return Streamed(dtype, shape, partial(_string_list, record, first, after, count))
    if (
        len(tensor.starts) == 1
        and not (tensor.is_strings or tensor.is_varints)
        and int(tensor.stops[0] - tensor.starts[0]) >= count * dtype.itemsize
    ):
        return _as_they_stand(record, int(tensor.starts[0]), dtype, shape)
    return Streamed(dtype, shape, partial(_numbers, record, tensor, dtype))


def _as_they_stand(record: Record, start: int, dtype: DType, shape: tuple[int, ...]) -> Values:
    """Elements that stand in the record as they are in memory."""
    size = prod(shape) * dtype.itemsize
    if isinstance(record.source, FileReader):
        place = Place("", dtype, shape, 0, record.start + start, size, 0)
        return InFile(record.source, place)
    assert dtype.numpy is not None
    return InMemory(record.read(start, start + size).view(dtype.numpy).reshape(shape))


@dataclass(frozen=True, eq=False)
class InMemory:
    """Values that are there already."""

    array: NDArray[Any]

    def window(self, window: Window) -> NDArray[Any]:
        """As `Values.window`."""
        values: NDArray[Any] = self.array[window]
        return np.array(values)

    def blocks(self) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`."""
        flat = self.array.reshape(-1)
        step = BLOCK_BYTES // flat.itemsize
        for start in range(0, len(flat), step):
            yield flat[start : start + step]


@dataclass(frozen=True, eq=False)
class InFile:
    """Values whose bytes lie together in the file."""

    file: FileReader
    place: Place

    def window(self, window: Window) -> NDArray[Any]:
        """As `Values.window`."""
        return reading.read_window(self.file, self.place, window, False)

    def blocks(self) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`."""
        return reading.read_blocks(self.file, self.place, False)


@dataclass(frozen=True, eq=False)
class Streamed:
    """Values that have to be decoded from the first one on.

    Attributes:
        dtype, shape: what they are.
        stream: gives what is there, from the first on: perhaps too few, perhaps too many.
    """

    dtype: DType
    shape: tuple[int, ...]
    stream: partial[Iterator[NDArray[Any]]]

    def blocks(self) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`: as many as the shape has, the last one over and over where there are too few."""
        missing = prod(self.shape)
        assert self.dtype.numpy is not None
        last: Any = b"" if self.dtype.name == "string" else np.zeros((), self.dtype.numpy)[()]
        for block in self.stream():
            yield block[:missing]
            missing -= len(block)
            if missing <= 0:
                return
            if len(block):
                last = block[-1]
        if missing:
            rest = np.full(min(missing, _STEP), last, self.dtype.numpy)
            for start in range(0, missing, _STEP):
                yield rest[: missing - start]

    def window(self, window: Window) -> NDArray[Any]:
        """As `Values.window`: what lies before it is decoded and let go of."""
        out = np.empty([part.stop - part.start for part in window], self.dtype.numpy)
        if not out.size:
            return out
        starts, run = _runs(self.shape, window)
        flat = out.reshape(-1, run)
        done = 0
        for block in self.blocks():
            end = done + len(block)
            first = int(np.searchsorted(starts, done - run, side="right"))
            after = int(np.searchsorted(starts, end))
            _copy(flat[first:after], starts[first:after] - done, block)
            if after == len(starts) and starts[-1] + run <= end:
                break
            done = end
        return out


def _runs(shape: tuple[int, ...], window: Window) -> tuple[NDArray[np.int64], int]:
    """Where in C order each stretch of wanted elements begins, and how long all of them are."""
    starts = np.zeros(1, np.int64)
    stride = prod(shape)
    run = 1
    for axis, (part, extent) in enumerate(zip(window, shape, strict=True)):
        stride //= extent
        if all(p.stop - p.start == e for p, e in zip(window[axis + 1 :], shape[axis + 1 :], strict=True)):
            run = (part.stop - part.start) * stride
            return (starts + part.start * stride), run
        starts = (starts[:, None] + np.arange(part.start, part.stop) * stride).reshape(-1)
    return starts, run


def _copy(target: NDArray[Any], starts: NDArray[np.int64], block: NDArray[Any]) -> None:
    """Copy what a block has of some runs, which begin at `starts` of the block or before it."""
    run = target.shape[1]
    if run >= _LONG:
        for row, start in zip(target, starts.tolist(), strict=True):
            low, high = max(start, 0), min(start + run, len(block))
            row[low - start : high - start] = block[low:high]
    elif len(starts):
        places = starts[:, None] + np.arange(run)
        inside = (places >= 0) & (places < len(block))
        target[inside] = block[places[inside]]


def _numbers(record: Record, tensor: Tensor, dtype: DType) -> Iterator[NDArray[Any]]:
    """The elements of the repeated field."""
    assert dtype.numpy is not None
    if tensor.is_strings:
        yield from _strings(record, tensor.starts, tensor.stops)
        return
    if len(tensor.starts) > 1:
        joined = _joined(record, tensor)
        record, start, stop = Record(joined.data, 0, len(joined)), 0, len(joined)
    elif len(tensor.starts):
        start, stop = int(tensor.starts[0]), int(tensor.stops[0])
    else:
        return
    if tensor.is_varints:
        yield from _varints(record, start, stop, dtype.numpy)
        return
    step = BLOCK_BYTES // dtype.itemsize * dtype.itemsize
    stop -= (stop - start) % dtype.itemsize
    for at in range(start, stop, step):
        yield record.read(at, min(at + step, stop)).view(dtype.numpy)


def _joined(record: Record, tensor: Tensor) -> NDArray[np.uint8]:
    """The bytes of several runs as one: there may be a run for each number."""
    begin = int(tensor.starts[0])
    data = record.read(begin, int(tensor.stops[-1]))
    filled = tensor.stops > tensor.starts
    starts, stops = tensor.starts[filled] - begin, tensor.stops[filled] - begin
    if tensor.is_varints and (data[stops - 1] >= 0x80).any():
        raise ValueError("a number of it does not end")
    edges = np.zeros(len(data) + 1, np.int8)
    edges[starts] += 1
    edges[stops] -= 1  # runs do not touch: each has a head before it
    return data[np.cumsum(edges[:-1], dtype=np.int8).view(np.bool_)]


def _varints(record: Record, start: int, stop: int, dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """Numbers of which only the low bits are wanted, negative ones too."""
    while start < stop:
        block = record.read(start, min(start + _STEP, stop))
        values, used = read_varints(block, len(block))
        if not used:
            raise ValueError("a number of it does not end")
        start += used
        yield (values != 0) if dtype == np.bool_ else values.astype(f"u{dtype.itemsize}").view(dtype)


def _strings(record: Record, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
    first = 0
    while first < len(starts):
        begin = int(starts[first])
        after = int(np.searchsorted(stops, begin + BLOCK_BYTES, side="right"))
        after = min(max(after, first + 1), first + _STEP)
        data = record.read(begin, int(stops[after - 1])).tobytes()
        out = np.empty(after - first, object)
        out[:] = [
            data[a:b]
            for a, b in zip(
                (starts[first:after] - begin).tolist(), (stops[first:after] - begin).tolist(), strict=True
            )
        ]
        yield out
        first = after


def _string_list(record: Record, start: int, stop: int, count: int) -> Iterator[NDArray[Any]]:
    """Strings in `tensor_content`: all lengths as varints, then all bytes."""
    lengths: list[NDArray[np.uint64]] = []
    missing = count
    while missing:
        block = record.read(start, min(start + _STEP, stop))
        values, used = read_varints(block, missing)
        if not used or int(values.max()) > stop - start:
            raise ValueError("the lengths of its strings are damaged")
        lengths.append(values)
        start += used
        missing -= len(values)
    sizes = np.concatenate(lengths).astype(np.int64)
    if (
        float(sizes.sum(dtype=np.float64)) > float(stop - start) * 1.01 + 1
        or int(sizes.sum()) != stop - start
    ):
        raise ValueError("the lengths of its strings contradict its size")
    stops = start + np.cumsum(sizes)
    yield from _strings(record, stops - sizes, stops)
