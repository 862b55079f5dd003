"""The weighted mean of several values of one shape, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.windows import Window
from ckpt_studio.document.convert import kind_of
from ckpt_studio.document.values.base import Unstored, Values, Want

_AT_ONCE: Final = 1 << 15
"""Values that are added up at once: what they need stays in the processor's cache."""


class Averaged(Unstored):
    """Sums of products, in double precision, rounded once.

    Args:
        want: what it is: floats or complex numbers.
        parts: the values.
        weights: one each; they add up to 1.
    """

    def __init__(self, want: Want, parts: Sequence[Values], weights: Sequence[float]) -> None:
        super().__init__(want)
        self._parts, self._weights = parts, weights
        self._wide = np.dtype(np.complex128 if kind_of(want.dtype) == "complex" else np.float64)

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """As `Values.read`."""
        parts = [part.read(window) for part in self._parts]
        result = np.empty(parts[0].shape, self._room.rounded.dtype)
        flat, flats, room = result.reshape(-1), [part.reshape(-1) for part in parts], self._room
        for first in range(0, flat.size, _AT_ONCE):
            span = slice(first, min(first + _AT_ONCE, flat.size))
            flat[span] = self._mean([part[span] for part in flats], room)
        return result

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`; blocks of the parts need not begin at the same places."""
        readers, room = [_Reader(part.blocks(task)) for part in self._parts], self._room
        while size := min(_AT_ONCE, *(reader.ready() for reader in readers)):
            yield self._mean([reader.take(size) for reader in readers], room)

    @property
    def _room(self) -> _Room:
        assert self.want.dtype.numpy is not None
        return _Room(self._wide, self.want.dtype.numpy.newbyteorder("="))

    def _mean(self, parts: Sequence[NDArray[Any]], room: _Room) -> NDArray[Any]:
        """The mean of at most `_AT_ONCE` values of each part; of equal weights, the sum is divided once."""
        count = len(parts[0])
        total, product, rounded = room.total[:count], room.product[:count], room.rounded[:count]
        equal = len(set(self._weights)) == 1
        total[...] = 0
        for part, weight in zip(parts, self._weights, strict=True):
            np.copyto(product, part)
            if not equal:
                np.multiply(product, weight, out=product)
            np.add(total, product, out=total)
        if equal:
            np.multiply(total, self._weights[0], out=total)
        with np.errstate(over="ignore", invalid="ignore"):
            np.copyto(rounded, total, casting="unsafe")
        return rounded

    def identity(self) -> str:
        """As `Values.identity`."""
        parts = (
            f"{weight!r} of {part.identity()}"
            for part, weight in zip(self._parts, self._weights, strict=True)
        )
        return f"{' + '.join(parts)} as {self.want.dtype.number}"


class _Room:
    """Memory that every block is worked out in: to ask for it each time costs more than the sums."""

    def __init__(self, wide: np.dtype[Any], own: np.dtype[Any]) -> None:
        self.total = np.empty(_AT_ONCE, wide)
        self.product = np.empty(_AT_ONCE, wide)
        self.rounded = np.empty(_AT_ONCE, own)


class _Reader:
    """What is left of the current block of some values."""

    def __init__(self, blocks: Iterator[NDArray[Any]]) -> None:
        self._blocks = blocks
        self._rest: NDArray[Any] = np.empty(0)

    def ready(self) -> int:
        """How many values can be taken; 0 at the end."""
        while not len(self._rest):
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = block
        return len(self._rest)

    def take(self, size: int) -> NDArray[Any]:
        """The next values."""
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken
