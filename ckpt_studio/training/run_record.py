"""Remembers which runs go on, so that what a run leaves when its window is killed is swept at the next start.

One file a run in `home_folder()/runs`, locked by the process that owns the run. A record that nobody holds belongs to a
run that was lost. Runs that wait (`training.waiting`) have one too, which says behind which others.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ckpt_studio.core.locks import FileLock, LockTaken
from ckpt_studio.core.resources import home_folder
from ckpt_studio.training.events import Outcome, RunState, to_json
from ckpt_studio.training.run_folder import RunFolder

_RECORD_BYTES: Final = 1 << 16
_END_BYTES: Final = 1 << 16


def runs_folder() -> Path:
    """Where the records lie."""
    return home_folder() / "runs"


class RunRecord:
    """The record of one run. Where it cannot be written the run goes on without: it only helps after a kill.

    Args:
        folder: the run's folder.
        attended: whether it ends with the window that started it.
        behind: where the run waits, the folders of those that it waits for.
    """

    def __init__(
        self, folder: RunFolder, *, attended: bool = False, behind: tuple[str, ...] | None = None
    ) -> None:
        name = f"{time.time_ns():020}-{secrets.token_hex(4)}.json"  # so they are in order
        self._path = runs_folder() / name
        self._lock: FileLock | None = None
        self._said: dict[str, Any] = {"folder": str(folder.path), "pid": os.getpid()}
        if behind is not None:
            self._said["behind"] = behind
        with suppress(OSError, LockTaken):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, wait=True)
        self.note(attended)

    def note(self, attended: bool) -> None:
        """Write down whether it still ends with its window."""
        self._write(attended=attended)

    @property
    def taken_away(self) -> bool:
        """Whether somebody deleted it, who does not want the run any more."""
        return self._lock is not None and os.fstat(self._lock.fd).st_nlink == 0

    def leave(self, message: str) -> None:
        """The run did not begin: leave a sentence for the next window."""
        self._write(message=message)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def close(self) -> None:
        """The run is over and its folder is swept."""
        if self._lock is not None:
            with suppress(OSError):
                self._path.unlink()
            self._lock.close()
            self._lock = None

    def _write(self, **said: object) -> None:
        if self._lock is None or said.items() <= self._said.items():
            return
        self._said |= said
        with suppress(OSError):  # in one call and never shorter than before: whoever reads finds all of it
            os.pwrite(self._lock.fd, json.dumps(self._said).encode() + b" ", 0)


def going_on() -> dict[str, int]:
    """Folders of the runs that some process owns, and its process id."""
    return {said["folder"]: said["pid"] for _, said in _held() if "behind" not in said}


def kept_runs() -> tuple[str, ...]:
    """Folders of the runs that go on without a window."""
    return tuple(said["folder"] for _, said in _held() if "behind" not in said and not said["attended"])


def runs_held() -> frozenset[str]:
    """Folders of the runs that go on or wait."""
    return frozenset(said["folder"] for _, said in _held())


def runs_behind(folder: str) -> tuple[str, ...]:
    """Folders of the runs that wait for one, or began when it was over, in their order."""
    return tuple(said["folder"] for _, said in _held() if folder in said.get("behind", ()))


def take_away(folder: str) -> None:
    """Let a run that waits never begin."""
    for record, said in _held():
        if "behind" in said and said["folder"] == folder:
            with suppress(OSError):
                record.unlink()


def not_begun() -> tuple[str, ...]:
    """Why runs that waited did not begin, a sentence each; told once."""
    found = []
    for record, said in _left():
        if "behind" in said:
            gone = f"The run that waited to begin in {said['folder']} did not: what held it is gone."
            found.append(str(said.get("message", gone)))
            with suppress(OSError):
                record.unlink()
    return tuple(found)


def _held() -> Iterator[tuple[Path, dict[str, Any]]]:
    """The records that some process holds, oldest first."""
    with suppress(OSError):
        for record in sorted(runs_folder().glob("*.json")):
            with suppress(OSError, ValueError, KeyError, TypeError):
                try:
                    FileLock(record, os.O_RDWR).close()
                except LockTaken:
                    yield record, _parsed(record.read_bytes()[:_RECORD_BYTES])


def _left() -> Iterator[tuple[Path, dict[str, Any]]]:
    """The records that no process holds, oldest first, each held until the next one is asked for."""
    with suppress(OSError):
        for record in sorted(runs_folder().glob("*.json")):
            with (
                suppress(OSError, LockTaken, ValueError, KeyError, TypeError),
                FileLock(record, os.O_RDWR) as lock,
            ):
                yield record, _parsed(os.pread(lock.fd, _RECORD_BYTES, 0))


def _parsed(raw: bytes) -> dict[str, Any]:
    """What a record says, its fields as they must be."""
    said = json.loads(raw)
    told = {"folder": str(said["folder"]), "pid": int(said["pid"]), "attended": said.get("attended") is True}
    if "behind" in said:
        told["behind"] = tuple(map(str, said["behind"]))
    return told | ({"message": str(said["message"])} if "message" in said else {})


def owner_of(folder: RunFolder) -> int | None:
    """The process that owns the run of a folder, None where nobody does."""
    return going_on().get(str(folder.path))


def sweep_lost_runs() -> list[str]:
    """Sweep the folders of runs whose owner is gone, and say `lost` in their events; their paths."""
    swept: list[str] = []
    for record, said in _left():
        if "behind" in said:
            continue  # `not_begun` tells of it
        folder = RunFolder(said["folder"])
        with suppress(OSError):
            if folder.job.is_file() or folder.work.is_dir():
                folder.sweep()
                _say_lost(folder)
                swept.append(str(folder.path))
            record.unlink()
    return swept


def _say_lost(folder: RunFolder) -> None:
    """End the run's events where its owner could not."""
    if folder.events.is_symlink() or not folder.events.is_file():  # the run could write here: follow nothing
        return
    with folder.events.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END_BYTES))
        lines = file.read().splitlines()
        if lines and b'"event": "end"' in lines[-1]:
            return
        message = "Ckpt Studio was ended while the run went on, and the run ended with it."
        outcome = Outcome(RunState.lost, None, message, folder.newest(), None)
        file.write(b"\n" * bool(lines and not _complete(lines[-1])))
        file.writelines(json.dumps(line).encode() + b"\n" for line in to_json(outcome))


def _complete(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
