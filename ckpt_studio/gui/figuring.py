"""Fills the columns of figures in the background: the rows on the screen first, then those that a filter or an order
asks for, then the rest, as long as that is no more than a disk gives in some seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.document import Document
    from ckpt_studio.gui.models.figures import Figures
    from ckpt_studio.gui.session import Session

_SLICE_ROWS: Final = 200
_SLICE_SECONDS: Final = 0.03
_PAUSE_MS: Final = 20
"""Between two slices, and before the first: whatever a person asks for goes first."""
_ALL_ROWS: Final = 200_000
_ALL_BYTES: Final = 4 << 30
"""A larger checkpoint is not read whole only because it was opened."""


class Figuring(QObject):
    """Finds the figures of the session's document.

    Args:
        session: what is worked on.
        on_screen: rows that are to be seen now, as an array.

    Attributes:
        figures: what is known, or None without a document.
    """

    changed = Signal()
    """More figures are known, or they are all that were asked for."""

    def __init__(self, session: Session, on_screen: Callable[[], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._on_screen = on_screen
        self.figures: Figures | None = None
        self._document: Document | None = None
        self._wanted: Any = None
        self._task: Task | None = None
        self._next = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._next.timeout.connect(self._go_on)
        session.stagedChanged.connect(self._staged)

    def begin(self, document: Document | None, figures: Figures | None) -> None:
        """Find the figures of this document from now on."""
        self._stop()
        self._document, self.figures, self._wanted = document, figures, None
        self._staged(None)
        self.look()

    def want(self, rows: Any) -> None:
        """Find the figures of these rows (bool [N]) before the rest; None for no wish."""
        self._wanted = rows
        self.look()

    def missing(self) -> int:
        """How many of the rows that were asked for are not settled yet."""
        if self.figures is None or self._wanted is None:
            return 0
        return int((self._wanted & ~self.figures.settled).sum())

    def look(self) -> None:
        """There may be something to do."""
        if self.figures is not None and self._task is None and not self._next.isActive():
            self._next.start()

    def _stop(self) -> None:
        self._next.stop()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _staged(self, _: object) -> None:
        """Values may have changed: their figures are looked for again."""
        document, figures = self._document, self.figures
        if document is not None and figures is not None and document.rows is not figures.state:
            self._stop()
            self.figures = figures.follow(document.rows)
            if self.figures is not figures:
                self._wanted = None
            self.look()

    def _rows(self) -> Any:
        """The rows to work on next, at most a slice of them."""
        import numpy as np

        figures, document = self.figures, self._document
        if figures is None or document is None:
            return ()
        seen = np.asarray(self._on_screen(), np.int64)
        rows = seen[~figures.settled[seen]]
        if not len(rows) and self._wanted is not None:
            rows = np.flatnonzero(self._wanted & ~figures.settled)
        columns = figures.state.columns
        if not len(rows) and len(columns) <= _ALL_ROWS and int(columns.nbytes.sum()) <= _ALL_BYTES:
            rows = np.flatnonzero(~figures.settled)
        return rows[:_SLICE_ROWS]

    def _go_on(self) -> None:
        document, figures, cache = self._document, self.figures, self._session.figure_cache
        rows = self._rows()
        if document is None or figures is None or not len(rows):
            return
        state = figures.state
        import numpy as np

        from ckpt_studio.gui.models.figure_work import work_out
        from ckpt_studio.gui.models.figures import FIGURES

        def done(answer: tuple[Any, Any]) -> None:
            self._task = None
            if figures is self.figures:
                figures.put(*answer)
                self.changed.emit()
                self.look()

        def failed(error: CkptStudioError) -> None:
            """Say so, and do not ask for these rows again."""
            done((rows, np.full((len(rows), len(FIGURES)), np.nan)))
            self._session.trouble(error)

        self._task = self._session.bridge.submit(
            lambda task: work_out(document, state, cache, rows, _SLICE_SECONDS, task),
            done,
            failed,
            owner=self,
            slot="figures",
            may_hang=True,
            quiet=True,
        )
