"""The weighted mean of several values of one shape, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Window
from ckpt_studio.document.convert import kind_of
from ckpt_studio.document.values.base import Unstored, Values, Want
from ckpt_studio.document.values.changed import cast


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
        return np.asarray(self._mean(part.read(window) for part in self._parts))

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`; blocks of the parts need not begin at the same places."""
        readers = [_Reader(part.blocks(task)) for part in self._parts]
        while size := min(reader.ready() for reader in readers):
            yield self._mean(reader.take(size) for reader in readers)

    def _mean(self, parts: Iterator[NDArray[Any]]) -> NDArray[Any]:
        total: NDArray[Any] | None = None
        for part, weight in zip(parts, self._weights, strict=True):
            product = np.multiply(part, weight, dtype=self._wide)
            total = product if total is None else np.add(total, product, out=total)
        assert total is not None
        return cast(total, self.want.dtype)

    def identity(self) -> str:
        """As `Values.identity`."""
        parts = (
            f"{weight!r} of {part.identity()}"
            for part, weight in zip(self._parts, self._weights, strict=True)
        )
        return f"{' + '.join(parts)} as {self.want.dtype.number}"


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
