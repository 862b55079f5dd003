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
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ckpt_studio.formats import files
from tests.fuzz.inputs import KINDS, Files, Input, case
from tests.fuzz.visit import MOST_SECONDS, Depth, processor, visit, visit_archive, visit_table

MOST_BYTES = 256 << 20
_HANGS_AFTER = 8.0
_DIES_AFTER = 120.0
_KEPT = 3
_SOUND_VALUES = frozenset({"object_graph", "meta", "state", "saved_model"})
"""Formats whose inputs hold values that nobody touched, or hardly ever."""
_MEMORY = "/dev/shm"


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
    """What came of some inputs."""

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


class Room:
    """One folder in memory, whose files are rewritten for each input; it notices what else appears in it."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(prefix="fuzz-", dir=_MEMORY if os.path.isdir(_MEMORY) else None)
        self._seen: dict[str, tuple[int, int]] = {}

    def fill(self, files: Files) -> None:
        """Let the folder hold these files and nothing else."""
        for name in self._look():
            if name not in files:
                os.unlink(os.path.join(self.path, name))
        for name, data in files.items():
            path = os.path.join(self.path, name)
            if "/" in name:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        self._seen = self._look()

    def _look(self, below: str = "") -> dict[str, tuple[int, int]]:
        """Size and time of every file; a folder that was left empty is taken away."""
        found: dict[str, tuple[int, int]] = {}
        with os.scandir(os.path.join(self.path, below)) as scan:
            for entry in scan:
                if entry.is_dir():
                    inner = self._look(f"{below}{entry.name}/")
                    found.update(inner)
                    if not inner:
                        os.rmdir(entry.path)
                else:
                    status = entry.stat()
                    found[f"{below}{entry.name}"] = (status.st_size, status.st_mtime_ns)
        return found

    def is_untouched(self) -> bool:
        """Whether no file was written, made or taken away."""
        return self._look() == self._seen

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path)


def run(form: str, given: Input, room: Room, depth: Depth) -> tuple[bool, str, str]:
    """Visit one input. Returns whether it opened, and signature and text of what is wrong ("" where nothing is)."""
    room.fill(given.files)
    path = os.path.join(room.path, given.name) if given.name else room.path
    threads, descriptor = threading.active_count(), _next_descriptor()
    opened = False
    try:
        if form == "sstable":
            opened = visit_table(path)
        elif form == "keras" and depth < Depth.verify:
            opened = visit_archive(path)
        else:
            opened = visit(path, depth)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return opened, _signature(error), "".join(traceback.format_exception(error))
    if _next_descriptor() != descriptor:
        return opened, "a file is left open", f"{form}: a file is left open"
    if threading.active_count() != threads:
        return opened, "a thread is left running", f"{form}: a thread is left running"
    if not room.is_untouched():
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
    files._PAUSE = 0.0  # nothing rewrites these files, so nothing need be waited for
    used = _data_bytes()
    signal.signal(signal.SIGVTALRM, _hangs)
    old = resource.getrlimit(resource.RLIMIT_DATA)
    if used:
        resource.setrlimit(resource.RLIMIT_DATA, (used + MOST_BYTES, old[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
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
    """Most inputs are only opened and listed; reading every value of each would cost most of the time."""
    if form == "keras":
        return Depth.verify if number % 1000 == 7 else Depth.look
    if form == "hdf5":
        return Depth.verify if number % 4 == 0 else Depth.look
    if form in _SOUND_VALUES:
        return Depth.verify if number % 64 == 0 else Depth.look if number % 16 == 0 else Depth.open
    return Depth.verify if number % 16 == 0 else Depth.look if number % 4 == 0 else Depth.glance


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
        given = case(form, number)
        started = processor()
        opened, signature, text = run(form, given, room, depth_of(form, number))
        seconds = processor() - started
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if not signature and seconds > MOST_SECONDS * (4 if form == "hdf5" else 1):
            signature, text = f"slow: {form}", f"{form}: {seconds:.1f} s of the processor"
        if signature:
            result.fail(number, signature, text)
        result.inputs += 1
        result.opened += opened
        result.seconds += seconds
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
