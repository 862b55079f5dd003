"""The process that lays an HDF5 file out, started by `layout` with `python -m` and imported by nobody.

It is told what the file shall hold, lets the HDF5 library make the file in memory without any values, and says where
each dataset's values belong and which bytes the library wrote itself. So no value passes through it, and the file is
written by the program as every other.

    standard input    {"groups": [[PATH, {NAME: TEXT or [TEXT...]}]...], "datasets": [[PATH, TYPE, SHAPE]...]}
    standard output   {"size": BYTES, "places": [OFFSET or null, ...], "pieces": [[OFFSET, SIZE]...]}, newline, pieces
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final

import h5py
import ml_dtypes
import numpy as np
from h5py import h5d, h5p, h5s, h5t

_PAGE: Final = 64 << 10
_MOST_ATTRIBUTE: Final = 64_000
"""Bytes of an attribute that HDF5 keeps in a group's own header; Keras cuts longer lists."""


class Sparse:
    """A file in memory that keeps only what was written to it."""

    def __init__(self) -> None:
        self._at = 0
        self._pages: dict[int, bytearray] = {}
        self._written: list[tuple[int, int]] = []
        self.size = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As `io.RawIOBase.seek`."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        return self._at

    def tell(self) -> int:
        """As `io.RawIOBase.tell`."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; what was not written is zero."""
        view = memoryview(buffer).cast("B")
        view[:] = self._bytes(self._at, len(view))
        self._at += len(view)
        return len(view)

    def write(self, data: Any) -> int:
        """Put bytes at the present place."""
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            number, inside = divmod(self._at + done, _PAGE)
            part = view[done : done + _PAGE - inside]
            page = self._pages.setdefault(number, bytearray(_PAGE))
            page[inside : inside + len(part)] = part
            done += len(part)
        self._written.append((self._at, self._at + len(view)))
        self._at += len(view)
        self.size = max(self.size, self._at)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size."""
        self.size = self._at if size is None else size
        return self.size

    def flush(self) -> None:
        """Nothing waits."""

    def _bytes(self, start: int, size: int) -> bytes:
        parts = []
        stop = start + size
        while start < stop:
            number, inside = divmod(start, _PAGE)
            length = min(_PAGE - inside, stop - start)
            page = self._pages.get(number)
            parts.append(bytes(length) if page is None else bytes(page[inside : inside + length]))
            start += length
        return b"".join(parts)

    def pieces(self) -> list[tuple[int, bytes]]:
        """What was written, in order and without overlap."""
        found: list[list[int]] = []
        for start, stop in sorted(self._written):
            if found and start <= found[-1][1]:
                found[-1][1] = max(found[-1][1], stop)
            else:
                found.append([start, stop])
        return [(start, self._bytes(start, min(stop, self.size) - start)) for start, stop in found]


def main() -> None:
    """Lay one file out."""
    wanted = json.load(sys.stdin.buffer)
    sparse = Sparse()
    plist = h5p.create(h5p.FILE_ACCESS)
    plist.set_fileobj_driver(h5py.h5fd.fileobj_driver, sparse)
    with h5py.File(h5py.h5f.create(b"the file", h5py.h5f.ACC_TRUNC, fapl=plist)) as file:
        for path, attributes in wanted["groups"]:
            group = file.require_group(path) if path else file
            for name, value in attributes.items():
                _attribute(group, name, value)
        places = [_dataset(file, *row) for row in wanted["datasets"]]
    pieces = sparse.pieces()
    answer = {
        "size": sparse.size,
        "places": places,
        "pieces": [[start, len(data)] for start, data in pieces],
    }
    out = sys.stdout.buffer
    out.write(json.dumps(answer).encode() + b"\n")
    for _, data in pieces:
        out.write(data)
    out.flush()


def _attribute(group: Any, name: str, value: str | list[str]) -> None:
    """As Keras writes it; a list that is too long for one attribute is cut into `NAME0`, `NAME1`, ..."""
    if isinstance(value, str):
        group.attrs[name] = value
        return
    texts = [text.encode("utf-8", "surrogateescape") for text in value]
    widest = max(map(len, texts), default=1)
    each = max(1, _MOST_ATTRIBUTE // max(widest, 1))
    if len(texts) <= each:
        group.attrs[name] = np.array(texts, f"S{max(widest, 1)}")
        return
    for number, first in enumerate(range(0, len(texts), each)):
        group.attrs[f"{name}{number}"] = np.array(texts[first : first + each], f"S{widest}")


def _dataset(file: Any, path: str, name: str, shape: list[int]) -> int | None:
    """Make room for a dataset; where its values belong, None where it has none."""
    kind = h5t.py_create(np.dtype(getattr(ml_dtypes, name) if name == "bfloat16" else name), logical=True)
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_layout(h5d.CONTIGUOUS)
    plist.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    plist.set_fill_time(h5d.FILL_TIME_NEVER)
    links = h5p.create(h5p.LINK_CREATE)
    links.set_create_intermediate_group(True)
    links.set_char_encoding(h5t.CSET_UTF8)
    space = h5s.create_simple(tuple(shape)) if shape else h5s.create(h5s.SCALAR)
    raw = path.encode("utf-8", "surrogateescape")
    dataset = h5d.create(file.id, raw, kind, space, dcpl=plist, lcpl=links)
    if name == "bfloat16":
        h5py.Dataset(dataset).attrs["dtype"] = "bfloat16"
    offset = dataset.get_offset()
    return None if offset is None else int(offset)


if __name__ == "__main__":
    main()
