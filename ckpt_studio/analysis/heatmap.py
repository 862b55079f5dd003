"""A plane of any size as a picture of a few pixels that hides nothing: extremes, NaN and Inf survive the reduction.

The picture is made in steps, each better than the one before: a few rows that stand for all, then stretch after
stretch exact. Tiles of some megabytes are read and folded on a few threads, so memory does not grow with the tensor,
a cancel is noticed between two tiles, and a zoomed picture reads only what it shows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.canvas import Canvas, Reduce
from ckpt_studio.analysis.folding import Patch, Pixels, fold_columns, fold_rows
from ckpt_studio.analysis.kinds import CHUNK, Kind, kind_of
from ckpt_studio.analysis.overview import Overview
from ckpt_studio.analysis.planes import Plane, Span, Tile
from ckpt_studio.core.errors import Changed, RequestFault, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable
from ckpt_studio.formats.held import Held
from ckpt_studio.formats.parallel import alone, in_order

_TILE_BYTES: Final = 1 << 23
_BATCH: Final = 8
"""Tiles that a thread takes at once."""
_ROUGH_BATCH: Final = 64
_ALONE_BYTES: Final = 8 << 20
"""Less than this is not worth other threads."""
_ROUGH: Final = ((64, 1 << 8, 1 << 25), (512, 1 << 4, 1 << 30))
"""Rough pictures before the exact one: rows of pixels, of whose elements one in so many rows is looked at, for planes
of so many bytes or more: of smaller ones the exact picture is there about as soon as it is drawn."""
_STEP_SECONDS: Final = 0.25
"""A step that takes longer gives the picture that it has so far."""
_ENOUGH: Final = 0.8
"""Part of the pixels with which a picture need not be made again for a somewhat larger window."""
_ELEMENTS_KEPT: Final = 1 << 15
"""Pictures of at most so many single elements keep them as they are, to be written into the cells."""


_Patches = list[tuple[slice, Patch]]


@dataclass(frozen=True, slots=True)
class HeatmapRequest:
    """What to draw.

    Attributes:
        key: the variable.
        plane: which elements, and how they are arranged.
        rows, columns: (start, stop) of the part of the plane that is seen; not empty.
        out_shape: at most this many pixels, (down, across).
        reduce: which of a pixel's values stands for it: the largest magnitude with its sign ("extreme"), ...; "marks"
            stands for 1 where there is a NaN or Inf, else 0.
    """

    key: str
    plane: Plane
    rows: Span
    columns: Span
    out_shape: tuple[int, int]
    reduce: Reduce = "extreme"

    @classmethod
    def whole(
        cls, key: str, plane: Plane, out_shape: tuple[int, int], reduce: Reduce = "extreme"
    ) -> HeatmapRequest:
        """The whole plane."""
        return cls(key, plane, (0, plane.rows), (0, plane.columns), out_shape, reduce)


@dataclass(frozen=True, slots=True)
class Heatmap:
    """A picture [down, across]; complex numbers by magnitude.

    Attributes:
        request: what was asked for.
        exact: whether every element was looked at. If not, pixels stand for some of theirs.
        values: float64, what stands for each pixel's finite values; NaN where it has none.
        minimum, maximum: float64, smallest and largest finite value of each pixel; NaN where it has none.
        nan_mask, inf_mask: whether a pixel has any NaN, any Inf.
        row_edges, column_edges: int64, pixel i holds the rows `row_edges[i]` up to `row_edges[i + 1]` of the plane.
        low, high: smallest and largest finite value seen; None when there is none.
        elements: the elements in their own type, where each pixel is one and they are not too many; else None.
    """

    request: HeatmapRequest
    exact: bool
    values: NDArray[np.float64]
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    nan_mask: NDArray[np.bool_]
    inf_mask: NDArray[np.bool_]
    row_edges: NDArray[np.int64]
    column_edges: NDArray[np.int64]
    low: float | None
    high: float | None
    elements: NDArray[Any] | None = None

    def pixel(self, row: int, column: int) -> tuple[int, int] | None:
        """The pixel that holds an element, None where the picture does not reach."""
        down = int(np.searchsorted(self.row_edges, row, "right")) - 1
        across = int(np.searchsorted(self.column_edges, column, "right")) - 1
        inside = 0 <= down < self.values.shape[0] and 0 <= across < self.values.shape[1]
        return (down, across) if inside else None

    def fills(self, pixels: tuple[int, int]) -> bool:
        """Whether it has about as many pixels as so many, (down, across), could show of the same part, and no more."""
        spans = (self.request.rows, self.request.columns)
        return all(
            _ENOUGH * min(stop - start, want) <= have <= want
            for (start, stop), want, have in zip(spans, pixels, self.values.shape, strict=True)
        )


def heatmap(source: TensorSource, request: HeatmapRequest, task: Task = UNTENDED) -> Heatmap:
    """Reduce the seen part of a plane in one go. `task` is advanced by the bytes read.

    Raises:
        as `Refinement` and `Refinement.step`.
    """
    return Refinement(source, request, rough=False).step(task, all_at_once=True)


class Refinement:
    """The pictures of one request, each better than the one before.

    Args:
        source: where the variable is.
        request: what to draw.
        rough: whether a large plane is to be seen roughly first.
        ready: the exact picture, where it is known already.

    Attributes:
        exact: whether the last picture was the exact one.
        done, total: bytes of the elements that went into the exact picture so far, and of all of them.

    Raises:
        NoSuchVariable: no such key.
        Unsupported: the values are no numbers.
        RequestFault: the seen part is empty or outside.
    """

    def __init__(
        self, source: TensorSource, request: HeatmapRequest, rough: bool = True, ready: Heatmap | None = None
    ) -> None:
        info = source.columns.of(request.key)
        if kind_of(info.dtype) in (Kind.text, Kind.opaque):
            raise Unsupported(
                f"{printable(info.name)} holds {info.dtype.name} values, which have no heatmap.",
                key=request.key,
            )
        plane = request.plane
        for (start, stop), extent in ((request.rows, plane.rows), (request.columns, plane.columns)):
            if not 0 <= start < stop <= extent or plane.is_empty:
                raise RequestFault(
                    f"There are no values from {start} to {stop} of {extent}.", key=request.key
                )
        self._source, self._request, self._info = source, request, info
        self._identity = source.identity(request.key)
        self._turned = plane.runs_down  # read along memory order, turn the picture at the end
        self._plane = plane.transposed() if self._turned else plane
        pixels = request.out_shape[::-1] if self._turned else request.out_shape
        self._rows, self._columns = (
            (request.columns, request.rows) if self._turned else (request.rows, request.columns)
        )
        self._across = Pixels(self._columns, pixels[1])
        self._down = Pixels(self._rows, pixels[0])
        self.total = (
            (self._rows[1] - self._rows[0]) * (self._columns[1] - self._columns[0]) * info.dtype.itemsize
        )
        self.done = 0
        self.exact = False
        self._stages = list(self._rough_stages(pixels[0])) if rough else []
        self._ready = ready
        self._rough: Canvas | None = None
        self._canvas: Canvas | None = None
        self._left = self._plane.tiles(
            self._rows, self._columns, info.dtype.itemsize, _TILE_BYTES, self._down.edges
        )

    def _rough_stages(self, pixels: int) -> Iterator[tuple[Pixels, int]]:
        """The rows of pixels, and how many rows of elements each of them looks at."""
        height = self._rows[1] - self._rows[0]
        row_bytes = self.total // height
        for count, share, least in _ROUGH:
            down = Pixels(self._rows, min(count, pixels))
            run = max(1, min(height // len(down) // share, _TILE_BYTES // max(1, row_bytes)))
            if self.total >= least and len(down) * run * 8 <= height:
                yield down, run

    def step(self, task: Task = UNTENDED, all_at_once: bool = False) -> Heatmap:
        """The next picture. Work for a background thread; `task` is advanced by the bytes read.

        Raises:
            FileFault: the variable is damaged or missing, or was rewritten meanwhile.
            Cancelled: if asked to stop.
        """
        if self._ready is not None:
            self.exact, self.done = True, self.total
            return self._unchanged(self._ready)
        if self._stages:
            self._rough = canvas = self._look_roughly(*self._stages.pop(0), task)
        else:
            canvas = self._look_closely(math.inf if all_at_once else _STEP_SECONDS, task)
        return self._unchanged(self._picture(canvas))

    def overview(self) -> Overview | None:
        """What makes the exact picture from another pass over the variable; None where its rows are seen in part, or
        do not follow each other.
        """
        height, width = self._plane.rows, self._plane.columns
        whole = (self._rows, self._columns) == ((0, height), (0, width))
        if (
            not whole
            or self._plane.cell_shape is not None
            or height * width != self._info.size
            or width > CHUNK
        ):
            return None
        return Overview(self._down, self._across, self._request.reduce)

    def finish(self, overview: Overview) -> Heatmap:
        """The exact picture, which was made by `overview`.

        Raises:
            FileFault: the variable was rewritten meanwhile.
        """
        self.exact = True
        return self._unchanged(self._picture(overview.canvas))

    def _unchanged(self, picture: Heatmap) -> Heatmap:
        """The same, if it is still true."""
        if self._source.identity(self._request.key) != self._identity:
            raise Changed(
                f"{printable(self._info.name)} changed while it was read; look at it again.",
                key=self._request.key,
            )
        return picture

    def _picture(self, canvas: Canvas) -> Heatmap:
        if not self.exact and canvas is self._canvas:
            canvas = canvas.so_far(self._rough)
        low, high = canvas.range()
        sides = [np.array(side.edges, np.int64) for side in (canvas.down, canvas.across)]

        def upright(picture: NDArray[Any]) -> NDArray[Any]:
            return np.ascontiguousarray(picture.T) if self._turned else picture

        return Heatmap(
            request=self._request,
            exact=self.exact,
            values=upright(canvas.values()),
            minimum=upright(canvas.low),
            maximum=upright(canvas.high),
            nan_mask=upright(canvas.nan),
            inf_mask=upright(canvas.inf),
            row_edges=sides[self._turned],
            column_edges=sides[not self._turned],
            low=low,
            high=high,
            elements=upright(canvas.elements) if self.exact and canvas.elements is not None else None,
        )

    def _look_roughly(self, down: Pixels, run: int, task: Task) -> Canvas:
        canvas = Canvas(down, self._across, self._request.reduce)
        itemsize = self._info.dtype.itemsize
        tiles = (
            tile
            for start in down.edges[:-1]
            for tile in self._plane.tiles((start, start + run), self._columns, itemsize, _TILE_BYTES)
        )
        with Held(self._source, self._request.key) as source:
            while batch := list(islice(tiles, _ROUGH_BATCH)):
                for across, patch in self._fold(source, batch, canvas, task):
                    canvas.add(across, patch)
        return canvas

    def _exact_canvas(self) -> Canvas:
        """The one that is folded into from step to step."""
        if self._canvas is None:
            self._canvas = Canvas(self._down, self._across, self._request.reduce)
            if self.total // max(1, self._info.dtype.itemsize) <= _ELEMENTS_KEPT:
                self._canvas.keep_elements(self._info.dtype.numpy)
        return self._canvas

    def _look_closely(self, seconds: float, task: Task) -> Canvas:
        """Fold more tiles, for about so long."""
        canvas = self._exact_canvas()
        batches = self._batches(time.monotonic() + seconds)

        with Held(self._source, self._request.key) as source:

            def work(batch: list[Tile], task: Task) -> _Patches:
                return self._fold(source, batch, canvas, task)

            few = self.total <= _ALONE_BYTES
            with closing(alone(work, batches, task) if few else in_order(work, batches, task)) as answers:
                for batch, patches in answers:
                    for across, patch in patches:
                        canvas.add(across, patch)
                    size = self._size(batch)
                    self.done += size
                    task.advance(size)
        if self.done >= self.total:
            self.exact = True
        return canvas

    def _batches(self, until: float) -> Iterator[list[Tile]]:
        """One, and more while there is time."""
        while batch := list(islice(self._left, _BATCH)):
            yield batch
            if time.monotonic() >= until:
                return
        self.exact = True  # sooner than expected where some places are blank

    def _size(self, batch: list[Tile]) -> int:
        cells = sum((rows[1] - rows[0]) * (columns[1] - columns[0]) for rows, columns in batch)
        return cells * self._info.dtype.itemsize

    def _fold(self, source: Held, batch: list[Tile], canvas: Canvas, task: Task) -> _Patches:
        """Patches of some tiles, each with the columns of pixels that it belongs to."""
        key, patches = self._request.key, []
        for columns, tiles in groupby(batch, key=itemgetter(1)):
            found = []
            for rows, _ in tiles:
                task.check()
                values = self._plane.read(source, key, slice(*rows), slice(*columns))
                canvas.keep(values, rows, columns)
                found.append(fold_rows(values, rows, canvas.down, canvas.sums))
                del values  # so that the next tile gets the same memory, which is in the cache
            across, finished = fold_columns(found, columns, canvas.across)
            patches += [(across, patch) for patch in finished]
        return patches
