"""What a NumPy file holds: one row an array, with the place of its elements or the reason why it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Final

from ckpt_studio.core.dtypes import DType, unknown
from ckpt_studio.core.errors import Corrupt, FileFault, Truncated, Unsupported
from ckpt_studio.formats.archive import Ahead, Part, Unpacked, data_of, read_directory
from ckpt_studio.formats.files import FileReader, said
from ckpt_studio.formats.npz.header import MAGIC, ArrayHeader, header_size, parse_header
from ckpt_studio.formats.reading import Bytes, Place, Trouble, row_fault
from ckpt_studio.formats.roles.rows import Row

_ENDING: Final = ".npy"
_GLANCE: Final = 256
_USUAL_HEADER: Final = 512
_MOST_LONG_HEADERS: Final = 1 << 20
"""Bytes that the headers of one archive may have in all, not counting those of usual size."""

_FAULTS: Final = {
    "object": "Its elements are pickled Python objects: reading them could run code, so Ckpt Studio never does.",
    "void": "Its elements are raw bytes or records, and the file does not say what they mean.",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One array.

    Attributes:
        row: what is told about it.
        place: its elements, as they lie: in the file, or in the unpacked bytes of `packed`.
        fortran: whether they lie column by column.
        packed: the member that has to be unpacked to have them, or None.
        trouble: why it cannot be read, or None.
    """

    row: Row
    place: Place | None = None
    fortran: bool = False
    packed: Part | None = None
    trouble: Trouble | None = None


@dataclass(slots=True)
class _Patience:
    """How many bytes of long headers are still read: an archive of few bytes could hold very many."""

    left: int = _MOST_LONG_HEADERS


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds.

    Attributes:
        items: its arrays by key.
        members: all members of an archive with their keys, None for those that are no arrays.
    """

    items: dict[str, Item]
    members: tuple[tuple[Part, str | None], ...] = ()


def read_array_file(file: FileReader, key: str) -> Contents:
    """The one array of a `.npy` file.

    Raises:
        Corrupt: it is none.
        FileFault: as `FileReader`.
    """
    size = file.identity.size
    try:
        header = parse_header(_head(file, 0, size, _Patience()))
    except ValueError as error:
        raise Corrupt(f"{said(file.path)} is no sound NumPy array: {error}.", path=file.path) from error
    file.check_unchanged()
    return Contents({key: _item(key, header, 0, size, file.path)})


def read_archive(file: FileReader) -> Contents:
    """The arrays of a `.npz` file; a damaged member is a faulty row.

    Raises:
        Truncated, Corrupt, Unsupported: as `read_directory`; or no member is an array.
        FileFault: as `FileReader`.
    """
    ahead = Ahead(file)
    items: dict[str, Item] = {}
    members: list[tuple[Part, str | None]] = []
    patience = _Patience()
    for part in read_directory(file):
        item = _member(ahead, part, patience)
        members.append((part, None if item is None else item.row.key))
        if item is not None:
            items[item.row.key] = _repeated(item, file.path) if item.row.key in items else item
    if members and not items:
        raise Corrupt(f"{said(file.path)} is a zip archive that holds no NumPy arrays.", path=file.path)
    file.check_unchanged()
    return Contents(items, tuple(members))


def _member(ahead: Ahead, part: Part, patience: _Patience) -> Item | None:
    """The row of a member; None where it is no array and is not named as one."""
    key, path = part.name.removesuffix(_ENDING), ahead.path
    named = part.name.endswith(_ENDING)
    try:
        fault = part.fault(path)
        if fault is not None:
            raise fault
        start = data_of(ahead, part, path)
        source, first = (Unpacked(ahead, part, start), 0) if part.deflated else (ahead, start)
        head = _head(source, first, part.size, patience)
    except FileFault as error:
        return _faulty(key, part, Trouble(type(error), error.message, path)) if named else None
    if not named and not head.startswith(MAGIC):
        return None
    try:
        header = parse_header(head)
    except ValueError as error:
        text = f"It is no sound NumPy array: {error}."
        return _faulty(key, part, Trouble(Corrupt, text, path))
    return _item(key, header, first, part.size, path, part if part.deflated else None)


def _head(source: Bytes, start: int, size: int, patience: _Patience) -> bytes:
    """The first bytes of an array: its whole header, if it has one.

    Raises:
        Corrupt: there are more long headers than are believed.
        FileFault: as `FileReader.read_into`.
    """
    head = bytearray(min(size, _GLANCE))
    source.read_into(memoryview(head), start)
    try:
        _, end = header_size(bytes(head))
    except ValueError:
        return bytes(head)
    if end > _USUAL_HEADER:
        patience.left -= end
        if patience.left < 0:
            raise Corrupt("Its header is long, as are those of so many others that it is not read.")
    if end > len(head):
        head = bytearray(min(size, end))
        source.read_into(memoryview(head), start)
    return bytes(head)


def _item(
    key: str, header: ArrayHeader, start: int, available: int, path: str, packed: Part | None = None
) -> Item:
    """The row of an array whose header begins at `start` and that has `available` bytes, header included."""
    dtype = DType(header.dtype.number, header.dtype.name, header.numpy)
    size = prod(header.shape) * dtype.itemsize
    kind: type[FileFault] = Unsupported
    text = _FAULTS.get(dtype.name) or row_fault(header.shape, dtype)
    if text is None and header.size + size > available:
        kind = Truncated
        text = f"It is cut off: its shape asks for {size} bytes, and there are {max(available - header.size, 0)}."
    known = max(header.shape, default=0) < 1 << 63
    nbytes = size if dtype.itemsize and text is None else max(available - header.size, 0)
    row = Row(key, header.dtype, header.shape if known else None, nbytes, fault=text)
    trouble = None if text is None else Trouble(kind, text, path)
    place = Place(key, dtype, header.shape, 0, start + header.size, size, 0)
    return Item(row, place, header.fortran and len(header.shape) > 1, packed, trouble)


def _faulty(key: str, part: Part, trouble: Trouble) -> Item:
    return Item(Row(key, unknown(0), None, part.packed, fault=trouble.message), trouble=trouble)


def _repeated(item: Item, path: str) -> Item:
    """Where both `a` and `a.npy` are arrays."""
    text = "The archive holds this name more than once, so what it means cannot be told."
    row = item.row
    faulty = Row(row.key, row.dtype, row.shape, row.nbytes, fault=text)
    return Item(faulty, trouble=Trouble(Corrupt, text, path))
