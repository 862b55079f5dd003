"""What an empty window shows: where to drop, what to open, what was open before, and the sample.

It is part of the first paint and keeps away from the `Qt` namespace (see `frame`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ckpt_studio.gui.texts import in_action, tooltip, visible

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QLayout

    from ckpt_studio.gui.actions import Actions
    from ckpt_studio.gui.settings import Settings

_SHOWN: Final = 6
_WIDTH: Final = 600
_PATH_LETTERS: Final = 56


class DropTarget(QFrame):
    """A dashed frame that says what can be dropped; drops are taken by the window.

    A style sheet draws it: to paint in Python would load the whole `Qt` namespace, see `frame`.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dropTarget")
        self.setStyleSheet(
            "#dropTarget { border: 2px dashed palette(mid); border-radius: 10px; background: palette(base); }"
        )
        self.setMinimumSize(QSize(380, 150))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        title = QLabel(self.tr("Drop a checkpoint here"), self)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        title.setFont(font)
        hint = QLabel(
            self.tr("a folder or any file: TensorFlow, SavedModel, Keras, safetensors, NumPy"), self
        )
        hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        for label in (title, hint):
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(label)
            row.addStretch(1)
            layout.addLayout(row)
        layout.addStretch(1)


class StartPage(QWidget):
    """The page of a window without a document."""

    openRequested = Signal(str)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("startPage")
        self._settings = settings
        self._entries: list[QPushButton] = []
        self._buttons = {
            "actionOpenFolder": self._button("openFolderButton", self.tr("Open Folder")),
            "actionOpen": self._button("openFileButton", self.tr("Open File")),
            "actionOpenSample": self._button("openSampleButton", self.tr("Open the sample")),
        }
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in self._buttons.values():
            buttons.addWidget(button)
        self._title = QLabel(self.tr("Recent"), self)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        column = QVBoxLayout()
        column.setSpacing(12)
        column.addWidget(DropTarget(self))
        column.addLayout(buttons)
        column.addSpacing(8)
        column.addWidget(self._title)
        column.addLayout(self._recent)
        self._centre(column)
        settings.recentChanged.connect(self._fill)
        self._fill()

    def _centre(self, column: QLayout) -> None:
        middle = QWidget(self)
        middle.setMaximumWidth(_WIDTH)
        column.setContentsMargins(0, 0, 0, 0)
        middle.setLayout(column)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(middle, 20)
        across.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24, 24, 24, 24)
        whole.addStretch(2)
        whole.addLayout(across)
        whole.addStretch(3)

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        return button

    def attach(self, actions: Actions) -> None:
        """Let the buttons do what these actions do, and follow their icons and states."""
        actions.tint(self._buttons)
        for name, button in self._buttons.items():
            self._attach(button, actions[name])

    def _attach(self, button: QPushButton, action: QAction) -> None:
        def follow() -> None:
            button.setIcon(action.icon())
            button.setVisible(action.isEnabled())

        follow()
        action.changed.connect(follow)
        button.setToolTip(action.toolTip())
        button.clicked.connect(action.trigger)

    def _fill(self) -> None:
        """Show the recent paths, in buttons that are made once: taking rows out of a layout ended the process."""
        recent = self._settings.recent[:_SHOWN]
        self._title.setVisible(bool(recent))
        while len(self._entries) < len(recent):
            self._add_entry()
        for at, button in enumerate(self._entries):
            button.setVisible(at < len(recent))
            if at < len(recent):
                self._show_entry(button, recent[at])

    def _add_entry(self) -> None:
        at = len(self._entries)
        button = self._button("recentButton", "")
        button.setFlat(True)
        button.clicked.connect(lambda: self.openRequested.emit(self._settings.recent[at]))
        row = QHBoxLayout()
        row.addWidget(button)
        row.addStretch(1)
        self._recent.addLayout(row)
        self._entries.append(button)

    def _show_entry(self, button: QPushButton, path: str) -> None:
        place = Path(path)
        name, where = visible(place.name or path), _short(visible(str(place.parent)))
        button.setText(in_action(f"{name}   —   {where}"))
        button.setToolTip(tooltip(visible(path)))
        button.setAccessibleName(self.tr("Open %1").replace("%1", visible(path)))


def _short(folder: str) -> str:
    """A folder in one line: the home folder as ~, the middle left out."""
    home = str(Path.home())
    if folder == home or folder.startswith(home + "/"):
        folder = "~" + folder.removeprefix(home)
    if len(folder) <= _PATH_LETTERS:
        return folder
    return f"{folder[: _PATH_LETTERS // 3]}…{folder[-_PATH_LETTERS * 2 // 3 :]}"
