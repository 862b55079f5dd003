"""The status bar: what is open, how much of it, what is staged, and what goes on in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from ckpt_studio.gui.format_words import format_words
from ckpt_studio.gui.texts import byte_size, visible

if TYPE_CHECKING:
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.session import Session

_POLL_MS: Final = 100
_PATIENCE: Final = 3
"""Work is shown once it has lasted this many polls."""


class StatusLine(QStatusBar):
    """Polls the background's tasks while there are any."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusLine")
        self._session = session
        self._about = self._label("statusDocument")
        self._work = self._label("statusWork")
        self._bar = QProgressBar(self)
        self._bar.setObjectName("workProgress")
        self._bar.setMaximumWidth(140)
        self._bar.setMaximumHeight(self.fontMetrics().height() + 2)
        self._bar.setTextVisible(False)
        self._cancel = QToolButton(self)
        self._cancel.setObjectName("cancelWorkButton")
        self._cancel.setText(self.tr("Cancel"))
        self._cancel.setAutoRaise(True)
        self._edits = self._label("statusEdits")
        self.addWidget(self._about, 1)
        for widget in (self._work, self._bar, self._cancel, self._edits):
            self.addPermanentWidget(widget)
        self._polls = 0
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._cancel.clicked.connect(self._cancel_all)
        session.documentChanged.connect(self._show)
        session.stagedChanged.connect(self._show)
        session.bridge.started.connect(self._begin)
        session.bridge.idle.connect(self._end)
        self._show()
        self._end()

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setContentsMargins(4, 0, 4, 0)
        return label

    def _show(self, *_: object) -> None:
        document = self._session.document
        if document is None:
            self._about.setText(self.tr("No checkpoint is open"))
            self._edits.clear()
            return
        place = Path(document.base.prefix)
        parts = [
            visible(f"{place.parent.name}/{place.name}"),
            format_words(document.base.format),
            *self._extent(document.rows),
        ]
        self._about.setText(" · ".join(parts))
        self._about.setToolTip("")
        self._edits.setText(self._count(len(document.edits), document.modified))

    def _extent(self, rows: State) -> tuple[str, str, str]:
        """How much is staged: variables, parameters (elements of weights) and bytes."""
        from ckpt_studio.core.tensors import Role

        live, columns = ~rows.dropped, rows.columns
        count = int(live.sum())
        parameters = int(columns.sizes[live & (columns.role == Role.weight)].sum())
        return (
            self.tr("1 variable") if count == 1 else self.tr("%n variables", "", count),
            self.tr("1 parameter")
            if parameters == 1
            else self.tr("{0} parameters").format(f"{parameters:,}"),
            byte_size(int(columns.nbytes[live].sum())),
        )

    def _count(self, edits: int, modified: bool) -> str:
        """How many edits there are, and whether anything still has to be written."""
        if not edits:
            return self.tr("no staged edits")
        if modified:
            return self.tr("1 staged edit") if edits == 1 else self.tr("%n staged edits", "", edits)
        return self.tr("1 edit, written") if edits == 1 else self.tr("%n edits, written", "", edits)

    # ---- the background

    def _begin(self) -> None:
        if not self._timer.isActive():
            self._polls = 0
            self._timer.start()

    def _end(self) -> None:
        self._timer.stop()
        for widget in (self._work, self._bar, self._cancel):
            widget.hide()

    def _poll(self) -> None:
        self._polls += 1
        told = [task for task in self._session.bridge.tasks() if task.label]
        if self._polls < _PATIENCE or not told:
            return
        task = told[0]
        self._work.setText(f"{task.label}…")
        # Qt counts in 32 bits
        self._bar.setRange(0, 1000 if task.total else 0)
        if task.total:
            self._bar.setValue(min(1000, task.done * 1000 // task.total))
        for widget in (self._work, self._bar, self._cancel):
            widget.show()

    def _cancel_all(self) -> None:
        for task in self._session.bridge.tasks():
            if task.label:
                task.cancel()
