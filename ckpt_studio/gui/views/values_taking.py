"""What can be taken along from a table of values: the selected block to the clipboard, the whole slice to a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from ckpt_studio.gui.menu_button import MenuButton
from ckpt_studio.gui.texts import filled, visible
from ckpt_studio.gui.views.exports import write_file
from ckpt_studio.gui.views.values_copy import Written, written
from ckpt_studio.gui.views.values_export import FileKind, pieces

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.views.values_slice import ShownSlice
    from ckpt_studio.gui.views.values_table import ValueTable

_COPY_CELLS: Final = 2_000_000
"""More than this is a matter for an export, not for the clipboard."""


class Taking(QObject):
    """The actions of one table, and the two buttons whose menus they stand in.

    Attributes:
        copy_button, export_button: to be put beside the table.
    """

    saved = Signal(str)
    """A file was written."""

    def __init__(
        self, session: Session, table: ValueTable, shown: Callable[[], ShownSlice | None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._table = table
        self._shown = shown
        self._parent = parent
        self.copy_button = self._button(
            "valuesCopyButton", self.tr("Copy"), self.tr("Copy the selected cells")
        )
        self.export_button = self._button(
            "valuesExport", self.tr("Export"), self.tr("Write the whole slice to a file")
        )
        copies = self.copy_button.entries
        for name, text, how in (
            ("valuesCopy", self.tr("Copy"), Written.text),
            ("valuesCopyCSV", self.tr("Copy as CSV"), Written.csv),
            ("valuesCopyCode", self.tr("Copy as NumPy code"), Written.code),
        ):
            action = self._action(copies, name, text, partial(self.copy, how))
            table.view.addAction(action)
            if how is Written.text:
                action.setShortcut(QKeySequence.StandardKey.Copy)
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        exports = self.export_button.entries
        self._saves = {
            kind: self._action(
                exports,
                f"valuesSave{kind.value}",
                self.tr("Save the slice as {0}…").format(kind.value),
                partial(self._ask, kind),
            )
            for kind in FileKind
        }

    def _button(self, name: str, text: str, hint: str) -> MenuButton:
        button = MenuButton(name, hint, text, self._parent)
        button.setToolTip(hint)
        return button

    @staticmethod
    def _action(menu: QMenu, name: str, text: str, done: Callable[[], object]) -> QAction:
        action = menu.addAction(text)
        action.setObjectName(name)
        action.triggered.connect(lambda checked=False: done())
        return action

    def fit(self, numeric: bool) -> None:
        """Offer what can be done with numbers, or with strings, which no NPY file holds without a pickle."""
        self._saves[FileKind.npy].setEnabled(numeric)

    # ---- the clipboard

    def copy(self, how: Written) -> None:
        """Put the selected block on the clipboard, with all digits."""
        shown, block = self._shown(), self._table.block
        if shown is None or block is None:
            return
        rows, columns = block
        if (rows.stop - rows.start) * (columns.stop - columns.start) > _COPY_CELLS:
            self._session.trouble(
                self.tr("Copying takes at most {0:,} cells; choose fewer, or export.").format(_COPY_CELLS)
            )
            return
        self._session.bridge.submit(
            lambda task: written(shown.values(rows, columns), how, task),
            QApplication.clipboard().setText,
            self._session.trouble,
            owner=self,
            slot="copy",
            label=self.tr("Copying"),
        )

    # ---- files

    def _ask(self, kind: FileKind) -> None:
        shown = self._shown()
        if shown is None:
            return
        ending = kind.value.lower()
        self.ask_path(f"{kind.value} (*.{ending})", ending, lambda path: self.save(shown, path, kind))

    def ask_path(self, kinds: str, ending: str, done: Callable[[str], object]) -> None:
        """Ask where a file is to go."""
        dialog = QFileDialog(self._parent.window(), self.tr("Save as"))
        dialog.setObjectName("valuesExportDialog")
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(kinds)
        dialog.setDefaultSuffix(ending)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(done)
        dialog.open()

    def save(self, shown: ShownSlice, path: str, kind: FileKind) -> None:
        """Write a slice; the status bar shows how far it is and can stop it, and then there is no file."""

        def work(task: Task) -> None:
            write_file(path, pieces(shown, kind, task))

        self._write(path, work)

    def save_bytes(self, path: str, value: bytes) -> None:
        """Write a string as it is."""
        self._write(path, lambda task: write_file(path, value))

    def _write(self, path: str, work: Callable[[Task], None]) -> None:
        self._session.bridge.submit(
            work,
            lambda _: self._saved(path),
            self._session.trouble,
            owner=self,
            label=self.tr("Exporting"),
        )

    def _saved(self, path: str) -> None:
        self._session.log(filled(self.tr("Saved %1."), visible(path)))
        self.saved.emit(path)
