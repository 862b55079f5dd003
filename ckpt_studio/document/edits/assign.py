"""Assigning: a value, an array of a file or an initializer stands in for a variable's own values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import unknown
from ckpt_studio.core.errors import CkptStudioError, RequestFault
from ckpt_studio.core.tensors import Columns, printable
from ckpt_studio.document.absent import AbsentDonor
from ckpt_studio.document.edits.base import Files, Json, OnVariables, is_text
from ckpt_studio.document.edits.contents import CONTENTS, Array, Contents, contents_of
from ckpt_studio.document.state import State, new_number
from ckpt_studio.document.values.base import Values, Want


class Given:
    """The layer of what was assigned."""

    over = False

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self.number = new_number()

    @property
    def label(self) -> str:
        """As `Layer.label`."""
        return self._contents.label

    def values(self, place: int, want: Want, below: Values) -> Values:
        """As `Layer.values`."""
        return self._contents.values(want)


@dataclass(frozen=True, eq=False)
class Assign(OnVariables):
    """These variables get other values; shape and element type stay.

    Attributes:
        contents: what they get.
    """

    op = "assign"
    needed = {"match": is_text}
    optional = CONTENTS

    contents: Contents = field(kw_only=True)

    @property
    def fault(self) -> CkptStudioError | None:
        """As `Edit.fault`."""
        return self.contents.fault

    def verb(self, what: str) -> str:
        """As `OnVariables.verb`."""
        return f"Assign {self.contents.label} to {what}"

    def describe(self) -> str:
        """As `Edit.describe`."""
        return f"own values → {self.contents.label}"

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`."""
        each = rows if isinstance(self.contents, Array) else rows[kinds_of(state.columns, rows)[0]]
        for row in each.tolist():
            self.contents.check(want_of(state.columns, row))
        return state.laying(rows, self._given)

    @cached_property
    def _given(self) -> Given:
        return Given(self.contents)

    def absent(self, fault: CkptStudioError) -> Assign:
        """As `Edit.absent`."""
        if not isinstance(self.contents, Array):
            return self
        return replace(self, contents=Array(self.contents.path, AbsentDonor(fault), self.contents.member))

    def parameters(self) -> Json:
        """As `OnVariables.parameters`."""
        return self.contents.to_json()

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """As `OnVariables.read_parameters`; in a record (which has keys), a file that is gone is waited for."""
        contents: Any = contents_of(operation, files, waiting="keys" in operation)
        return {"contents": contents}


def kinds_of(columns: Columns, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places among these rows of one of each element type and shape, and which of them each row is like: int64 [n]."""
    told = np.column_stack((columns.dtype[rows], columns.rank[rows], columns.dims[rows])).astype(np.int64)
    whole = np.ascontiguousarray(told).view([("", np.int64)] * told.shape[1]).reshape(-1)
    _, first, like = np.unique(whole, return_index=True, return_inverse=True)
    return first, like


def want_of(columns: Columns, row: int) -> Want:
    """What the variable of a row is.

    Raises:
        RequestFault: its shape is unknown.
    """
    shape = columns.shape(row)
    if shape is None:
        raise RequestFault(
            f"{printable(columns.keys[row])!r} has no shape that could be read, so nothing can be assigned to it; "
            "replace it from another checkpoint.",
            key=columns.keys[row],
        )
    return Want(columns.keys[row], unknown(int(columns.dtype[row])), shape, columns.keys[row])
