"""The header of the tree: which columns are shown and in what order, chosen by hand and remembered."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu

from ckpt_studio.gui.models.variable_table import Column
from ckpt_studio.gui.models.variable_view import VariableView
from ckpt_studio.gui.settings import Settings
from ckpt_studio.gui.texts import in_action


class TreeHeader(QObject):
    """Columns are moved with the mouse, shown and hidden in a menu; the names stay where they are."""

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

    def _arrange(self, names: list[str]) -> None:
        """Show these columns in this order; all of them where there is none."""
        shown = [Column[name] for name in names] or list(Column)
        if Column.label not in shown:
            shown.insert(0, Column.label)
        for column in Column:
            self._view.setColumnHidden(column, column not in shown)
        for place, column in enumerate((*shown, *(column for column in Column if column not in shown))):
            self._header.moveSection(self._header.visualIndex(column), place)

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
