"""One answer about the values of a variable: opens the tables that it needs, and puts slices together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import Corrupt, FileFault
from ckpt_studio.core.tensors import printable
from ckpt_studio.core.windows import Window
from ckpt_studio.formats.files import said
from ckpt_studio.formats.reading import covering_windows
from ckpt_studio.formats.tf_v1.contents import Variable
from ckpt_studio.formats.tf_v1.shard import OpenShard, Shard
from ckpt_studio.formats.tf_v1.values import InFile, InMemory, Streamed, Values, values_of

_KEPT: Final = 64 << 20
"""So many bytes of decoded slices are kept for the next window of the same answer."""
_STRING: Final = 64


def bytes_of(block: NDArray[Any]) -> int:
    """How much a block counts for progress."""
    return sum(map(len, block)) if block.dtype.hasobject else block.nbytes


class Answer:
    """A context manager for one answer: at its end it looks whether the files are still what they were.

    Its methods raise FileFault with the variable's key.

    Args:
        shards: the tables by number.
        variable: one without a known fault, and of a type that is not opaque.
    """

    def __init__(self, shards: Mapping[int, Shard], variable: Variable) -> None:
        self._shards = shards
        self._variable = variable
        self._stack = ExitStack()
        self._open: dict[int, OpenShard] = {}
        self._kept: dict[int, Values] = {}

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        with self._stack:
            if kind is None:
                for shard in self._open.values():
                    shard.file.check_unchanged()

    def window(self, window: Window) -> NDArray[Any]:
        """A window that was checked against the shape."""
        variable = self._variable
        try:
            if variable.partition is None:
                return self._values(0).window(window)
            out = np.empty([part.stop - part.start for part in window], variable.dtype.numpy)
            variable.partition.fill(out, window, lambda piece, part: self._decoded(piece).window(part))
            return out
        except (ValueError, FileFault) as error:
            raise self._fault(error) from error

    def blocks(self) -> Iterator[NDArray[Any]]:
        """All values in C order, in flat arrays of about a megabyte."""
        variable = self._variable
        assert variable.shape is not None
        partition = variable.partition
        if partition is None or (partition.stop - partition.start)[:, 1:].tolist() == [
            list(variable.shape[1:])
        ] * len(partition.start):
            order = [0] if partition is None else np.argsort(partition.start[:, 0], kind="stable").tolist()
            for piece in order:
                yield from self.piece_blocks(piece)
            return
        for window in covering_windows(variable.shape, variable.dtype.itemsize or _STRING):
            yield self.window(window).reshape(-1)

    def piece_blocks(self, piece: int) -> Iterator[NDArray[Any]]:
        """The values of one slice, by its place in `Variable.pieces`."""
        try:
            yield from self._values(piece).blocks()
        except (ValueError, FileFault) as error:
            raise self._fault(error) from error

    def _values(self, piece: int) -> Values:
        """The values of a slice.

        Raises:
            ValueError, FileFault: they cannot be had.
        """
        variable = self._variable
        assert variable.shape is not None
        number, slice_number = variable.pieces[piece]
        shard = self._open.get(number)
        if shard is None:
            shard = self._open[number] = self._stack.enter_context(OpenShard(self._shards[number]))
        shape = variable.shape
        if variable.partition is not None:
            size = variable.partition.stop[piece] - variable.partition.start[piece]
            shape = tuple(size.tolist())
        return values_of(shard.record(slice_number), variable.dtype, shape, variable.name)

    def _decoded(self, piece: int) -> Values:
        """As `_values`, for one that may be asked for again."""
        kept = self._kept.get(piece)
        if kept is not None:
            return kept
        values = self._values(piece)
        if isinstance(values, Streamed) and self._cost(values) <= _KEPT:
            values = InMemory(values.window(tuple(slice(0, extent) for extent in values.shape)))
        while self._kept and sum(map(self._cost, self._kept.values())) + self._cost(values) > _KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[piece] = values
        return values

    def _cost(self, values: Values) -> int:
        """Bytes that keeping decoded values takes."""
        if isinstance(values, InFile):
            return 0
        shape = values.shape if isinstance(values, Streamed) else np.shape(getattr(values, "array", ()))
        return prod(shape) * (self._variable.dtype.itemsize or _STRING)

    def _fault(self, error: ValueError | FileFault) -> FileFault:
        """An error of reading as the variable's."""
        key = self._variable.key
        if isinstance(error, FileFault):
            return type(error)(error.message, path=error.path, key=key, offset=error.offset)
        number = self._variable.pieces[0][0]
        path = self._shards[number].path
        return Corrupt(
            f"The record of {printable(key)!r} in {said(path)} is damaged: {error}.", path=path, key=key
        )
