"""When the runner says that it is there, and when it gives up on a training process that is silent or slow.

Time in which the whole machine was paused, or both processes were stopped, is nobody's silence and does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from ckpt_studio.training.protocol import BEAT_SECONDS, SILENCE_SECONDS

GRACE_SECONDS: Final = 30.0
"""How long a step may take after Stop."""
TERMINATE_SECONDS: Final = 3.0
"""How long the process may take to end after that, before it is killed."""
EXIT_SECONDS: Final = 10.0
"""How long the process may take to end after its last word."""


_LOOKED_AT_SECONDS: Final = 2.0
"""An `AwakeTime` is looked at far more often than this; what is longer was no time of this process."""


class AwakeTime:
    """Seconds as they pass for a process that looks at them all the time; while it stands still, none do.

    Args:
        now: what else tells the time.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._looked = now()
        self._stood = 0.0

    def __call__(self) -> float:
        """The time."""
        now = self._now()
        self._stood += max(0.0, now - self._looked - _LOOKED_AT_SECONDS)
        self._looked = now
        return now - self._stood


class Clock:
    """When to beat, and when the child has been silent or slow for too long."""

    def __init__(self, grace: float, time: Callable[[], float] | None = None) -> None:
        self._time = time or AwakeTime()
        now = self._time()
        self._grace = grace
        self._beaten = self._heard = now
        self._asked: float | None = None
        self._ending: float | None = None

    @property
    def stopping(self) -> bool:
        """Whether the child was asked to stop."""
        return self._asked is not None

    def heard(self) -> None:
        """The child said something."""
        self._heard = self._time()

    def stop(self) -> None:
        """The child was asked to stop."""
        self._asked = self._time()

    def beat_due(self) -> bool:
        """Whether it is time to say that we are there."""
        now = self._time()
        if now - self._beaten < BEAT_SECONDS:
            return False
        self._beaten = now
        return True

    def verdict(self, *, saving: bool, done: bool) -> str | None:
        """Why the child has to be ended, or None."""
        now = self._time()
        sentence = None
        if now - self._heard > (EXIT_SECONDS if done else SILENCE_SECONDS):
            sentence = f"The training process did not answer for {SILENCE_SECONDS:.0f} seconds and was ended."
        elif saving and self._asked is not None:
            self._asked = now  # a save takes as long as it takes
        elif self._asked is not None and not done and now - self._asked > self._grace:
            sentence = (
                f"The step did not end within {self._grace:.0f} seconds after Stop, so the run was ended."
            )
        if sentence is not None and self._ending is None:
            self._ending = now
        return sentence

    def overdue(self) -> bool:
        """Whether it was asked to end and has not done so in time."""
        return self._ending is not None and self._time() - self._ending > TERMINATE_SECONDS
