"""Small widgets that the dialogs share: a path with Browse and drop, a sentence beside a field, plain-text labels."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QDropEvent, QFontMetrics
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from ckpt_studio.gui.drop import dropped_paths
from ckpt_studio.gui.menu_button import MenuButton
from ckpt_studio.gui.texts import in_action, tooltip, translate, visible


def duration_text(seconds: float) -> str:
    """A length of time for a person: `45 s`, `3 min`, `2 h 10 min`."""
    if seconds < 90:
        return translate("Duration", "{0} s").format(f"{seconds:.0f}")
    minutes = round(seconds / 60)
    if minutes < 90:
        return translate("Duration", "{0} min").format(minutes)
    return translate("Duration", "{0} h {1} min").format(minutes // 60, minutes % 60)


def named(widget: QWidget, object_name: str, accessible: str) -> QWidget:
    """Give a field its name for tests and its name for screen readers."""
    widget.setObjectName(object_name)
    widget.setAccessibleName(accessible)
    return widget


class PlainLabel(QLabel):
    """A label that shows what it is given, never HTML, wrapped and selectable."""

    def __init__(self, object_name: str, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setText(text)


class ElidedLabel(QLabel):
    """One line of plain text, shortened (in the middle, if not said otherwise); the tooltip has the whole."""

    def __init__(
        self,
        object_name: str,
        text: str = "",
        parent: QWidget | None = None,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
    ) -> None:
        super().__init__(parent)
        self._mode = mode
        self.setObjectName(object_name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._full = ""
        self.set_full(text)

    def set_full(self, text: str) -> None:
        """Show `text`."""
        self._full = text
        self.setAccessibleName(text)
        self._fit()

    def full(self) -> str:
        """The text before shortening."""
        return self._full

    def resizeEvent(self, event: object) -> None:
        """Shorten again for the new width."""
        self._fit()

    def sizeHint(self) -> QSize:
        """Room for the whole line, though less will do."""
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._full) + 2, metrics.height() + 2)

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self._full, self._mode, max(self.contentsRect().width(), 40))
        self.setText(shown)
        self.setToolTip("" if shown == self._full else tooltip(self._full))


class Notice(QWidget):
    """A sentence with a sign (⚠ or ℹ) that takes no room while there is nothing to say."""

    def __init__(self, object_name: str, parent: QWidget | None = None, *, trouble: bool = True) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self._trouble = trouble
        self._sign = QLabel(self)
        self._text = PlainLabel(f"{object_name}Text", parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        self.hide()

    def say(self, sentence: str) -> None:
        """Show a sentence; an empty one hides the notice."""
        if sentence and self._sign.pixmap().isNull():
            self._draw_sign()
        self._text.setText(sentence)
        self.setAccessibleName(sentence)
        self.setVisible(bool(sentence))

    def _draw_sign(self) -> None:
        from PySide6.QtWidgets import QStyle  # here, because its many enumerations would be part of the start

        signs, side = QStyle.StandardPixmap, self.fontMetrics().height()
        which = signs.SP_MessageBoxWarning if self._trouble else signs.SP_MessageBoxInformation
        self._sign.setPixmap(self.style().standardIcon(which).pixmap(side, side))

    def text(self) -> str:
        """The sentence shown, or an empty text."""
        return self._text.text()


class PathField(QWidget):
    """A path to type, browse or drop, with the ones used before to choose from.

    `chosen` is emitted with the path once a person has finished: Enter, Browse, drop or a recent one.
    """

    chosen = Signal(str)
    edited = Signal(str)

    def __init__(
        self,
        object_name: str,
        accessible: str,
        parent: QWidget | None = None,
        *,
        files: str | None = "",
        folders: bool = False,
        recent: list[str] | None = None,
    ) -> None:
        """`files` is the file dialog's filter ("" for all files), None where only folders make sense."""
        super().__init__(parent)
        self.setObjectName(f"{object_name}Field")
        self._filter = files
        self._recent = [path for path in recent or [] if path]
        self.edit = QLineEdit(self)
        named(self.edit, object_name, accessible)
        self.edit.setClearButtonEnabled(True)
        self.edit.returnPressed.connect(self._finish)
        self.edit.editingFinished.connect(self._finish)
        self.edit.textChanged.connect(self.edited)
        self._said = ""
        self._finishes_drops = True
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.edit, 1)
        if self._recent:
            row.addWidget(self._recent_button(object_name))
        if files is not None:
            row.addWidget(self._browse(f"{object_name}Browse", self.tr("File…"), self.browse_file))
        if folders or files is None:
            row.addWidget(self._browse(f"{object_name}BrowseFolder", self.tr("Folder…"), self.browse_folder))
        self.setFocusProxy(self.edit)

    def path(self) -> str:
        """What is in the field, without surrounding blanks, `~` expanded."""
        text = self.edit.text().strip()
        return str(Path(text).expanduser()) if text else ""

    def set_path(self, path: str, *, finish: bool = False) -> None:
        """Put a path in; with `finish`, as if a person had chosen it."""
        self.edit.setText(path)
        if finish:
            self._finish()
        else:
            self._said = self.path()

    def last_field(self) -> QWidget:
        """The last of its parts in the tab order."""
        buttons = self.findChildren(QToolButton, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return buttons[-1] if buttons else self.edit

    def browse_file(self) -> None:
        """Ask for a file."""
        self._ask(QFileDialog.FileMode.ExistingFile)

    def browse_folder(self) -> None:
        """Ask for a folder."""
        self._ask(QFileDialog.FileMode.Directory)

    def take_drops_of(self, widget: QWidget, *, finish: bool = True) -> None:
        """What is dropped on the widget is put in, as if a person had chosen it unless not to `finish`."""
        self._finishes_drops = finish
        self.edit.setAcceptDrops(False)  # it would take the text of an address
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take one file or folder from the widget whose drops are ours."""
        if isinstance(event, QDropEvent) and event.type() in (QEvent.Type.DragEnter, QEvent.Type.Drop):
            paths = dropped_paths(event.mimeData())
            if paths:
                event.acceptProposedAction()
                if event.type() == QEvent.Type.Drop:
                    self.set_path(paths[0], finish=self._finishes_drops)
                return True
        return super().eventFilter(watched, event)

    def _ask(self, mode: QFileDialog.FileMode) -> None:
        dialog = QFileDialog(self, self.edit.accessibleName(), str(self._start_folder()), self._filter or "")
        dialog.setObjectName(f"{self.edit.objectName()}Dialog")
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.set_path(path, finish=True))
        dialog.open()

    def _start_folder(self) -> Path:
        path = Path(self.path() or ".")
        return path if path.is_dir() else path.parent if path.parent.is_dir() else Path.cwd()

    def _finish(self) -> None:
        if self.path() != self._said:
            self._said = self.path()
            self.chosen.emit(self._said)

    def _browse(self, object_name: str, text: str, action: object) -> QToolButton:
        button = QToolButton(self)
        named(button, object_name, f"{self.edit.accessibleName()}: {text}")
        button.setText(text)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(action)
        return button

    def _recent_button(self, object_name: str) -> QToolButton:
        accessible = self.tr("{0}: recent ones").format(self.edit.accessibleName())
        button = MenuButton(f"{object_name}Recent", accessible, self.tr("Recent"), self)
        for path in self._recent:
            action = button.entries.addAction(in_action(visible(path)))
            action.triggered.connect(lambda _=False, path=path: self.set_path(path, finish=True))
        return button


def fill_combo(combo: QComboBox, choices: list[tuple[str, object]], current: object) -> None:
    """Replace a combo's entries by (text, data) without telling anybody, and select the one that holds `current`."""
    combo.blockSignals(True)
    combo.clear()
    for text, data in choices:
        combo.addItem(visible(text), data)
    row = next((i for i, (_, data) in enumerate(choices) if data == current), -1)
    combo.setCurrentIndex(row)
    combo.blockSignals(False)


def copy_text(text: str) -> None:
    """Put text on the clipboard."""
    QApplication.clipboard().setText(text)


def prepare(dialog: QDialog, object_name: str, title: str) -> None:
    """What every dialog of ours has: a name, a title, window-modal manners, and it goes away when it is closed."""
    dialog.setObjectName(object_name)
    dialog.setWindowTitle(title)
    dialog.setAccessibleName(title)
    dialog.setWindowModality(Qt.WindowModality.WindowModal)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
