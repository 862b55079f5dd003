"""Keeps a document's steps as they are made, so that staged edits survive a crash, a kill or a power cut.

One file for each edited checkpoint, in the program's own folder, locked while a window has the checkpoint open:

    CRC32C in 8 hexadecimal digits, space, JSON object, newline      one line a record, appended and fsynced

The first record says which checkpoint it is, `{"opened": PROCESS}` marks each opening, the others are the document's
steps. It is read as a file of a stranger: a line that does not match its checksum ends it, for a crash tears only the
last. Appending happens in a short-lived thread, because an fsync can take longer than a window may stand still.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from ckpt_studio.core.crc import crc32c
from ckpt_studio.core.locks import FileLock, LockTaken, lock_file
from ckpt_studio.core.resources import home_folder
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.saving import sync_folder
from ckpt_studio.formats.temporary_file import file_checksum

Json = dict[str, Any]
_Entry: TypeAlias = Callable[[], Json] | int
"""Makes a record; a number cuts the file to so many bytes."""

MAX_JOURNAL_BYTES: Final = 64 << 20
_WHOLE_FILE: Final = 64 << 20
_VERSION: Final = 1
_CHUNK: Final = 512
_SHORT: Final = 1 << 16


def journal_folder() -> Path:
    """Where journals lie."""
    return home_folder() / "journal"


def checkpoint_identity(base: Checkpoint) -> str:
    """A text that changes with the checkpoint's contents: size and checksum of its index, or of the file that it is.

    Of files without an index, where they are several or large, sizes and times stand for the contents.
    """
    indexes = (path for path in (f"{base.prefix}.index", *base.files()) if path.endswith(".index"))
    index = next(filter(os.path.isfile, indexes), None)
    return files_identity(base.files() if index is None else (index,))


def files_identity(files: Sequence[str]) -> str:
    """A text that changes with files: size and checksum of a single one; of many or large ones, sizes and times."""
    stats = [os.stat(path) for path in files]
    if len(files) == 1 and stats[0].st_size <= _WHOLE_FILE:
        size, crc = file_checksum(os.path.realpath(files[0]))
        return f"{size}-{crc:08x}"
    known = [f"{status.st_size}-{status.st_mtime_ns}" for status in stats]
    return known[0] if len(known) == 1 else hashlib.sha256(" ".join(known).encode()).hexdigest()[:32]


def staged_prefixes() -> frozenset[str]:
    """Prefixes (real paths) of the checkpoints whose journals hold steps that were not written since.

    A journal whose checkpoint has changed meanwhile is named too: it may have been changed back.
    """
    found = set()
    with suppress(OSError):
        for path in journal_folder().glob("*.journal"):
            with suppress(OSError), open(path, "rb") as file:
                header, *records = _read(file.fileno(), whole=False)[0] or [{}]
                steps = [record for record in records if "opened" not in record]
                if steps and "written" not in steps[-1] and isinstance(header.get("prefix"), str):
                    found.add(header["prefix"])
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a checkpoint open.

    Attributes:
        process: its id, or None where that could not be found out.
    """

    process: int | None


class Journal:
    """The journal of one checkpoint, held by this process until it is closed.

    Attributes:
        path: the file.
        owner: who has the checkpoint open instead, or None when it is ours; then nothing can be appended.
        fault: why edits cannot be kept at the moment, as a sentence, or None.
    """

    def __init__(self, base: Checkpoint) -> None:
        """Take hold of the journal of `base`. Where the folder cannot be written to, `fault` says so."""
        self.owner: Owner | None = None
        self.fault: str | None = None
        self._prefix = os.path.realpath(base.prefix)
        self._lock: FileLock | None = None
        self._records: list[Json] = []
        self._ends: list[int] = []
        self._end = 0
        self._queue: deque[_Entry] = deque()
        self._guard = threading.Lock()
        self._writer: threading.Thread | None = None
        self._header: Json = {"journal": _VERSION, "prefix": self._prefix}
        self.path = journal_folder() / "unknown.journal"
        try:
            self._header["identity"] = checkpoint_identity(base)
            name = hashlib.sha256(
                f"{self._prefix}\0{self._header['identity']}".encode("utf-8", "surrogateescape")
            )
            self.path = journal_folder() / f"{name.hexdigest()[:32]}.journal"
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = lock_file(self.path)
            sync_folder(str(self.path.parent))
        except LockTaken:
            self.owner = Owner(_last_process(self.path))
            return
        except OSError as error:
            self._give_up(error)
            return
        self._begin()

    @property
    def busy(self) -> str | None:
        """The sentence that the checkpoint is open in another window, or None."""
        if self.owner is None:
            return None
        who = "" if self.owner.process is None else f" (process {self.owner.process})"
        return f"This checkpoint is open in another window{who}; edit it there, or close it there first."

    def _begin(self) -> None:
        """Read what is there, drop what a crash tore, and say who has it now."""
        assert self._lock is not None
        try:
            records, ends = _read(self._lock.fd)
            if not records or records[0] != self._header:
                records, ends = [], []
            self._end = ends[-1] if ends else 0
            os.ftruncate(self._lock.fd, self._end)
        except OSError as error:
            self._give_up(error)
            return
        self._records, self._ends = records[1:], ends
        if not records:
            self._put(self._header)
        self._put({"opened": os.getpid()})

    def steps(self) -> list[Json]:
        """The document's steps that were in the journal when it was taken hold of, oldest first, not yet checked."""
        return [record for record in self._records if "opened" not in record]

    def append(self, step: Callable[[], Json]) -> None:
        """Add a step, which is made by the writing thread; returns at once.

        Where that fails, `fault` says so, and the edit is still staged.
        """
        self._enqueue(step)

    def keep(self, count: int) -> None:
        """Forget all recovered steps but the first `count`."""
        places = [at for at, record in enumerate(self._records) if "opened" not in record]
        if count < len(places):
            self._enqueue(
                self._ends[places[count]]
            )  # where the record before it ends; the header has no place
            self._put({"opened": os.getpid()})

    def clear(self) -> None:
        """Forget all steps."""
        self._enqueue(0)
        self._put(self._header)
        self._put({"opened": os.getpid()})

    def flush(self) -> None:
        """Wait until all steps are on the disk."""
        while (writer := self._writer) is not None:
            writer.join()

    def close(self) -> None:
        """Let go; a journal without steps is deleted."""
        self.flush()
        if self._lock is None:
            return
        if self._queue:  # the last attempt failed: one more
            self._start()
            self.flush()
        with suppress(OSError):
            records, _ = _read(self._lock.fd, whole=False)
            if all("opened" in record or "journal" in record for record in records):
                self.path.unlink()
        self._lock.close()
        self._lock = None

    # ---- writing

    def _put(self, record: Json) -> None:
        self._enqueue(lambda: record)

    def _enqueue(self, entry: _Entry) -> None:
        if self._lock is None:
            return
        with self._guard:
            self._queue.append(entry)
        self._start()

    def _start(self) -> None:
        with self._guard:
            if self._writer is None:
                self._writer = threading.Thread(target=self._drain, name="journal")
                self._writer.start()

    def _drain(self) -> None:
        """Write until nothing is left, and end: no thread waits around for the next edit."""
        while True:
            with self._guard:
                entries = list(self._queue)
                self._queue.clear()
                if not entries:
                    self._writer = None
                    return
            try:
                self._write(entries)
                self.fault = None
            except OSError as error:
                self._failed(error)
                with (
                    self._guard
                ):  # a step without those before it would be worth nothing: the next one tries again
                    self._queue.extendleft(reversed(entries))
                    self._writer = None
                return
            except BaseException:
                with self._guard:
                    self._writer = None
                raise

    def _write(self, entries: list[_Entry]) -> None:
        """Write some entries behind those that are on the disk for certain."""
        assert self._lock is not None
        fd, end = self._lock.fd, self._end
        os.ftruncate(fd, end)  # what an attempt before this one left there
        os.lseek(fd, end, os.SEEK_SET)
        for entry in entries:
            if isinstance(entry, int):
                os.ftruncate(fd, entry)
                self._end = end = os.lseek(fd, entry, os.SEEK_SET)
                continue
            parts = [part.encode("ascii") for part in _json_texts(entry())]
            crc = 0
            for part in parts:
                crc = crc32c(part, crc)
            for part in (b"%08x " % crc, *parts, b"\n"):
                view = memoryview(part)
                end += len(view)
                while view:
                    view = view[os.write(fd, view) :]
        os.fsync(fd)
        self._end = end

    def _give_up(self, error: OSError) -> None:
        """Nothing is kept: what the file holds is not known."""
        self._failed(error)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _failed(self, error: OSError) -> None:
        reason = (error.strerror or str(error)).lower()
        self.fault = (
            f"Staged edits cannot be kept in {str(self.path.parent)!r} ({reason}); a crash would lose them."
        )


def _json_texts(value: Any) -> Iterator[str]:
    """The text of `json.dumps` in parts, long lists some hundred items a part.

    Neither making a long text nor copying it lets go of the interpreter.
    """
    if isinstance(value, dict):
        mark = "{"
        for name, item in value.items():
            yield f"{mark}{json.dumps(name)}:"
            yield from _json_texts(item)
            mark = ","
        yield "}" if value else "{}"
    elif isinstance(value, list) and len(value) > _CHUNK:
        mark = "["
        for first in range(0, len(value), _CHUNK):
            yield mark + json.dumps(value[first : first + _CHUNK], separators=(",", ":"))[1:-1]
            mark = ","
        yield "]"
    else:
        yield json.dumps(value, separators=(",", ":"))


def _read(fd: int, whole: bool = True) -> tuple[list[Json], list[int]]:
    """All records up to the first damaged line, and where each ends.

    Unless `whole`, what is too long for anything but a step is not parsed and stands there as an empty record.
    """
    records: list[Json] = []
    ends: list[int] = []
    good = 0
    os.lseek(fd, 0, os.SEEK_SET)
    with open(fd, "rb", closefd=False) as file:
        while good < MAX_JOURNAL_BYTES and (line := file.readline(MAX_JOURNAL_BYTES)).endswith(b"\n"):
            record = _parse(line, whole or len(line) <= _SHORT)
            if record is None:
                break
            good += len(line)
            records.append(record)
            ends.append(good)
    return records, ends


def _parse(line: bytes, whole: bool) -> Json | None:
    crc, _, text = line[:-1].partition(b" ")
    try:
        if len(crc) != 8 or int(crc, 16) != crc32c(text):
            return None
        record = json.loads(text) if whole else {}
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _last_process(path: Path) -> int | None:
    with suppress(OSError), open(path, "rb") as file:
        for record in reversed(_read(file.fileno(), whole=False)[0]):
            if isinstance(record.get("opened"), int):
                return int(record["opened"])
    return None
