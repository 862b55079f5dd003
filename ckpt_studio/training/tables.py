"""Reads a table of text (`.csv`, `.tsv`): each column is an array, and the numeric ones together are `features`.

A column of whole numbers is int64, one of numbers or empty cells float32, any other bytes. The column that looks most
like a target (by its name, else the last) is not among the features.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import Corrupt, MissingFile, RequestFault
from ckpt_studio.training.arrays import ArrayInfo, info_of

FEATURES: Final = "features"
_TARGETS: Final = ("label", "labels", "target", "class", "y", "species")
_MOST_CELLS: Final = 200_000_000


def open_table(path: str) -> dict[str, ArrayInfo]:
    """The arrays of a table.

    Raises:
        MissingFile: there is no such file.
        Corrupt: it is not a table.
    """
    return {name: info_of(name, values, gaps=_gaps(values)) for name, values in _arrays(path).items()}


def read_table(path: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The named arrays of a table, whole.

    Raises:
        as `open_table`; RequestFault: an array is not there.
    """
    found = _arrays(path)
    for name in names:
        if name not in found:
            raise RequestFault(f"There is no column {name!r} in {path}.", path=path)
    return {name: found[name] for name in names}


def _arrays(path: str) -> dict[str, NDArray[Any]]:
    names, rows = _rows(path)
    columns = {name: _column([row[at] for row in rows]) for at, name in enumerate(names)}
    target = next((name for name in names if name.lower() in _TARGETS), names[-1])
    numeric = [values for name, values in columns.items() if name != target and values.dtype.kind in "if"]
    if FEATURES not in columns and numeric:
        columns[FEATURES] = np.stack([values.astype(np.float32) for values in numeric], axis=1)
    return columns


def _rows(path: str) -> tuple[list[str], list[list[str]]]:
    """Names of the columns and the rows of cells; a first row without any number is taken for the names."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: PTH123
            first = file.readline()
            file.seek(0)
            rows = [row for row in csv.reader(file, delimiter=_delimiter(path, first)) if row]
    except OSError as error:
        raise MissingFile(f"The data file {path} cannot be read: {error.strerror}.", path=path) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Corrupt(f"The data file {path} is not a table of text: {error}.", path=path) from error
    if not rows:
        raise Corrupt(f"The data file {path} holds no rows.", path=path)
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise Corrupt(
                f"Row {number} of {path} has {len(row)} cells, and the first one has {width}.", path=path
            )
    if len(rows) * width > _MOST_CELLS:
        raise Corrupt(f"The table {path} is too large; save it as .npz.", path=path)
    if any(_is_number(cell) for cell in rows[0]):
        return [f"column{at}" for at in range(width)], rows
    if len(rows) == 1:
        raise Corrupt(f"The data file {path} holds no rows.", path=path)
    if len(set(rows[0])) != width:
        raise Corrupt(f"Two columns of {path} have the same name.", path=path)
    return [name.strip() for name in rows[0]], rows[1:]


def _delimiter(path: str, first: str) -> str:
    """What stands between the cells, by the file's name and its first row."""
    if path.lower().endswith(".tsv"):
        return "\t"
    return next((one for one in ",;\t" if one in first), ",")


def _gaps(values: NDArray[Any]) -> int:
    """How many empty cells became numbers that are none."""
    return int(np.isnan(values).sum()) if values.dtype.kind == "f" else 0


def _column(cells: list[str]) -> NDArray[Any]:
    try:
        return np.array([int(cell) for cell in cells], np.int64)
    except (ValueError, OverflowError):
        pass
    try:
        numbers = [float(cell) if cell.strip() else math.nan for cell in cells]
    except ValueError:
        numbers = []
    if any(map(math.isfinite, numbers)):
        return np.array(numbers, np.float32)
    return np.array([cell.encode() for cell in cells])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
