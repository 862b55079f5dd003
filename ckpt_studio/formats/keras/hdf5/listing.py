"""Judges what the HDF5 process said about a file: nothing of it is believed before it is checked against the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

from ckpt_studio.core import dtypes
from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import Corrupt, FileFault, Truncated, Unsupported
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.files import said
from ckpt_studio.formats.keras.hdf5.frames import SLACK, most_paths
from ckpt_studio.formats.keras.hdf5.image import Image
from ckpt_studio.formats.reading import is_too_large

_UNKNOWN: Final = dtypes.unknown(0)
_MOST: Final = 200_000
_DEEPEST: Final = 32
_LARGEST: Final = 1 << 63
_MOST_RATIO: Final = 1100
"""More than gzip can do (1,032 to 1)."""
_FREE_BYTES: Final = 1 << 16
_MOST_NOTES: Final = 3
_STORED: Final = ("contiguous", "chunked", "compact")

Attribute = str | list[str]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset.

    Attributes:
        path: its path in the file.
        dtype: the element type; of unknown meaning where it could not be told.
        shape: None when unknown.
        nbytes: bytes on disk.
        big_endian: byte order of the numbers on disk.
        offset: for numbers that lie together as they are, their place in the HDF5 file; else None.
        fault: what is wrong with it as a sentence, or None.
        fault_kind: the error that reading it raises.
    """

    path: str
    dtype: DType = _UNKNOWN
    shape: tuple[int, ...] | None = None
    nbytes: int = 0
    big_endian: bool = False
    offset: int | None = None
    fault: str | None = None
    fault_kind: type[FileFault] = Corrupt


@dataclass
class Listing:
    """What a file holds.

    Attributes:
        datasets: by path.
        groups: the attributes of each group that Keras writes, by path; the root's is "".
        notes: sentences that a person should see.
        is_cut: whether the file ends before it should.
    """

    datasets: dict[str, Dataset] = field(default_factory=dict)
    groups: dict[str, dict[str, Attribute]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    is_cut: bool = False

    def text(self, group: str, name: str) -> str | None:
        """A group's attribute that is a string."""
        value = self.groups.get(group, {}).get(name)
        return value if isinstance(value, str) else None

    def names(self, group: str, name: str) -> list[str] | None:
        """A group's attribute that is a list of strings, put together where it was cut into several."""
        found = self.groups.get(group, {})
        value = found.get(name)
        if isinstance(value, list):
            return value
        parts: list[list[str]] = []
        while isinstance(part := found.get(f"{name}{len(parts)}"), list):
            parts.append(part)
        return [text for part in parts for text in part] if parts else None


class Judge:
    """Takes the batches of one listing.

    Raises (every method):
        ValueError: a batch is not what the process says when all is well.
    """

    def __init__(self, image: Image) -> None:
        self.listing = Listing()
        self._image = image
        self._bytes = 0
        self._texts = 0
        self._others: list[str] = []
        self._again = 0
        self._end = 0

    def take(self, payload: bytes) -> None:
        """Believe one batch as far as it can be."""
        batch = json.loads(payload)
        self._end = _integer(batch["end"])
        for path, attributes in batch["groups"]:
            self._count(path)
            self.listing.groups[path] = told = dict(_attributes(attributes))
            self._texts += sum(
                len(value) if isinstance(value, str) else sum(map(len, value)) for value in told.values()
            )
            if self._texts > self._image.size + SLACK:
                raise ValueError("more text than the file has bytes")
        for row in batch["datasets"]:
            dataset = self._dataset(*row)
            self._count(dataset.path)
            self.listing.datasets[dataset.path] = dataset
        for code, path, detail in batch["notes"]:
            if code == "again":
                self._again += 1
            else:
                self._others.append(f"{_NOTES[code]} {_word(path) or '/'} cannot be read: {_detail(detail)}.")

    def finish(self) -> Listing:
        """The listing, with sentences about the file as a whole.

        Raises:
            Truncated: the file is cut off so early that nothing is left of it.
        """
        name, size = said(self._image.path), self._image.size
        notes = self.listing.notes
        self.listing.is_cut = self._end > size
        if self.listing.is_cut:
            text = f"{name} is cut off: it says to end at byte {self._end}, but ends at {size}"
            if all(dataset.fault for dataset in self.listing.datasets.values()):
                raise Truncated(f"{text}, and nothing that is left can be read.", path=self._image.path)
            notes.append(f"{text}; what is missing is marked.")
        if self._again:
            notes.append(f"{name} has groups with more than one name; each is shown under the first one.")
        notes += self._others[:_MOST_NOTES]
        if len(self._others) > _MOST_NOTES:
            notes.append(f"{len(self._others) - _MOST_NOTES} more parts of {name} cannot be read.")
        return self.listing

    def _count(self, path: str) -> None:
        self._bytes += len(_string(path))
        if len(self.listing.datasets) + len(self.listing.groups) > _MOST or self._bytes > most_paths(
            self._image.size
        ):
            raise ValueError("more than was agreed on")

    def _dataset(
        self,
        path: str,
        kind: str | None,
        big_endian: bool,
        dims: list[int] | None,
        layout: str | None,
        offset: int | None,
        stored: int,
        code: str | None,
        detail: object,
    ) -> Dataset:
        if path in self.listing.datasets:
            return Dataset(path, fault="Two datasets have this name, so what it means cannot be told.")
        dtype = _UNKNOWN if kind is None else dtypes.BY_NAME[kind]
        shape = None if dims is None else tuple(_integer(extent) for extent in dims)
        stored = _integer(stored)
        count = prod(shape or ())
        if shape is not None and (len(shape) > _DEEPEST or is_too_large(shape, dtype)):
            return Dataset(path, dtype, fault=f"Its shape {list(shape)[:8]} is larger than any file.")
        if code is not None:
            kind_of_fault, sentence = _SENTENCES[code]
            fault = sentence.format(*(map(_word, detail) if isinstance(detail, list) else [_detail(detail)]))
            return Dataset(path, dtype, shape, stored, fault=fault, fault_kind=kind_of_fault)
        if shape is None or layout not in _STORED or kind is None:
            raise ValueError("a dataset without a shape")
        wrong = self._wrong(dtype, count, layout, offset, stored)
        if wrong is not None:
            return Dataset(path, dtype, shape, stored, fault=wrong[1], fault_kind=wrong[0])
        direct = offset if layout == "contiguous" and dtype.itemsize and count else None
        return Dataset(path, dtype, shape, stored, bool(big_endian), direct)

    def _wrong(
        self, dtype: DType, count: int, layout: str, offset: int | None, stored: int
    ) -> tuple[type[FileFault], str] | None:
        """What is wrong with the place of a dataset's values, or None."""
        size, nbytes = self._image.size, count * dtype.itemsize
        if not count:
            return None
        if layout != "contiguous":
            if stored > size:
                return Corrupt, f"It says to take {stored} bytes, more than the file has."
            if nbytes > _FREE_BYTES + _MOST_RATIO * stored:
                return Corrupt, f"It says to have {nbytes} bytes in {stored}, more than compression explains."
            return None
        if stored < nbytes:
            return Corrupt, f"Its {stored} bytes are too few for {dtype.name} of this shape."
        if _integer(offset) + max(stored, nbytes) > size:
            return (
                Truncated,
                f"It should lie at bytes {offset} to {_integer(offset) + nbytes}, but the file has {size}.",
            )
        return None


def _attributes(found: Mapping[str, Any]) -> list[tuple[str, Attribute]]:
    good: list[tuple[str, Attribute]] = []
    for key, value in found.items():
        name = _string(key)
        if isinstance(value, list):
            good.append((name, [_string(text) for text in value]))
        elif value is not None:
            good.append((name, _string(value)))
    return good


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST:
        raise ValueError(f"{value!r} is no length")
    return value


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _word(value: object) -> str:
    """A word of the file for a sentence."""
    return printable(str(value))[:200]


def _detail(value: object) -> str:
    """What the HDF5 library said, as part of a sentence."""
    return " ".join(_word(value).split()).rstrip(".") or "the HDF5 library does not say why"


_NOTES: Final = {"group": "The group", "attributes": "The attributes of", "attribute": "The attribute"}

_SENTENCES: Final[dict[str, tuple[type[FileFault], str]]] = {
    "soft": (Unsupported, "It is a soft link to {}; links are not followed."),
    "external": (Unsupported, "It is a link into another file, {}; links are not followed."),
    "external_storage": (Unsupported, "Its values lie in another file, {}, which is not opened."),
    "virtual": (Unsupported, "It is made up of other datasets (a virtual dataset), which are not followed."),
    "filter": (
        Unsupported,
        "Its values are packed by the HDF5 filter {}, which Ckpt Studio does not unpack.",
    ),
    "chunk_size": (
        Unsupported,
        "Its values are packed in chunks of {} bytes, more than are unpacked at once.",
    ),
    "type": (Unsupported, "Its elements are {}; Ckpt Studio shows numbers and text."),
    "empty": (Unsupported, "It has a type, but no shape and no values."),
    "unwritten": (Corrupt, "Its values were never written."),
    "chunks": (Corrupt, "Only {} of its {} chunks were ever written."),
    "beyond": (Truncated, "Its values lie beyond the end of the file."),
    "cut": (Truncated, "It lies beyond the end of the file."),
    "unreadable": (Corrupt, "It is damaged: {}."),
}
