"""A path of the command line is opened while the window is still being made. It names no Qt."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.holding import Holding
from ckpt_studio.gui.opening import open_document
from ckpt_studio.gui.warm_up import TO_READ, connect_engine, import_all

if TYPE_CHECKING:
    from ckpt_studio.gui.opening import Offered, Opened

_LOOK_SECONDS: Final = 0.02
"""So often who waits for the answer looks whether to go on."""
_FAREWELL: Final = 1.0
"""Seconds that closing waits for a thread that may hang."""


class Beginning:
    """The opening of one path, on a thread of its own that imports what it needs.

    Attributes:
        path: what is opened.
        holding: where its document is held.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.holding = Holding()
        self._task = Task()
        self._imported, self._over = threading.Event(), threading.Event()
        self._answer: Opened | Offered | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="beginning", daemon=True)
        self._thread.start()

    @property
    def importing(self) -> bool:
        """Whether it still imports: who has to import something too had better wait, for there is one interpreter."""
        return not self._imported.is_set()

    def answer(self, task: Task) -> Opened | Offered:
        """As `open_document`, which is waited for; who asks again has it done again.

        Raises:
            as `open_document`.
        """
        while not self._over.wait(_LOOK_SECONDS):
            task.check()
        answer, error = self._answer, self._error
        self._answer = self._error = None
        if error is not None:
            raise error
        return open_document(self.path, self.holding, task) if answer is None else answer

    def stop(self) -> None:
        """Nobody wants the answer any more."""
        self._task.cancel()

    def close(self) -> None:
        """Stop and let go of the document; who hangs is not waited for."""
        self.stop()
        self._thread.join(_FAREWELL)
        if self._over.is_set():
            self.holding.close()

    def _work(self) -> None:
        try:
            import_all(TO_READ)
            connect_engine()
            self._imported.set()
            self._answer = open_document(self.path, self.holding, self._task)
        except BaseException as error:
            self._error = error
        finally:
            self._imported.set()
            self._over.set()
