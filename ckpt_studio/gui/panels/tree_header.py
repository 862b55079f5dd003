"""The header of the tree: which columns are shown and in what order, and which one the variables are sorted by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu

from ckpt_studio.gui.models.tree_columns import FIGURES, Column
from ckpt_studio.gui.models.variable_view import VariableView
from ckpt_studio.gui.settings import Settings
from ckpt_studio.gui.texts import in_action

if TYPE_CHECKING:
    from ckpt_studio.gui.models.tree_work import Order


class TreeHeader(QObject):
    """Columns are moved with the mouse, shown and hidden in a menu, and that is remembered; the names stay at the left.

    Attributes:
        order: what the variables are sorted by; None for the order of their names.
    """

    orderChanged = Signal()

    def __init__(self, settings: Settings, view: VariableView) -> None:
        super().__init__(view)
        self._settings, self._view = settings, view
        header = self._header = view.horizontalHeader()
        header.setSectionsMovable(True)
        header.setFirstSectionMovable(False)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._menu)
        self._arrange([name for name in settings.columns if name in Column.__members__])
        header.sectionMoved.connect(lambda *_: self._remember())
        self.order: Order | None = None
        header.sortIndicatorChanged.connect(self._sort)

    def _arrange(self, names: list[str]) -> None:
        """Show these columns in this order; all of them where there is none."""
        shown = [Column[name] for name in names] or list(Column)
        if Column.label not in shown:
            shown.insert(0, Column.label)
        for column in Column:
            self._view.setColumnHidden(column, column not in shown)
        for place, column in enumerate((*shown, *(column for column in Column if column not in shown))):
            self._header.moveSection(self._header.visualIndex(column), place)

    @property
    def by_figure(self) -> bool:
        """Whether the order is that of a figure."""
        return self.order is not None and Column[self.order.column] in FIGURES

    def begin(self) -> None:
        """Another document: the names in their order."""
        self._header.blockSignals(True)
        self._header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._header.blockSignals(False)
        self.order = None

    def _sort(self, section: int, order: Qt.SortOrder) -> None:
        """The third click on a column brings the names back into their order."""
        from ckpt_studio.gui.models.tree_work import Order

        descending = order == Qt.SortOrder.DescendingOrder
        self.order = None if section < 0 else Order(Column(section).name, descending)
        self.orderChanged.emit()

    def _remember(self) -> None:
        in_order = (Column(self._header.logicalIndex(place)) for place in range(len(Column)))
        self._settings.columns = [column.name for column in in_order if not self._view.isColumnHidden(column)]

    def _menu(self, at: QPoint) -> None:
        menu = QMenu(self._view)
        menu.setObjectName("columnsMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for column in Column:
            if column == Column.label:
                continue
            title = self._view.model().headerData(column, Qt.Orientation.Horizontal)
            action = menu.addAction(in_action(str(title)))
            action.setCheckable(True)
            action.setChecked(not self._view.isColumnHidden(column))
            action.toggled.connect(lambda shown, column=column: self._show(column, shown))
        menu.addSeparator()
        menu.addAction(self.tr("All columns in their places")).triggered.connect(
            lambda _=False: self._reset()
        )
        menu.popup(self._header.viewport().mapToGlobal(at))

    def _show(self, column: Column, shown: bool) -> None:
        self._view.setColumnHidden(column, not shown)
        self._remember()

    def _reset(self) -> None:
        self._arrange([])
        self._remember()
