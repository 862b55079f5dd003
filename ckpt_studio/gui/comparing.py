"""Compares the session's document with another checkpoint, in the background, and again when an edit changes values."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.compared import Compared

if TYPE_CHECKING:
    from ckpt_studio.analysis.comparison import Comparison, Known
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.core.tensors import TensorSource
    from ckpt_studio.document.staged import StagedView
    from ckpt_studio.formats.base import Checkpoint
    from ckpt_studio.gui.models.difference_rows import DifferenceRows
    from ckpt_studio.gui.session import Session

_FRAME_MS: Final = 33


class Comparing(QObject):
    """One comparison at a time; what is compared with stays when another document is opened.

    Attributes:
        rows: what differs, or None while that is not known.
        task: the comparison that is going on, or None.
        stopped: whether the last comparison was stopped before its end.
    """

    changed = Signal()
    """It began, went on or ended."""
    opened = Signal()
    """The other checkpoint is there, and its values can be looked at."""
    failed = Signal(object)
    """The CkptStudioError that says why the other checkpoint could not be opened."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.rows: DifferenceRows | None = None
        self.task: Task | None = None
        self.stopped = False
        self._opening: Task | None = None
        self._path = ""
        self._checkpoint: Checkpoint | None = None
        self._of: StagedView | None = None
        self._touched: list[Set[str]] = []
        self._frames = QTimer(self, interval=_FRAME_MS)
        self._frames.timeout.connect(self._look)
        session.documentChanged.connect(self._other_document)
        session.stagedChanged.connect(self._staged)

    @property
    def active(self) -> bool:
        """Whether there is something to compare with."""
        return self._checkpoint is not None

    @property
    def opening(self) -> bool:
        """Whether the other checkpoint is being opened."""
        return self._opening is not None

    # ---- what is asked of it

    def start(self, path: str) -> None:
        """Open a checkpoint and compare the document with it; `opened` or `failed` follows."""
        document = self._session.document
        if document is None:
            return
        view, self._path = document.staged, path
        self._opening = self._session.bridge.submit(
            lambda task: _open(path, view),
            self._opened,
            self._open_failed,
            owner=self,
            slot="open",
            label=self.tr("Opening what is compared with"),
            may_hang=True,
        )
        self._frames.start()
        self.changed.emit()

    def end(self) -> None:
        """Compare no more, and let go of the other checkpoint."""
        self._forget()
        self._take(None)
        self._session.set_compared(None)
        self.changed.emit()

    def stop(self) -> None:
        """Stop what goes on; the other checkpoint's values can still be looked at."""
        if self.task is not None:
            self.task.cancel()
            self._over(stopped=True)

    def again(self) -> None:
        """Compare from the beginning."""
        self._forget()
        self._compare()

    # ---- the other checkpoint

    def _opened(self, compared: Compared) -> None:
        self._opening = None
        self._forget()
        self._take(compared.checkpoint)
        self._session.set_compared(compared)
        self.opened.emit()
        self._compare()

    def _take(self, checkpoint: Checkpoint | None) -> None:
        before, self._checkpoint = self._checkpoint, checkpoint
        if before is not None:
            before.close()

    def _open_failed(self, error: CkptStudioError) -> None:
        self._opening = None
        self.failed.emit(error)
        self._rest()

    def _forget(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self.rows = self._of = None
        self._touched = []
        self._over(stopped=False)

    def _other_document(self) -> None:
        """The same checkpoint beside another document."""
        self._forget()
        if self.opening:
            self.start(self._path)
            return
        document, checkpoint = self._session.document, self._checkpoint
        self._session.set_compared(None)
        if document is not None and checkpoint is not None:
            view = document.staged
            self._session.bridge.submit(
                lambda task: _paired(view, checkpoint), self._paired_anew, owner=self, slot="open"
            )

    def _paired_anew(self, compared: Compared) -> None:
        self._session.set_compared(compared)
        self._compare()

    # ---- comparing

    def _staged(self, keys: Set[str]) -> None:
        if self._session.compared is not None:
            self._touched.append(keys)
            self._compare()

    def _compare(self) -> None:
        document, compared = self._session.document, self._session.compared
        if document is None or compared is None:
            return
        view, before, touched = document.staged, self._of, tuple(self._touched)
        known = None if self.rows is None else self.rows.comparison.known

        def work(task: Task) -> tuple[Compared, DifferenceRows]:
            from ckpt_studio.analysis.comparison import compare
            from ckpt_studio.gui.models.difference_rows import DifferenceRows

            now = _kept(compared, view)
            still = {} if before is None or known is None else _still_true(known, before, view, touched)
            found: Comparison = compare(view, now.checkpoint, task, pairs=now.pairs, known=still)
            return now, DifferenceRows.of(found)

        self.task = self._session.bridge.submit(
            work,
            lambda answer: self._done(view, *answer),
            self._compare_failed,
            owner=self,
            slot="compare",
            label=self.tr("Comparing"),
        )
        self.stopped = False
        self._frames.start()
        self.changed.emit()

    def _done(self, view: StagedView, compared: Compared, rows: DifferenceRows) -> None:
        before = self._session.compared
        if before is None or before.checkpoint is not compared.checkpoint:
            return
        self.rows, self._of, self._touched = rows, view, []
        if before.pairs.a.keys is not compared.pairs.a.keys:
            self._session.set_compared(compared)
        self._over(stopped=False)

    def _compare_failed(self, error: CkptStudioError) -> None:
        self._over(stopped=True)
        self._session.trouble(error)

    def _over(self, *, stopped: bool) -> None:
        self.task, self.stopped = None, stopped
        self._rest()

    def _rest(self) -> None:
        if self.task is None and self._opening is None:
            self._frames.stop()
        self.changed.emit()

    def _look(self) -> None:
        """The status bar can stop both, too."""
        if self._opening is not None and self._opening.cancelled:
            self._open_failed(Cancelled())
        elif self.task is not None and self.task.cancelled:
            self._over(stopped=True)
        else:
            self.changed.emit()


def _open(path: str, view: TensorSource) -> Compared:
    from ckpt_studio.formats.registry import open_checkpoint

    return _paired(view, open_checkpoint(path))


def _paired(view: TensorSource, checkpoint: Checkpoint) -> Compared:
    from ckpt_studio.analysis.pairs import Pairs

    return Compared(checkpoint, Pairs.of(view.columns, checkpoint.columns))


def _kept(compared: Compared, view: TensorSource) -> Compared:
    """The same pairs, unless an edit has changed what variables there are."""
    ours = view.columns
    if ours.keys is compared.pairs.a.keys and ours.names is compared.pairs.a.names:
        return replace(compared, pairs=replace(compared.pairs, a=ours))
    return _paired(view, compared.checkpoint)


def _still_true(
    known: Known, before: TensorSource, now: TensorSource, touched: tuple[Set[str], ...]
) -> Known:
    """Answers about values that no edit has changed; frozen marks, say, change none."""
    here = now.columns

    def same(key: str) -> bool:
        if not any(key in keys for keys in touched):
            return True
        return key in here and before.identity(key) == now.identity(key)

    return {keys: answer for keys, answer in known.items() if same(keys[0])}
