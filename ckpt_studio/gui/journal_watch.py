"""Tells once when staged edits cannot be kept: their journal is written after them, in a thread of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from ckpt_studio.document.journal import Journal

_WRITTEN_MS: Final = 500
"""After this long an edit has usually been written, or could not be."""


class JournalWatch(QObject):
    """Looks at the journal of one document after its edits."""

    failed = Signal(str)
    """The sentence that says why."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._journal: Journal | None = None
        self._told: str | None = None
        self._soon = QTimer(self, singleShot=True, interval=_WRITTEN_MS)
        self._soon.timeout.connect(self.look)

    def watch(self, journal: Journal | None) -> None:
        """Look at this one from now on."""
        self._journal = journal

    def look_soon(self) -> None:
        """Look after what was just staged had time to be written."""
        self._soon.start()

    def look(self) -> None:
        """Tell what is wrong with it, unless that was told."""
        fault = None if self._journal is None else self._journal.fault
        if fault is not None and fault != self._told:
            self.failed.emit(fault)
        self._told = fault
