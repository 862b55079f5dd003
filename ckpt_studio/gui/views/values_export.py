"""Writes a whole slice to a file, a strip at a time, so that its size does not matter. Names no widget."""

from __future__ import annotations

import io
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.views.values_copy import as_csv, as_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ckpt_studio.gui.views.values_slice import ShownSlice

_STRIP_CELLS: Final = 1 << 18
"""Elements that are read together."""


class FileKind(Enum):
    """What a slice is written as."""

    csv = "CSV"
    npy = "NPY"
    text = "TXT"


def pieces(shown: ShownSlice, kind: FileKind, task: Task) -> Iterator[bytes]:
    """A file's bytes, part by part; `task` counts the elements.

    Raises:
        as `TensorSource.read`, and Cancelled.
    """
    if kind is FileKind.npy:
        return _npy(shown, task)
    return _lines(shown, kind, task)


def _strips(shown: ShownSlice, task: Task) -> Iterator[tuple[NDArray[Any], bool]]:
    """The slice in C order: several rows at once, or a part of one; and whether its last row ends with it."""
    rows, columns = shown.spec.rows, shown.spec.columns
    task.total = rows * columns
    width = min(columns, _STRIP_CELLS)
    height = max(1, _STRIP_CELLS // max(columns, 1))
    for top in range(0, rows, height):
        for left in range(0, columns, width):
            right = min(left + width, columns)
            strip = shown.values(slice(top, min(top + height, rows)), slice(left, right))
            yield strip, right == columns
            task.advance(strip.size)


def _lines(shown: ShownSlice, kind: FileKind, task: Task) -> Iterator[bytes]:
    write, between = (as_csv, ",") if kind is FileKind.csv else (as_text, "\t")
    for strip, ends in _strips(shown, task):
        text = "".join(write(strip, task))
        yield (text if ends else text[:-1] + between).encode("utf-8", "surrogateescape")


def _npy(shown: ShownSlice, task: Task) -> Iterator[bytes]:
    """Types that numpy cannot name in a file are written as the smallest of its own that holds them exactly."""
    import numpy as np

    first = True
    for strip, _ in _strips(shown, task):
        dtype = _plain(strip.dtype)
        if first:
            first = False
            head = io.BytesIO()
            header = {
                "descr": np.lib.format.dtype_to_descr(dtype),
                "fortran_order": False,
                "shape": _shape(shown),
            }
            np.lib.format.write_array_header_1_0(head, header)
            yield head.getvalue()
        yield np.ascontiguousarray(strip, dtype).tobytes()


def _shape(shown: ShownSlice) -> tuple[int, ...]:
    """A vector's file holds a vector, a scalar's a scalar."""
    spec = shown.spec
    return tuple(
        extent
        for axis, extent in ((spec.row_axis, spec.rows), (spec.column_axis, spec.columns))
        if axis is not None
    )


def _plain(dtype: np.dtype[Any]) -> np.dtype[Any]:
    import numpy as np

    if dtype.isbuiltin == 1:
        return dtype
    return np.dtype({"i": np.int8, "u": np.uint8}.get(_kind(dtype), np.float32))


def _kind(dtype: np.dtype[Any]) -> str:
    """`i` and `u` for the integers of 2 and 4 bits, which numpy takes for bytes of no meaning."""
    return {"int": "i", "uin": "u"}.get(dtype.name[:3], "f")
