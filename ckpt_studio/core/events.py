"""Observers without Qt, so that the document and the runner can tell a window or a test what has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Event(Generic[P]):
    """A list of callbacks, called in order in the emitting thread.

    A callback may disconnect itself or others while the event is being emitted.
    """

    __slots__ = ("_callbacks",)

    def __init__(self) -> None:
        self._callbacks: list[Callable[P, object]] = []

    def connect(self, callback: Callable[P, object]) -> None:
        """Call `callback` at each emit from now on."""
        self._callbacks.append(callback)

    def disconnect(self, callback: Callable[P, object]) -> None:
        """Stop calling `callback`; nothing happens if it was not connected."""
        if callback in self._callbacks:
            self._callbacks.remove(callback)

    def emit(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call every callback."""
        for callback in tuple(self._callbacks):
            callback(*args, **kwargs)
