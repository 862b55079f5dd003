"""One thread finds a thing out, and others that want to know the same meanwhile wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from ckpt_studio.core.tasks import UNTENDED, Task

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_LOOK_SECONDS: Final = 0.02
"""So often who waits looks whether to go on."""


class _UnderWay(Generic[V]):
    """What a thread is finding out; `found` is empty until then, and stays so where that failed."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.found: list[V] = []


class Once(Generic[K, V]):
    """What is being found out just now. May be used by several threads."""

    def __init__(self) -> None:
        self._under_way: dict[K, _UnderWay[V]] = {}
        self._starting = threading.Lock()

    def find(self, what: K, find: Callable[[], V], task: Task = UNTENDED) -> V:
        """What `find` answers, or what another thread does that is looking for the same just now.

        Raises:
            whatever `find` raises, and Cancelled.
        """
        while True:
            with self._starting:
                other = self._under_way.get(what)
                if other is None:
                    mine = self._under_way[what] = _UnderWay()
            if other is None:
                try:
                    mine.found.append(find())
                    return mine.found[0]
                finally:
                    with self._starting:
                        del self._under_way[what]
                    mine.over.set()
            while not other.over.wait(_LOOK_SECONDS):
                task.check()
            if other.found:  # else it was stopped, or failed, which is not for us to take over
                return other.found[0]
