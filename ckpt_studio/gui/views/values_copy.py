"""A block of a table as text: cells apart by tabs, CSV, and code that makes the array. Names no Qt class."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.gui.views.numbers import NumberFormat, number_text

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Written(Enum):
    """How a block is written."""

    text = "text"
    csv = "csv"
    code = "code"


def written(figures: NDArray[Any], how: Written, task: Task = UNTENDED) -> str:
    """A block [rows, columns] as text with as many digits as tell each value apart.

    Raises:
        Cancelled: if asked to stop.
    """
    if how is Written.code:
        return as_code(figures, task)
    lines = as_csv(figures, task) if how is Written.csv else as_text(figures, task)
    return "".join(lines).removesuffix("\n")


_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\r": "\\r", "\n": "\\n"})


def as_text(figures: NDArray[Any], task: Task = UNTENDED) -> Iterator[str]:
    """Lines with tabs between the cells; tabs, ends of lines and backslashes of strings are escaped."""
    for line in figures:
        task.check()
        cells = [number_text(value, NumberFormat.full) for value in line]
        if figures.dtype.hasobject:
            cells = [cell.translate(_ESCAPES) for cell in cells]
        yield "\t".join(cells) + "\n"


def as_csv(figures: NDArray[Any], task: Task = UNTENDED) -> Iterator[str]:
    """Lines of CSV (RFC 4180, but with plain newlines)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for line in figures:
        task.check()
        writer.writerow([number_text(value, NumberFormat.full) for value in line])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def as_code(figures: NDArray[Any], task: Task = UNTENDED) -> str:
    """Python that makes the block with numpy (and ml_dtypes where the type is one of its own)."""
    rows = []
    for line in figures:
        task.check()
        rows.append(f"[{', '.join(map(_literal, line))}]")
    if figures.shape == (1, 1):
        body = rows[0].removeprefix("[").removesuffix("]")
    elif figures.shape[0] == 1:
        body = rows[0]
    elif figures.shape[1] == 1:
        body = "[" + ", ".join(row.removeprefix("[").removesuffix("]") for row in rows) + "]"
    else:
        body = "[\n    " + ",\n    ".join(rows) + ",\n]"
    return f"np.array({body}, dtype={_type_name(figures.dtype)})"


def _literal(value: Any) -> str:
    if isinstance(value, bytes):
        return repr(value)
    plain = value.item()
    if isinstance(plain, complex):
        return f"complex({_float(plain.real)}, {_float(plain.imag)})"
    if isinstance(plain, float):
        return _float(plain) if not math.isfinite(plain) else str(value)
    return repr(plain)


def _float(value: float) -> str:
    if math.isnan(value):
        return "np.nan"
    if math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)


def _type_name(dtype: Any) -> str:
    if dtype.hasobject:
        return "object"
    if dtype.kind == "b":
        return "np.bool_"
    return f"np.{dtype.name}" if dtype.isbuiltin == 1 else f"ml_dtypes.{dtype.name}"
