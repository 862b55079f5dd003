"""What part of a tensor is meant: one slice an axis."""

from __future__ import annotations

from typing import TypeAlias

Window: TypeAlias = tuple[slice, ...]
"""One slice an axis, `slice(start, stop)` with 0 <= start <= stop <= extent and no step."""


def check_window(window: Window | None, shape: tuple[int, ...]) -> Window:
    """A full window with every bound filled in and inside `shape`.

    Raises:
        ValueError: a wrong number of axes, a step, or bounds outside.
    """
    if window is None:
        return tuple(slice(0, extent) for extent in shape)
    if len(window) != len(shape):
        raise ValueError(f"a window of {len(window)} axes on a tensor of rank {len(shape)}")
    full = []
    for part, extent in zip(window, shape, strict=True):
        start = 0 if part.start is None else part.start
        stop = extent if part.stop is None else part.stop
        if part.step not in (None, 1) or not 0 <= start <= stop <= extent:
            raise ValueError(f"{part} is not a plain slice of an axis of {extent}")
        full.append(slice(start, stop))
    return tuple(full)
