"""Which entries of an index cannot be right, found for all rows at once, and the sentence for each.

`code_of` says the same for one entry in Python's unbounded integers; the columns must agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import Corrupt, FileFault, MissingFile, Truncated, Unsupported
from ckpt_studio.formats.files import said
from ckpt_studio.formats.reading import is_too_large
from ckpt_studio.formats.tf_bundle.entries import Entry
from ckpt_studio.formats.tf_bundle.index import Fields, deepest

_HUGE: Final = 1 << 63


class Code(IntEnum):
    """What is wrong with an entry; the first that applies."""

    none = 0
    malformed = 1
    duplicate = 2
    unknown_type = 3
    unknown_shape = 4
    too_deep = 5
    negative = 6
    too_large = 7
    bad_place = 8
    bad_shard = 9
    missing_shard = 10
    short_shard = 11
    bad_size = 12
    bad_slices = 13


def code_of(entry: Entry, deepest_rank: int, num_shards: int, shard_sizes: Mapping[int, int]) -> Code:
    """What is wrong with one entry, as far as it can be known without its slices. The reference for `codes_of`."""
    dtype = dtypes.BY_NUMBER.get(entry.dtype)
    if dtype is None:
        return Code.unknown_type
    if entry.shape is None:
        return Code.unknown_shape
    if len(entry.shape) > deepest_rank:
        return Code.too_deep
    if min(entry.shape, default=0) < 0:
        return Code.negative
    if is_too_large(entry.shape, dtype):
        return Code.too_large
    if entry.slices:
        return Code.none
    return _place_code(entry, dtype, prod(entry.shape), num_shards, shard_sizes)


def _place_code(
    entry: Entry, dtype: dtypes.DType, elements: int, num_shards: int, shard_sizes: Mapping[int, int]
) -> Code:
    if entry.offset < 0 or entry.size < 0 or entry.offset + entry.size >= _HUGE:
        return Code.bad_place
    if not 0 <= entry.shard < num_shards:
        return Code.bad_shard
    if entry.size and entry.shard not in shard_sizes:
        return Code.missing_shard
    if entry.size and entry.offset + entry.size > shard_sizes[entry.shard]:
        return Code.short_shard
    if dtype.name == "string":
        return Code.bad_size if elements and entry.size < elements + 4 else Code.none
    if dtype.is_numeric and entry.size != elements * dtype.itemsize:
        return Code.bad_size
    return Code.none


_KNOWN: Final = np.array([n in dtypes.BY_NUMBER for n in range(256)])
_HELD: Final = np.array([dtypes.unknown(n).held for n in range(256)], np.int64)
_ITEMSIZE: Final = np.array([dtypes.unknown(n).itemsize for n in range(256)], np.int64)
_STRING: Final = dtypes.BY_NAME["string"].number


def codes_of(
    fields: Fields, duplicate: NDArray[np.bool_], num_shards: int, shard_sizes: Mapping[int, int]
) -> NDArray[np.uint8]:
    """What is wrong with each entry: uint8 [N], values of `Code`."""
    count, width = fields.dims.shape
    number = np.where((fields.dtype >= 0) & (fields.dtype < 256), fields.dtype, 0)
    itemsize = _ITEMSIZE[number]
    extent = _HELD[number].astype(np.float64)
    elements = np.ones(count, np.int64)
    negative = np.zeros(count, np.bool_)
    for axis in range(width):
        dim = np.where(axis < fields.rank, fields.dims[:, axis], 1)
        extent *= np.maximum(dim, 1)
        elements *= dim
        negative |= dim < 0
    too_large = extent >= float(1 << 62)
    for row in np.flatnonzero(too_large).tolist():  # near the border floats do not know
        shape = fields.dims[row, : max(int(fields.rank[row]), 0)].tolist()
        too_large[row] = is_too_large(tuple(shape), dtypes.unknown(int(number[row])))
    codes = _place_codes(fields, itemsize, elements, num_shards, shard_sizes)
    codes[fields.slices > 0] = Code.none
    for code, where in (  # the first of `Code` wins, so it is written last
        (Code.too_large, too_large),
        (Code.negative, negative),
        (Code.too_deep, fields.rank > deepest(count)),
        (Code.unknown_shape, fields.rank < 0),
        (Code.unknown_type, ~_KNOWN[number] | (number != fields.dtype)),
        (Code.duplicate, duplicate),
        (Code.malformed, fields.malformed),
    ):
        codes[where] = code
    return codes


def _place_codes(
    fields: Fields,
    itemsize: NDArray[np.int64],
    elements: NDArray[np.int64],
    num_shards: int,
    shard_sizes: Mapping[int, int],
) -> NDArray[np.uint8]:
    offset, size = fields.offset, fields.size
    string = fields.dtype == _STRING
    wrong = np.where(
        string, (elements > 0) & (size - 4 < elements), (itemsize > 0) & (size != elements * itemsize)
    )
    available = np.full(len(size), -1, np.int64)
    shards = np.array(sorted(shard_sizes), np.int64)
    if len(shards):
        place = np.minimum(np.searchsorted(shards, fields.shard), len(shards) - 1)
        sizes = np.array([shard_sizes[s] for s in shards.tolist()], np.int64)
        available = np.where(shards[place] == fields.shard, sizes[place], -1)
    codes = np.zeros(len(size), np.uint8)
    for code, where in (
        (Code.bad_size, wrong),
        (Code.short_shard, (size > 0) & (offset > available - size)),
        (Code.missing_shard, (size > 0) & (available < 0)),
        (Code.bad_shard, (fields.shard < 0) | (fields.shard >= num_shards)),
        (Code.bad_place, (offset < 0) | (size < 0) | (offset > _HUGE - 1 - np.maximum(size, 0))),
    ):
        codes[where] = code
    return codes


def error_of(
    code: Code, entry: Entry, key: str, shard_path: Callable[[int], str], shard_sizes: Mapping[int, int]
) -> FileFault:
    """The error that reading a faulty entry raises; its message is the row's fault."""
    kind: type[FileFault] = Corrupt
    path = shard_path(entry.shard) if code in (Code.missing_shard, Code.short_shard) else None
    dtype = dtypes.unknown(entry.dtype)
    if code == Code.malformed:
        text = "Its entry in the index is damaged."
    elif code == Code.duplicate:
        text = "The index holds this key more than once, so what it means cannot be told."
    elif code == Code.unknown_type:
        kind, text = Unsupported, f"Its element type (number {entry.dtype}) is unknown."
    elif code == Code.unknown_shape:
        text = "Its shape is not known."
    elif code == Code.too_deep:
        kind, text = Unsupported, f"It has {len(entry.shape or ())} axes, more than can be shown."
    elif code == Code.negative:
        text = f"Its shape {list(entry.shape or ())} has a negative extent."
    elif code == Code.too_large:
        text = f"Its shape {list(entry.shape or ())} is larger than any file."
    elif code == Code.bad_place:
        text = f"The index puts it at byte {entry.offset} with {entry.size} bytes, which cannot be."
    elif code == Code.bad_shard:
        text = f"The index puts it into shard {entry.shard}, which does not exist."
    elif code == Code.missing_shard:
        kind, text = MissingFile, f"Its data file {said(shard_path(entry.shard))} is missing."
    elif code == Code.short_shard:
        kind = Truncated
        text = (
            f"Its data file {said(shard_path(entry.shard))} has {shard_sizes.get(entry.shard, 0)} bytes, "
            f"but it should lie at bytes {entry.offset} to {entry.offset + entry.size}."
        )
    elif code == Code.bad_size:
        text = f"Its {entry.size} bytes do not fit {dtype.name} of shape {list(entry.shape or ())}."
    else:
        text = "Its slices do not make up a whole variable."
    return kind(text, path=path, key=key, offset=None if path is None else entry.offset)


class RowFaults(Mapping[int, str]):
    """Sentences by row, made when asked for: a missing shard can make every row of a large checkpoint faulty.

    Args:
        codes: uint8 [rows], values of `Code`.
        sentence: the sentence of a row whose code is not zero.
    """

    def __init__(self, codes: NDArray[np.uint8], sentence: Callable[[int], str]) -> None:
        self._codes = codes
        self._sentence = sentence

    def __getitem__(self, row: int) -> str:
        if not 0 <= row < len(self._codes) or not self._codes[row]:
            raise KeyError(row)
        return self._sentence(row)

    def __iter__(self) -> Iterator[int]:
        return iter(np.flatnonzero(self._codes).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self._codes))
