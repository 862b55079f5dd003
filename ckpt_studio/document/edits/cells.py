"""Setting cells: single elements of one variable get other values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import CkptStudioError, RequestFault
from ckpt_studio.core.tensors import Columns, printable
from ckpt_studio.document.edits.assign import want_of
from ckpt_studio.document.edits.base import (
    Around,
    Edit,
    Fields,
    Json,
    OpenDonor,
    check_some_left,
    is_integer,
    is_text,
    is_value,
    text,
)
from ckpt_studio.document.patterns import key_in, key_of, rows_of, text_of
from ckpt_studio.document.state import State, new_number
from ckpt_studio.document.values.base import Values, Want
from ckpt_studio.document.values.changed import WithCells
from ckpt_studio.document.values.scalars import json_value, scalar_of
from ckpt_studio.document.wording import named, spoken

Cell: TypeAlias = tuple[tuple[int, ...], Any]
"""Where, and what JSON says that stands there."""


def is_cells(value: Any) -> bool:
    """Whether a JSON value is a list of [[index...], value]."""
    return isinstance(value, list) and all(
        isinstance(cell, list)
        and len(cell) == 2
        and isinstance(cell[0], list)
        and all(map(is_integer, cell[0]))
        and is_value(cell[1])
        for cell in value
    )


@dataclass(frozen=True, eq=False)
class SetCells:
    """Some elements of one variable get other values; of two for one element the later stays.

    Attributes:
        key: the variable.
        cells: which, and what.
    """

    op: ClassVar[str] = "set_cells"
    needed: ClassVar[Fields] = {"key": is_text, "cells": is_cells}
    optional: ClassVar[Fields] = {}
    fault: ClassVar[CkptStudioError | None] = None

    key: str
    cells: tuple[Cell, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The variable."""
        return (self.key,)

    def _verb(self, what: str) -> str:
        count = len({index for index, _ in self.cells})
        return f"Set 1 cell of {what}" if count == 1 else f"Set {count} cells of {what}"

    @property
    def label(self) -> str:
        """As `Edit.label`."""
        return self._verb(named(self.keys))

    def title(self, columns: Columns) -> str:
        """As `Edit.title`."""
        return self._verb(spoken(self.keys, columns))

    def describe(self) -> str:
        """As `Edit.describe`: of one cell the value."""
        index, value = self.cells[-1]
        if len(self.cells) == 1:
            return f"{list(index)} → {value}"
        return f"own values → {len({index for index, _ in self.cells})} other values"

    def notes(self, state: State) -> tuple[str, ...]:
        """As `Edit.notes`."""
        return ()

    def apply(self, state: State) -> State:
        """As `Edit.apply`: every index must lie inside, every value must be of the element type."""
        rows = rows_of(state.columns.keys, self.keys)
        check_some_left(state, self.keys, rows)
        self._layer.made(want_of(state.columns, int(rows[0])))
        return state.laying(rows, self._layer)

    @cached_property
    def _layer(self) -> _Cells:
        return _Cells(self.cells)

    def absent(self, fault: CkptStudioError) -> Edit:
        """As `Edit.absent`."""
        return self

    def to_json(self, state: State) -> list[Json]:
        """As `Edit.to_json`."""
        return [self.record()]

    def record(self) -> Json:
        """As `Edit.record`."""
        cells = [[list(map(int, index)), json_value(value)] for index, value in self.cells]
        return {"op": self.op, "key": text_of(self.key), "cells": cells}

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Self:
        """As `EditKind.from_json`."""
        if not operation["cells"]:
            raise RequestFault("there is no cell in it.")
        return cls(key_in(around.columns, operation["key"]), _cells(operation))

    @classmethod
    def from_record(cls, record: Json, open_donor: OpenDonor) -> Self:
        """As `EditKind.from_record`."""
        if not is_cells(record["cells"]):
            raise ValueError("no cells")
        return cls(key_of(text(record["key"])), _cells(record))


def _cells(operation: Json) -> tuple[Cell, ...]:
    return tuple((tuple(index), value) for index, value in operation["cells"])


class _Cells:
    """The layer of cells."""

    over = True

    def __init__(self, cells: tuple[Cell, ...]) -> None:
        self._cells = cells
        self.number = new_number()
        self.label = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"

    def made(self, want: Want) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Places of the cells in C order, ascending, and what stands there.

        Raises:
            RequestFault: an index lies outside, or a value is none of the element type.
        """
        shape = want.known
        if want.dtype.numpy is None:
            raise RequestFault(
                f"{printable(want.key)!r} is of the opaque type {want.dtype.name}; its cells cannot be set.",
                key=want.key,
            )
        found: dict[int, Any] = {}
        for index, value in self._cells:
            inside = len(index) == len(shape) and all(
                0 <= at < extent for at, extent in zip(index, shape, strict=True)
            )
            if not inside:
                raise RequestFault(
                    f"{printable(want.key)!r} has no cell {list(index)}: its shape is {list(shape)}.",
                    key=want.key,
                )
            place = int(np.ravel_multi_index(index, shape)) if shape else 0
            found[place] = scalar_of(value, want.dtype, want.key)
        places = np.array(sorted(found), np.int64)
        cells = np.empty(len(places), want.dtype.numpy.newbyteorder("="))
        for at, place in enumerate(places.tolist()):
            cells[at] = found[place]
        return places, cells

    def values(self, place: int, want: Want, below: Values) -> Values:
        """As `Layer.values`."""
        return WithCells(below, want, *self.made(want))
