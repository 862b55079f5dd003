"""Check boxes in tables that are seen on a light and on a dark ground."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from ckpt_studio.gui.style import with_clear_edges


class CheckDelegate(QStyledItemDelegate):
    """For a column whose cells have check boxes."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        if option.features & QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator:
            option.palette = with_clear_edges(option.palette)
