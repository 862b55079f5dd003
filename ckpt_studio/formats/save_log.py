"""Remembers the names that a save in progress makes, so that what a killed process left is swept at the next start.

One file a save in the program's own folder, locked by its owner, one JSON object a line:

    {"folder": FOLDER, "token": TOKEN, "making": [FOLDER...]}       first; temporary names are
                                                `.ckpt-studio-TOKEN-N.tmp` in FOLDER; the folders that it makes
    {"placing": [FILE...]}                      temporary files about to get these final names
    {"commit": FILE, "stale": [FILE...], "switch": [[TEMPORARY, NAME]...]}

FILE is `[NAME, INODE, MTIME_NS]`. A file is deleted only under a name that was recorded, and a final name only
while it still is the file that was recorded. Whether the commit happened is read from the folder: the index is the
recorded file or not.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ckpt_studio.core.locks import FileLock, LockTaken, lock_file
from ckpt_studio.core.resources import home_folder

FORGET_AFTER: Final = 30 * 24 * 3600.0
"""Seconds after which the record of a save into a folder that is not there any more is dropped."""

MAX_LOG_BYTES: Final = 16 << 20

Known = tuple[str, int, int]
"""A file: name in the folder, inode, time of its last change in ns (inode numbers are used again).

Not the device: its number is another one after a power cut, and the folder's files are all on one.
"""


def saves_folder() -> Path:
    """Where the records lie."""
    return home_folder() / "saves"


def temporary_name(token: str, number: int) -> str:
    """A name that no checkpoint reader takes for one of its files and that fits wherever a final name fits."""
    return f".ckpt-studio-{token}-{number}.tmp"


def known(path: str, name: str) -> Known:
    """What `path` is now, to be recorded under `name`."""
    status = os.stat(path, follow_symlinks=False)
    return (name, status.st_ino, status.st_mtime_ns)


def is_still(folder: str, file: Known) -> bool:
    """Whether the name still is the file that was recorded."""
    with suppress(OSError):
        status = os.stat(os.path.join(folder, file[0]), follow_symlinks=False)
        return stat.S_ISREG(status.st_mode) and (status.st_ino, status.st_mtime_ns) == file[1:]
    return False


class SaveLog:
    """The record of one save. Where it cannot be written, the save goes on without: it only helps after a kill.

    Args:
        folder: where the save goes.
        token: the save's own.
        making: folders that the save is about to make, outermost first.
    """

    def __init__(self, folder: str, token: str, making: Sequence[str] = ()) -> None:
        self._path = saves_folder() / f"{token}.jsonl"
        self._lock: FileLock | None = None
        with suppress(OSError, LockTaken):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = lock_file(self._path)
        self.note(folder=folder, token=token, making=list(making))

    def note(self, **record: object) -> None:
        """Write one line, so that it outlasts the process."""
        if self._lock is None:
            return
        line = json.dumps(record).encode("ascii") + b"\n"
        with suppress(OSError):
            end = os.lseek(self._lock.fd, 0, os.SEEK_END)
            try:
                complete = os.write(self._lock.fd, line) == len(line)
            except OSError:
                complete = False
            if complete:
                os.fsync(self._lock.fd)
            else:  # half a line would hide every line after it
                os.ftruncate(self._lock.fd, end)

    def end(self, *, forget: bool) -> None:
        """The save is over; `forget` it unless something is left to be swept."""
        if self._lock is None:
            return
        if forget:
            with suppress(OSError):
                self._path.unlink()
        self._lock.close()
        self._lock = None


def sweep_unfinished() -> list[str]:
    """Delete what saves of dead processes left behind, and finish what they had committed.

    Called at the start of the program. Never raises for what it finds: a record that makes no sense is left alone.

    Returns:
        The paths that were deleted.
    """
    removed: list[str] = []
    try:
        logs = sorted(saves_folder().glob("*.jsonl"))
    except OSError:
        return removed
    for log in logs:
        with (
            suppress(OSError, LockTaken, ValueError, TypeError, KeyError, IndexError),
            FileLock(log, os.O_RDWR) as lock,
        ):
            records = list(_records(lock.fd))
            if not records or _swept(records, os.fstat(lock.fd).st_mtime, removed):
                log.unlink()
    return removed


def _records(fd: int) -> Iterator[dict[str, Any]]:
    """The lines of a record; a torn last line was never acted upon, so it is dropped."""
    for line in os.pread(fd, MAX_LOG_BYTES, 0).split(b"\n")[:-1]:
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError("not a record")
        yield record


def _swept(records: Sequence[dict[str, Any]], written: float, removed: list[str]) -> bool:
    """Clean up after one save; whether its record is of no more use."""
    folder, token = str(records[0]["folder"]), str(records[0]["token"])
    if not os.path.isabs(folder) or not token.isalnum():
        raise ValueError("not a record of a save")
    made = [str(path) for path in records[0]["making"]]
    if not os.path.isdir(folder):
        _remove_empty(made)
        return folder in made or time.time() - written > FORGET_AFTER
    placed = [_known(item) for r in records for item in r.get("placing", ())]
    commit = next((r for r in records if "commit" in r), None)
    if commit is not None and is_still(folder, _known(commit["commit"])):
        for temporary, name in commit["switch"]:
            _switch(folder, token, str(temporary), str(name))
        doomed = [_known(item) for item in commit["stale"]]
    else:
        doomed = placed
    names = [file[0] for file in doomed if is_still(folder, file)]
    names += [name for name in os.listdir(folder) if name.startswith(f".ckpt-studio-{token}-")]
    for name in names:
        path = os.path.join(folder, name)
        os.unlink(path)
        removed.append(path)
    _remove_empty(made)
    return True


def _remove_empty(folders: Sequence[str]) -> None:
    for path in reversed(folders):
        with suppress(OSError):
            os.rmdir(path)


def _known(item: Sequence[Any]) -> Known:
    name, inode, changed = item
    _check_name(str(name))
    return (str(name), int(inode), int(changed))


def _check_name(name: str) -> None:
    if not name or os.path.basename(name) != name or name in (".", ".."):
        raise ValueError("not a name in a folder")


def _switch(folder: str, token: str, temporary: str, name: str) -> None:
    """Finish a switch that follows the commit."""
    _check_name(name)
    if not temporary.startswith(f".ckpt-studio-{token}-") or os.path.basename(temporary) != temporary:
        raise ValueError("not a temporary name of this save")
    with suppress(FileNotFoundError):
        os.replace(os.path.join(folder, temporary), os.path.join(folder, name))
