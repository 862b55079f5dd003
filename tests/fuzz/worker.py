"""Runs inputs in a process of its own, because a reader that fails may take its process along.

`python -m tests.fuzz.worker JOURNAL` reads lines `FORMAT FIRST STOP` and answers each with a line of JSON. The number
of the input under way always stands in JOURNAL, so whoever finds the process dead or silent knows which one it was.
"""

from __future__ import annotations

import faulthandler
import json
import mmap
import os
import resource
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ckpt_studio.formats import files
from tests.fuzz.aimed import visit_aimed
from tests.fuzz.inputs import KINDS, Input, case
from tests.fuzz.room import Room
from tests.fuzz.visit import MOST_SECONDS, Depth, processor, visit

MOST_BYTES = 256 << 20
_HANGS_AFTER = 8.0
_DIES_AFTER = 120.0
_KEPT = 3
_WHOLE = 32
"""One of so many inputs goes the whole way."""


class Hangs(BaseException):
    """Raised in an input that does not come to an end; no reader's `except` may swallow it."""


@dataclass
class Failure:
    """One input that went wrong.

    Attributes:
        signature: what went wrong and where, the same for inputs that fail for one reason.
        text: for a person.
        count: how many there were of this signature.
        numbers: the first of them.
    """

    form: str
    signature: str
    text: str
    count: int = 0
    numbers: list[int] = field(default_factory=list)


@dataclass
class Result:
    """What came of some inputs.

    Attributes:
        seconds: of the processor, for making the inputs and for reading them.
        slowest: seconds of the one whose reading took longest.
    """

    form: str
    inputs: int = 0
    opened: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_number: int = -1
    failures: list[Failure] = field(default_factory=list)

    def fail(self, number: int, signature: str, text: str) -> None:
        """Count a failure."""
        found = next((f for f in self.failures if f.signature == signature), None)
        if found is None:
            found = Failure(self.form, signature, text)
            self.failures.append(found)
        found.count += 1
        if len(found.numbers) < _KEPT:
            found.numbers.append(number)


def run(form: str, given: Input, room: Room, depth: Depth) -> tuple[bool, str, str]:
    """Visit one input. Returns whether it opened, and signature and text of what is wrong ("" where nothing is)."""
    threads, descriptor = threading.active_count(), _next_descriptor()
    opened: bool | None = None
    before = None
    try:
        if depth == Depth.aimed:
            opened = visit_aimed(form, given, room)
        if opened is None:
            room.fill(given.files, id(given.seed))
            before = room.look()
            opened = visit(os.path.join(room.path, given.name).rstrip(os.sep), max(depth, Depth.glance))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return bool(opened), _signature(error), "".join(traceback.format_exception(error))
    if _next_descriptor() != descriptor:
        return opened, "a file is left open", f"{form}: a file is left open"
    if threading.active_count() != threads:
        return opened, "a thread is left running", f"{form}: a thread is left running"
    if before is not None and not room.is_untouched(before):
        return opened, "files were written", f"{form}: the folder holds {sorted(os.listdir(room.path))}"
    return opened, "", ""


def _next_descriptor() -> int:
    number = os.dup(0)
    os.close(number)
    return number


def _signature(error: BaseException) -> str:
    """The kind of an error and the last of our lines that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "ckpt_studio" in frame.filename] or frames
    where = f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else "nowhere"
    text = "" if where.startswith("nowhere") else str(error)[:40] if type(error).__name__ == "Wrong" else ""
    return f"{type(error).__name__} in {where} {text}".strip()


@contextmanager
def limits() -> Iterator[None]:
    """Warnings are errors; memory, and the time of one input, are bounded."""
    pause, files._PAUSE = files._PAUSE, 0.0  # nothing rewrites these files, so nothing need be waited for
    used = _data_bytes()
    signal.signal(signal.SIGVTALRM, _hangs)
    old = resource.getrlimit(resource.RLIMIT_DATA)
    if used:
        resource.setrlimit(resource.RLIMIT_DATA, (used + MOST_BYTES, old[1]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        files._PAUSE = pause
        resource.setrlimit(resource.RLIMIT_DATA, old)


def _hangs(*_: object) -> None:
    raise Hangs(f"more than {_HANGS_AFTER:.0f} s of the processor")


def _data_bytes() -> int:
    """Private writable memory of this process, which is what the limit counts; 0 where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmData")), 0)


def depth_of(form: str, number: int) -> Depth:
    """Most inputs only go to the parser that they are aimed at; of the others, most are only opened and listed."""
    if form == "sstable":
        return Depth.aimed
    if form == "hdf5":
        return Depth.verify if number % 4 == 0 else Depth.look
    if form == "keras":  # a process has to be asked for what is in its HDF5 file
        return Depth.verify if number % 1000 == 7 else Depth.aimed
    if number % _WHOLE:
        return Depth.aimed
    return (Depth.verify, Depth.glance, Depth.look, Depth.glance)[number // _WHOLE % 4]


def run_many(form: str, first: int, stop: int, room: Room, journal: mmap.mmap | None = None) -> Result:
    """Visit the inputs `first` to `stop` of a format."""
    result = Result(form)
    armed = -_DIES_AFTER
    for number in range(first, stop):
        if journal is not None:
            journal[:8] = number.to_bytes(8, "little")
        if time.monotonic() - armed > _DIES_AFTER / 8:
            armed = time.monotonic()
            faulthandler.dump_traceback_later(_DIES_AFTER, exit=True)
        signal.setitimer(signal.ITIMER_VIRTUAL, _HANGS_AFTER)
        began = processor()
        given = case(form, number)
        started = processor()
        opened, signature, text = run(form, given, room, depth_of(form, number))
        ended = processor()
        seconds = ended - started
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if not signature and seconds > MOST_SECONDS * (4 if form == "hdf5" else 1):
            signature, text = f"slow: {form}", f"{form}: {seconds:.1f} s of the processor"
        if signature:
            result.fail(number, signature, text)
        result.inputs += 1
        result.opened += opened
        result.seconds += ended - began
        if seconds > result.slowest:
            result.slowest, result.slowest_number = seconds, number
    faulthandler.cancel_dump_traceback_later()
    return result


def main(journal_path: str) -> None:
    """Answer orders from standard input until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    faulthandler.enable()
    room = Room()
    with open(journal_path, "r+b") as file, mmap.mmap(file.fileno(), 8) as journal:
        try:
            for form in KINDS:
                run_many(
                    form, 0, 20 if KINDS[form].goal > 10_000 else 1, room
                )  # what is imported late counts before the limits
            with limits():
                for line in sys.stdin:
                    form, first, stop = line.split()
                    answer = run_many(form, int(first), int(stop), room, journal)
                    print(json.dumps(asdict(answer)), file=answers, flush=True)
        finally:
            room.close()


if __name__ == "__main__":
    main(sys.argv[1])
