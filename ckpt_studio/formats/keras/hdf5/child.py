"""The HDF5 process, `python -m ckpt_studio.formats.keras.hdf5.child`: `process` starts it, nobody imports it.

It opens no file and writes none; when it has nothing to do for a while, when its parent is gone, or when a file takes
more time than it should, the system ends it.
"""

from __future__ import annotations

import codecs
import json
import os
import sys
from math import prod
from typing import IO, Any, Final, NoReturn

import h5py
import numpy as np
from h5py import h5d, h5p, h5s

from ckpt_studio.formats.keras.hdf5.frames import (
    LENGTH,
    MOST_VALUES,
    FrameFault,
    Kind,
    receive_bytes,
    receive_head,
    send,
)
from ckpt_studio.formats.keras.hdf5.limits import allow_idle, allow_memory, allow_processor, confine
from ckpt_studio.formats.keras.hdf5.remote import PARENT_GONE, RemoteFile
from ckpt_studio.formats.keras.hdf5.types import kind_of, memory_of
from ckpt_studio.formats.keras.hdf5.walk import HDF5_ERRORS, TooMuch, Walk

_CODECS: Final = ("ascii", "utf-8", "latin-1", "unicode_escape")
_LISTING_MEMORY: Final = 168 << 20
_MORE_MEMORY: Final = 32 << 20
"""So much more, at most, for a file that is large."""
_READING_MEMORY: Final = 1 << 30
_SECONDS: Final = 1.5
_SECONDS_PER_BYTE: Final = 0.6 / (1 << 20)
_FREE_BYTES: Final = 4 << 20
_MOST_SECONDS: Final = 120.0
_READING_SECONDS: Final = 4.0
_UNPACKED_PER_SECOND: Final = 20 << 20
_CHUNK_CACHE: Final = 64 << 20
_METADATA_CACHE: Final = 4 << 20
_SLOTS: Final = 10_007
_SENTENCE: Final = 300


def main() -> NoReturn:
    """Answer requests until nobody asks any more."""
    requests, answers = os.fdopen(0, "rb"), os.fdopen(1, "wb")
    for name in _CODECS:
        codecs.lookup(
            name
        )  # Python loads them when they are first used, and then no file can be opened any more
    confine()
    idle = float(sys.argv[1])
    session: Session | None = None
    try:
        while True:
            allow_idle(idle)
            kind, length = receive_head(requests)
            allow_idle(0)
            if kind is not Kind.request:
                break
            request = json.loads(receive_bytes(requests, length))
            if session is None:
                session = Session(requests, answers, request["size"])
            session.answer(request)
    except (OSError, FrameFault):
        pass
    os._exit(PARENT_GONE)


class Session:
    """One file, opened at the first request.

    Args:
        size: bytes that the file has.
    """

    def __init__(self, requests: IO[bytes], answers: IO[bytes], size: int) -> None:
        self._answers = answers
        self._file = RemoteFile(requests, answers, size)
        self._root: Any = None
        self._last: tuple[str, Any] | None = None

    def answer(self, request: dict[str, Any]) -> None:
        """Do what is asked, and say how it ended."""
        size = self._file.size
        seconds = min(_MOST_SECONDS, _SECONDS + max(0, size - _FREE_BYTES) * _SECONDS_PER_BYTE)
        listing = request["do"] == "list"
        allow_processor(seconds)
        allow_memory(_LISTING_MEMORY + min(size, _MORE_MEMORY) if listing else _READING_MEMORY)
        try:
            if self._root is None:
                self._root = h5py.h5o.open(self._opened(), b"/")
            if listing:
                Walk(self._root, self._file, self._tell).run()
            else:
                self._read(request["path"], request["window"])
        except TooMuch as error:
            self._fault("too_much", error)
        except MemoryError as error:
            self._fault("memory", error)
        except HDF5_ERRORS as error:
            self._fault("cut" if self._file.end > size or self._file.beyond else "unreadable", error)
        else:
            send(self._answers, Kind.done)
        allow_processor(0)

    def _opened(self) -> Any:
        plist = h5p.create(h5p.FILE_ACCESS)
        plist.set_fileobj_driver(h5py.h5fd.fileobj_driver, self._file)
        cache = plist.get_mdc_config()  # what it keeps of objects takes several times as much memory
        cache.set_initial_size = True
        cache.initial_size = cache.min_size = cache.max_size = _METADATA_CACHE
        plist.set_mdc_config(cache)
        return h5py.h5f.open(b"the file", h5py.h5f.ACC_RDONLY, fapl=plist)

    def _tell(self, batch: dict[str, Any]) -> None:
        batch["end"] = self._file.end
        send(self._answers, Kind.listing, json.dumps(batch, separators=(",", ":")).encode())

    def _fault(self, code: str, error: BaseException) -> None:
        text = json.dumps([code, str(error)[:_SENTENCE]]).encode()
        send(self._answers, Kind.fault, text)

    def _dataset(self, path: str) -> Any:
        """The dataset at `path`, kept open while it is the one that is asked for, with its unpacked chunks."""
        if self._last is None or self._last[0] != path:
            self._last = None
            raw = path.encode("utf-8", "surrogateescape")
            plist = h5p.create(h5p.DATASET_ACCESS)
            plist.set_chunk_cache(_SLOTS, max(_CHUNK_CACHE, _chunk_bytes(h5d.open(self._root, raw))), 1.0)
            self._last = (
                path,
                h5d.open(self._root, raw, plist),
            )  # nobody has it open now: the cache is as asked for
        return self._last[1]

    def _read(self, path: str, window: list[list[int]]) -> None:
        """The values of a window: numbers as they are, strings each with its length before it."""
        dataset = self._dataset(path)
        starts = tuple(start for start, _ in window)
        counts = tuple(stop - start for start, stop in window)
        allow_processor(_READING_SECONDS + _touched(dataset, window) / _UNPACKED_PER_SECOND)
        tid = dataset.get_type()
        name, _ = kind_of(tid, "bfloat16")
        if name == "string":
            dtype, kind = tid.dtype, h5py.h5t.py_create(tid.dtype)
        else:
            dtype, kind = memory_of(name, tid)
        if prod(counts) * max(dtype.itemsize, 1) > MOST_VALUES:
            raise ValueError("more values than one answer holds")
        values = np.empty(counts, dtype)
        space = dataset.get_space()
        if counts:
            space.select_hyperslab(starts, counts)
        self._file.beyond = False
        dataset.read(h5s.create_simple(counts) if counts else h5s.create(h5s.SCALAR), space, values, kind)
        if self._file.beyond:
            raise ValueError("the file ends before")
        send(self._answers, Kind.values, _strings(values) if name == "string" else values.tobytes())


def _chunk_bytes(dataset: Any) -> int:
    """Bytes of one unpacked chunk, 0 where there are none."""
    plist = dataset.get_create_plist()
    if plist.get_layout() != h5d.CHUNKED:
        return 0
    return int(dataset.get_type().get_size()) * int(prod(plist.get_chunk()))


def _touched(dataset: Any, window: list[list[int]]) -> int:
    """Bytes that have to be unpacked for a window: all of every chunk that it touches."""
    chunk_bytes = _chunk_bytes(dataset)
    if not chunk_bytes:
        return int(dataset.get_type().get_size()) * int(prod(stop - start for start, stop in window))
    chunk = dataset.get_create_plist().get_chunk()
    counts = (-(-stop // part) - start // part for (start, stop), part in zip(window, chunk, strict=True))
    return chunk_bytes * int(prod(counts))


def _strings(values: np.ndarray[Any, Any]) -> bytes:
    parts = []
    total = 0
    for value in values.reshape(-1).tolist():
        raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
        total += LENGTH.size + len(raw)
        if total > MOST_VALUES:
            raise ValueError("more text than one answer holds")
        parts += [LENGTH.pack(len(raw)), raw]
    return b"".join(parts)


if __name__ == "__main__":
    main()
