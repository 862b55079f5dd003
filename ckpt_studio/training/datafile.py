"""The one door to a person's data: `.npz`, tables and TFRecords are named arrays of rows, whatever file they lie in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from ckpt_studio.training import arrays, records, tables
from ckpt_studio.training.arrays import ArrayInfo

__all__ = ["ENDINGS", "ArrayInfo", "open_data", "read_data"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of data file: how its arrays are told, and how they are read."""

    endings: tuple[str, ...]
    look: Callable[[str], dict[str, ArrayInfo]]
    read: Callable[[str, Sequence[str]], dict[str, NDArray[Any]]]


_NPZ: Final = _Kind((".npz",), arrays.open_npz, arrays.read_arrays)
_KINDS: Final = (
    _NPZ,
    _Kind((".csv", ".tsv"), tables.open_table, tables.read_table),
    _Kind((".tfrecord", ".tfrecords", ".tfrec"), records.open_records, records.read_records),
)
ENDINGS: Final = tuple(ending for kind in _KINDS for ending in kind.endings)
"""Of the data files that can be read."""


def open_data(path: str) -> dict[str, ArrayInfo]:
    """The arrays of a data file; nothing in it is ever unpickled or run.

    Raises:
        MissingFile: there is no such file.
        Corrupt: it is not what its ending says.
        Unsupported: an array holds Python objects.
    """
    return _kind(path).look(path)


def read_data(path: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The named arrays of a data file, whole.

    Raises:
        as `open_data`; RequestFault: an array is not there.
    """
    return _kind(path).read(path, names)


def _kind(path: str) -> _Kind:
    return next((kind for kind in _KINDS if path.lower().endswith(kind.endings)), _NPZ)
