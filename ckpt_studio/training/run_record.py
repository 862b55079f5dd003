"""Remembers which runs go on, so that what a run leaves when its window is killed is swept at the next start.

One file a run in `home_folder()/runs`, locked by the process that owns the run. A record that nobody holds belongs to a
run that was lost.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

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
    """

    def __init__(self, folder: RunFolder, *, attended: bool = False) -> None:
        self._path = runs_folder() / f"{secrets.token_hex(8)}.json"
        self._lock: FileLock | None = None
        self._folder = folder
        self._attended: bool | None = None
        with suppress(OSError, LockTaken):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, wait=True)
        self.note(attended)

    def note(self, attended: bool) -> None:
        """Write down whether it still ends with its window."""
        if self._lock is None or attended == self._attended:
            return
        self._attended = attended
        said = {"attended": attended, "folder": str(self._folder.path), "pid": os.getpid()}
        with suppress(OSError):  # in one call and never shorter than before: whoever reads finds all of it
            os.pwrite(self._lock.fd, json.dumps(said).encode() + b" ", 0)

    def close(self) -> None:
        """The run is over and its folder is swept."""
        if self._lock is not None:
            with suppress(OSError):
                self._path.unlink()
            self._lock.close()
            self._lock = None


def going_on() -> dict[str, int]:
    """Folders of the runs that some process owns, and its process id."""
    return {folder: pid for folder, (pid, _) in _owned().items()}


def kept_runs() -> tuple[str, ...]:
    """Folders of the runs that go on without a window."""
    return tuple(folder for folder, (_, attended) in _owned().items() if not attended)


def _owned() -> dict[str, tuple[int, bool]]:
    """Folder -> process id of its owner, and whether the run ends with a window."""
    found: dict[str, tuple[int, bool]] = {}
    with suppress(OSError):
        for record in sorted(runs_folder().glob("*.json")):
            with suppress(OSError, ValueError, KeyError, TypeError):
                try:
                    FileLock(record, os.O_RDWR).close()
                except LockTaken:
                    said = json.loads(record.read_bytes()[:_RECORD_BYTES])
                    found[str(said["folder"])] = int(said["pid"]), said.get("attended") is True
    return found


def owner_of(folder: RunFolder) -> int | None:
    """The process that owns the run of a folder, None where nobody does."""
    return going_on().get(str(folder.path))


def sweep_lost_runs() -> list[str]:
    """Sweep the folders of runs whose owner is gone, and say `lost` in their events; their paths."""
    swept: list[str] = []
    with suppress(OSError):
        for record in sorted(runs_folder().glob("*.json")):
            with (
                suppress(OSError, LockTaken, ValueError, KeyError, TypeError),
                FileLock(record, os.O_RDWR) as lock,
            ):
                said = json.loads(os.pread(lock.fd, _RECORD_BYTES, 0))
                folder = RunFolder(str(said["folder"]))
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
