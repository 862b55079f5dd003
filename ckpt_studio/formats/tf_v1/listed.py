"""What a table says that it holds: the value of its first key, read one variable at a time and never believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from ckpt_studio.formats.protos.saved_tensor_slice_pb2 import SavedSliceMeta, VersionDef
from ckpt_studio.formats.sstable.ordered_code import Extent
from ckpt_studio.formats.wire import LENGTH, walk

VERSION: Final = 1
"""The version of V1 tables that we know."""

_META, _TENSOR, _VERSIONS = 1, 1, 2
_SLACK: Final = 4096
_MOST_BYTES: Final = 1 << 20
"""So long is what a list says of one variable, at most: some ten thousand slices."""
_MOST_AXES: Final = 254
"""TensorFlow's own limit."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One variable as a table lists it; nothing is checked.

    Attributes:
        name: its name, which is its key.
        shape: of the whole variable, None when unknown.
        dtype: TensorFlow's DataType number.
        slices: the slices of it that the table holds.
    """

    name: bytes
    shape: tuple[int, ...] | None
    dtype: int
    slices: tuple[tuple[Extent, ...], ...]


class NewerVersion(ValueError):
    """The table was written for readers newer than we are."""


def parse_list(raw: bytes, most: int) -> list[Listed]:
    """The variables in the value of a table's key "".

    Args:
        raw: the value.
        most: so many variables and slices the file can hold at most.

    Raises:
        NewerVersion: we are too old for it.
        ValueError: it is no such list.
    """

    def read(at: int, size: int) -> bytes:
        return raw[at : at + size]

    found: list[Listed] = []
    count, is_list = 0, False
    try:
        for part, kind, first, after in walk(read, 0, len(raw)):
            if part != _META or kind != LENGTH:
                continue
            is_list = True
            for number, inner, start, stop in walk(read, first, after):
                if number == _TENSOR and inner == LENGTH:
                    if stop - start > _MOST_BYTES:
                        raise ValueError(f"its list of variables has {stop - start} bytes about one of them")
                    found.append(_listed(SavedSliceMeta.FromString(raw[start:stop])))
                    count += 1 + len(found[-1].slices)
                    if count > most + _SLACK:
                        raise ValueError("it lists more variables than it can hold")
                elif number == _VERSIONS and inner == LENGTH:
                    _check_version(VersionDef.FromString(raw[start:stop]))
    except DecodeError as error:
        raise ValueError("its list of variables is not a valid record") from error
    if not is_list:
        raise ValueError("it has no list of variables")
    return found


def _listed(proto: SavedSliceMeta) -> Listed:
    if len(proto.shape.dim) > _MOST_AXES or any(len(piece.extent) > _MOST_AXES for piece in proto.slice):
        raise ValueError("its list of variables has one of more axes than there can be")
    shape = None if proto.shape.unknown_rank else tuple([dim.size for dim in proto.shape.dim])
    slices = tuple(
        [
            tuple([(e.start, e.length if e.HasField("length") else -1) for e in piece.extent])
            for piece in proto.slice
        ]
    )
    return Listed(proto.name, shape, proto.type, slices)


def _check_version(versions: VersionDef) -> None:
    if versions.min_consumer > VERSION:
        raise NewerVersion(f"it was written for a newer version of the format ({versions.min_consumer})")
