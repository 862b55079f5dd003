"""The one door from background threads to the window: work goes out on plain threads, answers come in as signals.

Own threads, a queue and one queued signal; no QRunnable, whose lifetime is a known source of crashes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal, Slot

from ckpt_studio.core.errors import Cancelled, CkptStudioError, InternalFault
from ckpt_studio.core.tasks import Task

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Request:
    work: Callable[[Task], Any]
    done: Callable[[Any], object]
    failed: Callable[[CkptStudioError], object] | None
    task: Task
    slot: tuple[int, str] | None
    owner: QObject | None
    answer: Any = None
    error: CkptStudioError | None = None


class Bridge(QObject):
    """Runs work on background threads and delivers each answer in the GUI thread.

    A request with a `slot` supersedes the one before it in that slot: the older is cancelled, and its answer is never
    delivered. Nothing is delivered to an `owner` that no longer exists.
    """

    _answered = Signal(object)
    failure = Signal(object)
    """A CkptStudioError that no `failed` callback was given for."""
    started = Signal()
    """Something was submitted."""
    idle = Signal()
    """Nothing is queued, running or undelivered any more."""

    def __init__(self, parent: QObject | None = None, threads: int = 2) -> None:
        super().__init__(parent)
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._newest: dict[tuple[int, str], _Request] = {}
        self._open: set[_Request] = set()
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._threads = [
            threading.Thread(target=self._serve, name=f"bridge-{n}", daemon=True) for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self,
        work: Callable[[Task], T],
        done: Callable[[T], object],
        failed: Callable[[CkptStudioError], object] | None = None,
        *,
        owner: QObject | None = None,
        slot: str = "",
        label: str = "",
    ) -> Task:
        """Call `work(task)` on a background thread, then `done(answer)` or `failed(error)` in the GUI thread.

        Must be called in the GUI thread. Cancelled work is not delivered at all. With a `slot`, a newer request of the
        same owner and slot takes the place of this one. The returned task cancels it and shows its progress.
        """
        place = (id(owner), slot) if slot else None
        request = _Request(work, done, failed, Task(label), place, owner)
        if place is not None:
            older = self._newest.get(place)
            if older is not None:
                older.task.cancel()
            self._newest[place] = request
        self._open.add(request)
        self._queue.put(request)
        self.started.emit()
        return request.task

    @property
    def busy(self) -> bool:
        """Whether anything is queued, running or undelivered."""
        return bool(self._open)

    def tasks(self) -> list[Task]:
        """Tasks that are queued or running, for a progress display."""
        return [request.task for request in self._open if not request.task.cancelled]

    def close(self, timeout: float = 5.0) -> None:
        """Cancel everything and wait for the threads."""
        for request in tuple(self._open):
            request.task.cancel()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout)
        self._open.clear()
        self._newest.clear()

    def _serve(self) -> None:
        while (request := self._queue.get()) is not None:
            try:
                request.task.check()
                request.answer = request.work(request.task)
            except CkptStudioError as error:
                request.error = error
            except MemoryError:
                request.error = CkptStudioError(
                    "There is not enough memory for this; close other programs first."
                )
            except Exception as error:
                fault = InternalFault(f"Ckpt Studio made a mistake: {type(error).__name__}: {error}.")
                fault.__cause__ = error
                request.error = fault
            self._answered.emit(request)
            del request

    @Slot(object)
    def _deliver(self, request: _Request) -> None:
        self._open.discard(request)
        if request.slot is not None and self._newest.get(request.slot) is request:
            del self._newest[request.slot]
        gone = request.owner is not None and not shiboken6.isValid(request.owner)
        if not gone and not request.task.cancelled and not isinstance(request.error, Cancelled):
            if request.error is None:
                request.done(request.answer)
            elif request.failed is not None:
                request.failed(request.error)
            else:
                self.failure.emit(request.error)
        if not self._open:
            self.idle.emit()
