"""Reads `.npz` files: headers for looking, whole arrays for training; nothing in them is ever unpickled."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ckpt_studio.core.errors import Corrupt, MissingFile, RequestFault, Unsupported

_SAMPLE = 1 << 16
_HEADER_BYTES = 1 << 16
_BROKEN = (zipfile.BadZipFile, zlib.error, tokenize.TokenError, ValueError, TypeError, EOFError, OSError, SyntaxError,
           RuntimeError, MemoryError)  # fmt: skip
"""What zipfile and numpy raise on bytes that are not theirs."""


@dataclass(frozen=True, slots=True)
class ArrayInfo:
    """One array of a data file, known from its header.

    Attributes:
        name: as the file calls it.
        low, high: smallest and largest of the first values of an integer array, else None.
        gaps: how many of its values are missing, as far as the file tells.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    low: int | None = None
    high: int | None = None
    gaps: int = 0

    def describe(self) -> str:
        """Dtype and shape for a person."""
        return f"{self.dtype.name} [{', '.join(map(str, self.shape))}]"


def open_npz(path: str) -> dict[str, ArrayInfo]:
    """The arrays of an `.npz` from their headers; no array is read as a whole, nothing is unpickled.

    Raises:
        MissingFile: there is no such file.
        Corrupt: it is not an `.npz`, or its headers contradict its size.
        Unsupported: an array holds Python objects.
    """
    found: dict[str, ArrayInfo] = {}
    with _zip(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".npy"):
                name = member.filename.removesuffix(".npy")
                try:
                    with archive.open(member) as file:
                        found[name] = _info(file, name, path, member.file_size)
                except _BROKEN as error:
                    raise Corrupt(f"The array {name!r} in {path} is damaged: {error}.", path=path) from error
    if not found:
        raise Corrupt(f"The data file {path} holds no arrays.", path=path)
    return found


def read_arrays(path: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The named arrays of an `.npz`, whole.

    Raises:
        as `open_npz`; RequestFault: an array is not there.
    """
    known = open_npz(path)
    arrays: dict[str, NDArray[Any]] = {}
    with _zip(path) as archive:
        for name in names:
            if name not in known:
                raise RequestFault(f"There is no array {name!r} in {path}.", path=path)
            try:
                with archive.open(name + ".npy") as file:
                    arrays[name] = npy.read_array(file, allow_pickle=False)
            except _BROKEN as error:
                raise Corrupt(f"The array {name!r} in {path} is damaged: {error}.", path=path) from error
    return arrays


def _zip(path: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise MissingFile(f"The data file {path} cannot be read: {error.strerror}.", path=path) from error
    except zipfile.BadZipFile as error:
        raise Corrupt(f"The data file {path} is not an .npz of numpy.savez.", path=path) from error


def _info(file: IO[bytes], name: str, path: str, size: int) -> ArrayInfo:
    version = npy.read_magic(file)
    reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = reader(file, max_header_size=_HEADER_BYTES)
    if dtype.hasobject:
        raise Unsupported(
            f"The array {name!r} in {path} holds Python objects, which are not read; save it with a plain dtype.",
            path=path,
        )
    count = math.prod(shape)
    if count * dtype.itemsize != size - file.tell():
        raise ValueError("its header contradicts its size")
    low = high = None
    if dtype.kind in "iu" and count:
        sample = np.frombuffer(file.read(min(count, _SAMPLE) * dtype.itemsize), dtype)
        low, high = int(sample.min()), int(sample.max())
    return ArrayInfo(name, tuple(shape), dtype, low, high)


def info_of(name: str, values: NDArray[Any], gaps: int = 0) -> ArrayInfo:
    """What is known of an array that is at hand."""
    low = high = None
    if values.dtype.kind in "iu" and values.size:
        sample = values.reshape(-1)[:_SAMPLE]
        low, high = int(sample.min()), int(sample.max())
    return ArrayInfo(name, values.shape, values.dtype, low, high, gaps)
