"""The table of a slice as a Qt model that holds only the tiles that were looked at, whatever the size of the tensor.

It never raises and never reads: a cell that is not there yet shows "…" and is asked for in the background.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from ckpt_studio.gui.texts import visible
from ckpt_studio.gui.views.numbers import NumberFormat, number_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ckpt_studio.analysis.slices import SliceSpec
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.gui.bridge import Bridge
    from ckpt_studio.gui.views.subject import Side

Index = QModelIndex | QPersistentModelIndex

PAGE_ROWS: Final = 50_000_000
"""Rows a page: their heights must add up to less than 2**31 pixels."""
PAGE_COLUMNS: Final = 10_000_000
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


class ValueModel(QAbstractTableModel):
    """Cells of one page of a slice.

    `failed` is emitted with the error of a read, once a slice.
    """

    failed = Signal(object)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._side: Side | None = None
        self._spec: SliceSpec | None = None
        self._page = (0, 0)
        self._format = NumberFormat.short
        self._tiles: OrderedDict[tuple[int, int], NDArray[Any]] = OrderedDict()
        self._pending: dict[tuple[int, int], None] = {}
        self._tile = (256, _TILE_WIDTH)
        self._broken = False
        self._reading: Task | None = None
        self._ask_soon = QTimer(self, singleShot=True, interval=0)
        self._ask_soon.timeout.connect(self._ask)

    # ---- what is shown

    def show_slice(self, side: Side | None, spec: SliceSpec | None) -> None:
        """Another slice or other values; None for an empty table."""
        same = side is not None and side == self._side and spec == self._spec
        if same and not self._broken:
            return
        self.beginResetModel()
        self._side, self._spec, self._page = side, spec, (0, 0)
        self._forget()
        if spec is not None:
            width = min(_TILE_WIDTH, max(spec.columns, 1))
            self._tile = (_TILE_CELLS // width, width)
        self.endResetModel()

    def show_page(self, row_page: int, column_page: int) -> None:
        """Another page of the same slice."""
        self.beginResetModel()
        self._page = (row_page, column_page)
        self._forget()
        self.endResetModel()

    def set_format(self, how: NumberFormat) -> None:
        """How numbers are written."""
        self._format = how
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
    def first(self) -> tuple[int, int]:
        """Row and column of the slice that the page begins with."""
        return self._page[0] * PAGE_ROWS, self._page[1] * PAGE_COLUMNS

    @property
    def pages(self) -> tuple[int, int]:
        """How many pages there are, (down, across)."""
        if self._spec is None:
            return 1, 1
        return max(1, -(-self._spec.rows // PAGE_ROWS)), max(1, -(-self._spec.columns // PAGE_COLUMNS))

    # ---- what Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if self._spec is None or parent.isValid() or self._spec.is_empty:
            return 0
        return min(PAGE_ROWS, self._spec.rows - self.first[0])

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if self._spec is None or parent.isValid() or self._spec.is_empty:
            return 0
        return min(PAGE_COLUMNS, self._spec.columns - self.first[1])

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        if role == _DISPLAY:
            return self._cell(index.row(), index.column())
        if role == _ALIGNMENT:
            return _TEXT if self._side is not None and not self._side.info.dtype.is_numeric else _NUMBER
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        if role != _DISPLAY:
            return None
        return f"{section + self.first[orientation == Qt.Orientation.Horizontal]:,}"

    def _cell(self, row: int, column: int) -> str:
        height, width = self._tile
        place = (row // height, column // width)
        tile = self._tiles.get(place)
        if tile is None:
            if place not in self._pending and not self._broken:
                self._pending[place] = None
                self._ask_soon.start()
            return _WAITING
        value = tile[row % height, column % width]
        if isinstance(value, bytes):
            return visible(number_text(value[:_TEXT_SHOWN])) + (_WAITING if len(value) > _TEXT_SHOWN else "")
        return number_text(value, self._format)

    # ---- reading

    def _span(self, place: tuple[int, int]) -> tuple[slice, slice]:
        assert self._spec is not None
        spans = []
        for part, size, first, count in zip(
            place, self._tile, self.first, (self.rowCount(), self.columnCount()), strict=True
        ):
            start = first + part * size
            spans.append(slice(start, min(start + size, first + count)))
        return spans[0], spans[1]

    def _ask(self) -> None:
        """Read the tiles that cells were asked of; who scrolls far leaves the first of them behind."""
        side, spec = self._side, self._spec
        if side is None or spec is None or not self._pending:
            return
        self._pending = dict.fromkeys(list(self._pending)[-_TILES_AT_ONCE:])
        spans = {place: self._span(place) for place in self._pending}

        def work(task: Task) -> dict[tuple[int, int], NDArray[Any]]:
            found = {}
            for place, (rows, columns) in spans.items():
                task.check()
                found[place] = spec.read(side.source, side.key, rows, columns)
            return found

        self._reading = self._bridge.submit(work, self._take, self._fail, owner=self, slot="tiles")

    def _take(self, found: dict[tuple[int, int], NDArray[Any]]) -> None:
        height, width = self._tile
        for place, tile in found.items():
            self._pending.pop(place, None)
            self._tiles[place] = tile
            top, left = place[0] * height, place[1] * width
            last = self.index(top + tile.shape[0] - 1, left + tile.shape[1] - 1)
            self.dataChanged.emit(self.index(top, left), last, [_DISPLAY])
        while len(self._tiles) > _TILES_KEPT:
            self._tiles.popitem(last=False)

    def _fail(self, error: CkptStudioError) -> None:
        self._broken = True
        self.failed.emit(error)
