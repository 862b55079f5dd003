"""Reads the values of datasets: numbers that lie together straight from the file, everything else through the HDF5
process, in windows that one answer holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import Corrupt, FileFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import BLOCK_BYTES, printable
from ckpt_studio.core.windows import Window
from ckpt_studio.formats import reading
from ckpt_studio.formats.files import said
from ckpt_studio.formats.keras.hdf5.frames import LENGTH, MOST_VALUES
from ckpt_studio.formats.keras.hdf5.image import Image
from ckpt_studio.formats.keras.hdf5.listing import Dataset
from ckpt_studio.formats.keras.hdf5.process import Hdf5
from ckpt_studio.formats.reading import Place

_STRING_BYTES: Final = 64
"""What a string is taken to need, for the size of windows."""


def read_window(hdf5: Hdf5, dataset: Dataset, key: str, window: Window) -> NDArray[Any]:
    """Values of a window that was checked against the shape; strings as an object array of bytes.

    Raises:
        FileFault: they cannot be read.
    """
    if dataset.offset is not None:
        with hdf5.image.open() as file:
            values = reading.read_window(file, _place(hdf5.image, dataset, key), window, dataset.big_endian)
            file.check_unchanged()
            return values
    extents = tuple(part.stop - part.start for part in window)
    out = np.empty(extents, dataset.dtype.numpy)
    for part in reading.covering_windows(extents, _itemsize(dataset), MOST_VALUES // 2):
        asked = [
            (whole.start + inner.start, whole.start + inner.stop)
            for whole, inner in zip(window, part, strict=True)
        ]
        out[part] = _ask(hdf5, dataset, key, asked)
    return out


def read_blocks(hdf5: Hdf5, dataset: Dataset, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
    """All values in C order, in flat arrays of about `BLOCK_BYTES`; each is valid until the next is asked for.

    Raises:
        FileFault: they cannot be read.
        Cancelled: if asked to stop.
    """
    shape = dataset.shape or ()
    if dataset.offset is not None:
        with hdf5.image.open() as file:
            place = _place(hdf5.image, dataset, key)
            yield from reading.read_blocks(file, place, dataset.big_endian, task)
            file.check_unchanged()
        return
    for window in reading.covering_windows(shape, _itemsize(dataset), BLOCK_BYTES):
        values = _ask(hdf5, dataset, key, [(part.start, part.stop) for part in window])
        yield values.reshape(-1)
        task.advance(values.nbytes)


def _place(image: Image, dataset: Dataset, key: str) -> Place:
    shape = dataset.shape or ()
    assert dataset.offset is not None
    size = prod(shape) * dataset.dtype.itemsize
    return Place(key, dataset.dtype, shape, 0, image.base + dataset.offset, size, 0)


def _itemsize(dataset: Dataset) -> int:
    return dataset.dtype.itemsize or _STRING_BYTES


def _ask(hdf5: Hdf5, dataset: Dataset, key: str, window: list[tuple[int, int]]) -> NDArray[Any]:
    """The values of a window that one answer holds."""
    extents = tuple(stop - start for start, stop in window)
    count = prod(extents)
    itemsize = dataset.dtype.itemsize
    try:
        raw = hdf5.read(dataset.path, window, count * itemsize if itemsize else None)
    except FileFault as error:
        raise type(error)(error.message, path=error.path, key=key) from error
    if itemsize:
        assert dataset.dtype.numpy is not None
        return np.frombuffer(bytearray(raw), dataset.dtype.numpy).reshape(extents)
    out = np.empty(count, object)
    at = 0
    for i in range(count):
        stop = at + LENGTH.size
        length = int.from_bytes(raw[at:stop], "little")
        if stop + length > len(raw):
            raise Corrupt(
                f"The strings of {printable(key)} in {said(hdf5.image.path)} cannot be read.", key=key
            )
        out[i] = raw[stop : stop + length]
        at = stop + length
    return out.reshape(extents)
