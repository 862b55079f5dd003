"""How NumPy's files are found: by their first bytes, and by name where those are damaged."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar, Final

from ckpt_studio.core.errors import Changed, FileFault, MissingFile, Unrecognised
from ckpt_studio.formats.base import Checkpoint, Declined, FolderEntry, Found, Member
from ckpt_studio.formats.files import FileReader, step_of
from ckpt_studio.formats.recognise import describe_or_none

_HEAD: Final = 512
_ARRAY: Final = b"\x93NUMPY"
_MEMBER: Final = b"PK\x03\x04"
_EMPTY: Final = b"PK\x05\x06"


class NpyReader:
    """`.npy`: one array."""

    format: ClassVar[str] = "npy"

    def claim(self, path: str) -> str | Declined:
        """The file itself."""
        head = _head(path)
        if head is None or not (
            head.startswith(_ARRAY) or (path.endswith(".npy") and not head.startswith((_MEMBER, _EMPTY)))
        ):
            return Declined("it does not begin as a NumPy array does")
        return path

    def find(self, folder: str, members: Mapping[str, Member]) -> Found:
        """As `Reader.find`: only names are looked at."""
        return _find(folder, members, self.format)

    def open(self, path: str) -> Checkpoint:
        """Open a file.

        Raises:
            FileFault: it cannot be read; the message says what it is instead, if that is known.
        """
        from ckpt_studio.formats.npz.checkpoint import open_array_file

        try:
            return open_array_file(path)
        except FileFault as error:
            raise _explained(error, path) from error


class NpzReader:
    """`.npz`: an archive of arrays."""

    format: ClassVar[str] = "npz"

    def claim(self, path: str) -> str | Declined:
        """The file itself."""
        head = _head(path)
        if head is None:
            return Declined("it is no NumPy archive")
        first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
        if head.startswith(_MEMBER) and first.endswith(b".npy"):
            return path
        if path.endswith(".npz") and not head.startswith(_ARRAY):
            return path
        return Declined("it is no NumPy archive")

    def find(self, folder: str, members: Mapping[str, Member]) -> Found:
        """As `Reader.find`: only names are looked at."""
        return _find(folder, members, self.format)

    def open(self, path: str) -> Checkpoint:
        """Open a file.

        Raises:
            FileFault: it cannot be read; the message says what it is instead, if that is known.
        """
        from ckpt_studio.formats.npz.checkpoint import open_archive

        try:
            return open_archive(path)
        except FileFault as error:
            raise _explained(error, path) from error


def _head(path: str) -> bytes | None:
    """The first bytes of a file, None where there are none."""
    try:
        with FileReader(path) as file:
            return file.read(0, min(file.identity.size, _HEAD)).tobytes()
    except FileFault:
        return None


def _find(folder: str, members: Mapping[str, Member], ending: str) -> Found:
    own = {
        name: member
        for name, member in members.items()
        if name.endswith(f".{ending}") and not member.is_folder
    }
    entries = tuple(
        FolderEntry(
            prefix=os.path.join(folder, name),
            name=name.removesuffix(f".{ending}"),
            format=ending,
            step=step_of(name.removesuffix(f".{ending}")),
            mtime=member.mtime,
            nbytes=member.nbytes,
        )
        for name, member in own.items()
    )
    return Found(entries, frozenset(own))


def _explained(error: FileFault, path: str) -> FileFault:
    """What a file is instead, if that is known; else what is wrong with it."""
    if isinstance(error, Changed | MissingFile):
        return error
    what = describe_or_none(path)
    return error if what is None else Unrecognised(what, path=path)
