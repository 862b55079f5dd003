"""Arithmetic: values times a factor plus an offset, and a number in place of NaN."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Columns
from ckpt_studio.document.edits.assign import want_of
from ckpt_studio.document.edits.base import (
    Around,
    Files,
    Json,
    OnVariables,
    check_kinds,
    is_flag,
    is_number,
    is_text,
    json_number,
    number_of,
    numbers_among,
)
from ckpt_studio.document.patterns import resolve_keys
from ckpt_studio.document.state import State, new_number
from ckpt_studio.document.values.base import Values, Want
from ckpt_studio.document.values.changed import Scaled, WithoutNan
from ckpt_studio.document.values.scalars import scalar_of

_NUMBERS: Final = ("float", "int", "complex")
_WITH_NAN: Final = ("float", "complex")


class _Numbers(OnVariables):
    """An edit of numbers: of several variables a pattern means those that are."""

    def meant(self, pattern: str, columns: Columns) -> tuple[str, ...]:
        """As `OnVariables.meant`."""
        return self._meant(pattern, columns, self.parameters())

    @classmethod
    def _meant(cls, pattern: str, columns: Columns, parameters: Json) -> tuple[str, ...]:
        return numbers_among(resolve_keys(pattern, columns), columns, cls.kinds(parameters))

    @classmethod
    def kinds(cls, parameters: Json) -> tuple[str, ...]:
        """Which kinds of numbers an edit with these parameters is for."""
        return _WITH_NAN

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> _Numbers:
        """As `EditKind.from_json`."""
        keys = cls._meant(operation["match"], around.columns, operation)
        return cls(keys, operation["match"], **cls.read_parameters(operation, around))


@dataclass(frozen=True, eq=False)
class Scale(_Numbers):
    """Every value becomes itself times a factor plus an offset; one that does not fit is an error when it is read.

    Attributes:
        factor, offset: whole numbers for integers.
    """

    op = "scale"
    needed = {"match": is_text}
    optional = {"factor": is_number, "offset": is_number}

    factor: float = field(default=1, kw_only=True)
    offset: float = field(default=0, kw_only=True)

    @property
    def _formula(self) -> str:
        parts = [f"x {self.factor:g}"] if self.factor != 1 else []
        return " ".join(
            [*parts, f"{'-' if self.offset < 0 else '+'} {abs(self.offset):g}"] if self.offset else parts
        )

    def verb(self, what: str) -> str:
        """As `OnVariables.verb`."""
        return f"Scale {what} by {self.factor:g}" if not self.offset else f"Change {what} by {self._formula}"

    def describe(self) -> str:
        """As `Edit.describe`."""
        return f"own values → {self._formula}"

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`."""
        if not np.isfinite([self.factor, self.offset]).all():
            raise RequestFault("The factor and the offset must be finite; assign the value instead.")
        if (self.factor, self.offset) == (1, 0):
            raise RequestFault("A factor of 1 without an offset changes nothing; give another one.")
        whole = float(self.factor).is_integer() and float(self.offset).is_integer()
        kinds = _NUMBERS if whole else _WITH_NAN
        check_kinds(state, rows, kinds, "scaled" if whole else "scaled by a fraction (cast it first)")
        return state.laying(rows, self._layer)

    @cached_property
    def _layer(self) -> _Scaling:
        return _Scaling(self.factor, self.offset, self._formula)

    def parameters(self) -> Json:
        """As `OnVariables.parameters`."""
        said = {"factor": (self.factor, 1), "offset": (self.offset, 0)}
        return {name: value for name, (value, plain) in said.items() if value != plain}

    @classmethod
    def kinds(cls, parameters: Json) -> tuple[str, ...]:
        """As `_Numbers.kinds`."""
        given = [float(number_of(parameters[name])) for name in ("factor", "offset") if name in parameters]
        return _NUMBERS if all(map(float.is_integer, given)) else _WITH_NAN

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """As `OnVariables.read_parameters`."""
        return {name: number_of(operation[name]) for name in ("factor", "offset") if name in operation}


@dataclass(frozen=True, eq=False)
class _Scaling:
    """The layer of a scaling."""

    factor: float
    offset: float
    label: str
    over: bool = True
    number: int = field(default_factory=new_number)

    def values(self, place: int, want: Want, below: Values) -> Values:
        """As `Layer.values`."""
        return Scaled(below, want, self.factor, self.offset)


@dataclass(frozen=True, eq=False)
class ReplaceNan(_Numbers):
    """Every NaN becomes a number.

    Attributes:
        value: the number.
        infinities: whether infinities become it, too.
    """

    op = "replace_nan"
    needed = {"match": is_text, "value": is_number}
    optional = {"infinities": is_flag}

    value: float = field(kw_only=True)
    infinities: bool = field(default=False, kw_only=True)

    @property
    def _which(self) -> str:
        return "NaN and infinities" if self.infinities else "NaN"

    def verb(self, what: str) -> str:
        """As `OnVariables.verb`."""
        return f"Replace {self._which} in {what} by {self.value:g}"

    def describe(self) -> str:
        """As `Edit.describe`."""
        return f"{self._which} → {self.value:g}"

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`."""
        check_kinds(state, rows, _WITH_NAN, "freed of NaN")
        for row in {
            int(number): int(row) for row, number in zip(rows, state.columns.dtype[rows], strict=True)
        }.values():
            want = want_of(state.columns, row)
            scalar_of(self.value, want.dtype, want.key)
        return state.laying(rows, self._layer)

    @cached_property
    def _layer(self) -> _Mending:
        return _Mending(self.value, self.infinities, f"{self.value:g} for {self._which}")

    def parameters(self) -> Json:
        """As `OnVariables.parameters`."""
        return {"value": json_number(self.value), **({"infinities": True} if self.infinities else {})}

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """As `OnVariables.read_parameters`."""
        value = number_of(operation["value"])
        if not np.isfinite(value):
            raise RequestFault("the value must be finite.")
        return {"value": value, "infinities": operation.get("infinities", False)}


@dataclass(frozen=True, eq=False)
class _Mending:
    """The layer of a replaced NaN."""

    value: float
    infinities: bool
    label: str
    over: bool = True
    number: int = field(default_factory=new_number)

    def values(self, place: int, want: Want, below: Values) -> Values:
        """As `Layer.values`."""
        return WithoutNan(below, want, self.value, self.infinities)
