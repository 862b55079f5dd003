"""Casting: variables get another element type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import BY_NAME, DType
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, TensorSource
from ckpt_studio.document.convert import kind_of
from ckpt_studio.document.edits.base import (
    Around,
    Files,
    Json,
    OnVariables,
    check_kinds,
    is_text,
    numbers_among,
)
from ckpt_studio.document.patterns import resolve_keys
from ckpt_studio.document.state import State, new_number
from ckpt_studio.document.values.base import Values, Want
from ckpt_studio.document.values.changed import Cast as CastValues
from ckpt_studio.document.values.changed import cast, int_limits
from ckpt_studio.document.wording import named

TARGETS: Final = tuple(
    dtype for dtype in BY_NAME.values() if dtype.name.startswith(("float", "bfloat", "int", "uint"))
)
"""The element types that a variable can be cast to."""
_FROM: Final = ("float", "int", "bool")


@dataclass(frozen=True, slots=True)
class CastLoss:
    """What a cast does to the values of one variable, counted.

    Attributes:
        key: the variable.
        count: its values.
        overflow: finite values that become infinite, NaN, or the type's limit.
        vanished: values that become 0.
        rounded: other values that change.
        not_finite: NaN and infinities that the type has none of.
    """

    key: str
    count: int = 0
    overflow: int = 0
    vanished: int = 0
    rounded: int = 0
    not_finite: int = 0

    @property
    def lossless(self) -> bool:
        """Whether every value stays what it is."""
        return not (self.overflow or self.vanished or self.rounded or self.not_finite)


def cast_loss(source: TensorSource, key: str, dtype: DType, task: Task = UNTENDED) -> CastLoss:
    """Read a variable once, and count what a cast does to it.

    Raises:
        as `TensorSource.blocks`.
    """
    limits = int_limits(dtype) if kind_of(dtype) == "int" else None
    count = overflow = vanished = rounded = not_finite = 0
    for block in source.blocks(key, task):
        result = cast(block, dtype)
        changed = ~_equal(block, result)
        count += len(block)
        if not changed.any():
            continue
        old, new = block[changed], result[changed]
        numbers = old if old.dtype.kind in "iub" else np.trunc(old.astype(np.float64))
        finite = np.isfinite(numbers)
        if limits is None:
            away = finite & ~np.isfinite(new.astype(np.float64))
        else:
            away = finite & ((numbers < limits[0]) | (numbers > limits[1]))
        gone = finite & ~away & (new == 0)
        not_finite += int(np.count_nonzero(~finite))
        overflow += int(np.count_nonzero(away))
        vanished += int(np.count_nonzero(gone))
        rounded += int(np.count_nonzero(finite & ~away & ~gone))
    return CastLoss(key, count, overflow, vanished, rounded, not_finite)


def _equal(block: NDArray[Any], result: NDArray[Any]) -> NDArray[np.bool_]:
    """Where values are the same number; NaN is NaN."""
    if result.dtype == block.dtype:
        return np.ones(len(block), np.bool_)
    with np.errstate(over="ignore", invalid="ignore"):
        back = result.astype(block.dtype)
        same: NDArray[np.bool_] = (back == block) & ((result < 0) == (block < 0))
    if block.dtype.kind not in "iub":
        same |= np.isnan(block.astype(np.float32)) & np.isnan(result.astype(np.float32))
    return same


@dataclass(frozen=True, eq=False)
class Cast(OnVariables):
    """These variables get another element type, by the rules of `values.changed.cast`.

    Attributes:
        dtype: the type.
    """

    op = "cast"
    needed = {"match": is_text, "dtype": is_text}

    dtype: DType = field(kw_only=True)

    def verb(self, what: str) -> str:
        """As `OnVariables.verb`."""
        return f"Cast {what} to {self.dtype.name}"

    def describe(self) -> str:
        """As `Edit.describe`."""
        return f"own type → {self.dtype.name}"

    def notes(self, state: State) -> tuple[str, ...]:
        """As `Edit.notes`."""
        return (
            f"{named(self.keys)}: what was cast to {self.dtype.name} is restored only into variables of that type.",
        )

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`: numbers only."""
        check_kinds(state, rows, _FROM, f"cast to {self.dtype.name}")
        types = np.full(len(rows), self.dtype.number, np.uint8)
        return state.laying(rows, self._layer, dtype=types)

    @property
    def _layer(self) -> CastLayer:
        return _LAYERS[self.dtype.number]

    def meant(self, pattern: str, columns: Columns) -> tuple[str, ...]:
        """As `OnVariables.meant`."""
        return castable(columns, pattern, self.dtype)

    def parameters(self) -> Json:
        """As `OnVariables.parameters`."""
        return {"dtype": self.dtype.name}

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """As `OnVariables.read_parameters`."""
        dtype = BY_NAME.get(operation["dtype"])
        if dtype not in TARGETS:
            raise RequestFault(
                f"{operation['dtype']!r} is no type to cast to; there are {', '.join(one.name for one in TARGETS)}."
            )
        return {"dtype": dtype}

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Cast:
        """As `EditKind.from_json`."""
        dtype: DType = cls.read_parameters(operation, around)["dtype"]
        return cls(castable(around.columns, operation["match"], dtype), operation["match"], dtype=dtype)


def castable(columns: Columns, pattern: str, dtype: DType) -> tuple[str, ...]:
    """The variables that a PATTERN means when they are cast: of several no integers where the type is for floats.

    Raises:
        NoSuchVariable: it matches nothing.
    """
    kinds = ("float",) if kind_of(dtype) == "float" else ("float", "int")
    return numbers_among(resolve_keys(pattern, columns), columns, kinds)


class CastLayer:
    """The layer of a cast: the same for all variables, so one a type is enough."""

    over = True

    def __init__(self, dtype: DType) -> None:
        self.number = new_number()
        self.label = dtype.name

    def values(self, place: int, want: Want, below: Values) -> Values:
        """As `Layer.values`."""
        return CastValues(below, want)


_LAYERS: Final = {dtype.number: CastLayer(dtype) for dtype in TARGETS}
