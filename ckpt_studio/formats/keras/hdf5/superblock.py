"""The first bytes of an HDF5 file: where it begins, and where it says that it ends.

    0       signature 89 48 44 46 0d 0a 1a 0a
    8       version
    v0, v1  13: size of offsets; v0 24, v1 28: base, free space, end of the file, driver (offsets)
    v2, v3   9: size of offsets; 12: base, extension, end of the file, root (offsets), checksum

It stands at 0, 512, 1024, ... : what is before it belongs to somebody else. Only offsets of 8 bytes are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
HEAD: Final = 64
_LARGEST: Final = 1 << 50
_MOST_USERBLOCK: Final = 1 << 24


def _places(size: int) -> Iterator[int]:
    place = 0
    while place + HEAD <= min(size, _MOST_USERBLOCK):
        yield place
        place = max(512, 2 * place)


def find_end(read: Callable[[int, int], bytes], size: int) -> int | None:
    """Where the file says that it ends; None where it is no HDF5 file, 0 where that cannot be told.

    Args:
        read: gives `size` bytes at an offset.
        size: of the file.
    """
    for place in _places(size):
        head = read(place, HEAD)
        if head.startswith(SIGNATURE):
            return _end_in(head, place)
    if len(SIGNATURE) <= size < HEAD and read(0, len(SIGNATURE)) == SIGNATURE:
        return HEAD
    return None


def _end_in(head: bytes, place: int) -> int:
    version = head[8]
    if version < 2 and head[13] == 8:
        at = 40 if version == 0 else 44
    elif version in (2, 3) and head[9] == 8:
        at = 28
    else:
        return 0
    end = place + int.from_bytes(head[at : at + 8], "little")
    return end if end <= _LARGEST else 0
