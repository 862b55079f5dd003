"""Orders names as a person counts (layer2 before layer10) and compares neighbours, a million at a time."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Names

_MATRIX_BYTES: Final = 256 << 20
"""Names are padded into a matrix up to this size."""
_CHUNK_BYTES: Final = 16 << 20


def natural_order(names: Names, rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """`rows` sorted by name, runs of digits by their value; all names that share a path prefix stay together.

    Names so long that they do not fit a matrix of 256 MiB are sorted by bytes.
    """
    blob = np.frombuffer(names.blob, np.uint8)
    counted, offsets = _count_digits(blob, names.offsets)
    starts = offsets[rows]
    lengths = offsets[rows + 1] - 1 - starts
    width = int(lengths.max(initial=0))
    if width == 0 or width * len(rows) > _MATRIX_BYTES:
        return np.array(sorted(rows.tolist(), key=names.raw), np.int32)
    matrix = np.empty((len(rows), width), np.uint8)
    for low, high in _chunks(len(rows), width):
        matrix[low:high] = _padded(counted, starts[low:high], lengths[low:high], width)
    # numpy lets other threads run while it sorts fixed-size bytes; Python's sort would hold up the window
    order = np.argsort(matrix.reshape(-1).view(f"S{width}"), kind="stable")
    return rows[order]


def _count_digits(
    blob: NDArray[np.uint8], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The blob with the length of each run of digits put before it, and the offsets in it.

    So "layer2" < "layer10" as bytes: "layer12" < "layer210". The lengths are digits themselves, 9 for 9 and more.
    """
    digit = (blob >= ord("0")) & (blob <= ord("9"))
    edges = np.diff(np.concatenate([[False], digit, [False]]).astype(np.int8))
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if len(first) == 0:
        return blob, offsets
    counted = np.insert(blob, first, ord("0") + np.minimum(last - first, 9).astype(np.uint8))
    return counted, offsets + np.searchsorted(first, offsets)


def shared_prefix_lengths(
    blob: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many leading bytes each name shares with the one before it; 0 for the first."""
    shared = np.zeros(len(starts), np.int64)
    limit = np.minimum(lengths[1:], lengths[:-1])
    width = int(limit.max(initial=0))
    if width == 0:
        return shared
    for low, high in _chunks(len(limit), width):
        most = int(limit[low:high].max(initial=0))
        if most == 0:
            continue
        here = _window(blob, starts[low + 1 : high + 1], most)
        differs = here != _window(blob, starts[low:high], most)
        first = np.where(differs.any(axis=1), differs.argmax(axis=1), most)
        shared[low + 1 : high + 1] = np.minimum(first, limit[low:high])
    return shared


def _chunks(count: int, width: int) -> list[tuple[int, int]]:
    step = max(1, _CHUNK_BYTES // (8 * max(width, 1)))
    return [(low, min(low + step, count)) for low in range(0, count, step)]


def _window(blob: NDArray[np.uint8], starts: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    places = starts[:, None] + np.arange(width)
    return blob[np.minimum(places, len(blob) - 1)]


def _padded(
    blob: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64], width: int
) -> NDArray[np.uint8]:
    return np.where(np.arange(width) < lengths[:, None], _window(blob, starts, width), 0).astype(np.uint8)
