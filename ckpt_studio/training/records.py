"""Reads a TFRecord file of `tf.Example`s whose features have one length throughout: each feature is an array of rows.

A record is its length (8 bytes, little-endian), a masked CRC-32C of that, the data, and a masked CRC-32C of the data.
An `Example` is a map of features, each a list of bytes, floats or int64; what a feature means is not written anywhere,
so numbers become rows of numbers (a single one a scalar) and bytes stay bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from crc32c import crc32c
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from ckpt_studio.core.errors import Corrupt, MissingFile, RequestFault
from ckpt_studio.formats.protos.example_pb2 import Example
from ckpt_studio.training.arrays import ArrayInfo, info_of

_HEAD: Final = struct.Struct("<QI")
_CRC: Final = struct.Struct("<I")
_MASK: Final = 0xA282EAD8


def masked(data: bytes) -> int:
    """The checksum of a record's part."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def open_records(path: str) -> dict[str, ArrayInfo]:
    """The arrays of a TFRecord file.

    Raises:
        MissingFile: there is no such file.
        Corrupt: it is no TFRecord, is damaged, or its examples differ in their features.
    """
    return {name: info_of(name, values) for name, values in _arrays(path).items()}


def read_records(path: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The named arrays of a TFRecord file, whole.

    Raises:
        as `open_records`; RequestFault: an array is not there.
    """
    found = _arrays(path)
    for name in names:
        if name not in found:
            raise RequestFault(f"There is no feature {name!r} in {path}.", path=path)
    return {name: found[name] for name in names}


def _arrays(path: str) -> dict[str, NDArray[Any]]:
    rows: dict[str, list[Any]] = {}
    for count, record in enumerate(_records(path)):
        try:
            features = Example.FromString(record).features.feature
        except DecodeError as error:
            raise Corrupt(f"Record {count} of {path} is not a tf.Example.", path=path) from error
        if count and set(features) != set(rows):
            raise Corrupt(f"Record {count} of {path} has other features than the first one.", path=path)
        for name, feature in features.items():
            kind = feature.WhichOneof("kind")
            rows.setdefault(name, []).append([] if kind is None else list(getattr(feature, kind).value))
    if not rows:
        raise Corrupt(f"The data file {path} holds no examples.", path=path)
    return {name: _stacked(name, values, path) for name, values in rows.items()}


def _stacked(name: str, values: list[Any], path: str) -> NDArray[Any]:
    lengths = {len(row) for row in values}
    if len(lengths) != 1:
        raise Corrupt(
            f"The feature {name!r} in {path} has {min(lengths)} to {max(lengths)} values; "
            "only features of one length can be fed.",
            path=path,
        )
    flat = values[0][:1]
    if flat and isinstance(flat[0], bytes):
        array = _of_bytes(values)
    else:
        array = np.array(values, np.int64 if flat and isinstance(flat[0], int) else np.float32)
    return array[:, 0] if lengths == {1} else array


def _of_bytes(values: list[list[bytes]]) -> NDArray[Any]:
    """Rows of bytes as numpy's own kind of text, but for those that end with zero bytes: it would leave those out."""
    if not any(one.endswith(b"\0") for row in values for one in row):
        return np.array(values)
    array = np.empty((len(values), len(values[0])), object)
    for at, row in enumerate(values):
        array[at] = row
    return array


def _records(path: str) -> Iterator[bytes]:
    try:
        data = memoryview(Path(path).read_bytes())
    except OSError as error:
        raise MissingFile(f"The data file {path} cannot be read: {error.strerror}.", path=path) from error
    at = 0
    while at < len(data):
        end = at + _HEAD.size
        if end > len(data):
            raise Corrupt(f"The data file {path} ends within a record.", path=path, offset=at)
        length, crc = _HEAD.unpack_from(data, at)
        if masked(bytes(data[at : at + 8])) != crc:
            raise Corrupt(f"The data file {path} is no TFRecord, or is damaged.", path=path, offset=at)
        if end + length + _CRC.size > len(data):
            raise Corrupt(f"The data file {path} ends within a record.", path=path, offset=at)
        record = bytes(data[end : end + length])
        if masked(record) != _CRC.unpack_from(data, end + length)[0]:
            raise Corrupt(f"A record of {path} is damaged.", path=path, offset=at)
        yield record
        at = end + length + _CRC.size
