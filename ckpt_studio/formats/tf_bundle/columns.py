"""Turns a bundle's judged index into the columns that all other layers see, roles and names included."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import FileFault, MissingFile
from ckpt_studio.core.tensors import Columns, Names, encode
from ckpt_studio.formats.files import read_whole
from ckpt_studio.formats.roles.by_name import mark_by_names
from ckpt_studio.formats.roles.later import LaterColumns
from ckpt_studio.formats.roles.marks import Marks
from ckpt_studio.formats.tf_bundle.contents import Contents
from ckpt_studio.formats.tf_bundle.faults import Code
from ckpt_studio.formats.tf_bundle.index import Fields
from ckpt_studio.formats.tf_bundle.sidecars import PATCH

if TYPE_CHECKING:
    from ckpt_studio.formats.roles.object_graph import ObjectGraph

_MOST_PATCH_BYTES: Final = 64 << 20


def columns_of(
    contents: Contents,
    graph: Callable[[], bytes | None],
    mark_more: Callable[[Marks, ObjectGraph | None], None],
) -> LaterColumns:
    """The columns of a bundle: one row a variable. Roles and names are found out when they are asked for.

    Args:
        contents: the judged index.
        graph: gives the object graph as the checkpoint holds it, or None.
        mark_more: adds what files beside the index say.
    """
    index = contents.index
    fields = index.fields.take(contents.rows) if contents.hidden.any() else index.fields
    codes = contents.codes[contents.rows]
    shapeless = _shapeless(fields, codes)
    rank = np.where(shapeless, -1, fields.rank)
    dims = np.where(shapeless[:, None], -1, fields.dims[:, : int(rank.max(initial=0))])
    dtype = np.where((fields.dtype >= 0) & (fields.dtype < 256), fields.dtype, 0).astype(np.uint8)
    keys, nbytes, faults = _row_keys(index.keys, contents.rows), contents.sizes(), contents.row_faults

    def rest() -> Columns:
        marks = Marks.of(keys, dtype, rank, dims)
        objects = _mark_by_graph(marks, graph())
        mark_by_names(marks)
        mark_more(marks, objects)
        _mark_frozen(marks, index.path.removesuffix(".index") + PATCH, index.header.num_shards)
        return marks.columns(nbytes, faults)

    return LaterColumns.begin(keys, dtype, rank.astype(np.int8), dims, nbytes, faults, rest)


def _shapeless(fields: Fields, codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which rows have no shape that can be told, whatever else is wrong with them: bool [N]."""
    out = np.isin(codes, (Code.malformed, Code.unknown_shape, Code.too_deep, Code.negative, Code.too_large))
    other = np.flatnonzero((codes != Code.none) & ~out)
    rank, dims = fields.rank[other], fields.dims[other]
    out[other] = (rank > dims.shape[1]) | ((dims < 0) & (np.arange(dims.shape[1]) < rank[:, None])).any(
        axis=1
    )
    return out


def _mark_by_graph(marks: Marks, raw: bytes | None) -> ObjectGraph | None:
    """Mark what the object graph says; the graph, or None where there is none or it is damaged."""
    if raw is None:
        return None
    from ckpt_studio.formats.roles.by_graph import mark_by_graph
    from ckpt_studio.formats.roles.object_graph import parse_graph

    objects = parse_graph(raw)
    if objects is not None:
        mark_by_graph(marks, objects)
    return objects


def _row_keys(names: Names, rows: NDArray[np.int64]) -> Names:
    """The keys of the rows. Slices stand first, so mostly that is the rest of the blob."""
    if len(rows) == len(names):
        return names
    if len(rows) and len(rows) == len(names) - int(rows[0]):
        start = int(names.offsets[rows[0]])
        return Names(names.blob[start:], names.offsets[int(rows[0]) :] - start)
    return Names.of(names.raw(row) for row in rows.tolist())


def _mark_frozen(marks: Marks, path: str, num_shards: int) -> None:
    """The frozen marks of the patch that was written with this checkpoint; whatever is odd about it is passed over."""
    for text in _frozen(path, num_shards):
        try:
            key = bytes.fromhex(text[4:]) if text.startswith("hex:") else encode(text)
        except ValueError:
            continue
        row = marks.find(key)
        if row >= 0:
            marks.trainable[row] = 0


def _frozen(path: str, num_shards: int) -> list[str]:
    if not os.path.exists(path):
        return []
    import json

    try:
        data, _ = read_whole(path, _MOST_PATCH_BYTES)
        patch: Any = json.loads(data)
    except (MissingFile, FileFault, ValueError, RecursionError):
        return []
    if not isinstance(patch, dict) or patch.get("num_shards", num_shards) != num_shards:
        return []
    frozen = patch.get("frozen")
    return [text for text in frozen if isinstance(text, str)] if isinstance(frozen, list) else []
