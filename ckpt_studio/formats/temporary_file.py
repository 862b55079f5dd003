"""A file being written under a temporary name: it knows the checksum of what it should hold."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

from ckpt_studio.core.arrays import room
from ckpt_studio.core.crc import crc32c
from ckpt_studio.core.tasks import UNTENDED, Task

BLOCK: Final = 1 << 20
NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
"""Flags for opening a file that must not be reached through a symbolic link."""


class TemporaryFile:
    """A new file under a temporary name, that knows the size and CRC32C of what was written to it.

    Attributes:
        path: the temporary name.
        size: bytes written.
        crc: CRC32C of them.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = 0
        self.crc = 0
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_LINK, 0o666)
        self._pending = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes; small ones are gathered."""
        self.count(data)
        if len(data) < BLOCK:
            self._pending += data
            if len(self._pending) >= BLOCK:
                self.flush()
        else:
            self.flush()
            self._write(data)

    def count(self, data: bytes | bytearray | memoryview) -> None:
        """Bytes that the kernel has appended on its own."""
        self.crc = crc32c(data, self.crc)
        self.size += len(data)

    def flush(self) -> None:
        """Hand what was gathered to the system."""
        pending, self._pending = self._pending, bytearray()
        self._write(pending)

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        while len(view):
            view = view[os.write(self.fd, view) :]

    def close(self) -> None:
        """Flush, fsync and close. A failure of any is final: after it nobody knows what the disk holds."""
        self.flush()
        fd, self.fd = self.fd, -1
        try:
            os.fsync(fd)
        except OSError:
            with suppress(OSError):
                os.close(fd)
            raise
        os.close(fd)

    def abandon(self) -> None:
        """Close without caring for the contents, if still open."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)


def file_checksum(path: str, task: Task = UNTENDED) -> tuple[int, int]:
    """Size and CRC32C of a file, read in blocks; `task` counts the bytes."""
    size = crc = 0
    buffer = room((BLOCK,)).data
    with open(os.open(path, os.O_RDONLY | NO_LINK), "rb", buffering=0) as file:
        while n := file.readinto(buffer):
            crc = crc32c(buffer[:n], crc)
            size += n
            task.advance(n)
    return size, crc
