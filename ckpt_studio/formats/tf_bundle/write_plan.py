"""What a save would do, found out before it does anything: step 1 of a save, and what a dialog shows beforehand."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import RequestFault, SaveFault, TargetExists
from ckpt_studio.core.tensors import Names, TensorSource
from ckpt_studio.formats.files import FileIdentity
from ckpt_studio.formats.take_over import How, way_to_take_over
from ckpt_studio.formats.tf_bundle.sidecars import SIDECARS
from ckpt_studio.formats.tf_bundle.write_check import live_records, refuse_known_damage, used_shards
from ckpt_studio.formats.writing import (
    Derived,
    WriteOptions,
    check_space,
    file_id,
    free_bytes,
    split_target,
    writable_parent,
)

if TYPE_CHECKING:
    from ckpt_studio.formats.tf_bundle.bundle import Bundle

Meta: TypeAlias = bytes | os.PathLike[str]
"""A MetaGraph to be written: its bytes, or a file that is taken over as it is."""

_ENTRY_BYTES: Final = 48
_MOST_EMPTY: Final = 64
"""Rather than leave more empty data files behind, tensors are copied one by one."""
_COMPARED: Final = 1 << 20


@dataclass(frozen=True)
class BundlePlan:
    """What a save would write.

    Attributes:
        folder, name: the prefix, absolute, in two parts.
        source: what is written.
        take_over: the bundle whose records and data are taken over where they did not change, or None.
        origin: int64 [n], for each row of `source` the row of `take_over` that it is, or -1.
        same_key: bool [n], which of those have the same key, too.
        live: int64 [m], records of `take_over` that are taken over, without those of slices.
        ways: how each of its data files is taken over, None for one that holds nothing live; empty where tensors are
            copied one by one.
        own: rows of `source` that are written one by one, a list for each data file that they go to.
        num_shards: data files of the new checkpoint.
        written_bytes: bytes that take space on the disk, nearly.
        shared_bytes: bytes that the new checkpoint shares with the old one.
        free_bytes: what the disk has.
        replaced: names in the folder that belong to the checkpoint that would be overwritten.
    """

    folder: str
    name: str
    source: TensorSource
    take_over: Bundle | None
    origin: NDArray[np.int64]
    same_key: NDArray[np.bool_]
    live: NDArray[np.int64]
    ways: tuple[How | None, ...]
    own: tuple[NDArray[np.int64], ...]
    num_shards: int
    written_bytes: int
    shared_bytes: int
    free_bytes: int
    replaced: tuple[str, ...] = field(default=())

    @property
    def prefix(self) -> str:
        """The path that the new files share."""
        return os.path.join(self.folder, self.name)

    @property
    def big_endian(self) -> bool:
        """Byte order of the new checkpoint: that of the data that is taken over."""
        return self.take_over is not None and self.take_over.big_endian

    def data_name(self, shard: int) -> str:
        """File name of a data file."""
        return f"{self.name}.data-{shard:05d}-of-{self.num_shards:05d}"

    def check_space(self) -> None:
        """Raise SaveFault if the disk is too full."""
        check_space(self.folder, self.written_bytes, self.free_bytes)


def plan_bundle(
    source: TensorSource,
    prefix: str,
    take_over: Bundle | None,
    options: WriteOptions,
    meta: Meta | None = None,
    sidecar_bytes: int = 0,
) -> BundlePlan:
    """Look at everything that a save needs, without writing.

    Raises:
        TargetExists: the target exists, or may not be overwritten.
        RequestFault: the target has no name, or is the source itself.
        SaveFault: the folder cannot be written to.
        FileFault: variables are known to be damaged, or a data file of `take_over` is missing.
    """
    folder, name = split_target(prefix)
    replaced = _existing(folder, name)
    origin = origin_rows(source, take_over)
    _check_target(folder, name, replaced, options, meta)
    _check_not_read(folder, name, replaced, source, origin, take_over)
    refuse_known_damage(source, origin, take_over)
    parent = writable_parent(folder)
    live = np.zeros(0, np.int64)
    ways: tuple[How | None, ...] = ()
    sizes: list[int] = []
    same = np.zeros(len(origin), np.bool_)
    if take_over is not None:
        live = live_records(origin, take_over)
        same = _same_keys(source, take_over, origin)
        ways, sizes = _ways(take_over, live, parent, options)
    rows = np.flatnonzero(origin < 0) if ways else np.arange(len(origin))
    own = _in_files(rows, source.columns.nbytes, options.shard_size, at_least=not ways)
    meta_bytes = 0 if meta is None else len(meta) if isinstance(meta, bytes) else os.path.getsize(meta)
    keys = source.columns.keys
    written = int(source.columns.nbytes[rows].sum()) + len(keys.blob) + _ENTRY_BYTES * len(keys)
    return BundlePlan(
        folder=folder,
        name=name,
        source=source,
        take_over=take_over,
        origin=origin,
        same_key=same,
        live=live,
        ways=ways,
        own=own,
        num_shards=_unused_count(len(ways) + len(own), name, replaced),
        written_bytes=written
        + meta_bytes
        + sidecar_bytes
        + sum(size for size, way in zip(sizes, ways, strict=True) if way == "copy"),
        shared_bytes=sum(size for size, way in zip(sizes, ways, strict=True) if way not in ("copy", None)),
        free_bytes=free_bytes(parent),
        replaced=replaced,
    )


def _in_files(
    rows: NDArray[np.int64], nbytes: NDArray[np.int64], most: int | None, *, at_least: bool
) -> tuple[NDArray[np.int64], ...]:
    """The rows of each data file that is written anew; one of no rows where there has to be one."""
    if not len(rows):
        return (rows,) if at_least else ()
    if most is None:
        return (rows,)
    starts, size = [0], 0
    for place, more in enumerate(nbytes[rows].tolist()):
        if size and size + more > most:
            starts.append(place)
            size = 0
        size += more
    return tuple(np.split(rows, starts[1:]))


def _ways(
    take_over: Bundle, live: NDArray[np.int64], parent: str, options: WriteOptions
) -> tuple[tuple[How | None, ...], list[int]]:
    """How each data file is taken over, and its size (0 where it is not); nothing where they are not taken over."""
    used = used_shards(take_over, live)
    anew = options.sharing == "compact" or options.shard_size is not None
    if anew or not len(live) or take_over.num_shards > 2 * len(used) + _MOST_EMPTY:
        return (), []
    ways: list[How | None] = []
    sizes = []
    for number in range(take_over.num_shards):
        path = take_over.shard_path(number)
        sizes.append(FileIdentity.at(path).size if number in used else 0)
        may_link = options.sharing == "link"
        ways.append(way_to_take_over(path, parent, may_link=may_link) if number in used else None)
    return tuple(ways), sizes


def origin_rows(source: TensorSource, take_over: Bundle | None) -> NDArray[np.int64]:
    """Int64 [n]: for each row of `source` the row of `take_over` that it is, values and all, or -1."""
    columns = source.columns
    if take_over is None:
        return np.full(len(columns), -1, np.int64)
    if source is take_over:
        return np.arange(len(columns))
    if isinstance(source, Derived):
        known = source.origins(take_over)
        if known is not None:
            return known
    theirs = take_over.columns
    rows = np.fromiter((theirs.keys.find(key) for key in columns.keys), np.int64, len(columns))
    for row in np.flatnonzero(rows >= 0).tolist():
        key = columns.keys[row]
        if source.identity(key) != take_over.identity(key):
            rows[row] = -1
    return rows


def _same_keys(source: TensorSource, take_over: Bundle, origin: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Bool [n]: which rows are called as in `take_over`."""
    rows = np.flatnonzero(origin >= 0)
    same = np.zeros(len(origin), np.bool_)
    ours, theirs = source.columns.keys, take_over.columns.keys
    # Runs of rows that stand side by side in both are compared as a whole, and by halves where they differ: few edits
    # make few runs and few differences.
    ends = np.flatnonzero((np.diff(rows) != 1) | (np.diff(origin[rows]) != 1)) + 1
    runs = [(int(run[0]), len(run)) for run in np.split(rows, ends) if len(run)]
    while runs:
        first, count = runs.pop()
        other = int(origin[first])
        if _are_same(ours, first, theirs, other, count):
            same[first : first + count] = True
        elif count > 1:
            half = count // 2
            runs += [(first, half), (first + half, count - half)]
    return same


def _are_same(ours: Names, first: int, theirs: Names, other: int, count: int) -> bool:
    """Whether so many names are the same, from one on in each."""

    def ends(names: Names, row: int) -> NDArray[np.int64]:
        return names.offsets[row : row + count + 1]

    def text(names: Names, row: int) -> NDArray[np.uint8]:
        return np.frombuffer(names.blob, np.uint8)[ends(names, row)[0] : ends(names, row)[-1]]

    sizes = (np.diff(ends(ours, first)), np.diff(ends(theirs, other)))
    return np.array_equal(*sizes) and np.array_equal(text(ours, first), text(theirs, other))


def _existing(folder: str, name: str) -> tuple[str, ...]:
    """Names in the folder that belong to a checkpoint of this name. A file of just this name is a V1 checkpoint."""
    ours = re.compile(
        re.escape(name) + r"(\.index|\.meta|\.data-\d+-of-\d+|" + "|".join(map(re.escape, SIDECARS)) + r")?",
        re.DOTALL,
    )
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SaveFault(f"{folder!r} cannot be written to; choose another folder.", path=folder) from error
    return tuple(
        sorted(
            n
            for n in names
            if ours.fullmatch(n) and not (n == name and os.path.isdir(os.path.join(folder, n)))
        )
    )


def _check_target(
    folder: str, name: str, existing: tuple[str, ...], options: WriteOptions, meta: Meta | None
) -> None:
    prefix = os.path.join(folder, name)
    if not existing and os.path.isdir(prefix):
        raise TargetExists(f"{prefix!r} is a folder; give the name of the new checkpoint in it.", path=prefix)
    if existing and not options.overwrite:
        raise TargetExists(f"{prefix!r} exists already; choose another name.", path=prefix)
    if name in existing:
        raise TargetExists(
            f"{prefix!r} is a file of the old V1 kind, which cannot be replaced; choose another name.",
            path=prefix,
        )
    old_meta = os.path.join(folder, f"{name}.meta")
    has_meta = f"{name}.meta" in existing
    if existing and (has_meta or meta is not None) and not (has_meta and _same_bytes(old_meta, meta)):
        raise TargetExists(
            f"{prefix!r} cannot be replaced, because its graph ({name}.meta) and its variables cannot be switched at "
            "the same moment; choose another name.",
            path=prefix,
        )


def _same_bytes(path: str, meta: Meta | None) -> bool:
    if meta is None or not os.path.isfile(path):
        return False
    with open(path, "rb") as old:
        if isinstance(meta, bytes):
            return old.read() == meta
        with open(meta, "rb") as new:
            while (block := old.read(_COMPARED)) == new.read(_COMPARED):
                if not block:
                    return True
    return False


def _check_not_read(
    folder: str,
    name: str,
    replaced: tuple[str, ...],
    source: TensorSource,
    origin: NDArray[np.int64],
    take_over: Bundle | None,
) -> None:
    """Refuse a target that is the source, or a donor: by what the files are, not by how they are called."""
    if not replaced:
        return
    targets = {file_id(os.path.join(folder, n)) for n in replaced}
    read: set[str] = set()
    if take_over is not None:
        read.add(take_over.index.path)
    columns = source.columns
    for row in np.flatnonzero(origin < 0).tolist():
        stored = source.stored(columns.keys[row])
        if stored is not None:
            read.add(stored.path)
    if any(file_id(path) in targets for path in read):
        raise RequestFault(
            f"{os.path.join(folder, name)!r} is a checkpoint that is being read; choose another name.",
            path=os.path.join(folder, name),
        )


def _unused_count(shards: int, name: str, replaced: Iterable[str]) -> int:
    """The least number of data files, from `shards` on, under which no old file has its name."""
    taken = {int(m[1]) for n in replaced if (m := re.fullmatch(re.escape(name) + r"\.data-\d+-of-(\d+)", n))}
    while shards in taken:
        shards += 1
    return shards
