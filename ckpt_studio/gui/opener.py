"""Opens one path at a time for the session, and says so when that takes long: a network that is gone never answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.gui.holding import Holding
from ckpt_studio.gui.opening import open_document
from ckpt_studio.gui.texts import visible
from ckpt_studio.gui.trouble import Trouble

if TYPE_CHECKING:
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.gui.beginning import Beginning
    from ckpt_studio.gui.bridge import Bridge

PATIENCE_MS: Final = 2000
"""Opening that takes longer is told, and can be stopped."""


class Opener(QObject):
    """A newer path takes the place of an older one."""

    answered = Signal(str, object)
    """Path, and an Opened or Offered."""
    failed = Signal(str, object)
    """Path, and the CkptStudioError."""
    stopped = Signal(str)
    """A person does not want to wait for this path any more."""
    slow = Signal(object)
    """A Trouble: it takes long."""
    retracted = Signal(object)
    """That Trouble is over."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.holding = Holding()
        self._begun: Beginning | None = None
        self._task: Task | None = None
        self._path = ""
        self._trouble: Trouble | None = None
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._tell_slow)

    @property
    def busy(self) -> bool:
        """Whether a path is being opened."""
        return self._task is not None

    def go_on(self, begun: Beginning) -> None:
        """Take over what is being opened already, if nothing was opened before: `open` of its path waits for it."""
        self._begun, self.holding = begun, begun.holding

    def open(self, path: str) -> None:
        """Open a path in the background."""
        self._end()
        self._path = path
        if self._begun is not None and self._begun.path != path:
            self._begun.stop()
            self._begun = None
        begun = self._begun
        self._task = self._bridge.submit(
            lambda task: open_document(path, self.holding, task) if begun is None else begun.answer(task),
            self._answer,
            self._fail,
            owner=self,
            slot="open",
            label=self.tr("Opening"),
            may_hang=True,
        )
        self._patience.start()

    def close(self) -> None:
        """Let go of all documents."""
        if self._begun is not None:
            self._begun.close()
        self.holding.close()

    def _end(self) -> None:
        """Nothing is being opened any more, and nothing said about it holds."""
        self._task = None
        self._patience.stop()
        if self._trouble is not None:
            self.retracted.emit(self._trouble)
            self._trouble = None

    def _answer(self, answer: object) -> None:
        self._end()
        self.answered.emit(self._path, answer)

    def _fail(self, error: CkptStudioError) -> None:
        self._end()
        self.failed.emit(self._path, error)

    def _tell_slow(self) -> None:
        sentence = self.tr("%1 is still being opened: its disk or network is slow, or does not answer.")
        self._trouble = Trouble(
            sentence.replace("%1", visible(self._path)), self.tr("Cancel"), self._stop, grave=False
        )
        self.slow.emit(self._trouble)

    def _stop(self) -> None:
        """What hangs is left to itself."""
        if self._task is not None:
            self._task.cancel()
            if self._begun is not None:
                self._begun.stop()
                self._begun = None
            self._end()
            self.stopped.emit(self._path)
