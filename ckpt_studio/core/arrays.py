"""What numpy does slowly, done quickly."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

_LINE: Final = 64
_LARGE: Final = 1 << 14


def room(shape: Sequence[int], dtype: Any = np.uint8) -> NDArray[Any]:
    """As `np.empty`, for numbers, to be read into: memory that begins at a line of the cache.

    What numpy gives begins anywhere, every second time where the system copies bytes to half as fast.
    """
    kind = np.dtype(dtype)
    size = prod(shape) * kind.itemsize
    if size < _LARGE:
        return np.empty(shape, kind)
    memory = np.empty(size + _LINE, np.uint8)
    first = -int(memory.__array_interface__["data"][0]) % _LINE
    found: NDArray[Any] = memory[first : first + size].view(kind).reshape(shape)
    return found


def distinct(values: NDArray[T]) -> NDArray[T]:
    """The values that occur in an array without NaN, each once, ascending.

    `np.unique` puts them into a hash table when nothing else is asked of it: that takes seconds for a million integers
    which follow one another, while the interpreter is held. And it imports numpy.ma.
    """
    ordered = np.sort(values, axis=None)
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]
