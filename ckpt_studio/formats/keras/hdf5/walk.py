"""Lists what an HDF5 file holds: every dataset with its place, and the few attributes that Keras writes.

Runs in the HDF5 process only. Links are looked at before they are followed, and only hard links are; a group is
entered once, whatever links lead to it; counts, depth and lengths are bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, Final

import numpy as np
from h5py import h5, h5a, h5d, h5g, h5l, h5o, h5s, h5t

from ckpt_studio.formats.keras.hdf5.frames import SLACK, most_paths
from ckpt_studio.formats.keras.hdf5.remote import RemoteFile
from ckpt_studio.formats.keras.hdf5.types import OddType, kind_of

HDF5_ERRORS: Final = (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, OverflowError)
"""What h5py raises about a damaged file."""

_DEEPEST: Final = 64
_MOST_OBJECTS: Final = 200_000
_MOST_PATH: Final = 4096
_MOST_CHUNKS: Final = 100_000
_MOST_ATTRIBUTE: Final = 12 << 20
_MOST_STRINGS: Final = 200_000
_BATCH: Final = 500
_LISTS: Final = ("layer_names", "weight_names")
_OF_GROUPS: Final = ("name", "keras_version", "backend", "model_config", "training_config")
_FILTERS: Final = {1, 2, 3, 4, 32000}
"""gzip, shuffle, fletcher32, szip, lzf."""
_LARGEST: Final = 1 << 62
_LARGEST_CHUNK: Final = 256 << 20


class TooMuch(Exception):
    """The file holds more than is believed; says what."""


class Odd(Exception):
    """A dataset whose values cannot be read: a code for the parent, and a detail."""


class Walk:
    """One walk through a file.

    Args:
        root: the file's root group, an h5py `GroupID`.
        file: tells whether something beyond its end was read.
        tell: takes one batch: lists of datasets, of groups and of notes.
    """

    def __init__(self, root: Any, file: RemoteFile, tell: Callable[[dict[str, Any]], None]) -> None:
        self._file = file
        self._tell = tell
        self._datasets: list[list[Any]] = []
        self._groups: list[list[Any]] = []
        self._notes: list[list[str]] = []
        self._objects = 0
        self._bytes = 0
        self._chunks = 0
        self._texts = 0
        self._all_texts = 0
        self._seen = {h5o.get_info(root).addr}
        self._known: dict[int, list[Any]] = {}
        self._root = root

    def run(self) -> None:
        """Tell everything.

        Raises:
            TooMuch: a bound was passed.
        """
        self._enter(self._root, "", 0)
        self._flush()

    def _enter(self, group: Any, path: str, depth: int) -> None:
        """Tell what is in a group, and in the groups below it."""
        if depth > _DEEPEST:
            raise TooMuch(f"groups nested more than {_DEEPEST} deep")
        self._group(group, path)
        for name, kind, address in self._links(group, path):
            self._link(group, f"{path}/{name}" if path else name, name, kind, address, depth)
            if len(self._datasets) + len(self._groups) >= _BATCH:
                self._flush()

    def _flush(self) -> None:
        self._tell({"datasets": self._datasets, "groups": self._groups, "notes": self._notes})
        self._datasets, self._groups, self._notes = [], [], []
        self._texts = 0

    def _links(self, group: Any, path: str) -> list[tuple[str, int, int]]:
        """Name, kind and address of every link in a group."""
        found: list[tuple[str, int, int]] = []
        most = most_paths(self._file.size)

        def take(name: bytes, info: Any) -> bool | None:
            self._objects += 1
            self._bytes += len(path) + len(name)
            if self._objects > _MOST_OBJECTS or self._bytes > most or len(name) > _MOST_PATH:
                return True
            found.append((name.decode("utf-8", "surrogateescape"), info.type, info.u))
            return None  # anything else stops; `info` is one object, filled anew for each link

        self._file.beyond = False
        try:
            stopped, _ = group.links.iterate(take, idx_type=h5.INDEX_NAME, order=h5.ITER_INC, info=True)
        except HDF5_ERRORS as error:
            self._notes.append(["group", path, str(error)])
            return found
        if stopped:
            raise TooMuch(f"more than {_MOST_OBJECTS} objects, or names that are too long")
        if self._file.beyond:
            self._notes.append(["group", path, "its list of names lies beyond the end of the file"])
        return found

    def _link(self, group: Any, path: str, name: str, kind: int, address: int, depth: int) -> None:
        if len(path) > _MOST_PATH:
            raise TooMuch("names that are too long")
        raw = name.encode("utf-8", "surrogateescape")
        if kind == h5l.TYPE_SOFT:
            self._faulty(path, "soft", self._target(group, raw))
        elif kind != h5l.TYPE_HARD:
            self._faulty(path, "external", self._target(group, raw))
        else:
            self._hard(group, path, raw, address, depth)

    def _hard(self, group: Any, path: str, name: bytes, address: int, depth: int) -> None:
        known = self._known.get(address)
        if known is not None:
            self._datasets.append([path, *known])
            return
        self._file.beyond = False
        try:
            thing = h5o.open(group, name)
        except HDF5_ERRORS as error:
            self._faulty(path, "cut" if self._file.beyond else "unreadable", str(error))
            return
        if isinstance(thing, h5d.DatasetID):
            row = self._dataset(thing, path)
            self._known[address] = row[1:]
            self._datasets.append(row)
        elif isinstance(thing, h5g.GroupID) and address in self._seen:
            self._notes.append(["again", path, ""])
        elif isinstance(thing, h5g.GroupID):
            self._seen.add(address)
            self._enter(thing, path, depth + 1)

    def _target(self, group: Any, name: bytes) -> str:
        """Where a link says that it leads, for a person."""
        try:
            target = group.links.get_val(name)
        except HDF5_ERRORS:
            return ""
        parts = target if isinstance(target, tuple) else (target,)
        return " ".join(part.decode("utf-8", "replace") for part in parts)

    def _faulty(self, path: str, code: str, detail: object = "") -> None:
        self._datasets.append([path, None, False, None, None, None, 0, code, detail])

    def _group(self, group: Any, path: str) -> None:
        """The attributes of a group that Keras writes."""
        found: dict[str, object] = {}
        try:
            if h5a.get_num_attrs(group):
                for name in _names_of_attributes(group):
                    found[name] = self._attribute(group, path, name)
        except HDF5_ERRORS as error:
            self._notes.append(["attributes", path, str(error)])
        self._groups.append([path, found])

    def _attribute(self, thing: Any, path: str, name: str) -> object:
        try:
            value, size = _text(h5a.open(thing, name.encode()))
        except HDF5_ERRORS as error:
            self._notes.append(["attribute", f"{path}@{name}", str(error)])
            return None
        self._texts += size
        self._all_texts += size
        if self._all_texts > self._file.size + SLACK:
            raise TooMuch("texts that are longer than the file, because many names lead to one of them")
        if self._texts > _MOST_ATTRIBUTE:
            self._flush()
            self._texts = size
        return value

    def _dataset(self, dataset: Any, path: str) -> list[Any]:
        """A row: path, type, byte order, dims, layout, offset, bytes stored, and what is odd about it."""
        row: list[Any] = [path, None, False, None, None, None, 0, None, ""]
        try:
            space = dataset.get_space()
            extent = space.get_simple_extent_type()
            if extent == h5s.NULL:
                row[7] = "empty"
                return row
            dims = _believed(space.get_simple_extent_dims())
            row[3] = dims
            marked = self._attribute(dataset, path, "dtype") if h5a.exists(dataset, b"dtype") else ""
            tid = dataset.get_type()
            (row[6],) = _believed((int(dataset.get_storage_size()),))
            row[1], row[2] = kind_of(tid, marked if isinstance(marked, str) else "")
            row[4], row[5] = self._place(dataset, dims, prod(dims) * tid.get_size())
        except OddType as odd:
            row[7:] = ["type", str(odd)]
        except Odd as odd:
            row[7:] = list(odd.args)
        except HDF5_ERRORS as error:
            row[7:] = ["unreadable", str(error)]
        if self._file.beyond and row[7] in (None, "unreadable"):
            row[7:] = ["cut", ""]
        return row

    def _place(self, dataset: Any, dims: list[int], nbytes: int) -> tuple[str, int | None]:
        """Layout, and for values that lie together their offset."""
        plist = dataset.get_create_plist()
        layout = plist.get_layout()
        if layout == h5d.VIRTUAL:
            raise Odd("virtual", "")
        if plist.get_external_count():
            raise Odd("external_storage", plist.get_external(0)[0].decode("utf-8", "replace"))
        filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
        strange = [number for number in filters if number not in _FILTERS]
        if strange:
            raise Odd("filter", strange[0])
        if layout == h5d.COMPACT:
            return "compact", None
        if layout == h5d.CONTIGUOUS:
            offset = dataset.get_offset()
            if offset is None and nbytes:
                raise Odd("unwritten", "")
            _believed((offset or 0,))
            return "contiguous", offset
        self._check_chunks(dataset, dims, plist.get_chunk(), nbytes)
        return "chunked", None

    def _check_chunks(self, dataset: Any, dims: list[int], chunk: tuple[int, ...], nbytes: int) -> None:
        """Every chunk must be there, inside the file and of a size that memory has room for."""
        count = prod(-(-extent // part) for extent, part in zip(dims, chunk, strict=True))
        if not nbytes:
            return
        if prod(chunk) * (nbytes // prod(dims)) > _LARGEST_CHUNK:
            raise Odd("chunk_size", prod(chunk) * (nbytes // prod(dims)))
        there = dataset.get_num_chunks()
        if there < count:
            raise Odd("chunks", [there, count]) if there else Odd("unwritten", "")
        self._chunks += there
        if self._chunks > _MOST_CHUNKS:
            return  # reading them will tell
        outside = []

        def look(info: Any) -> None:
            if info.byte_offset is None or info.byte_offset + info.size > self._file.size:
                outside.append(info)

        dataset.chunk_iter(look)
        if outside:
            raise Odd("beyond", "")


def _believed(numbers: tuple[int, ...]) -> list[int]:
    """Lengths, or places in the file.

    Raises:
        ValueError: they are beyond all that can be.
    """
    if any(not 0 <= number < _LARGEST for number in numbers):
        raise ValueError("a length is larger than any file")
    return list(numbers)


def _names_of_attributes(group: Any) -> Iterator[str]:
    """Those that Keras writes: lists of names may be cut into several, `layer_names0`, `layer_names1`, ..."""
    for name in _OF_GROUPS:
        if h5a.exists(group, name.encode()):
            yield name
    for name in _LISTS:
        if h5a.exists(group, name.encode()):
            yield name
        number = 0
        while number < _MOST_STRINGS and h5a.exists(group, b"%s%d" % (name.encode(), number)):
            yield f"{name}{number}"
            number += 1


def _text(attribute: Any) -> tuple[object, int]:
    """A string or a list of strings, and about how many bytes it has; an empty list whatever its type is.

    Raises:
        ValueError: it is something else, or too much.
    """
    space, tid = attribute.get_space(), attribute.get_type()
    extent = space.get_simple_extent_type()
    count = 0 if extent == h5s.NULL else int(space.get_simple_extent_npoints())
    if count == 0:
        return [], 0
    if tid.get_class() != h5t.STRING or space.get_simple_extent_ndims() > 1 or count > _MOST_STRINGS:
        raise ValueError("it is no text")
    if not tid.is_variable_str() and count * tid.get_size() > _MOST_ATTRIBUTE:
        raise ValueError("it is too long")
    values = np.empty(space.get_simple_extent_dims(), tid.dtype)
    attribute.read(values, h5t.py_create(tid.dtype))
    raw = [
        value if isinstance(value, bytes) else str(value).encode() for value in values.reshape(-1).tolist()
    ]
    size = sum(map(len, raw))
    if size > _MOST_ATTRIBUTE:
        raise ValueError("it is too long")
    texts = [value.decode("utf-8", "surrogateescape") for value in raw]
    return (texts[0] if extent == h5s.SCALAR else texts), size
