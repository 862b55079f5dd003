"""When a training process counts as hung: only by time in which both processes were there."""

from __future__ import annotations

from ckpt_studio.training.clock import AwakeTime, Clock
from ckpt_studio.training.protocol import SILENCE_SECONDS

TURN = 0.2


class Hours:
    """The time of a machine, which a test lets pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, clock: Clock, seconds: float) -> str | None:
        """Look at the clock all the while; what it says at the end."""
        verdict = None
        for _ in range(round(seconds / TURN)):
            self.now += TURN
            verdict = clock.verdict(saving=False, done=False)
        return verdict


def test_a_silent_process_is_given_up_after_its_time() -> None:
    hours = Hours()
    clock = Clock(30.0, AwakeTime(hours))
    assert hours.pass_by(clock, SILENCE_SECONDS - 1) is None
    clock.heard()
    assert hours.pass_by(clock, SILENCE_SECONDS - 1) is None
    assert "did not answer for 20 seconds" in str(hours.pass_by(clock, 2))


def test_a_pause_of_the_whole_machine_is_nobodys_silence() -> None:
    hours = Hours()
    clock = Clock(30.0, AwakeTime(hours))
    assert hours.pass_by(clock, 5) is None
    hours.now += 3600
    assert hours.pass_by(clock, 5) is None
    assert hours.pass_by(clock, SILENCE_SECONDS) is not None
