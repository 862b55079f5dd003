"""How much work something is, as a number that is the same on every machine: seconds belong to the benchmarks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_EVENTS = frozenset({"call", "c_call"})


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Fails where more functions are called, Python's and C's, in this thread. It costs as much again as
    the work itself: for a few hundred thousand calls.
    """
    count = 0

    def note(_: FrameType, event: str, __: Any) -> None:
        nonlocal count
        count += event in _EVENTS

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)
    assert count <= calls, f"{count:,} calls of functions, which is more work than {calls:,}"
