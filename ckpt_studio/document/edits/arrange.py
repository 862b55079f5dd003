"""Arranging: the same values in another shape, or with their axes in another order."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import printable
from ckpt_studio.document.edits.assign import kinds_of, want_of
from ckpt_studio.document.edits.base import Files, Json, OnVariables, is_integer, is_text
from ckpt_studio.document.state import State, new_number
from ckpt_studio.document.values.arranged import Reshaped, Transposed
from ckpt_studio.document.values.base import Shape, Values, Want
from ckpt_studio.document.wording import named


def is_integers(value: Any) -> bool:
    """Whether a JSON value is a list of whole numbers."""
    return isinstance(value, list) and all(map(is_integer, value))


class _Arranging(OnVariables):
    """What both have in common: a new shape for every variable, and the note about its slots."""

    @abstractmethod
    def shape_of(self, want: Want) -> Shape:
        """The new shape of a variable.

        Raises:
            RequestFault: it cannot have that.
        """

    @abstractmethod
    def layer(self) -> Reshaping | Transposing:
        """What is laid."""

    def notes(self, state: State) -> tuple[str, ...]:
        """As `Edit.notes`: optimizer slots keep their shape."""
        columns = state.columns
        mine = set(self.keys)
        left = sum(
            columns.keys[slot] not in mine
            for row in self._rows(columns.keys).tolist()
            for slot in columns.slots_by_weight.get(row, ())
        )
        if not left:
            return ()
        slots = (
            "1 optimizer slot keeps its shape" if left == 1 else f"{left} optimizer slots keep their shape"
        )
        return (f"{named(self.keys)}: {slots}; drop the slots, or change them along.",)

    def change(self, state: State, rows: NDArray[np.int64]) -> State:
        """As `OnVariables.change`."""
        first, like = kinds_of(state.columns, rows)
        shapes = [self.shape_of(want_of(state.columns, row)) for row in rows[first].tolist()]
        dims = np.full((len(first), max(map(len, shapes), default=0)), -1, np.int64)
        for at, shape in enumerate(shapes):
            dims[at, : len(shape)] = shape
        rank = np.array([*map(len, shapes)], np.int8)
        return state.laying(rows, self.layer(), shapes=(rank[like], dims[like]))


@dataclass(frozen=True, eq=False)
class Reshape(_Arranging):
    """The values in C order in another shape of as many elements.

    Attributes:
        shape: one extent may be -1: it is worked out.
    """

    op = "reshape"
    needed = {"match": is_text, "shape": is_integers}

    shape: Shape = field(kw_only=True)

    def verb(self, what: str) -> str:
        """As `OnVariables.verb`."""
        return f"Reshape {what} to {list(self.shape)}"

    def describe(self) -> str:
        """As `Edit.describe`."""
        return f"own shape → {list(self.shape)}"

    def shape_of(self, want: Want) -> Shape:
        """As `_Arranging.shape_of`."""
        size, known = prod(want.known), prod(extent for extent in self.shape if extent >= 0)
        open_axes = sum(extent < 0 for extent in self.shape)
        fits = open_axes < 2 and (known == size if not open_axes else bool(known) and size % known == 0)
        if not fits or len(self.shape) > 127 or any(extent < -1 for extent in self.shape):
            raise RequestFault(
                f"{printable(want.key)!r} cannot be reshaped from {list(want.known)} to {list(self.shape)}: "
                f"it has {size} elements.",
                key=want.key,
            )
        return tuple(size // known if extent < 0 else extent for extent in self.shape)

    def layer(self) -> Reshaping:
        """As `_Arranging.layer`."""
        return self._layer

    @cached_property
    def _layer(self) -> Reshaping:
        return Reshaping(f"{list(self.shape)}")

    def parameters(self) -> Json:
        """As `OnVariables.parameters`."""
        return {"shape": list(self.shape)}

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """As `OnVariables.read_parameters`."""
        return {"shape": tuple(operation["shape"])}


@dataclass(frozen=True, eq=False)
class Transpose(_Arranging):
    """The axes in another order.

    Attributes:
        axes: axis i is the old axis axes[i], as in `numpy.transpose`; empty to turn the order around.
    """

    op = "transpose"
    needed = {"match": is_text}
    optional = {"axes": is_integers}

    axes: tuple[int, ...] = field(default=(), kw_only=True)

    def describe(self) -> str:
        """As `Edit.describe`."""
        return f"own axes → {list(self.axes) if self.axes else 'turned around'}"

    def shape_of(self, want: Want) -> Shape:
        """As `_Arranging.shape_of`."""
        axes = self.axes or tuple(range(len(want.known)))[::-1]
        if sorted(axes) != list(range(len(want.known))):
            raise RequestFault(
                f"{printable(want.key)!r} cannot be transposed by {list(axes)}: it has {len(want.known)} axes.",
                key=want.key,
            )
        return tuple(want.known[axis] for axis in axes)

    def layer(self) -> Transposing:
        """As `_Arranging.layer`."""
        return self._layer

    @cached_property
    def _layer(self) -> Transposing:
        return Transposing(self.axes)

    def parameters(self) -> Json:
        """As `OnVariables.parameters`."""
        return {"axes": list(self.axes)} if self.axes else {}

    @classmethod
    def read_parameters(cls, operation: Json, files: Files) -> Json:
        """As `OnVariables.read_parameters`."""
        return {"axes": tuple(operation.get("axes", ()))}


@dataclass(frozen=True, eq=False)
class Reshaping:
    """The layer of another shape."""

    label: str
    over: bool = True
    number: int = field(default_factory=new_number)

    def values(self, place: int, want: Want, below: Values) -> Values:
        """As `Layer.values`."""
        return Reshaped(below, want)


@dataclass(frozen=True, eq=False)
class Transposing:
    """The layer of another order of axes."""

    axes: tuple[int, ...]
    label: str = "transposed"
    over: bool = True
    number: int = field(default_factory=new_number)

    def values(self, place: int, want: Want, below: Values) -> Values:
        """As `Layer.values`."""
        return Transposed(below, want, self.axes or tuple(range(len(want.known)))[::-1])
