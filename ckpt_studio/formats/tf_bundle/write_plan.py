"""What a save would do, found out before it does anything: step 1 of a save, and what a dialog shows beforehand."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import RequestFault, SaveFault, TargetExists
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.files import FileIdentity
from ckpt_studio.formats.take_over import How, way_to_take_over
from ckpt_studio.formats.tf_bundle.sidecars import SIDECARS
from ckpt_studio.formats.tf_bundle.write_check import live_records, refuse_known_damage, used_shards

if TYPE_CHECKING:
    from ckpt_studio.formats.tf_bundle.bundle import Bundle

Sharing: TypeAlias = Literal["copy", "link", "compact"]
Meta: TypeAlias = bytes | os.PathLike[str]
"""A MetaGraph to be written: its bytes, or a file that is taken over as it is."""

Sidecars: TypeAlias = Mapping[str, bytes | Callable[[int], bytes]]
"""Files beside the checkpoint: suffix -> contents, or a function that makes them of the number of data files."""

_MARGIN: Final = 1 << 20
_ENTRY_BYTES: Final = 48
_MOST_EMPTY: Final = 64
"""Rather than leave more empty data files behind, tensors are copied one by one."""


@runtime_checkable
class Derived(Protocol):
    """A source that was made of another and knows which rows it has not touched: cheaper than asking key by key."""

    def untouched(self, base: object) -> NDArray[np.bool_] | None:
        """Bool [N] in the order of `base`'s rows, which are also its own; None if it was not made of `base`."""
        ...


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a checkpoint is written.

    Attributes:
        sharing: what happens to data that did not change: `copy` (by reflink where the disk can), `link` (a hard link
            of the data files where possible), `compact` (live bytes only, into one file).
        overwrite: whether an existing checkpoint of the same name may be replaced.
    """

    sharing: Sharing = "copy"
    overwrite: bool = False


@dataclass(frozen=True)
class BundlePlan:
    """What a save would write.

    Attributes:
        folder, name: the prefix, absolute, in two parts.
        source: what is written.
        unchanged: bool [N], the rows of `source` whose entries and bytes are taken over from `take_over` as they are.
        take_over: the bundle whose shards are taken over, or None.
        live: int64 [n], records of `take_over` of the unchanged variables.
        ways: how each of its shards is taken over, None for one that holds nothing live; empty where tensors are copied
            one by one.
        num_shards: data files of the new checkpoint.
        written_bytes: bytes that take space on the disk, nearly.
        shared_bytes: bytes that the new checkpoint shares with the old one.
        free_bytes: what the disk has.
        replaced: names in the folder that belong to the checkpoint that would be overwritten.
    """

    folder: str
    name: str
    source: TensorSource
    unchanged: NDArray[np.bool_]
    take_over: Bundle | None
    live: NDArray[np.int64]
    ways: tuple[How | None, ...]
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

    @property
    def own_shard(self) -> int:
        """Number of the data file that holds the tensors that are written one by one."""
        return len(self.ways)

    @property
    def has_own_shard(self) -> bool:
        """Whether any tensor is written one by one."""
        return not self.ways or not bool(self.unchanged.all())

    def data_name(self, shard: int) -> str:
        """File name of a data file."""
        return f"{self.name}.data-{shard:05d}-of-{self.num_shards:05d}"

    def check_space(self) -> None:
        """Raise SaveFault if the disk is too full."""
        if self.written_bytes + _MARGIN > self.free_bytes:
            raise SaveFault(
                f"{self.folder!r} has {_said(self.free_bytes)} free, and {_said(self.written_bytes)} are to be "
                "written; free some space or choose another folder.",
                path=self.folder,
            )


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
    folder, name = os.path.split(os.path.abspath(prefix))
    if not name or "\0" in name or os.path.basename(prefix) in ("", os.curdir, os.pardir):
        raise RequestFault("The new checkpoint needs a name: a folder, and a name in it.", path=prefix)
    replaced = _existing(folder, name)
    unchanged = unchanged_rows(source, take_over)
    _check_target(folder, name, replaced, options, meta)
    _check_not_read(folder, name, replaced, source, unchanged, take_over)
    refuse_known_damage(source, unchanged, take_over)
    parent = _writable_parent(folder)
    live = np.zeros(0, np.int64)
    ways: tuple[How | None, ...] = ()
    sizes: list[int] = []
    if take_over is not None:
        live = live_records(source, unchanged, take_over)
        ways, sizes = _ways(take_over, live, parent, options)
    one_by_one = ~unchanged if ways else np.ones(len(unchanged), np.bool_)
    meta_bytes = 0 if meta is None else len(meta) if isinstance(meta, bytes) else os.path.getsize(meta)
    keys = source.columns.keys
    index_bytes = len(keys.blob) + _ENTRY_BYTES * len(keys)
    own = int(source.columns.nbytes[one_by_one].sum())
    shards = len(ways) + (not ways or bool(one_by_one.any()))
    return BundlePlan(
        folder=folder,
        name=name,
        source=source,
        unchanged=unchanged,
        take_over=take_over,
        live=live,
        ways=ways,
        num_shards=_unused_count(shards, name, replaced),
        written_bytes=own
        + index_bytes
        + meta_bytes
        + sidecar_bytes
        + sum(size for size, way in zip(sizes, ways, strict=True) if way == "copy"),
        shared_bytes=sum(size for size, way in zip(sizes, ways, strict=True) if way not in ("copy", None)),
        free_bytes=shutil.disk_usage(parent).free,
        replaced=replaced,
    )


def _ways(
    take_over: Bundle, live: NDArray[np.int64], parent: str, options: WriteOptions
) -> tuple[tuple[How | None, ...], list[int]]:
    """How each data file is taken over, and its size (0 where it is not); nothing where they are not taken over."""
    used = used_shards(take_over, live)
    if options.sharing == "compact" or not len(live) or take_over.num_shards > 2 * len(used) + _MOST_EMPTY:
        return (), []
    ways: list[How | None] = []
    sizes = []
    for number in range(take_over.num_shards):
        path = take_over.shard_path(number)
        sizes.append(FileIdentity.at(path).size if number in used else 0)
        may_link = options.sharing == "link"
        ways.append(way_to_take_over(path, parent, may_link=may_link) if number in used else None)
    return tuple(ways), sizes


def unchanged_rows(source: TensorSource, take_over: Bundle | None) -> NDArray[np.bool_]:
    """Bool [N]: which variables of `source` are those of `take_over`, values and all."""
    columns = source.columns
    if take_over is None:
        return np.zeros(len(columns), np.bool_)
    if source is take_over:
        return np.ones(len(columns), np.bool_)
    if isinstance(source, Derived):
        known = source.untouched(take_over)
        if known is not None:
            return known
    theirs = take_over.columns
    return np.fromiter(
        (key in theirs and source.identity(key) == take_over.identity(key) for key in columns.keys),
        np.bool_,
        len(columns),
    )


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
            while (block := old.read(_MARGIN)) == new.read(_MARGIN):
                if not block:
                    return True
    return False


def _check_not_read(
    folder: str,
    name: str,
    replaced: tuple[str, ...],
    source: TensorSource,
    unchanged: NDArray[np.bool_],
    take_over: Bundle | None,
) -> None:
    """Refuse a target that is the source, or a donor: by what the files are, not by how they are called."""
    if not replaced:
        return
    targets = {_identity(os.path.join(folder, n)) for n in replaced}
    read: set[str] = set()
    if take_over is not None:
        read.add(take_over.index.path)
    columns = source.columns
    for row in np.flatnonzero(~unchanged).tolist():
        stored = source.stored(columns.keys[row])
        if stored is not None:
            read.add(stored.path)
    if any(_identity(path) in targets for path in read):
        raise RequestFault(
            f"{os.path.join(folder, name)!r} is a checkpoint that is being read; choose another name.",
            path=os.path.join(folder, name),
        )


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def _writable_parent(folder: str) -> str:
    """The folder, or the nearest that exists above it."""
    parent = folder
    while not os.path.lexists(parent) and os.path.dirname(parent) != parent:
        parent = os.path.dirname(parent)
    if not os.path.isdir(parent):
        raise SaveFault(f"{parent!r} is not a folder; choose another place.", path=folder)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise SaveFault(f"{parent!r} cannot be written to; choose another folder.", path=folder)
    return parent


def _unused_count(shards: int, name: str, replaced: Iterable[str]) -> int:
    """The least number of data files, from `shards` on, under which no old file has its name."""
    taken = {int(m[1]) for n in replaced if (m := re.fullmatch(re.escape(name) + r"\.data-\d+-of-(\d+)", n))}
    while shards in taken:
        shards += 1
    return shards


def _said(size: int) -> str:
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size} {unit}"
        size = round(size / 1000)
    return f"{size} GB" if size < 10_000 else f"{size / 1000:.0f} TB"
