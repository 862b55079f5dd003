"""Elements of NumPy files as everybody else wants them: C order, native byte order, strings as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import Corrupt
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import BLOCK_BYTES, printable
from ckpt_studio.core.windows import Window
from ckpt_studio.formats.reading import Bytes, Place, covering_windows, read_window

_TURNED_BYTES: Final = 32 << 20
"""How much is read at once where columns have to be turned into rows: each turn reads over all columns."""

_LAST_LETTER: Final = 0x10FFFF


def read_values(source: Bytes, place: Place, fortran: bool, window: Window) -> NDArray[Any]:
    """A window that was checked against the shape.

    Args:
        source: the file, or the unpacked member.
        place: where the elements lie; its type's `numpy` tells their byte order.
        fortran: whether they lie column by column.
        window: one slice an axis.

    Raises:
        Corrupt: a text holds what is no letter.
        FileFault: as `FileReader.read_into`.
    """
    if fortran:
        turned = replace(place, shape=place.shape[::-1])
        values = np.ascontiguousarray(read_window(source, turned, window[::-1], big_endian=False).transpose())
    else:
        values = read_window(source, place, window, big_endian=False)
    return _plain(values, place.key)


def _plain(values: NDArray[Any], key: str) -> NDArray[Any]:
    if values.dtype.kind == "S":
        return values.astype(object)
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    return _texts(native, key) if values.dtype.kind == "U" else native


def _texts(values: NDArray[Any], key: str) -> NDArray[Any]:
    """Texts of fixed size as bytes in UTF-8."""
    if values.size and int(values.reshape(-1).view(np.uint32).max()) > _LAST_LETTER:
        raise Corrupt(f"{printable(key)!r} holds texts that are damaged.", key=key)
    out = np.empty(values.shape, object)
    flat = out.reshape(-1)
    for place, text in enumerate(values.reshape(-1).tolist()):
        flat[place] = text.encode("utf-8", "surrogatepass")
    return out


def read_value_blocks(
    source: Bytes, place: Place, fortran: bool, task: Task = UNTENDED
) -> Iterator[NDArray[Any]]:
    """All elements in C order, in flat arrays of about `BLOCK_BYTES`.

    Raises:
        as `read_values`; Cancelled: if asked to stop.
    """
    itemsize = place.dtype.itemsize
    step = max(1, BLOCK_BYTES // (max(itemsize, 8) if place.dtype.name == "string" else itemsize))
    if not fortran:
        flat = replace(place, shape=(prod(place.shape),))
        for start in range(0, flat.shape[0], step):
            values = read_values(source, flat, False, (slice(start, min(start + step, flat.shape[0])),))
            yield values
            task.advance(len(values) * itemsize)
        return
    for window in covering_windows(place.shape, itemsize, _TURNED_BYTES):
        values = read_values(source, place, True, window).reshape(-1)
        for start in range(0, len(values), step):
            block = values[start : start + step]
            yield block
            task.advance(len(block) * itemsize)
