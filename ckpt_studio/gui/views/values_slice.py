"""What the table of values shows: a slice of a variable, and perhaps the same one of other values beside it.

Names no Qt class but for the sentences; cells, copies and exports all read here, on background threads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.gui.texts import translate
from ckpt_studio.gui.views.numbers import NumberFormat, number_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ckpt_studio.analysis.slices import SliceSpec
    from ckpt_studio.gui.views.subject import Side


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers are written.

    Attributes:
        how: the kind of notation.
        digits: how many of them, None for what is usual.
    """

    how: NumberFormat = NumberFormat.short
    digits: int | None = None

    def text(self, value: Any) -> str:
        """One element."""
        return number_text(value, self.how, self.digits)


@dataclass(frozen=True)
class ShownSlice:
    """A slice, and what it is held against.

    Attributes:
        side: whose values.
        spec: which of them.
        other: values of the same shape that stand beside each of them, or None.
    """

    side: Side
    spec: SliceSpec
    other: Side | None = None

    def values(self, rows: slice, columns: slice) -> NDArray[Any]:
        """A rectangle of the values, as an array [rows, columns].

        Raises:
            as `TensorSource.read`.
        """
        return self.spec.read(self.side.source, self.side.key, rows, columns)

    def beside(self, rows: slice, columns: slice) -> NDArray[Any] | None:
        """A rectangle of what stands beside the values, if anything does.

        Raises:
            as `TensorSource.read`.
        """
        if self.other is None:
            return None
        return self.spec.read(self.other.source, self.other.key, rows, columns)


def place_of(text: str, spec: SliceSpec) -> tuple[int, ...]:
    """The full index that a person typed: row, or row and column, of the slice, or an index on every axis.

    Raises:
        RequestFault: it is none, or outside; the message says what can be typed.
    """
    parts = re.findall(r"[^\s,;\[\]()]+", text)
    try:
        numbers = [int(part.replace("_", "")) for part in parts]
    except ValueError:
        numbers = []
    shown = [axis for axis in (spec.row_axis, spec.column_axis) if axis is not None]
    rank = len(spec.shape)
    axes = list(range(rank)) if len(numbers) == rank else shown[: len(numbers)]
    if not numbers or len(numbers) > max(len(axes), 1):
        sentence = translate("ValuesView", "Type {0} as whole numbers, with commas between them.")
        wanted = [translate("ValuesView", "row"), translate("ValuesView", "row, column")][: len(shown)]
        if rank > len(shown):
            wanted.append(translate("ValuesView", "{0} indices").format(rank))
        raise RequestFault(sentence.format(translate("ValuesView", " or ").join(wanted)))
    index = list(spec.fixed)
    for axis in shown:
        index[axis] = 0
    for axis, number in zip(axes, numbers, strict=True):
        extent = spec.shape[axis]
        if not -extent <= number < extent:
            sentence = translate("ValuesView", "{0:,} is outside of axis {1}, which has {2:,} elements.")
            raise RequestFault(sentence.format(number, axis, extent))
        index[axis] = number % extent
    return tuple(index)
