"""Takes the bytes of an existing file over: by reflink where the disk can, by hard link on request, else by copy.

A reflink shares blocks until one side changes: instant, and independent. A hard link is the same file under two names:
instant, but only safe against programs that never write the file in place.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final, Literal

from ckpt_studio.core.arrays import room
from ckpt_studio.core.errors import FileFault, Truncated
from ckpt_studio.core.tasks import Task
from ckpt_studio.formats.files import FileIdentity, FileReader, said
from ckpt_studio.formats.saving import Saving
from ckpt_studio.formats.temporary_file import BLOCK, TemporaryFile

try:
    from fcntl import ioctl
except ImportError:  # Windows
    ioctl = None  # type: ignore[assignment]

How = Literal["reflink", "link", "copy"]

_FICLONE: Final = 0x40049409
_COPY_BYTES: Final = 16 << 20


def way_to_take_over(source: str, folder: str, *, may_link: bool) -> How:
    """How `source` would get into `folder` (which must exist), found out without leaving a name there."""
    if _can_reflink(source, folder):
        return "reflink"
    if may_link:
        with suppress(OSError):
            if os.stat(source).st_dev == os.stat(folder).st_dev:
                return "link"
    return "copy"


def _can_reflink(source: str, folder: str) -> bool:
    if ioctl is None or not hasattr(os, "O_TMPFILE"):
        return False
    try:
        # A file without a name: nothing can be left behind.
        target = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:
        return False
    try:
        with FileReader(source) as reader:
            return _reflink(reader.fileno(), target)
    except FileFault:
        return False  # what it is will be said when it is taken over
    finally:
        with suppress(OSError):
            os.close(target)


def _reflink(source: int, target: int) -> bool:
    try:
        ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def take_over(
    saving: Saving,
    source: str,
    how: How,
    task: Task,
    expected: FileIdentity | None = None,
    *,
    read_back: bool = True,
) -> tuple[str, How]:
    """Take one whole file over under a temporary name, sealed.

    Args:
        saving: the save that it is for.
        source: the file.
        how: the way that is tried first.
        task: counts its bytes.
        expected: what the file must be, if that is known.
        read_back: whether a copy is compared as a whole; else the caller compares what matters to him.

    Returns:
        The temporary path, and how it was done: `how`, or "copy" where that turned out to be impossible.

    Raises:
        MissingFile, FileFault, Changed: `source` is not there, or another program rewrote it.
        OSError, SaveFault, Cancelled: as `Saving`.
    """
    source = os.path.realpath(source)
    done: How = "copy"
    with FileReader(source, expected) as reader:
        if how == "link":
            linked = saving.link(source)
            if linked is not None:
                task.advance(reader.identity.size)
                return linked, "link"
        file = saving.create()
        if how == "reflink" and _reflink(reader.fileno(), file.fd):
            done = "reflink"
            file.size = os.fstat(file.fd).st_size
            task.advance(file.size)
        else:
            _copy(reader, file, task, read_back)
        reader.check_unchanged()
    if done == "reflink" or not read_back:
        saving.seal_unread(file)
    else:
        saving.seal(file)
    return file.path, done


def _copy(reader: FileReader, file: TemporaryFile, task: Task, read_back: bool) -> None:
    """Copy inside the kernel where that works; checksum the source's bytes on the way for the read-back, if any."""
    size = reader.identity.size
    buffer = room((BLOCK,)).data
    inside = hasattr(os, "copy_file_range")
    while file.size < size:
        step = min(size - file.size, _COPY_BYTES)
        if inside:
            try:
                step = os.copy_file_range(reader.fileno(), file.fd, step, file.size)
            except OSError:
                # Old kernels and some file systems cannot. A full disk fails again below, and is said there.
                inside = False
        if step == 0:
            raise Truncated(f"{said(reader.path)} became shorter while it was copied.", path=reader.path)
        if inside and not read_back:
            file.size += step
        else:
            _pass_on(reader, file, step, buffer, write=not inside)
        task.advance(step)


def _pass_on(reader: FileReader, file: TemporaryFile, step: int, buffer: memoryview, *, write: bool) -> None:
    """Count the next `step` bytes of the source as written to `file`, or write them."""
    end = file.size + step
    while file.size < end:
        view = buffer[: min(BLOCK, end - file.size)]
        reader.read_into(view, file.size)
        if write:
            file.write(view)
        else:
            file.count(view)
