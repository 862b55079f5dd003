"""What the tables of a V1 checkpoint hold together: the variables, and which of them cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Final

import numpy as np

from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import Corrupt, FileFault, MissingFile, Unsupported
from ckpt_studio.core.tensors import decode
from ckpt_studio.formats.files import said
from ckpt_studio.formats.partitions import Partition, bounds_of
from ckpt_studio.formats.reading import row_fault
from ckpt_studio.formats.sstable.ordered_code import Extent
from ckpt_studio.formats.tf_v1.shard import Shard

_DEEPEST: Final = 127


@dataclass(slots=True)
class Variable:
    """One variable.

    Attributes:
        name: its name, which is its key.
        dtype: the element type.
        shape: None where it makes no sense.
        pieces: shard and number of each slice.
        extents: of each slice.
        partition: where each slice lies, by its place in `pieces`; None where there is one slice that is all of it.
        fault: why it cannot be read, or None.
    """

    name: bytes
    dtype: dtypes.DType
    shape: tuple[int, ...] | None
    pieces: list[tuple[int, int]] = field(default_factory=list)
    extents: list[tuple[Extent, ...]] = field(default_factory=list)
    partition: Partition | None = None
    fault: FileFault | None = None

    @property
    def key(self) -> str:
        """The name as a string."""
        return decode(self.name)


def merge(shards: Mapping[int, Shard], missing: Sequence[str]) -> dict[str, Variable]:
    """The variables of all tables by key, in byte order, judged.

    Args:
        shards: by number.
        missing: paths of the tables that are not there.
    """
    found: dict[bytes, Variable] = {}
    for number, shard in shards.items():
        piece = 0
        for one in shard.listed:
            variable = found.get(one.name)
            if variable is None:
                variable = found[one.name] = Variable(one.name, dtypes.unknown(one.dtype), one.shape)
            elif (one.shape, one.dtype) != (variable.shape, variable.dtype.number):
                variable.fault = Corrupt("It is listed twice, with another type or shape.", path=shard.path)
            variable.pieces += [(number, piece + i) for i in range(len(one.slices))]
            variable.extents += one.slices
            piece += len(one.slices)
    for variable in found.values():
        variable.fault = variable.fault or _judge(variable, shards, missing)
        if variable.fault is not None:
            variable.fault.key = variable.key
    return {found[name].key: found[name] for name in sorted(found)}


def _judge(variable: Variable, shards: Mapping[int, Shard], missing: Sequence[str]) -> FileFault | None:
    """Why a variable cannot be read; sets its partition, and takes away a shape that makes no sense."""
    path = shards[variable.pieces[0][0]].path if variable.pieces else None
    fault = _judge_kind(variable)
    if fault is not None:
        return fault
    assert variable.shape is not None
    if variable.extents != [((0, -1),) * len(variable.shape)]:
        try:
            start, stop = bounds_of(variable.shape, variable.extents)
        except ValueError as error:
            if missing:
                return MissingFile(
                    f"Not all of its slices are there, because {said(missing[0])} is missing.",
                    path=missing[0],
                )
            return Corrupt(f"Its slices do not make up a whole variable: {error}.", path=path)
        variable.partition = Partition(start, stop, np.arange(len(variable.pieces)))
    for shard, piece in variable.pieces:
        fault = shards[shard].fault(piece)
        if fault is not None:
            return type(fault)(fault.message, path=fault.path, offset=fault.offset)
    return None


def _judge_kind(variable: Variable) -> FileFault | None:
    """What is wrong with type and shape."""
    shape = variable.shape
    if variable.dtype.number not in dtypes.BY_NUMBER:
        return Unsupported(f"Its element type (number {variable.dtype.number}) is unknown.")
    if shape is None:
        return Corrupt("Its shape is not known.")
    if min(shape, default=0) < 0:
        variable.shape = None
        return Corrupt(f"Its shape {list(shape)} has a negative extent.")
    reason = row_fault(shape, variable.dtype)
    if reason is not None:
        size = prod(max(extent, 1) for extent in shape) * max(variable.dtype.itemsize, 1)
        if len(shape) > _DEEPEST or size >= 1 << 63:
            variable.shape = None
        return Unsupported(reason)
    return None
