"""What an empty window shows: where to drop, what to open, what was open before, and the sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ckpt_studio.gui.texts import in_action, tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.gui.actions import Actions
    from ckpt_studio.gui.settings import Settings

_SHOWN = 6


class DropTarget(QWidget):
    """A dashed frame that says what can be dropped; drops are taken by the window."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dropTarget")
        self.setMinimumSize(QSize(380, 150))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        title = QLabel(self.tr("Drop a checkpoint here"), self)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        title.setFont(font)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint = QLabel(self.tr("a folder, or any of its files: .index, .data-…, .meta, checkpoint"), self)
        hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        layout.addWidget(title)
        layout.addWidget(hint)
        layout.addStretch(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(self.palette().color(QPalette.ColorRole.PlaceholderText))
        color.setAlpha(150)
        painter.setPen(QPen(color, 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(QRectF(frame.topLeft() + QPointF(0, 0), frame.size()), 10, 10)


class StartPage(QWidget):
    """The page of a window without a document."""

    openRequested = Signal(str)

    def __init__(self, actions: Actions, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("startPage")
        self.setBackgroundRole(QPalette.ColorRole.Window)
        self._settings = settings
        column = QVBoxLayout()
        column.setSpacing(12)
        column.addWidget(DropTarget(self))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for name, object_name in (
            ("actionOpenFolder", "openFolderButton"), ("actionOpen", "openFileButton"),
            ("actionOpenSample", "openSampleButton"),
        ):  # fmt: skip
            buttons.addWidget(_button_of(actions[name], object_name, self))
        column.addLayout(buttons)
        self._title = QLabel(self.tr("Recent"), self)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        column.addSpacing(8)
        column.addWidget(self._title)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        column.addLayout(self._recent)
        middle = QWidget(self)
        middle.setMaximumWidth(620)
        middle.setLayout(column)
        column.setContentsMargins(0, 0, 0, 0)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(middle, 20)
        across.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24, 24, 24, 24)
        whole.addStretch(2)
        whole.addLayout(across)
        whole.addStretch(3)
        settings.recentChanged.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        while self._recent.count():
            item = self._recent.takeAt(0)
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        recent = self._settings.recent[:_SHOWN]
        self._title.setVisible(bool(recent))
        for path in recent:
            self._recent.addWidget(self._entry(path))

    def _entry(self, path: str) -> QWidget:
        place = Path(path)
        button = QPushButton(self)
        button.setObjectName("recentButton")
        button.setFlat(True)
        button.setStyleSheet("text-align: left; padding: 4px 6px;")
        name = visible(place.name or path)
        where = self.fontMetrics().elidedText(visible(_short(place.parent)), Qt.TextElideMode.ElideMiddle, 380)
        button.setText(in_action(f"{name}   —   {where}"))
        button.setToolTip(tooltip(visible(path)))
        button.setAccessibleName(self.tr("Open %1").replace("%1", visible(path)))
        button.clicked.connect(lambda: self.openRequested.emit(path))
        return button


def _short(folder: Path) -> str:
    try:
        return str(Path("~") / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(folder)


def _button_of(action: QAction, object_name: str, parent: QWidget) -> QPushButton:
    """A push button for an action; the action's text, icon and state are followed."""
    button = QPushButton(parent)
    button.setObjectName(object_name)

    def follow() -> None:
        button.setText(action.text().removesuffix("…"))
        button.setIcon(action.icon())
        button.setEnabled(action.isEnabled())

    follow()
    action.changed.connect(follow)
    button.setToolTip(action.toolTip())
    button.clicked.connect(action.trigger)
    return button
