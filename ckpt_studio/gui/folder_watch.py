"""Follows a folder that a job is writing to: tells once, a little after the last change."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

QUIET_MS: Final = 300
"""A checkpoint arrives as several files; the folder is looked at once they have settled."""


class FolderWatch(QObject):
    """Watches one folder (never its files: a file's watch is lost at a rename)."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watcher = QFileSystemWatcher(self)
        self._timer = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._watcher.directoryChanged.connect(self._stirred)
        self._timer.timeout.connect(self.changed)
        self._folder: str | None = None

    @property
    def folder(self) -> str | None:
        """The folder being watched."""
        return self._folder

    def watch(self, folder: str | None) -> None:
        """Watch this folder instead; None watches nothing."""
        if folder == self._folder:
            return
        watched = self._watcher.directories()
        if watched:
            self._watcher.removePaths(watched)
        self._timer.stop()
        self._folder = folder
        if folder is not None and Path(folder).is_dir():
            self._watcher.addPath(folder)

    def _stirred(self) -> None:
        # A folder that is written to without pause is looked at once per QUIET_MS nevertheless.
        if not self._timer.isActive():
            self._timer.start()
        folder = self._folder
        if folder is not None and not self._watcher.directories() and Path(folder).is_dir():
            self._watcher.addPath(folder)
