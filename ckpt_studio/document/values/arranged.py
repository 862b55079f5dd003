"""Values in another arrangement: reshaped, transposed, cropped or padded to another shape."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Final

from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Stored
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.document.values.base import Shape, Unstored, Values, Want
from ckpt_studio.document.values.stretches import gathered, slabs, stretch

_AT_ONCE: Final = 8 << 20
"""Bytes of a slab of a transposed tensor: each reads all over its file."""


class Reshaped(Unstored):
    """The same elements in the same order, in another shape."""

    def __init__(self, below: Values, want: Want) -> None:
        super().__init__(want)
        self._below = below

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """As `Values.read`."""
        if window is None:
            return self._below.read().reshape(self.want.known)
        assert self.want.dtype.numpy is not None
        native = self.want.dtype.numpy.newbyteorder("=")
        return gathered(
            lambda first, after: stretch(self._below, first, after), self.want.known, window, native
        )

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`."""
        return self._below.blocks(task)

    def identity(self) -> str:
        """As `Values.identity`."""
        return f"{self._below.identity()} reshaped to {self.want.shape}"

    def stored(self) -> Stored | None:
        """As `Values.stored`: the bytes are the same."""
        return self._below.stored()


class _BySlabs(Unstored, ABC):
    """Values whose blocks are read as windows."""

    most = 1 << 20

    @abstractmethod
    def read(self, window: Window | None = None) -> NDArray[Any]:
        """As `Values.read`."""

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`."""
        for window in slabs(self.want.known, self.want.dtype.itemsize or 64, self.most):
            block = self.read(window).reshape(-1)
            task.advance(block.nbytes)
            yield block


class Transposed(_BySlabs):
    """Axis i of these values is axis `axes[i]` of those below."""

    most = _AT_ONCE

    def __init__(self, below: Values, want: Want, axes: tuple[int, ...]) -> None:
        super().__init__(want)
        self._below, self._axes = below, axes

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """As `Values.read`."""
        bounds = check_window(window, self.want.known)
        there: list[slice] = [slice(0, 0)] * len(self._axes)
        for axis, source in enumerate(self._axes):
            there[source] = bounds[axis]
        return self._below.read(tuple(there)).transpose(self._axes).copy(order="C")

    def identity(self) -> str:
        """As `Values.identity`."""
        return f"{self._below.identity()} transposed by {self._axes}"


class Resized(_BySlabs):
    """Values cropped at the end of each axis that is too long, and filled up where one is too short.

    Args:
        below: the values.
        want: what they are to be; as many axes.
        filling: what stands where `below` has nothing.
    """

    def __init__(self, below: Values, want: Want, filling: Values) -> None:
        super().__init__(want)
        self._below, self._filling = below, filling

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """As `Values.read`."""
        bounds = check_window(window, self.want.known)
        shape = self._below.shape
        assert shape is not None
        there = tuple(
            slice(min(part.start, extent), min(part.stop, extent))
            for part, extent in zip(bounds, shape, strict=True)
        )
        inside = tuple(part.stop - part.start for part in there)
        if inside == _sizes(bounds):
            return self._below.read(there)
        values = self._filling.read(bounds)
        if 0 not in inside:
            values[tuple(slice(0, extent) for extent in inside)] = self._below.read(there)
        return values

    def identity(self) -> str:
        """As `Values.identity`."""
        return f"{self._below.identity()} in {self.want.shape}, else {self._filling.identity()}"


def _sizes(window: Window) -> Shape:
    return tuple(part.stop - part.start for part in window)
