"""Turns a bundle's judged index into the columns that every other layer sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ckpt_studio.core.tensors import Columns, Names
from ckpt_studio.formats.tf_bundle.faults import Code

if TYPE_CHECKING:
    from ckpt_studio.formats.tf_bundle.bundle import Bundle


def columns_of(bundle: Bundle) -> Columns:
    """The columns of a bundle: one row a variable, roles included."""
    contents, index = bundle.contents, bundle.index
    fields = index.fields.take(contents.rows) if contents.hidden.any() else index.fields
    keys = _keys(index.keys, contents.rows)
    codes = contents.codes[contents.rows]
    count = len(keys)
    shapeless = np.isin(codes, (Code.malformed, Code.unknown_shape, Code.too_deep, Code.negative, Code.too_large))
    rank = np.where(shapeless, -1, fields.rank)
    width = int(rank.max(initial=0))
    dims = np.where(shapeless[:, None], -1, fields.dims[:, :width])
    return Columns(
        keys=keys,
        dtype=np.where((fields.dtype >= 0) & (fields.dtype < 256), fields.dtype, 0).astype(np.uint8),
        rank=rank.astype(np.int8),
        dims=dims,
        nbytes=contents.sizes(),
        role=np.zeros(count, np.uint8),
        role_source=np.zeros(count, np.uint8),
        slot_of=np.full(count, -1, np.int32),
        slot_name=np.full(count, -1, np.int16),
        slot_names=(),
        trainable=np.full(count, -1, np.int8),
        faults=contents.row_faults,
    )


def _keys(names: Names, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Names:
    """The keys of the rows."""
    if len(rows) == len(names):
        return names
    if len(rows) and len(rows) == len(names) - int(rows[0]):
        start = int(names.offsets[rows[0]])
        return Names(names.blob[start:], names.offsets[int(rows[0]) :] - start)
    return Names.of(names.raw(row) for row in rows.tolist())
