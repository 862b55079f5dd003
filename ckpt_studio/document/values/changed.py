"""Values changed one by one on their way: converted, cast, scaled, without NaN, with other cells."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Stored, printable
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.document.convert import converted, kind_of
from ckpt_studio.document.values.base import Unstored, Values, Want


class _Elementwise(Unstored):
    """Values that are each made of the one at the same place below."""

    def __init__(self, below: Values, want: Want) -> None:
        super().__init__(want)
        self.below = below

    @abstractmethod
    def make(self, values: NDArray[Any]) -> NDArray[Any]:
        """What becomes of some of the values below, of any shape."""

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """As `Values.read`."""
        return np.asarray(
            self.make(self.below.read(window))
        )  # arithmetic makes scalars of arrays without axes

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`."""
        return map(self.make, self.below.blocks(task))


class Converted(_Elementwise):
    """Values of another checkpoint in our own element type; one that does not fit is an error."""

    def make(self, values: NDArray[Any]) -> NDArray[Any]:
        """As `convert.converted`."""
        return converted(values, self.want.dtype, self.want.key)

    def identity(self) -> str:
        """As `Values.identity`."""
        return f"{self.below.identity()} as {self.want.dtype.number}"

    def stored(self) -> Stored | None:
        """As `Values.stored`; None where values are converted."""
        return self.below.stored() if self.below.dtype.number == self.want.dtype.number else None


class Cast(_Elementwise):
    """Values in another element type, by the rules of `cast`."""

    def make(self, values: NDArray[Any]) -> NDArray[Any]:
        """As `cast`."""
        return cast(values, self.want.dtype)

    def identity(self) -> str:
        """As `Values.identity`."""
        return f"{self.below.identity()} cast to {self.want.dtype.number}"

    def stored(self) -> Stored | None:
        """As `Values.stored`; None where values are cast."""
        return self.below.stored() if self.below.dtype.number == self.want.dtype.number else None


def cast(values: NDArray[Any], dtype: DType) -> NDArray[Any]:
    """Numbers in another element type, the same on every machine.

    Floats are rounded to the nearest; what is too large for a float type becomes infinite, or NaN where it has no
    infinity. To an integer, the fraction falls away as in `tf.cast`; what is too large becomes the nearest integer
    that there is, and NaN becomes 0.
    """
    assert dtype.numpy is not None
    target = dtype.numpy.newbyteorder("=")
    if values.dtype == target:
        return values
    if kind_of(dtype) != "int":
        with np.errstate(over="ignore", invalid="ignore"):
            return values.astype(target)
    low, high = int_limits(dtype)
    if values.dtype.kind in "iub" or kind_of_numpy(values.dtype) == "int":
        whole = values.astype(np.uint64 if values.dtype == np.uint64 else np.int64)
        top = min(high, int(np.iinfo(whole.dtype).max))
        return np.clip(whole, max(low, int(np.iinfo(whole.dtype).min)), top).astype(target)
    numbers = values.astype(np.float64)
    inside = np.where(np.isnan(numbers), 0.0, np.trunc(numbers))
    # the limits of 64-bit integers are no floats: what lies at or past them is set afterwards
    over, under = inside >= float(high), inside <= float(low)
    kept = np.where(over | under, 0.0, inside).astype(np.uint64 if low == 0 else np.int64)
    kept[over] = high
    kept[under] = low
    return kept.astype(target)


def kind_of_numpy(dtype: np.dtype[Any]) -> str:
    """`float`, `int`, `complex` or `bool` for numbers of any width."""
    if dtype.kind in "iu" or dtype.name.startswith(("int", "uint")):
        return "int"
    return {"c": "complex", "b": "bool"}.get(dtype.kind, "float")


def int_limits(dtype: DType) -> tuple[int, int]:
    """The least and the greatest integer of an integer type."""
    bits = int(dtype.name.lstrip("quint"))
    return (0, (1 << bits) - 1) if "uint" in dtype.name else (-(1 << bits - 1), (1 << bits - 1) - 1)


class Scaled(_Elementwise):
    """Values times a factor plus an offset; rounded once, and an error where the result does not fit."""

    def __init__(self, below: Values, want: Want, factor: float, offset: float) -> None:
        super().__init__(below, want)
        self.factor, self.offset = factor, offset

    def make(self, values: NDArray[Any]) -> NDArray[Any]:
        """Of floats in double precision; of integers exactly.

        Raises:
            Unsupported: one does not fit.
        """
        kind = kind_of(self.want.dtype)
        if kind == "int":
            return self._of_integers(values)
        wide = values.astype(np.complex128 if kind == "complex" else np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            result = (wide * self.factor + self.offset).astype(values.dtype)
        if not (np.isfinite(result) | ~np.isfinite(values)).all():
            raise self._does_not_fit()
        return result

    def _of_integers(self, values: NDArray[Any]) -> NDArray[Any]:
        factor, offset = int(self.factor), int(self.offset)
        low, high = int_limits(self.want.dtype)
        whole = values.astype(np.int64) if values.dtype != np.uint64 else values
        ends = [int(whole.min()), int(whole.max())] if whole.size else []
        if any(not low <= end * factor + offset <= high for end in ends):
            raise self._does_not_fit()
        # what fits in the end is right whatever wraps around on the way
        with np.errstate(over="ignore"):
            wrapped = whole.astype(np.uint64) * np.uint64(factor % (1 << 64)) + np.uint64(offset % (1 << 64))
        return wrapped.astype(whole.dtype).astype(values.dtype)

    def _does_not_fit(self) -> Unsupported:
        return Unsupported(
            f"{printable(self.want.key)!r} cannot be scaled so: a value would not fit into "
            f"{self.want.dtype.name}; cast it to a wider type first.",
            key=self.want.key,
        )

    def identity(self) -> str:
        """As `Values.identity`."""
        return f"{self.below.identity()} times {self.factor!r} plus {self.offset!r}"


class WithoutNan(_Elementwise):
    """Values with a number in place of every NaN, and of every infinity if so wished."""

    def __init__(self, below: Values, want: Want, value: float, infinities: bool) -> None:
        super().__init__(below, want)
        self.value, self.infinities = value, infinities

    def make(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values with the number."""
        bad = ~np.isfinite(values) if self.infinities else np.isnan(values)
        if not bad.any():
            return values
        return np.where(bad, np.asarray(self.value).astype(values.dtype), values)

    def identity(self) -> str:
        """As `Values.identity`."""
        which = "non-finite" if self.infinities else "NaN"
        return f"{self.below.identity()} with {self.value!r} for {which}"


class WithCells(Unstored):
    """Values with others in some places.

    Args:
        below: the values.
        want: what they are.
        places: int64 [n], ascending places in C order.
        cells: [n], what stands there, in numpy's form of the element type.
    """

    def __init__(self, below: Values, want: Want, places: NDArray[np.int64], cells: NDArray[Any]) -> None:
        super().__init__(want)
        self._below, self._places, self._cells = below, places, cells

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """As `Values.read`."""
        shape = self.want.known
        values = self._below.read(window)
        if not shape:
            values[...] = self._cells[-1]
            return values
        bounds = check_window(window, shape)
        indices = np.stack(np.unravel_index(self._places, shape))
        first, after = (np.array([getattr(part, end) for part in bounds]) for end in ("start", "stop"))
        inside = ((indices >= first[:, None]) & (indices < after[:, None])).all(axis=0)
        values[tuple(indices[:, inside] - first[:, None])] = self._cells[inside]
        return values

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`."""
        at = 0
        for block in self._below.blocks(task):
            low, high = np.searchsorted(self._places, (at, at + len(block)))
            if low < high:
                block = block.copy()  # noqa: PLW2901 - it belongs to whoever gave it
                block[self._places[low:high] - at] = self._cells[low:high]
            at += len(block)
            yield block

    def identity(self) -> str:
        """As `Values.identity`."""
        cells = b"\0".join(self._cells.tolist()) if self._cells.dtype.hasobject else self._cells.tobytes()
        known = hashlib.sha256(self._places.tobytes() + cells).hexdigest()[:32]
        return f"{self._below.identity()} with {known}"
