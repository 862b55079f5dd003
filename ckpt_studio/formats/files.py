"""Positional reads of files that other programs may rewrite meanwhile: never a memory map, never a length unchecked."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import room
from ckpt_studio.core.errors import Changed, Corrupt, FileFault, MissingFile, Truncated
from ckpt_studio.core.tensors import BLOCK_BYTES, Stored
from ckpt_studio.core.texts import visible

T = TypeVar("T")

_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
)
_ATTEMPTS: Final = 5
_PAUSE: Final = 0.05
_MOST_LETTERS: Final = 120

_SPECIAL: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def said(path: str) -> str:
    """How a sentence names a file: what does not print is made visible, the middle of a very long name left out."""
    name = visible(os.path.basename(path.rstrip(os.sep)) or path)
    if len(name) > _MOST_LETTERS:
        name = f"{name[: _MOST_LETTERS // 2]}…{name[-_MOST_LETTERS // 2 :]}"
    return name or "A path without a name"


def step_of(prefix: str) -> int | None:
    """The training step that the name of a checkpoint says (`model.ckpt-1000`), or None."""
    found = re.search(r"-(\d{1,18})$", os.path.basename(prefix))
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What changes when a file's bytes may have changed."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileIdentity:
        """The identity that a stat shows."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    @classmethod
    def at(cls, path: str) -> FileIdentity:
        """The identity of the file at `path` now.

        Raises:
            MissingFile, FileFault: if there is none.
        """
        try:
            return cls.of(os.stat(path))
        except (OSError, ValueError) as error:
            raise fault_of(error, path) from error

    def __str__(self) -> str:
        return f"{self.device:x}-{self.inode:x}-{self.size:x}-{self.mtime_ns:x}"


def fault_of(error: OSError | ValueError, path: str) -> FileFault:
    """What the operating system said about a file, as one of our errors."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return MissingFile(_missing(path), path=path)
    if isinstance(error, PermissionError):
        return FileFault(
            f"{said(path)} may not be read; check its permissions and those of its folder.", path=path
        )
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return FileFault(f"{said(path)} is a link that leads back to itself.", path=path)
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return FileFault(
            f"{said(path)} cannot be there: its path is longer than the system allows.", path=path
        )
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return FileFault(f"{said(path)} cannot be read: {reason}.", path=path)


def _missing(path: str) -> str:
    """What of a path is not there."""
    with suppress(OSError, ValueError):
        return f"{said(path)} is a link to {said(os.readlink(path))}, which does not exist."
    above = os.path.dirname(os.path.abspath(path))
    if os.path.isfile(above):
        return f"{said(path)} does not exist: {said(above)} is a file, not a folder."
    lost = None
    while above != lost and not os.path.lexists(above):
        lost, above = above, os.path.dirname(above)
    return f"{said(path)} does not exist" + (f": there is no folder {said(lost)}." if lost else ".")


def check_regular(path: str, mode: int) -> None:
    """Look at the mode that a stat gave.

    Raises:
        FileFault: this is no regular file.
    """
    if not stat.S_ISREG(mode):
        what = _SPECIAL.get(stat.S_IFMT(mode), "something else")
        raise FileFault(f"{said(path)} is {what}, not a regular file.", path=path)


class FileReader:
    """A regular file, open for positional reads from any thread. A context manager: one answer, one `with`.

    Attributes:
        path: the file.
        identity: what it was when it was opened.

    Raises:
        MissingFile, FileFault: it cannot be opened, or is no regular file.
        Changed: it is not the file that `expected` describes.
    """

    def __init__(self, path: str, expected: FileIdentity | None = None) -> None:
        self.path = path
        try:
            check_regular(path, os.stat(path).st_mode)  # to open a device can do something to it
            self._fd = os.open(path, _FLAGS)
        except (OSError, ValueError) as error:
            raise fault_of(error, path) from error
        self._lock = threading.Lock()
        try:
            status = os.fstat(self._fd)
            check_regular(path, status.st_mode)
            self.identity = FileIdentity.of(status)
            if expected is not None and self.identity != expected:
                raise self.changed()
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> FileReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)

    def fileno(self) -> int:
        """The descriptor, for calls that move bytes inside the kernel."""
        return self._fd

    def changed(self) -> Changed:
        """What is raised when the file is another one than it was."""
        return Changed(f"{said(self.path)} was rewritten by another program; open it again.", path=self.path)

    def check_unchanged(self) -> None:
        """To be called after the last read of an answer.

        Raises:
            Changed: the file is not what it was when it was opened.
        """
        try:
            now = FileIdentity.of(os.fstat(self._fd))
        except OSError as error:
            raise fault_of(error, self.path) from error
        if now != self.identity:
            raise self.changed()

    def read_into(
        self, target: NDArray[np.uint8] | memoryview, offset: int, at_once: int = 4 * BLOCK_BYTES
    ) -> None:
        """Fill a flat byte buffer from `offset` on, in blocks, so that fresh memory is touched while it is warm.

        Raises:
            Truncated: the file ends before.
            FileFault: the operating system says so.
        """
        view = target if isinstance(target, memoryview) else target.data
        done, size = 0, len(view)
        while done < size:
            part = view if size <= at_once and not done else view[done : done + at_once]
            try:
                got = self._read_at(part, offset + done)
            except OSError as error:
                raise fault_of(error, self.path) from error
            if got <= 0:
                self.check_unchanged()
                raise Truncated(
                    f"{said(self.path)} ends at byte {offset + done}, {len(view) - done} bytes too early.",
                    path=self.path,
                    offset=offset + done,
                )
            done += got

    def _read_at(self, view: memoryview, offset: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._fd, [view], offset)
        with self._lock:
            os.lseek(self._fd, offset, os.SEEK_SET)
            data = os.read(self._fd, len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, offset: int, size: int) -> NDArray[np.uint8]:
        """`size` bytes from `offset` on; `size` is checked against the file before anything is allocated.

        Raises:
            as `read_into`.
        """
        if offset < 0 or size < 0 or offset + size > self.identity.size:
            raise Truncated(
                f"{said(self.path)} has {self.identity.size} bytes, too few for {size} bytes at {offset}.",
                path=self.path,
                offset=offset,
            )
        data: NDArray[np.uint8] = room((size,))
        self.read_into(data, offset)
        return data


def open_stored(stored: Stored) -> FileReader:
    """The data file that a tensor lies in.

    Raises:
        Changed: it is not the one that was there when the checkpoint was opened.
        MissingFile, FileFault: as `FileReader`.
    """
    file = FileReader(stored.path)
    if str(file.identity) != stored.identity:
        with file:
            raise file.changed()
    return file


def read_whole(
    path: str, limit: int, glance: Callable[[FileReader], None] | None = None
) -> tuple[bytes, FileIdentity]:
    """All bytes of a file that is meant to be small, and its identity.

    Args:
        path: the file.
        limit: the most bytes that are believed.
        glance: looks at a little of it first, and raises where the rest need not be read.

    Raises:
        Corrupt: it has more than `limit` bytes.
        MissingFile, Truncated, Changed, FileFault: as `FileReader`.
    """
    with FileReader(path) as file:
        size = file.identity.size
        if size > limit:
            raise Corrupt(f"{said(path)} has {size} bytes; more than {limit} are not believed.", path=path)
        if glance is not None:
            glance(file)
        data = file.read(0, size).tobytes()
        file.check_unchanged()
        return data, file.identity


def read_settled(
    path: str,
    limit: int,
    parse: Callable[[bytes, FileIdentity], T],
    glance: Callable[[FileReader], None] | None = None,
) -> T:
    """Read and parse a small file that a running job may be rewriting in place.

    Half a file looks like damage. So damage is believed only when the file stays the same for a moment.

    Raises:
        FileFault: whatever `parse` raised about a file that holds still, or Changed if it never does.
    """
    for attempt in range(_ATTEMPTS):
        seen: FileIdentity | None = None
        try:
            data, seen = read_whole(path, limit, glance)
            answer = parse(data, seen)
            if FileIdentity.at(path) == seen:
                return answer
        except MissingFile:
            raise
        except Changed:
            time.sleep(_PAUSE * (attempt + 1))
        except FileFault:
            before = seen if seen is not None else _identity_or_none(path)
            time.sleep(_PAUSE * (attempt + 1))
            if _identity_or_none(path) == before:
                raise
    raise Changed(f"{said(path)} is being rewritten by another program; try again in a moment.", path=path)


def settle(path: str, work: Callable[[], T]) -> T:
    """Do work that reads parts of a file which a running job may be rewriting.

    As in `read_settled`, damage is believed only when the file stays the same for a moment.

    Raises:
        FileFault: whatever `work` raised about a file that holds still, or Changed if it never does.
    """
    for attempt in range(_ATTEMPTS):
        before = _identity_or_none(path)
        try:
            return work()
        except MissingFile:
            raise
        except Changed:
            time.sleep(_PAUSE * (attempt + 1))
        except FileFault:
            time.sleep(_PAUSE * (attempt + 1))
            if _identity_or_none(path) == before:
                raise
    raise Changed(f"{said(path)} is being rewritten by another program; try again in a moment.", path=path)


def _identity_or_none(path: str) -> FileIdentity | None:
    try:
        return FileIdentity.at(path)
    except FileFault:
        return None
