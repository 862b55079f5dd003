"""The file as the HDF5 library sees it: bytes that the parent hands over when asked, and no other file is there.

HDF5 calls this through h5py's driver for file objects. That driver does not survive an exception, so nothing here
raises: a byte beyond the end reads as 0xff and is noted (zeros make the library run in circles), and a parent that is
gone ends the process.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import IO, Final

from ckpt_studio.formats.keras.hdf5.frames import (
    MOST_PIECE,
    WANT,
    FrameFault,
    Kind,
    receive_bytes,
    receive_head,
    send,
)
from ckpt_studio.formats.keras.hdf5.superblock import find_end

_PAGE: Final = 64 << 10
_PAGES: Final = 256
PARENT_GONE: Final = 3
"""Exit status of a child whose parent is gone or speaks nonsense."""


class RemoteFile:
    """A read-only file object over the two pipes.

    Args:
        size: bytes that the file has.

    Attributes:
        size: as given.
        beyond: whether a byte beyond the end was read since this was last set to False.
        end: where the file itself says that it ends; larger than `size` where it was cut off.
    """

    def __init__(self, requests: IO[bytes], answers: IO[bytes], size: int) -> None:
        self._requests = requests
        self._answers = answers
        self.size = size
        self._at = 0
        self._pages: OrderedDict[int, bytes] = OrderedDict()
        self.beyond = False
        self.end = size
        self.end = max(size, find_end(self._look, size) or 0)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As `io.RawIOBase.seek`."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.end}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """As `io.RawIOBase.tell`."""
        return self._at

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` from the present place on."""
        view = memoryview(buffer).cast("B")
        here, length = self._at, len(view)
        self._at += length
        there = max(0, min(length, self.size - here))
        if there < length:
            self.beyond = True
            view[there:] = b"\xff" * (length - there)
        done = 0
        while done < there:
            part = self._some(here + done, there - done)
            view[done : done + len(part)] = part
            done += len(part)
        return length

    def _some(self, offset: int, length: int) -> bytes | memoryview:
        """At least one byte from `offset` on: large reads as they are, small ones from pages that are kept."""
        if length >= 4 * _PAGE:
            return self._ask(offset, min(length, MOST_PIECE))
        number, inside = divmod(offset, _PAGE)
        page = self._pages.get(number)
        if page is None:
            start = number * _PAGE
            page = self._pages[number] = self._ask(start, min(_PAGE, self.size - start))
            if len(self._pages) > _PAGES:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        return memoryview(page)[inside : inside + length]

    def _ask(self, offset: int, length: int) -> bytes:
        try:
            send(self._answers, Kind.want, WANT.pack(offset, length))
            kind, got = receive_head(self._requests)
            if kind is Kind.piece and got == length:
                return receive_bytes(self._requests, length)
        except (OSError, FrameFault):
            pass
        os._exit(PARENT_GONE)

    def _look(self, offset: int, size: int) -> bytes:
        head = bytearray(size)
        self.seek(offset)
        self.readinto(memoryview(head))
        return bytes(head)

    def write(self, data: object) -> int:
        """Nothing is ever written."""
        return 0

    def truncate(self, size: int | None = None) -> int:
        """Nothing is ever cut."""
        return self.end

    def flush(self) -> None:
        """Nothing is ever written."""
