"""Turns the way a training process ended into a sentence for a person."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path

from ckpt_studio.training.events import Cause

LAST_LINES = 20
"""How many lines of the log a person is shown."""
_READ_LINES = 1000
_LOG_TAIL = 1 << 16
_CHECK = re.compile(
    r"Check failed:|CHECK failed|terminate called|what\(\):|assertion .* failed", re.IGNORECASE
)
_MEMORY = re.compile(
    r"bad_alloc|out of memory|ResourceExhausted|OOM when allocating|Cannot allocate memory", re.IGNORECASE
)
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]+: ?")
_SHOWN = 300
_CRASHES = ("Fatal Python error:", "Timeout (0:")
"""How faulthandler begins."""
_NOISE = ("oneDNN custom operations are on", "before absl::InitializeLog()")
"""What TensorFlow says at every start."""


def tail(path: Path) -> tuple[str, ...]:
    """The end of a log, a line each, oldest first; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _LOG_TAIL))
            text = file.read(_LOG_TAIL).decode("utf-8", "replace")
    except OSError:
        return ()
    return lines_of(text)


def lines_of(text: str) -> tuple[str, ...]:
    """The last lines of a text that say something."""
    kept = (line for line in text.splitlines() if line.strip() and not any(noise in line for noise in _NOISE))
    said = [line.rstrip()[:_SHOWN] for line in kept]
    return tuple(said[-_READ_LINES:])


def shown(lines: Sequence[str]) -> tuple[str, ...]:
    """What a person is shown of them: the last ones, without the stacks of all threads that follow a crash."""
    end = next((at + 1 for at, line in enumerate(lines) if line.startswith(_CRASHES)), len(lines))
    return tuple(lines[max(0, end - LAST_LINES) : end])


def oom_kills() -> int:
    """How many processes the kernel has ended for want of memory since it started; 0 where it does not say."""
    try:
        for line in Path("/proc/vmstat").read_text("ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0


def of_exit(status: int | None, lines: Sequence[str], *, oom_killed: bool) -> tuple[Cause, str]:
    """Cause and sentence of a process that ended without saying why.

    Args:
        status: exit status, negative for a signal.
        lines: the end of its log.
        oom_killed: whether the kernel ended a process for want of memory meanwhile.
    """
    number = -status if status is not None and status < 0 else 0
    if number == signal.SIGABRT:
        return _abort(lines)
    if number in (signal.SIGSEGV, getattr(signal, "SIGBUS", 0)):
        return (
            Cause.segfault,
            "The training process crashed (segmentation fault) inside TensorFlow or a library of it.",
        )
    if number == getattr(signal, "SIGKILL", -1):
        if oom_killed:
            return Cause.out_of_memory, (
                "The system ended the training process because memory ran out; "
                "use a smaller batch or close other programs."
            )
        return Cause.killed, "The training process was killed by another program or by the system."
    if number:
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        return Cause.killed, f"The training process was ended by the signal {name}."
    if any(line.startswith("Timeout (0:") for line in lines):  # faulthandler's word
        return Cause.hung, "The training process was stuck: it did not answer and ended itself."
    if any(_MEMORY.search(line) or "MemoryError" in line for line in lines):
        return Cause.out_of_memory, "The training process ran out of memory; use a smaller batch."
    said = f": {lines[-1]}" if lines else ""
    return (
        Cause.exception,
        f"The training process ended with exit status {status} and without saying why{said}",
    )


def _abort(lines: Sequence[str]) -> tuple[Cause, str]:
    if any(_MEMORY.search(line) for line in lines):
        return Cause.out_of_memory, "The training process ran out of memory; use a smaller batch."
    checks = [_STAMP.sub("", line) for line in lines if _CHECK.search(line)]
    if checks:
        return Cause.abort, f"TensorFlow aborted: {checks[-1]}"
    return Cause.abort, "The training process aborted inside TensorFlow or a library of it."


def place_in_recipe(said: object, recipe: str | None) -> str:
    """Where a recipe failed, `FILE:LINE`: a file of its folder, whatever the training process calls it; else ""."""
    file, _, line = said.rpartition(":") if isinstance(said, str) else ("", "", "")
    if recipe is None or not file.endswith(".py") or not line.isdecimal() or "\n" in file:
        return ""
    inside = Path(file).resolve().is_relative_to(Path(recipe).resolve().parent)
    return f"{file}:{line}" if inside else ""
