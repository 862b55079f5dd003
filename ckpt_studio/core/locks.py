"""Locks that end with the process that holds them: they tell work left by a dead process from work in progress."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self


class LockTaken(Exception):
    """Somebody else holds the lock."""


class FileLock:
    """An exclusive lock on a file that this object opened. The system lets go of it when the process ends.

    Attributes:
        fd: the open file, for reading and writing.
    """

    def __init__(
        self, path: str | os.PathLike[str], flags: int = os.O_RDWR | os.O_CREAT, *, wait: bool = False
    ):
        """Open `path` and lock it.

        Raises:
            LockTaken: somebody else holds it and `wait` is false.
            OSError: the file cannot be opened or locked.
        """
        self.fd = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0), 0o600)
        try:
            _lock(self.fd, wait)
        except BaseException:
            os.close(self.fd)
            raise

    def close(self) -> None:
        """Let go. A failing close lets go too, and nothing that matters was still to be written."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def lock_file(path: Path) -> FileLock:
    """Lock the file that is at `path`, made if need be, and not one that somebody has deleted meanwhile.

    Raises:
        LockTaken: somebody else holds it.
        OSError: it cannot be opened or locked.
    """
    while True:
        lock = FileLock(path)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock.fd), path.stat()):
                return lock
        lock.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int, wait: bool) -> None:
        # Far past the contents: on Windows a locked range cannot be read by others.
        os.lseek(fd, 1 << 40, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise LockTaken from error
        os.lseek(fd, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(fd: int, wait: bool) -> None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise LockTaken from error
