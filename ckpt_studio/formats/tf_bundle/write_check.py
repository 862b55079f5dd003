"""What a save refuses to pass on: damaged variables, known before or found when what was taken over is read back.

Only what is live is compared. Bytes of variables that were swapped or dropped may be damaged: nothing points to them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import distinct
from ckpt_studio.core.errors import Corrupt, FileFault, SaveFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.reading import checksum_of
from ckpt_studio.formats.tf_bundle.faults import Code
from ckpt_studio.formats.tf_bundle.ranges import RangeCheck, Ranges
from ckpt_studio.formats.writing import damage_refusal

if TYPE_CHECKING:
    from ckpt_studio.formats.tf_bundle.bundle import Bundle

_OPAQUE: Final = (Code.unknown_type, Code.too_deep)
"""Entries that cannot be shown but are as whole as any other; their bytes are passed on."""
_PASSED_ON: Final = (*_OPAQUE, Code.duplicate)
"""Not damage: of a key that stands twice the second entry is left out."""


def refuse_known_damage(source: TensorSource, origin: NDArray[np.int64], take_over: Bundle | None) -> None:
    """Look at what is known of damage without reading data.

    Raises:
        FileFault: a variable that would be written is damaged; the sentence names all of them.
    """
    columns = source.columns
    rows = np.fromiter(columns.faults, np.int64, len(columns.faults))
    kind: type[FileFault] = Corrupt
    if take_over is not None and len(rows):
        theirs = origin[rows] >= 0
        records = take_over.contents.rows[origin[rows[theirs]]]
        damaged = np.ones(
            len(rows), np.bool_
        )  # also where the entry is sound: then its bytes were found not to be
        damaged[theirs] = ~np.isin(take_over.contents.codes[records], _PASSED_ON)
        first = next(map(take_over.contents.error, records[damaged[theirs]].tolist()), None)
        kind = kind if first is None else type(first)
        rows = rows[damaged]
    if len(rows):
        raise damage_refusal(
            [columns.name(row) for row in rows.tolist()],
            columns.keys[int(rows[0])],
            kind,
            None if take_over is None else take_over.prefix,
        )


def live_records(origin: NDArray[np.int64], take_over: Bundle) -> NDArray[np.int64]:
    """Int64 [m]: records of the variables that are taken over."""
    records: NDArray[np.int64] = take_over.contents.rows[origin[origin >= 0]]
    return records


def used_shards(take_over: Bundle, records: NDArray[np.int64]) -> frozenset[int]:
    """Numbers of the data files that hold bytes of these variables."""
    opaque = records[np.isin(take_over.contents.codes[records], _OPAQUE)]
    shards = (Ranges.of(take_over.contents, records).shard, take_over.index.fields.shard[opaque])
    return frozenset(distinct(np.concatenate(shards)).tolist())


def check_copies(take_over: Bundle, records: NDArray[np.int64], copies: dict[int, str], task: Task) -> None:
    """Read copies of data files back, and compare the checksums of what is live in them.

    Args:
        take_over: the bundle whose data files were copied.
        records: its variables that are live.
        copies: path of each copy by number.
        task: counts the bytes of the copies.

    Raises:
        FileFault: variables are damaged in `take_over`; the sentence names them.
        SaveFault: the disk gives back something else than was written.
        Cancelled: if asked to stop.
    """
    check = RangeCheck(take_over.contents, records, lambda shard: FileReader(copies[shard]), copies)
    faults = list(check.faults(task))
    task.advance(sum(os.path.getsize(path) for path in copies.values()) - check.total)
    if faults:
        raise found_damage(take_over, records, copies) or _other_bytes(copies)
    codes = take_over.contents.codes[records]
    for record in records[np.isin(codes, _OPAQUE)].tolist():
        _compare(take_over, record, copies)


def found_damage(
    take_over: Bundle, records: NDArray[np.int64], shards: Collection[int] | None = None
) -> FileFault | None:
    """The error that names the damaged ones of some variables, after comparing their bytes; None if all are right."""
    check = RangeCheck(take_over.contents, records, take_over.open_shard, shards)
    faults = list(check.faults(UNTENDED))
    if not faults:
        return None
    changed = next((fault for fault in faults if fault.key is None), None)
    if changed is not None:
        return FileFault(changed.message, path=take_over.prefix)
    columns = take_over.columns
    keys = list(dict.fromkeys(fault.key for fault in faults if fault.key is not None))
    kind = next((kind for kind in FileFault.__subclasses__() if kind.kind == faults[0].kind), Corrupt)
    return damage_refusal([columns.name(columns.row(key)) for key in keys], keys[0], kind, take_over.prefix)


def _compare(take_over: Bundle, record: int, copies: dict[int, str]) -> None:
    """Compare bytes whose own checksum nobody but TensorFlow could tell."""
    fields = take_over.index.fields
    shard, offset, size = (int(column[record]) for column in (fields.shard, fields.offset, fields.size))
    if shard not in copies or not size:
        return

    def sum_of(open_file: Callable[[], FileReader]) -> int:
        with open_file() as file:
            return checksum_of(file, offset, size)

    if sum_of(lambda: take_over.open_shard(shard)) != sum_of(lambda: FileReader(copies[shard])):
        raise _other_bytes(copies)


def _other_bytes(copies: dict[int, str]) -> SaveFault:
    folder = os.path.dirname(next(iter(copies.values())))
    return SaveFault(
        f"Nothing was written to {folder!r}: the disk gave back other bytes than were written; choose another disk "
        "and check this one.",
        path=folder,
    )
