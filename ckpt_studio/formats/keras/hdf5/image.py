"""The bytes of one HDF5 file, wherever they lie: a file of its own, a member of an archive, or unpacked from one."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from dataclasses import dataclass
from typing import IO

from ckpt_studio.formats.files import FileIdentity, FileReader
from ckpt_studio.formats.keras.hdf5.superblock import find_end


class Scratch:
    """A temporary file without a name, there for as long as somebody holds it."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile(prefix="ckpt-studio-")  # noqa: SIM115
        weakref.finalize(self, self.file.close)


@dataclass(frozen=True, slots=True)
class Image:
    """Where an HDF5 file lies.

    Attributes:
        path: the file that a person knows.
        identity: what that file was when it was opened.
        base, size: its bytes in that file, or in `unpacked`.
        unpacked: a temporary file without a name, where its bytes were packed.
    """

    path: str
    identity: FileIdentity
    base: int
    size: int
    unpacked: Scratch | None = None

    @classmethod
    def of_file(cls, path: str) -> Image:
        """A whole file.

        Raises:
            MissingFile, FileFault: it cannot be read.
        """
        with FileReader(path) as file:
            return cls(path, file.identity, 0, file.identity.size)

    def open(self) -> FileReader:
        """Its bytes, for one answer.

        Raises:
            MissingFile, Changed, FileFault: it is not the file that it was.
        """
        if self.unpacked is None:
            return FileReader(self.path, self.identity)
        return _Unpacked(self.path, self.unpacked.file)


class _Unpacked(FileReader):
    """A temporary file of ours, which nobody else can change."""

    def __init__(self, path: str, file: IO[bytes]) -> None:
        self.path = path
        self._fd = os.dup(file.fileno())
        self._lock = threading.Lock()
        self.identity = FileIdentity.of(os.fstat(self._fd))


def stored_end(file: FileReader, base: int = 0, size: int | None = None) -> int | None:
    """Where the HDF5 file that begins at `base` says that it ends, 0 where that cannot be told; None if it is none.

    Raises:
        FileFault: it cannot be read.
    """
    length = file.identity.size - base if size is None else size
    return find_end(lambda offset, count: file.read(base + offset, count).tobytes(), length)
