"""Pieces of a tensor: windows that cover a stretch of its elements in C order, slabs of a bounded size, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import BLOCK_BYTES
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.document.values.base import Shape, Values

_SPAN: Final = 1 << 17
"""Elements that are read at once to pick some of them."""


def full(shape: Shape) -> Window:
    """The window of everything."""
    return tuple(slice(0, extent) for extent in shape)


def slabs(shape: Shape, itemsize: int, most: int = BLOCK_BYTES) -> Iterator[Window]:
    """Windows of at most `most` bytes that hold all elements, one after the other in C order."""
    if not prod(shape):
        return
    inner = prod(shape[1:])
    at_once = most // max(1, inner * itemsize)
    if not shape:
        yield ()
    elif at_once or len(shape) == 1:
        for first in range(0, shape[0], max(1, at_once)):
            yield (slice(first, min(first + max(1, at_once), shape[0])), *full(shape[1:]))
    else:
        for first in range(shape[0]):
            for rest in slabs(shape[1:], itemsize, most):
                yield (slice(first, first + 1), *rest)


def windows_of(shape: Shape, first: int, after: int) -> Iterator[Window]:
    """Few windows that hold the elements `first` to `after` (not included) in C order, one after the other."""
    if first >= after:
        return
    if not shape:
        yield ()
        return
    inner = prod(shape[1:])
    low, high = -(-first // inner), after // inner
    if low > high:  # inside of one
        for rest in windows_of(shape[1:], first - high * inner, after - high * inner):
            yield (slice(high, high + 1), *rest)
        return
    for rest in windows_of(shape[1:], first - (low - 1) * inner, inner) if first < low * inner else ():
        yield (slice(low - 1, low), *rest)
    if low < high:
        yield (slice(low, high), *full(shape[1:]))
    for rest in windows_of(shape[1:], 0, after - high * inner):
        yield (slice(high, high + 1), *rest)


def stretch(values: Values, first: int, after: int) -> NDArray[Any]:
    """The elements `first` to `after` (not included) of values in C order: [after - first]."""
    shape = values.shape
    assert shape is not None
    parts = [values.read(window).reshape(-1) for window in windows_of(shape, first, after)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def gathered(
    read: Callable[[int, int], NDArray[Any]], shape: Shape, window: Window | None, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """A window of a tensor that can be read by stretches only; memory is bounded by the window's own size."""
    window = check_window(window, shape)
    out = np.empty([part.stop - part.start for part in window], dtype)
    if out.size:
        _gather(out, read, 0, shape, window)
    return out


def _gather(
    out: NDArray[Any], read: Callable[[int, int], NDArray[Any]], base: int, shape: Shape, window: Window
) -> None:
    if not shape:
        out[...] = read(base, base + 1).reshape(())
        return
    inner = prod(shape[1:])
    first, after = window[0].start, window[0].stop
    if inner > _SPAN and len(shape) > 1:
        for place in range(first, after):
            _gather(out[place - first, ...], read, base + place * inner, shape[1:], window[1:])
        return
    at_once = max(1, _SPAN // inner)
    for low in range(first, after, at_once):
        high = min(low + at_once, after)
        part = read(base + low * inner, base + high * inner).reshape(high - low, *shape[1:])
        out[low - first : high - first] = part[(slice(None), *window[1:])]
