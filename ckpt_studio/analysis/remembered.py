"""Remembers figures between starts, so that a checkpoint that was looked at once shows its statistics at once.

A figure is found again by what identifies the values: the identity of their files (device, inode, size, time) and the
checksum that the checkpoint stores for them. Anything that goes wrong with the cache only costs the time it would save.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from ckpt_studio.analysis.statistics import Statistics, statistics
from ckpt_studio.core.once import Once
from ckpt_studio.core.resources import home_folder
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, encode

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

_VERSION: Final = 1
"""To be raised whenever a figure changes its meaning."""
_MOST_ROWS: Final = 500_000
_SPARE_ROWS: Final = 50_000
_BATCH: Final = 200
_SECONDS_TO_WAIT: Final = 2.0


def fingerprint(source: TensorSource, key: str) -> bytes:
    """What identifies the values of a variable, as 16 bytes.

    Raises:
        NoSuchVariable: no such key.
    """
    stored = source.stored(key)
    told = f"{_VERSION}\n{source.identity(key)}\n{None if stored is None else stored.crc}"
    return hashlib.blake2b(encode(told), digest_size=16).digest()


class FigureCache:
    """Statistics by fingerprint, in a file that several windows may share. All methods may be called from any thread.

    Args:
        path: the file; None for the program's own.

    Attributes:
        once: the figures that are being looked for, by fingerprint.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = home_folder() / "cache" / "figures.sqlite" if path is None else path
        self.once: Once[bytes, Statistics] = Once()
        self._lock = threading.Lock()
        self._base: sqlite3.Connection | None = None
        self._broken = False

    def close(self) -> None:
        """Let go of the file; asking again opens it again."""
        with self._lock:
            if self._base is not None:
                self._base.close()
            self._base = None

    def find(self, fingerprints: Iterable[bytes]) -> dict[bytes, Statistics]:
        """What is remembered of these."""
        wanted = list(fingerprints)
        if self._base is None and not self._path.exists():
            return {}

        def look(base: sqlite3.Connection) -> dict[bytes, Statistics]:
            found = {}
            for start in range(0, len(wanted), 500):
                part = wanted[start : start + 500]
                marks = ",".join("?" * len(part))
                rows = base.execute(f"SELECT print, figures FROM figures WHERE print IN ({marks})", part)
                for print_, text in rows:
                    with suppress(ValueError, TypeError):
                        found[bytes(print_)] = Statistics(**json.loads(text))
            return found

        return self._use(look) or {}

    def keep(self, figures: Iterable[tuple[bytes, Statistics]]) -> None:
        """Remember these; the oldest are forgotten where there are too many."""
        rows = [(print_, json.dumps(asdict(each))) for print_, each in figures]

        def write(base: sqlite3.Connection) -> None:
            with base:
                base.executemany("INSERT OR REPLACE INTO figures (print, figures) VALUES (?, ?)", rows)
                count, newest = base.execute("SELECT count(*), max(rowid) FROM figures").fetchone()
                if count > _MOST_ROWS:
                    oldest = newest - _MOST_ROWS + _SPARE_ROWS
                    base.execute("DELETE FROM figures WHERE rowid <= ?", (oldest,))

        if rows:
            self._use(write)

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something with the file; one that is damaged is made anew once, then left alone."""
        import sqlite3  # which takes its time at the first start, when nothing is remembered yet

        with self._lock:
            for _ in range(2):
                if self._broken:
                    return None
                try:
                    return work(self._opened())
                except sqlite3.OperationalError:  # locked, full, not to be written: the next time may do
                    return None
                except (sqlite3.DatabaseError, OSError):
                    self._make_anew()
        return None

    def _opened(self) -> sqlite3.Connection:
        import sqlite3

        if self._base is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(self._path, timeout=_SECONDS_TO_WAIT, check_same_thread=False)
            self._base.execute("PRAGMA synchronous=OFF")
            self._base.execute(
                "CREATE TABLE IF NOT EXISTS figures (print BLOB UNIQUE, figures TEXT NOT NULL)"
            )
        return self._base

    def _make_anew(self) -> None:
        if self._base is not None:
            self._base.close()
            self._base = None
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            self._broken = True


class Remembering:
    """Statistics of one source's variables, from the cache where they are in it, else computed and kept.

    Both go by batches of neighbours. A context manager: what was computed is kept at the end at the latest.

    Args:
        source: whose variables.
        cache: what is remembered.
    """

    def __init__(self, source: TensorSource, cache: FigureCache) -> None:
        self._source, self._cache = source, cache
        self._looked: dict[str, Statistics | None] = {}
        self._fresh: list[tuple[bytes, Statistics]] = []

    def __enter__(self) -> Remembering:
        return self

    def __exit__(self, *_: object) -> None:
        self._keep()

    def __call__(self, key: str, task: Task = UNTENDED) -> Statistics:
        """The figures of a variable.

        Raises:
            as `statistics`.
        """
        if key not in self._looked:
            self._look(key)
        known = self._looked[key]
        if known is None:
            print_ = fingerprint(self._source, key)
            known = self._cache.once.find(print_, lambda: statistics(self._source, key, task), task)
            self._looked[key] = known
            self._fresh.append((print_, known))
            if len(self._fresh) >= _BATCH:
                self._keep()
        return known

    def _look(self, key: str) -> None:
        """Ask the cache for a variable and those behind it."""
        columns = self._source.columns
        first = columns.row(key)
        keys = columns.keys.take(range(first, min(first + _BATCH, len(columns))))
        prints = {key: fingerprint(self._source, key) for key in keys}
        known = self._cache.find(prints.values())
        self._looked = {key: known.get(print_) for key, print_ in prints.items()}

    def _keep(self) -> None:
        self._cache.keep(self._fresh)
        self._fresh = []


def remembered_statistics(
    source: TensorSource, key: str, cache: FigureCache, task: Task = UNTENDED
) -> Statistics:
    """The figures of a variable, from the cache where they are in it, else computed and kept.

    Raises:
        as `statistics`.
    """
    print_ = fingerprint(source, key)

    def look() -> Statistics:
        found = cache.find([print_]).get(print_)  # another thread may have been faster by a moment
        if found is None:
            found = statistics(source, key, task)
            cache.keep([(print_, found)])
        return found

    known = cache.find([print_]).get(print_)
    return cache.once.find(print_, look, task) if known is None else known
