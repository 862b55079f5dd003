"""The variables that a file of another format than TensorFlow's holds: under which type, and of which size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from ckpt_studio.core.dtypes import DType, unknown
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import TensorSource, printable


@dataclass(frozen=True, slots=True)
class Kept:
    """One variable.

    Attributes:
        key: what it is called.
        dtype: the type that it is written as.
        shape: its extents.
        nbytes: bytes that it is written as; of texts, those on disk.
    """

    key: str
    dtype: DType
    shape: tuple[int, ...]
    nbytes: int


def kept_variables(
    source: TensorSource, kept_as: Callable[[DType], DType | None], where: str, *, utf8: bool
) -> list[Kept]:
    """All variables of a source, in its order.

    Args:
        source: holds them.
        kept_as: as `Writer.kept_as`.
        where: the format, for the sentences: `a NumPy archive`.
        utf8: whether names have to be text.

    Raises:
        RequestFault: one cannot be kept.
    """
    columns = source.columns
    found = []
    for row in range(len(columns)):
        key, shape = columns.keys[row], columns.shape(row)
        dtype = kept_as(unknown(int(columns.dtype[row])))
        if dtype is None or shape is None:
            raise RequestFault(f"{printable(key)!r} cannot be kept in {where}; leave it out.", key=key)
        if utf8 and (printable(key) != key or "\0" in key):
            raise RequestFault(f"{printable(key)!r} is no name for {where}; rename it.", key=key)
        size = prod(shape) * dtype.itemsize if dtype.itemsize else int(columns.nbytes[row])
        found.append(Kept(key, dtype, shape, size))
    return found
