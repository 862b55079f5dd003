"""A process that saves, forks a child for each save, and lets strace kill it or fail its system calls at a chosen one.

As a script it is the server: it has everything imported, so that a child costs milliseconds, and its counted system
calls begin with the save. `Victim` is the tests' side of it.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

WRITTEN, REFUSED, BROKEN = 0, 3, 4
"""Exit status of a child: it said "Written", it said why not, or it raised what it must not raise."""

_PR_SET_PTRACER = 0x59616D61
_SHUTDOWN = 0x8004587D
"""XFS_IOC_GOINGDOWN and EXT4_IOC_SHUTDOWN."""
_NO_LOG_FLUSH = (2).to_bytes(4, sys.byteorder)


class Victim:
    """The server, started; one save at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.formats.save_victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parent.parent.parent,
        )

    def save(self, job: dict[str, Any], calls: str = "", fault: str = "", when: int = 0) -> tuple[int, bool]:
        """Do a save; `fault` (`signal=KILL`, `error=ENOSPC`) hits the `when`-th of the system calls `calls`.

        Returns:
            The exit status, negative for a signal; and whether there were so many calls that it was hit.
        """
        pid = int(self._ask(job))
        if not fault:
            return int(self._ask("go")), False
        trace = Path(job["home"]) / "trace"
        threads = ["-f"] if "journal" in job else []
        strace = subprocess.Popen(
            ["strace", *threads, "-qq", "-o", trace, "-e", f"trace=/{calls}",
             "-e", f"inject=/{calls}:{fault}:when={when}", "-p", str(pid)],
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        with strace:
            self._wait_until_traced(pid, strace)
            status = int(self._ask("go"))
            strace.wait(10)
        return status, status < 0 or "(INJECTED)" in trace.read_text(errors="replace")

    def _wait_until_traced(self, pid: int, strace: subprocess.Popen[str]) -> None:
        while "TracerPid:\t0" in Path(f"/proc/{pid}/status").read_text():
            if strace.poll() is not None:
                assert strace.stderr is not None
                raise RuntimeError(strace.stderr.read())

    def _ask(self, what: Any) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def close(self) -> None:
        """End the server."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


def _ready(job: dict[str, Any]) -> Callable[[], object]:
    """The save, with everything read that is read before it."""
    if "journal" in job:
        return _keeping(job)
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.patch import load_patch
    from ckpt_studio.document.saving import write_document
    from ckpt_studio.formats.registry import open_checkpoint
    from ckpt_studio.formats.writing import WriteOptions

    document = Document(open_checkpoint(job["source"]))
    for edit in load_patch(job["patch"]).edits(document):
        document.do(edit)
    options = WriteOptions(job["sharing"], overwrite=job["overwrite"], shard_size=job["shard_size"])
    if "pull" in job:
        _pull(*job["pull"])
    if "short" in job:
        _write_at_most(job["short"])
    return lambda: write_document(document, job["prefix"], options)


def _keeping(job: dict[str, Any]) -> Callable[[], object]:
    """Edits that are kept in a journal one by one."""
    from ckpt_studio.core.errors import SaveFault
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.edits.marks import Freeze
    from ckpt_studio.document.journal import Journal
    from ckpt_studio.formats.tf_bundle.bundle import open_bundle

    base = open_bundle(job["source"])

    def keep() -> None:
        journal = Journal(base)
        document = Document(base, journal)
        for key in job["journal"]:
            document.do(Freeze((key,)))
            journal.flush()
        document.close()
        if journal.fault is not None:
            raise SaveFault(journal.fault)

    return keep


def _write_at_most(size: int) -> None:
    """Let the system take no more than so many bytes at once, as it may at any time."""
    write, copy = os.write, os.copy_file_range
    os.write = lambda fd, data: write(fd, memoryview(data)[:size])
    os.copy_file_range = lambda source, target, count, *more: copy(source, target, min(size, count), *more)


def _pull(folder: str, place: int, told: str) -> None:
    """Let the file system of a folder go down right before one of the calls that change something; say so in a file."""
    disk, left = os.open(folder, os.O_RDONLY), count(place, -1)
    note = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*args: Any, **more: Any) -> Any:
            if next(left) == 1:
                fcntl.ioctl(disk, _SHUTDOWN, _NO_LOG_FLUSH)
                write(note, b"pulled")
            return call(*args, **more)

        return changed

    write = os.write
    for name in ("open", "write", "fsync", "link", "unlink", "rename", "replace", "mkdir", "copy_file_range"):
        setattr(os, name, counted(getattr(os, name)))


def _child(job: dict[str, Any], ready: int, go: int) -> None:
    from ckpt_studio.core.errors import CkptStudioError

    status = BROKEN
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, -1, 0, 0, 0)
        save = _ready(job)
        os.write(ready, b"!")
        os.read(go, 1)
        save()
        status = WRITTEN
    except CkptStudioError:
        status = REFUSED
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _serve() -> None:
    def answer(number: int) -> None:
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()

    from ckpt_studio.core.resources import home_folder

    for line in sys.stdin:
        job = json.loads(line)
        os.environ["CKPT_STUDIO_HOME"] = job["home"]
        home_folder.cache_clear()
        if job.get("warm"):  # everything that is imported late is imported before the first fork
            _ready(job)()
        (is_ready, ready), (receive, send) = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            _child(job, ready, receive)
        os.close(ready)
        os.close(receive)
        os.read(is_ready, 1)
        os.close(is_ready)
        answer(pid)
        sys.stdin.readline()
        os.write(send, b"!")
        os.close(send)
        answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    _serve()
