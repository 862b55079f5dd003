"""A slice of any size as a picture of a few pixels that hides nothing: extremes, NaN and Inf survive the reduction.

Tiles of about a megabyte are read and folded into the picture one after the other, so memory does not grow with the
tensor, a cancel is noticed between two tiles, and a zoomed picture reads only what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.kinds import Kind, kind_of, magnitude
from ckpt_studio.analysis.slices import SliceSpec
from ckpt_studio.core.errors import Changed, RequestFault, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable

Reduce = Literal["extreme", "mean", "min", "max"]
_TILE_BYTES: Final = 1 << 20
_NARROW: Final = 32
"""Tiles with fewer columns are turned before they are folded: a long inner loop is what makes it fast."""


@dataclass(frozen=True, slots=True)
class HeatmapRequest:
    """What to draw.

    Attributes:
        key: the variable.
        spec: axes and fixed indices.
        rows, columns: (start, stop) of the part of the slice that is seen; not empty.
        out_shape: at most this many pixels, (down, across).
        reduce: which of a pixel's values stands for it: the largest magnitude with its sign ("extreme"), ...
        preview: look at one row of each pixel only, for a first picture of a huge slice.
    """

    key: str
    spec: SliceSpec
    rows: tuple[int, int]
    columns: tuple[int, int]
    out_shape: tuple[int, int]
    reduce: Reduce = "extreme"
    preview: bool = False

    @classmethod
    def whole(
        cls, key: str, spec: SliceSpec, out_shape: tuple[int, int], reduce: Reduce = "extreme"
    ) -> HeatmapRequest:
        """The whole slice."""
        return cls(key, spec, (0, spec.rows), (0, spec.columns), out_shape, reduce)


@dataclass(frozen=True, slots=True)
class Heatmap:
    """A picture [down, across]; complex numbers by magnitude.

    Attributes:
        request: what was asked for.
        values: float64, what stands for each pixel's finite values; NaN where it has none.
        minimum, maximum: float64, smallest and largest finite value of each pixel.
        nan_mask, inf_mask: whether a pixel has any NaN, any Inf.
        row_edges, column_edges: int64, pixel i holds the rows `row_edges[i]` up to `row_edges[i + 1]` of the slice.
        low, high: smallest and largest finite value seen; None when there is none.
    """

    request: HeatmapRequest
    values: NDArray[np.float64]
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    nan_mask: NDArray[np.bool_]
    inf_mask: NDArray[np.bool_]
    row_edges: NDArray[np.int64]
    column_edges: NDArray[np.int64]
    low: float | None
    high: float | None


def heatmap(source: TensorSource, request: HeatmapRequest, task: Task = UNTENDED) -> Heatmap:
    """Reduce the seen part of a slice. `task` is advanced by the bytes read.

    Raises:
        NoSuchVariable: no such key.
        Unsupported: the values are no numbers.
        RequestFault: the seen part is empty or outside.
        FileFault: the variable is damaged or missing, or was rewritten meanwhile.
        Cancelled: if asked to stop.
    """
    info = source.columns.of(request.key)
    if kind_of(info.dtype) in (Kind.text, Kind.opaque):
        raise Unsupported(
            f"{printable(info.name)} holds {info.dtype.name} values, which have no heatmap.", key=request.key
        )
    spec = request.spec
    for (start, stop), extent in ((request.rows, spec.rows), (request.columns, spec.columns)):
        if not 0 <= start < stop <= extent or spec.is_empty:
            raise RequestFault(f"There are no values from {start} to {stop} of {extent}.", key=request.key)
    before = source.identity(request.key)
    picture = _reduce(source, request, info.dtype.itemsize, task)
    if source.identity(request.key) != before:
        raise Changed(f"{printable(info.name)} changed while it was read; look at it again.", key=request.key)
    return picture


def _reduce(source: TensorSource, request: HeatmapRequest, itemsize: int, task: Task) -> Heatmap:
    spec = request.spec
    turned = spec.row_axis is not None and spec.column_axis is not None and spec.row_axis > spec.column_axis
    down, across = _edges(request.rows, request.out_shape[0]), _edges(request.columns, request.out_shape[1])
    if turned:  # read along memory order, turn the picture at the end
        spec, down, across = spec.transposed(), across, down
    canvas = _Canvas(down, across, request.reduce == "mean")
    for rows, columns in _tiles(down, across, itemsize, request.preview):
        tile = spec.read(source, request.key, rows, columns)
        canvas.fold(_as_real(tile), rows, columns)
        task.advance(tile.nbytes)
    return canvas.picture(request, turned)


def _edges(span: tuple[int, int], pixels: int) -> NDArray[np.int64]:
    start, stop = span
    count = max(1, min(stop - start, pixels))
    return start + (np.arange(count + 1, dtype=np.int64) * (stop - start)) // count


def _tiles(
    down: NDArray[np.int64], across: NDArray[np.int64], itemsize: int, preview: bool
) -> Iterator[tuple[slice, slice]]:
    elements = max(1, _TILE_BYTES // itemsize)
    first, last = int(across[0]), int(across[-1])
    width = min(last - first, elements)
    height = 1 if preview else max(1, elements // width)
    starts = down[:-1].tolist() if preview else range(int(down[0]), int(down[-1]), height)
    for row in starts:
        rows = slice(row, min(row + height, int(down[-1])))
        for column in range(first, last, width):
            yield rows, slice(column, min(column + width, last))


def _as_real(tile: NDArray[Any]) -> NDArray[Any]:
    """float32 or float64 of the same values: whatever float32 does not hold exactly comes as float64."""
    if tile.dtype.kind == "c":
        return magnitude(tile)
    if tile.dtype.kind == "f" and tile.dtype.itemsize >= 4:
        return tile
    return tile.astype(np.float32 if tile.dtype.itemsize <= 2 else np.float64)


class _Canvas:
    """The picture while tiles are folded into it."""

    def __init__(self, down: NDArray[np.int64], across: NDArray[np.int64], mean: bool) -> None:
        shape = (len(down) - 1, len(across) - 1)
        self._down, self._across = down, across
        self._minimum, self._maximum = np.full(shape, np.nan), np.full(shape, np.nan)
        self._nan, self._inf = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        self._sum = np.zeros(shape) if mean else None
        self._count = np.zeros(shape) if mean else None

    def fold(self, tile: NDArray[Any], rows: slice, columns: slice) -> None:
        down, row_starts = _share(self._down, rows)
        across, column_starts = _share(self._across, columns)
        place = (down, across)

        def over(function: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
            return _fold(function, values, row_starts, column_starts)

        with np.errstate(over="ignore", invalid="ignore"):
            # one pass tells; where merely the sum overflows, the careful way does no harm
            clean = bool(np.isfinite(tile.sum()))
            finite = None
            if not clean:
                finite, nan = np.isfinite(tile), np.isnan(tile)
                self._nan[place] |= over(np.logical_or, nan)
                self._inf[place] |= over(np.logical_or, ~(finite | nan))
                tile = np.where(finite, tile, tile.dtype.type(np.nan))
            np.fmin(self._minimum[place], over(np.fmin, tile), out=self._minimum[place])
            np.fmax(self._maximum[place], over(np.fmax, tile), out=self._maximum[place])
            if self._sum is not None and self._count is not None:
                wide = tile.astype(np.float64)
                if finite is not None:
                    wide[~finite] = 0
                ones = np.ones(tile.shape) if finite is None else finite.astype(np.float64)
                self._sum[place] += over(np.add, wide)
                self._count[place] += over(np.add, ones)

    def picture(self, request: HeatmapRequest, turned: bool) -> Heatmap:
        values = self._values(request.reduce)
        has_values = not bool(np.isnan(self._minimum).all())
        pictures = [values, self._minimum, self._maximum, self._nan, self._inf]
        values, minimum, maximum, nan, inf = [np.ascontiguousarray(p.T) if turned else p for p in pictures]
        return Heatmap(
            request=request,
            values=values,
            minimum=minimum,
            maximum=maximum,
            nan_mask=nan,
            inf_mask=inf,
            row_edges=self._across if turned else self._down,
            column_edges=self._down if turned else self._across,
            low=float(np.nanmin(minimum)) if has_values else None,
            high=float(np.nanmax(maximum)) if has_values else None,
        )

    def _values(self, reduce: Reduce) -> NDArray[np.float64]:
        if self._sum is not None and self._count is not None:
            with np.errstate(invalid="ignore", over="ignore"):
                return self._sum / self._count
        if reduce == "min":
            return self._minimum
        if reduce == "max":
            return self._maximum
        return np.where(-self._minimum > self._maximum, self._minimum, self._maximum)


def _share(edges: NDArray[np.int64], part: slice) -> tuple[slice, NDArray[np.int64]]:
    """Which pixels a part of an axis falls into, and where in the part each of them begins."""
    first = int(np.searchsorted(edges, part.start, "right")) - 1
    stop = int(np.searchsorted(edges, part.stop, "left"))
    return slice(first, stop), np.maximum(edges[first:stop] - part.start, 0)


def _fold(
    function: np.ufunc, tile: NDArray[Any], row_starts: NDArray[np.int64], column_starts: NDArray[np.int64]
) -> NDArray[Any]:
    """Reduce a tile to [pixels down, pixels across]."""
    height, width = tile.shape
    if len(row_starts) < height:
        if width < _NARROW:
            tile = function.reduceat(np.ascontiguousarray(tile.T), row_starts, axis=1).T
        else:
            stops = [*row_starts[1:].tolist(), height]
            spans = zip(row_starts.tolist(), stops, strict=True)
            tile = np.stack([function.reduce(tile[start:stop], axis=0) for start, stop in spans])
    if len(column_starts) < width:
        tile = function.reduceat(tile, column_starts, axis=1)
    return tile
