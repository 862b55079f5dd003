"""The dock of the checkpoints: those of the folder in step order, then those of the run, followed live.

Where a folder was dropped that holds none itself, those below it come first, folder by folder. A click switches.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QLocale, QPoint, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.format_words import format_words
from ckpt_studio.gui.icons import icon
from ckpt_studio.gui.opening import being_written
from ckpt_studio.gui.texts import byte_size, tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.formats.base import FolderEntry
    from ckpt_studio.formats.folder import Folder
    from ckpt_studio.gui.session import Session


@dataclass(frozen=True, slots=True)
class _Section:
    """Checkpoints that lie together.

    Attributes:
        path: their folder.
        entries: in step order.
        title: what stands above them; empty for none.
    """

    path: str
    entries: tuple[FolderEntry, ...]
    title: str = ""

    @property
    def mixed(self) -> bool:
        """Whether they are of several formats, so that each is said."""
        return len({entry.format for entry in self.entries}) > 1


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the list: a checkpoint of a section, or the title above it."""

    section: _Section
    entry: FolderEntry | None = None


class CheckpointsPanel(QWidget):
    """The list, newest last as it was trained."""

    compareRequested = Signal(str)
    """The path of a checkpoint to compare the open one with."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: list[_Row] = []
        self._bold = self.font()
        self._bold.setBold(True)
        self._place = QLabel(self)
        self._place.setTextFormat(Qt.TextFormat.PlainText)
        self._place.setContentsMargins(4, 2, 4, 0)
        self.list = QListWidget(self)
        self.list.setObjectName("checkpointList")
        self.list.setAccessibleName(self.tr("Checkpoints of the folder"))
        self.list.setUniformItemSizes(True)
        self.list.setAlternatingRowColors(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._place)
        layout.addWidget(self.list, 1)
        self.list.itemActivated.connect(self._open)
        self.list.itemClicked.connect(self._open)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        session.folderChanged.connect(self._fill)
        session.documentChanged.connect(self._mark)
        session.stagedChanged.connect(self._mark)
        session.openFailed.connect(self._mark)
        self._ageing = QTimer(self, interval=60_000)
        self._ageing.timeout.connect(self._mark)
        self._ageing.start()

    def _sections(self) -> list[_Section]:
        """What there is to show: what is offered, the folder, the run."""
        folder, run = self._session.folder, self._session.run_folder
        sections = self._offered()
        shown = {section.path for section in sections}
        if folder is not None and folder.path not in shown:
            title = visible(Path(folder.path).name) if sections else ""
            sections.append(_Section(folder.path, folder.entries, title))
            shown.add(folder.path)
        if run is not None and run.entries and run.path not in shown:
            title = self.tr("%1 (the run)").replace("%1", visible(Path(run.path).name))
            sections.append(_Section(run.path, run.entries, title))
        return sections

    def _offered(self) -> list[_Section]:
        """What can be opened instead of a path that was asked for, folder by folder."""
        offered, folder = self._session.offered, self._session.folder
        if offered is None:
            return []
        groups: dict[str, list[FolderEntry]] = {}
        for entry in offered.below or offered.entries:
            groups.setdefault(str(Path(entry.opens).parent), []).append(entry)
        sections = []
        for place, entries in groups.items():
            now = folder.entries if folder is not None and folder.path == place else tuple(entries)
            title = os.path.relpath(place, offered.path) if offered.below else os.curdir
            title = Path(place).name if title == os.curdir else title
            sections.append(_Section(place, now, visible(title)))
        return sections

    def _fill(self) -> None:
        """Show the folder as it is now."""
        self._rows = []
        for section in self._sections():
            self._rows += [_Row(section)] if section.title else []
            self._rows += (_Row(section, entry) for entry in section.entries)
        with QSignalBlocker(self.list):
            self.list.clear()
            for row in self._rows:
                item = QListWidgetItem(self.list)
                if row.entry is not None:
                    item.setData(Qt.ItemDataRole.UserRole, row.entry.prefix)
                else:
                    item.setFlags(Qt.ItemFlag.NoItemFlags)
                    item.setFont(self._bold)
                    item.setText(row.section.title)
                    item.setToolTip(tooltip(visible(row.section.path)))
                # no width of its own, so that a long name is cut in the middle and not scrolled
                item.setSizeHint(QSize(0, self.list.fontMetrics().height() + 6))
        self._show_place(self._session.offered or self._session.folder)
        self._mark()

    def _show_place(self, folder: Folder | None) -> None:
        self._place.setVisible(folder is not None)
        if folder is not None:
            self._place.setText(visible(Path(folder.path).name or folder.path))
            notes = "\n".join(visible(note) for note in folder.notes)
            self._place.setToolTip(tooltip("\n".join(filter(None, (visible(folder.path), notes)))))

    def _mark(self, *_: object) -> None:
        """Texts and the current entry; cheap, called whenever something may have changed."""
        session = self._session
        document = session.document
        current = None if document is None else document.base.prefix
        with QSignalBlocker(self.list):
            for at, row in enumerate(self._rows):
                entry = row.entry
                if entry is None:
                    continue
                item = self.list.item(at)
                staged = document.modified if document is not None and entry.prefix == current else (
                    entry.prefix in session.staged_elsewhere
                )  # fmt: skip
                item.setText(self._text(entry, staged, row.section.mixed))
                item.setToolTip(tooltip(self._hint(entry, staged)))
                if entry.prefix == current:
                    self.list.setCurrentItem(item)

    def _text(self, entry: FolderEntry, staged: bool, mixed: bool) -> str:
        parts = [visible(entry.file_name)]
        if mixed:
            parts.append(format_words(entry.format))
        parts.append(self._age(entry.mtime))
        if not entry.complete:
            parts.append(self.tr("being written…") if being_written(entry) else self.tr("⚠ incomplete"))
        elif entry.newest:
            parts.append(self.tr("newest"))
        if staged:
            parts.append(self.tr("● staged edits"))
        return "  ·  ".join(parts)

    def _age(self, mtime: float) -> str:
        seconds = time.time() - mtime
        if seconds < 60:
            return self.tr("now")
        if seconds < 3600:
            return self.tr("%n min", "", int(seconds // 60))
        if seconds < 86400:
            return self.tr("%n h", "", int(seconds // 3600))
        moment = QDateTime.fromSecsSinceEpoch(int(mtime))
        return QLocale().toString(moment.date(), QLocale.FormatType.ShortFormat)

    def _hint(self, entry: FolderEntry, staged: bool) -> str:
        moment = QLocale().toString(
            QDateTime.fromSecsSinceEpoch(int(entry.mtime)), QLocale.FormatType.ShortFormat
        )
        lines = [
            visible(entry.prefix),
            f"{format_words(entry.format)} · {byte_size(entry.nbytes)} · {moment}",
        ]
        if entry.step is not None:
            lines.append(self.tr("step %1").replace("%1", str(entry.step)))
        if entry.preserved:
            lines.append(self.tr("listed in the state file"))
        if staged:
            lines.append(self.tr("has staged edits"))
        return "\n".join(lines)

    def _open(self, item: QListWidgetItem) -> None:
        entry = self._rows[self.list.row(item)].entry
        document = self._session.document
        if entry is not None and (document is None or document.base.prefix != entry.prefix):
            self._session.open(entry.opens)

    # ---- the context menu

    def _menu(self, at: QPoint) -> None:
        """What can be done with a checkpoint."""
        item = self.list.itemAt(at) or self.list.currentItem()  # the menu key asks at no item
        entry = None if item is None else self._rows[self.list.row(item)].entry
        if item is None or entry is None:
            return
        document = self._session.document
        own = document is not None and document.base.prefix == entry.prefix
        menu = QMenu(self)
        menu.setObjectName("checkpointMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        opens = menu.addAction(self.tr("Open"))
        opens.setEnabled(not own)
        opens.triggered.connect(lambda checked=False: self._open(item))
        compare = menu.addAction(icon("git-compare"), self.tr("Compare with this"))
        compare.setEnabled(document is not None and not own)
        compare.triggered.connect(lambda checked=False: self.compareRequested.emit(entry.opens))
        copy = menu.addAction(icon("copy"), self.tr("Copy path"))
        copy.triggered.connect(lambda checked=False: QApplication.clipboard().setText(entry.prefix))
        for action, name in ((opens, "Open"), (compare, "Compare"), (copy, "CopyPath")):
            action.setObjectName(f"checkpoint{name}")
        menu.popup(self.list.viewport().mapToGlobal(at))
