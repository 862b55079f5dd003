"""When the runner says that it is there, and when it gives up on a training process that is silent or slow."""

from __future__ import annotations

import time
from typing import Final

from ckpt_studio.training.protocol import BEAT_SECONDS, SILENCE_SECONDS

GRACE_SECONDS: Final = 30.0
"""How long a step may take after Stop."""
TERMINATE_SECONDS: Final = 3.0
"""How long the process may take to end after that, before it is killed."""
EXIT_SECONDS: Final = 10.0
"""How long the process may take to end after its last word."""


class Clock:
    """When to beat, and when the child has been silent or slow for too long."""

    def __init__(self, grace: float) -> None:
        now = time.monotonic()
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
        self._heard = time.monotonic()

    def stop(self) -> None:
        """The child was asked to stop."""
        self._asked = time.monotonic()

    def beat_due(self) -> bool:
        """Whether it is time to say that we are there."""
        now = time.monotonic()
        if now - self._beaten < BEAT_SECONDS:
            return False
        self._beaten = now
        return True

    def verdict(self, *, saving: bool, done: bool) -> str | None:
        """Why the child has to be ended, or None."""
        now = time.monotonic()
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
        return self._ending is not None and time.monotonic() - self._ending > TERMINATE_SECONDS
