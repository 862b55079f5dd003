"""Drag and drop anywhere on the window: while dragging, an overlay says what would happen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QRect, Qt, Signal
from PySide6.QtGui import QColor, QDropEvent, QHideEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QMainWindow, QWidget

from ckpt_studio.gui.format_words import format_words
from ckpt_studio.gui.texts import filled, visible

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.formats.base import FolderEntry
    from ckpt_studio.formats.registry import Glance
    from ckpt_studio.gui.session import Session


def dropped_paths(data: QMimeData) -> list[str]:
    """The local files and folders of what is being dragged."""
    urls = data.urls() if data.hasUrls() else []
    return [url.toLocalFile() for url in urls if url.isLocalFile() and url.toLocalFile()]


class DropOverlay(QWidget):
    """Covers the window while something is dragged over it: "Open", and where a document is open, two more choices.

    Those are "Swap from this…" and "Compare with this".
    """

    openRequested = Signal(str)
    swapRequested = Signal(str)
    compareRequested = Signal(str)

    def __init__(self, session: Session, window: QMainWindow) -> None:
        super().__init__(window)
        self.setObjectName("dropOverlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._session = session
        self._window = window
        self._path = ""
        self._glance: Glance | None = None
        self._looking: Task | None = None
        self._chosen = 0
        window.setAcceptDrops(True)
        self.hide()

    def handle(self, event: QDropEvent) -> None:
        """Take a drag that enters or moves (both are QDropEvents to Qt), or a drop."""
        paths = dropped_paths(event.mimeData())
        if not paths:
            event.ignore()
            return
        path = paths[0]
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        at, areas = event.position().toPoint(), self._areas()
        self._chosen = next((place for place, area in enumerate(areas) if area.contains(at)), 0)
        if event.type() == QEvent.Type.Drop:
            self.hide()
            (self.openRequested, self.swapRequested, self.compareRequested)[self._chosen].emit(path)
            if len(paths) > 1:
                sentence = self.tr("%1 things were dropped together; only %2 is taken.")
                self._session.notice(filled(sentence, f"{len(paths):,}", visible(Path(path).name)))
        else:
            self._look_at(path)
            self.setGeometry(self._window.rect())
            self.raise_()
            self.show()
            self.update()

    def _look_at(self, path: str) -> None:
        """See in the background what is being dragged; its name is shown meanwhile."""
        if path == self._path and self.isVisible():
            return
        self._path, self._glance = path, None
        self._describe()
        self._looking = self._session.bridge.submit(
            lambda task: _look(path, task),
            self._seen,
            lambda error: None,
            owner=self,
            slot="glance",
            may_hang=True,
        )

    def hideEvent(self, event: QHideEvent) -> None:
        """What is not dragged here any more need not be looked at."""
        if self._looking is not None:
            self._looking.cancel()
        super().hideEvent(event)

    def _seen(self, glance: Glance) -> None:
        self._glance = glance
        self._describe()
        self.update()

    def _describe(self) -> None:
        """Say for screen readers, too, what is painted."""
        self.setAccessibleDescription(": ".join(self._open_text()))

    def _areas(self) -> list[QRect]:
        """Where dropping opens, and with a document, where it swaps and where it compares."""
        whole = self._window.rect().adjusted(24, 24, -24, -24)
        if self._session.document is None:
            return [whole]
        across, down = (whole.width() - 16) // 2, (whole.height() - 16) // 2
        left = QRect(whole.left(), whole.top(), across, whole.height())
        above = QRect(left.right() + 17, whole.top(), across, down)
        return [left, above, above.translated(0, down + 16)]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(self.palette().color(QPalette.ColorRole.Window))
        veil.setAlpha(225)
        painter.fillRect(self.rect(), veil)
        name = visible(Path(self._path).name)
        texts = (
            self._open_text(),
            (self.tr("Swap from this…"), self.tr("Take values from %1").replace("%1", name)),
            (self.tr("Compare with this"), self.tr("List what differs from %1").replace("%1", name)),
        )
        for place, (area, text) in enumerate(zip(self._areas(), texts, strict=False)):
            self._paint_area(painter, area, place == self._chosen, text)

    def _open_text(self) -> tuple[str, str]:
        name = visible(Path(self._path).name or self._path)
        seen = self._glance
        if seen is None:
            return self.tr("Open"), name
        if seen.entry is not None:
            return self.tr("Open"), self._checkpoint_text(seen, seen.entry)
        if seen.folder.below:
            count = len(seen.folder.below)
            return self.tr("Choose a checkpoint"), self.tr("%n below %1", "", count).replace("%1", name)
        return self.tr("Open"), self.tr("%1 (no checkpoint is seen in it)").replace("%1", name)

    def _checkpoint_text(self, seen: Glance, entry: FolderEntry) -> str:
        """A checkpoint with its kind, how many files it has, and its folder where that is what is dragged."""
        parts = [format_words(entry.format), visible(entry.file_name)]
        if seen.parts > 1:
            parts.append(self.tr("%n shards", "", seen.parts))
        if Path(seen.folder.path) == Path(self._path):
            count = len(seen.folder.entries)
            newest = self.tr("the newest of %n in %1", "", count) if count > 1 else self.tr("in %1")
            parts.append(newest.replace("%1", visible(Path(seen.folder.path).name)))
        return "  ·  ".join(parts)

    def _paint_area(self, painter: QPainter, area: QRect, chosen: bool, texts: tuple[str, str]) -> None:
        palette = self.palette()
        edge = QColor(
            palette.color(QPalette.ColorRole.Highlight if chosen else QPalette.ColorRole.PlaceholderText)
        )
        fill = QColor(edge)
        fill.setAlpha(50 if chosen else 0)
        painter.setPen(QPen(edge, 2, Qt.PenStyle.SolidLine if chosen else Qt.PenStyle.DashLine))
        painter.setBrush(fill)
        painter.drawRoundedRect(area, 12, 12)
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        title, about = texts
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.8)
        painter.setFont(font)
        middle = area.center().y()
        painter.drawText(
            QRect(area.left() + 12, middle - 50, area.width() - 24, 44),
            Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, title,
        )  # fmt: skip
        painter.setFont(self.font())
        shown = painter.fontMetrics().elidedText(about, Qt.TextElideMode.ElideMiddle, area.width() - 32)
        painter.drawText(
            QRect(area.left() + 12, middle + 4, area.width() - 24, 28),
            Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, shown,
        )  # fmt: skip


def _look(path: str, task: Task) -> Glance:
    from ckpt_studio.formats.registry import glance

    return glance(path)
