"""The table of a slice as a Qt model that holds only the tiles that were looked at, whatever the size of the tensor.

It never raises and never reads: a cell that is not there yet shows "…" and is asked for in the background.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from ckpt_studio.gui.texts import tooltip, visible
from ckpt_studio.gui.views.numbers import NumberFormat, number_text
from ckpt_studio.gui.views.values_slice import NumberStyle

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ckpt_studio.analysis.slices import SliceSpec
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.gui.bridge import Bridge
    from ckpt_studio.gui.views.values_slice import ShownSlice

    Indices = Callable[[NDArray[Any]], NDArray[Any]]

Index = QModelIndex | QPersistentModelIndex

PAGE_ROWS: Final = 50_000_000
PAGE_COLUMNS: Final = 1_000_000
"""Rows and columns a page: their heights, and their widths, must add up to less than 2**31 pixels."""
_TILE_CELLS: Final = 1 << 14
_TILE_WIDTH: Final = 64
_TILES_KEPT: Final = 64
_TILES_AT_ONCE: Final = 16
"""More than a screen shows."""
_TEXT_SHOWN: Final = 500
"""Characters of a string that a cell shows."""
_WAITING: Final = "…"
_NUMBER: Final = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_TEXT: Final = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_DISPLAY: Final = int(Qt.ItemDataRole.DisplayRole)
_ALIGNMENT: Final = int(Qt.ItemDataRole.TextAlignmentRole)
_TOOLTIP: Final = int(Qt.ItemDataRole.ToolTipRole)
_EDIT: Final = int(Qt.ItemDataRole.EditRole)


class Mark(Enum):
    """What a cell has to be noticed for."""

    none = "none"
    waiting = "waiting"
    nan = "nan"
    inf = "inf"
    differs = "differs"


class Look(NamedTuple):
    """How a cell is painted.

    Attributes:
        text: what stands in it.
        mark: what it has to be noticed for.
        colour: index into the table of colours, or -1.
    """

    text: str
    mark: Mark = Mark.none
    colour: int = -1


@dataclass(slots=True)
class _Tile:
    values: NDArray[Any]
    others: NDArray[Any] | None
    colours: NDArray[Any] | None = None


class ValueModel(QAbstractTableModel):
    """Cells of one page of a slice.

    `failed` is emitted with the error of a read, once a slice. `arrived` is emitted when cells have come.

    Attributes:
        editable: whether a person may type over cells.
    """

    failed = Signal(object)
    arrived = Signal()
    edited = Signal(int, int, str)
    """Row and column of the slice, and what was typed there."""

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._shown: ShownSlice | None = None
        self._page = (0, 0)
        self._style = NumberStyle()
        self._indices: Indices | None = None
        self._tiles: OrderedDict[tuple[int, int], _Tile] = OrderedDict()
        self._pending: dict[tuple[int, int], None] = {}
        self._tile = (256, _TILE_WIDTH)
        self._broken = False
        self.editable = False
        self._reading: Task | None = None
        self._ask_soon = QTimer(self, singleShot=True, interval=0)
        self._ask_soon.timeout.connect(self._ask)

    # ---- what is shown

    def show_slice(self, shown: ShownSlice | None) -> None:
        """Another slice or other values; None for an empty table."""
        if shown is not None and shown == self._shown and not self._broken:
            return
        before = self._shown
        if shown is not None and before is not None and _same_places(before.spec, shown.spec):
            self._shown = shown  # a person stays where they are
            self._forget()
            self._look_different()
            return
        self.beginResetModel()
        self._page = (0, 0)
        self._shown = shown
        self._forget()
        if shown is not None:
            width = min(_TILE_WIDTH, max(shown.spec.columns, 1))
            self._tile = (_TILE_CELLS // width, width)
        self.endResetModel()

    def show_page(self, row_page: int, column_page: int) -> None:
        """Another page of the same slice."""
        self.beginResetModel()
        self._page = (row_page, column_page)
        self._forget()
        self.endResetModel()

    def set_style(self, style: NumberStyle) -> None:
        """How numbers are written."""
        self._style = style
        self._look_different()

    def set_colours(self, indices: Indices | None) -> None:
        """What makes of values indices into the table of colours; None for no colours."""
        self._indices = indices
        for tile in self._tiles.values():
            tile.colours = None
        self._look_different()

    def _look_different(self) -> None:
        if self.rowCount() and self.columnCount():
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last, [_DISPLAY])

    def _forget(self) -> None:
        self._tiles.clear()
        self._pending.clear()
        self._broken = False
        if self._reading is not None:
            self._reading.cancel()  # or the tiles of the slice before would come into this one
            self._reading = None

    @property
    def page(self) -> tuple[int, int]:
        """Which page it is, (down, across)."""
        return self._page

    @property
    def first(self) -> tuple[int, int]:
        """Row and column of the slice that the page begins with."""
        return self._page[0] * PAGE_ROWS, self._page[1] * PAGE_COLUMNS

    @property
    def pages(self) -> tuple[int, int]:
        """How many pages there are, (down, across)."""
        if self._shown is None:
            return 1, 1
        spec = self._shown.spec
        return max(1, -(-spec.rows // PAGE_ROWS)), max(1, -(-spec.columns // PAGE_COLUMNS))

    # ---- what Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if self._shown is None or parent.isValid() or self._shown.spec.is_empty:
            return 0
        return min(PAGE_ROWS, self._shown.spec.rows - self.first[0])

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if self._shown is None or parent.isValid() or self._shown.spec.is_empty:
            return 0
        return min(PAGE_COLUMNS, self._shown.spec.columns - self.first[1])

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        if role == _DISPLAY:
            return self.look(index.row(), index.column()).text
        if role == _EDIT:
            value, _ = self.values(index.row(), index.column())
            return None if value is None else number_text(value, NumberFormat.full)
        if role == _ALIGNMENT:
            return _NUMBER if self.is_numeric else _TEXT
        if role == _TOOLTIP:
            return self._hint(index.row(), index.column())
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        there = self.editable and self.values(index.row(), index.column())[0] is not None
        return flags | Qt.ItemFlag.ItemIsEditable if there else flags

    def setData(self, index: Index, value: Any, role: int = _EDIT) -> bool:
        """Tell what was typed; the cell changes with the variable, once that is staged."""
        if role != _EDIT or value == self.data(index, _EDIT):
            return False
        down, across = self.first
        self.edited.emit(down + index.row(), across + index.column(), str(value))
        return True

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        if role != _DISPLAY:
            return None
        return f"{section + self.first[orientation == Qt.Orientation.Horizontal]:,}"

    @property
    def is_numeric(self) -> bool:
        """Whether cells hold numbers."""
        return self._shown is None or self._shown.side.info.dtype.is_numeric

    # ---- cells

    def values(self, row: int, column: int) -> tuple[Any, Any]:
        """The value of a cell, and that beside it; None for what is not there, or not yet."""
        tile, down, across = self._find(row, column)
        if tile is None:
            return None, None
        return tile.values[down, across], None if tile.others is None else tile.others[down, across]

    def look(self, row: int, column: int) -> Look:
        """How a cell is painted; what is not there is asked for."""
        tile, down, across = self._find(row, column)
        if tile is None:
            self._want(row, column)
            return Look(_WAITING, Mark.waiting)
        value = tile.values[down, across]
        other = None if tile.others is None else tile.others[down, across]
        numeric = not isinstance(value, bytes)
        write = self._style.text if numeric else _short
        if other is None:
            mark = _mark(value) if numeric else Mark.none
            return Look(write(value), mark, self._colour(tile, down, across))
        same = value == other or (value != value and other != other)
        text = f"{write(value)}  |  {write(other)}"
        return Look(text, Mark.none if same else Mark.differs, self._colour(tile, down, across))

    def _colour(self, tile: _Tile, down: int, across: int) -> int:
        if self._indices is None:
            return -1
        if tile.colours is None:
            tile.colours = self._indices(tile.values)
        return int(tile.colours[down, across])

    def _hint(self, row: int, column: int) -> str:
        """Index and all digits."""
        value, _ = self.values(row, column)
        if self._shown is None or value is None:
            return ""
        place = self._shown.spec.index(row + self.first[0], column + self.first[1])
        text = _short(value) if isinstance(value, bytes) else number_text(value, NumberFormat.full)
        return tooltip(f"[{', '.join(f'{i:,}' for i in place)}] = {text}")

    def _find(self, row: int, column: int) -> tuple[_Tile | None, int, int]:
        height, width = self._tile
        return self._tiles.get((row // height, column // width)), row % height, column % width

    def _want(self, row: int, column: int) -> None:
        height, width = self._tile
        place = (row // height, column // width)
        if place not in self._pending and not self._broken:
            self._pending[place] = None
            self._ask_soon.start()

    # ---- reading

    def _span(self, place: tuple[int, int]) -> tuple[slice, slice]:
        spans = []
        for part, size, first, count in zip(
            place, self._tile, self.first, (self.rowCount(), self.columnCount()), strict=True
        ):
            start = first + part * size
            spans.append(slice(start, min(start + size, first + count)))
        return spans[0], spans[1]

    def _ask(self) -> None:
        """Read the tiles that cells were asked of; who scrolls far leaves the first of them behind."""
        shown = self._shown
        if shown is None or not self._pending:
            return
        self._pending = dict.fromkeys(list(self._pending)[-_TILES_AT_ONCE:])
        spans = {place: self._span(place) for place in self._pending}

        def work(task: Task) -> dict[tuple[int, int], _Tile]:
            found = {}
            for place, (rows, columns) in spans.items():
                task.check()
                found[place] = _Tile(shown.values(rows, columns), shown.beside(rows, columns))
            return found

        self._reading = self._bridge.submit(work, self._take, self._fail, owner=self, slot="tiles")

    def _take(self, found: dict[tuple[int, int], _Tile]) -> None:
        height, width = self._tile
        for place, tile in found.items():
            self._pending.pop(place, None)
            self._tiles[place] = tile
            top, left = place[0] * height, place[1] * width
            down, across = tile.values.shape
            last = self.index(top + down - 1, left + across - 1)
            self.dataChanged.emit(self.index(top, left), last, [_DISPLAY])
        while len(self._tiles) > _TILES_KEPT:
            self._tiles.popitem(last=False)
        self.arrived.emit()

    def _fail(self, error: CkptStudioError) -> None:
        self._broken = True
        self.failed.emit(error)


def _same_places(one: SliceSpec, other: SliceSpec) -> bool:
    """Whether two slices run along the same axes of one shape."""
    return (one.shape, one.row_axis, one.column_axis) == (other.shape, other.row_axis, other.column_axis)


def _short(value: bytes) -> str:
    """The beginning of a string."""
    return visible(number_text(value[:_TEXT_SHOWN])) + (_WAITING if len(value) > _TEXT_SHOWN else "")


def _mark(value: Any) -> Mark:
    if value != value:
        return Mark.nan
    plain = value.item()
    if isinstance(plain, complex):
        plain = max(abs(plain.real), abs(plain.imag))
    return Mark.inf if plain in (float("inf"), float("-inf")) else Mark.none
