"""The campaign of hostile files: workers, what they have done so far, and the report.

State and failing inputs are kept in the folder that `CKPT_STUDIO_FUZZ` names (by default one among the temporary
files), so several sessions, one after the other or side by side, add up. `CKPT_STUDIO_FUZZ_MINUTES` ends a session
early, `CKPT_STUDIO_FUZZ_FORMATS` names some formats only, `CKPT_STUDIO_FUZZ_WORKERS` says how many processes work.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from tests.fuzz.inputs import KINDS, case
from tests.fuzz.worker import Failure, Result

ROOT = Path(__file__).resolve().parents[2]
LEAST_CPU_SECONDS = 4 * 3600.0
_ORDER_SECONDS = 8.0
_SILENT_AFTER = 1800.0
"""Seconds; on a busy machine a worker has to wait for the processor."""


@dataclass
class Done:
    """What was done of one format."""

    next: int = 0
    inputs: int = 0
    opened: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_number: int = -1
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, result: Result) -> list[Failure]:
        """Count a result; returns the failures of a new kind."""
        self.inputs += result.inputs
        self.opened += result.opened
        self.seconds += result.seconds
        if result.slowest > self.slowest:
            self.slowest, self.slowest_number = result.slowest, result.slowest_number
        new = []
        for failure in result.failures:
            if failure.signature in self.failures:
                self.failures[failure.signature]["count"] += failure.count
            else:
                self.failures[failure.signature] = asdict(failure)
                new.append(failure)
        return new


class Ledger:
    """What all sessions together have done, in a file that they share."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    @contextmanager
    def opened(self) -> Iterator[dict[str, Done]]:
        """Read it, and write it back when left; one at a time."""
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            path = self.folder / "state.json"
            raw = json.loads(path.read_text()) if path.exists() else {}
            state = {form: Done(**raw.get(form, {})) for form in KINDS}
            yield state
            new = path.with_suffix(".new")
            new.write_text(json.dumps({form: asdict(done) for form, done in state.items()}, indent=1))
            new.replace(path)

    def take(self, forms: list[str]) -> tuple[str, int, int] | None:
        """The next inputs to be run: of the format that is furthest behind; None where all is done."""
        with self.opened() as state:
            behind = {form: state[form].inputs / KINDS[form].goal for form in forms}
            form = min(forms, key=lambda f: (behind[f], state[f].next))
            enough = sum(done.seconds for done in state.values()) >= LEAST_CPU_SECONDS
            if behind[form] >= 1 and enough:
                return None
            done = state[form]
            each = done.seconds / done.inputs if done.inputs else 0.1
            size = max(20, min(20_000, int(_ORDER_SECONDS / max(each, 1e-4))))
            first, done.next = done.next, done.next + size
            return form, first, first + size

    def add(self, result: Result) -> None:
        """Count a result, and keep the first inputs of each new kind of failure."""
        with self.opened() as state:
            new = state[result.form].add(result)
        for place, failure in enumerate(new):
            for number in failure.numbers[:1]:
                self.keep(failure, number, place)

    def keep(self, failure: Failure, number: int, place: int) -> None:
        """Write a failing input into a folder of its own."""
        folder = self.folder / "failures" / f"{failure.form}-{number}-{place}"
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in case(failure.form, number).files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)
        folder.with_suffix(".txt").write_text(f"{failure.signature}\n\n{failure.text}\n")


class Worker:
    """A worker process, started anew where it died."""

    def __init__(self) -> None:
        self._journal = tempfile.NamedTemporaryFile(prefix="fuzz-")  # noqa: SIM115
        self._journal.write(bytes(8))
        self._journal.flush()
        self._process: subprocess.Popen[str] | None = None

    def run(self, form: str, first: int, stop: int) -> list[Result]:
        """Run inputs; one that takes the process down is a failure, and the rest goes on behind it."""
        results = []
        while first < stop:
            process = self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(f"{form} {first} {stop}\n")
                process.stdin.flush()
                ready, _, _ = select.select([process.stdout], [], [], _SILENT_AFTER)
                line = process.stdout.readline() if ready else ""
            except BrokenPipeError:
                line = ""
            if line:
                raw = json.loads(line)
                failures = [Failure(**failure) for failure in raw.pop("failures")]
                return [*results, Result(**raw, failures=failures)]
            process.kill()
            status = process.wait()
            self._process = None
            number = max(first, int.from_bytes(Path(self._journal.name).read_bytes()[:8], "little"))
            result = Result(form, inputs=number + 1 - first)
            result.fail(number, f"the process died: {status}", f"{form} {number}: exit status {status}")
            results.append(result)
            first = number + 1
        return results

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.worker", self._journal.name],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._process

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait(60)
            self._process = None
        self._journal.close()


def run_session(ledger: Ledger, forms: list[str], seconds: float, workers: int) -> None:
    """Work until all goals are reached, or for so long."""
    end = time.monotonic() + seconds
    trouble: list[BaseException] = []
    guard = Lock()

    def work() -> None:
        worker = Worker()
        try:
            while time.monotonic() < end and not trouble:
                with guard:
                    order = ledger.take(forms)
                if order is None:
                    return
                for result in worker.run(*order):
                    with guard:
                        ledger.add(result)
        except BaseException as error:
            trouble.append(error)
        finally:
            worker.close()

    threads = [Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if trouble:
        raise trouble[0]


def report(ledger: Ledger) -> tuple[str, int]:
    """What all sessions have done, in words; and how many kinds of failures there are."""
    with ledger.opened() as state:
        lines = [
            f"{'format':14}{'inputs':>11}{'of':>11}{'opened':>8}{'CPU s':>9}{'a second':>9}{'slowest':>9}"
        ]
        kinds = 0
        for form, done in state.items():
            rate = done.inputs / done.seconds if done.seconds else 0
            share = done.opened / done.inputs if done.inputs else 0
            lines.append(
                f"{form:14}{done.inputs:11,}{KINDS[form].goal:11,}{share:8.0%}{done.seconds:9.0f}{rate:9.0f}"
                f"{done.slowest:8.2f}s"
            )
            kinds += len(done.failures)
        total = sum(done.seconds for done in state.values())
        lines.append(f"{total / 3600:.2f} CPU hours, {kinds} kinds of failures, kept in {ledger.folder}")
        for form, done in state.items():
            for signature, failure in done.failures.items():
                lines.append(
                    f"  {form}: {signature} ({failure['count']} times, first {failure['numbers'][0]})"
                )
    return "\n".join(lines), kinds


def main() -> int:
    """A session as the environment asks for it; returns how many kinds of failures there are."""
    home = os.environ.get("CKPT_STUDIO_FUZZ") or os.path.join(tempfile.gettempdir(), "ckpt-studio-fuzz")
    ledger = Ledger(Path(home))
    forms = os.environ.get("CKPT_STUDIO_FUZZ_FORMATS", "").replace(",", " ").split() or list(KINDS)
    minutes = float(os.environ.get("CKPT_STUDIO_FUZZ_MINUTES") or "inf")
    run_session(ledger, forms, minutes * 60, int(os.environ.get("CKPT_STUDIO_FUZZ_WORKERS") or 2))
    text, kinds = report(ledger)
    print(text)
    return kinds


if __name__ == "__main__":
    raise SystemExit(1 if main() else 0)
