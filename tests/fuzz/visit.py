"""Does with an input whatever the program does with a file, and complains about everything but one of our errors."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import IntEnum
from functools import cache
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ckpt_studio.cli.rows import rows_text
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import Columns, TensorInfo
from ckpt_studio.core.windows import Window
from ckpt_studio.formats.base import Checkpoint, Declined
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.keras.checkpoint import Held, KerasArchive
from ckpt_studio.formats.keras.config import layer_of, parse
from ckpt_studio.formats.keras.hdf5.listing import Listing
from ckpt_studio.formats.keras.hdf5.process import Hdf5
from ckpt_studio.formats.keras.object_tree import ObjectTree
from ckpt_studio.formats.keras.opening import _compiled as compiled
from ckpt_studio.formats.keras.opening import contents_of
from ckpt_studio.formats.keras.reader import KerasReader
from ckpt_studio.formats.keras.zipped import check_parts, open_zipped
from ckpt_studio.formats.meta_graph.load import load_meta_graph
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.sstable.table import Table
from ckpt_studio.formats.sstable.table_file import TableFile
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from ckpt_studio.formats.tf_bundle.index import decode_fields_one_by_one

MOST_SECONDS = 2.0
_ROWS = 12
_SMALL = 1 << 14


def processor() -> float:
    """Seconds of the processor that this process and those that it waited for have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Wrong(AssertionError):
    """An answer that contradicts another one."""


@contextmanager
def errors_of_ours() -> Iterator[None]:
    """Passes over our own errors, but looks whether they are fit to be shown."""
    try:
        yield
    except CkptStudioError as error:
        if (
            error.kind in ("error", "internal")
            or not error.message.strip()
            or error.message[-1] not in ".;!?"
        ):
            raise Wrong(f"an error without a sentence: {error!r}") from error


class Depth(IntEnum):
    """How much is done with an input."""

    aimed = 0
    """The parser that its change is aimed at reads it, as far as that can be told apart."""
    glance = 1
    """It is opened as the program opens any path, what it holds is listed, and one value is read."""
    look = 2
    """All values are read in every way."""
    verify = 3
    """Every checksum is compared, and a graph is read as for a run."""


def visit(path: str, depth: Depth = Depth.verify) -> bool:
    """Open a path and look at what is there. Returns whether it opened."""
    checkpoint = None
    started = processor()
    with errors_of_ours():
        checkpoint = open_checkpoint(path)
        check_list(checkpoint)
    seconds = processor() - started
    require(seconds <= MOST_SECONDS, f"opening took {seconds:.1f} s of the processor")
    if checkpoint is None:
        return False
    _look(checkpoint, depth)
    checkpoint.close()
    return True


def _look(checkpoint: Checkpoint, depth: Depth) -> None:
    with errors_of_ours():
        tell(checkpoint, _ROWS if depth >= Depth.look else 2)
        if depth >= Depth.look:
            json.loads(f"[{''.join(rows_text(checkpoint.columns))}]")
        read_values(checkpoint, _ROWS if depth >= Depth.look else 1)
        if depth >= Depth.verify:
            for fault in checkpoint.verify():
                require(bool(fault.message and fault.kind), "a fault without a sentence")
            if checkpoint.meta_graph is not None:
                with errors_of_ours():
                    graph = load_meta_graph(checkpoint.meta_graph)
                    _ = graph.trainable, graph.variables
        if isinstance(checkpoint, Bundle):
            same_by_both_routes(checkpoint)


def require(holds: bool, text: str) -> None:
    if not holds:
        raise Wrong(text)


def check_list(checkpoint: Checkpoint) -> None:
    """What is told of a checkpoint and of its rows makes sense."""
    check_columns(checkpoint.columns)  # these may add notes
    require(all(isinstance(note, str) and note for note in checkpoint.notes), "a note that is none")
    require(checkpoint.step is None or type(checkpoint.step) is int, "a step that is none")
    require(all(os.path.lexists(file) for file in checkpoint.files()), "a file that is not there")


def check_columns(columns: Columns, roles: bool = True) -> None:
    """Rows are in order and all numbers in bounds; `roles` are worked out only where they are asked for."""
    count = len(columns)
    raw = [columns.keys.raw(row) for row in range(min(count, 200))]
    require(raw == sorted(raw), "rows out of order")
    bounds = [(columns.nbytes, 0, 2**63 - 1), (columns.rank, -1, columns.dims.shape[1])]
    if roles:
        bounds += [
            (columns.slot_of, -1, count - 1),
            (columns.slot_name, -1, len(columns.slot_names) - 1),
            (columns.trainable, -1, 1),
        ]
    for values, low, high in bounds:
        require(
            len(values) == count and (not count or low <= values.min() <= values.max() <= high), "odd columns"
        )
    if roles:
        _ = columns.slots_by_weight


def tell(checkpoint: Checkpoint, count: int) -> None:
    """Tell the first rows one by one."""
    columns = checkpoint.columns
    for row in range(min(len(columns), count)):
        info = columns.info(row)
        require(
            info.error is None or info.error.endswith("."), f"a row's fault without a sentence: {info.error}"
        )
        with errors_of_ours():  # a key that stands there twice
            checkpoint.identity(info.key)
            checkpoint.stored(info.key)


def read_values(checkpoint: Checkpoint, count: int) -> None:
    """Read the first rows in every way, which all have to say the same."""
    columns = checkpoint.columns
    for row in range(min(len(columns), count)):
        info = columns.info(row)
        if columns.row(info.key) != row:
            continue  # a key that stands there twice means its first row
        with errors_of_ours():
            if info.shape is None or info.dtype.numpy is None:
                checkpoint.read(info.key)
                raise Wrong(f"{info.key!r} of unknown shape or type was read")
            if info.size <= _SMALL:
                _read_small(checkpoint, info)
            else:
                _read_corners(checkpoint, info, info.shape)


def _read_small(checkpoint: Checkpoint, info: TensorInfo) -> None:
    whole = checkpoint.read(info.key)
    require(info.error is None, f"{info.key!r} is faulty and was read")
    require(whole.shape == info.shape and whole.flags.c_contiguous, f"{info.key!r} has another shape")
    require(whole.dtype.isnative, f"{info.key!r} is not in native order")
    blocks = [block.copy() for block in checkpoint.blocks(info.key)]
    together = np.concatenate(blocks) if blocks else whole.reshape(-1)[:0]
    require(_same(together, whole.reshape(-1)), f"the blocks of {info.key!r} are others than its values")
    window: Window = tuple(slice(extent // 3, max(extent // 3, extent - 1)) for extent in whole.shape)
    require(
        _same(checkpoint.read(info.key, window), whole[(*window, ...)]),
        f"a window of {info.key!r} is another",
    )


def _same(one: Any, other: Any) -> bool:
    if one.dtype == object:
        return one.shape == other.shape and list(one.flat) == list(other.flat)
    return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())


def _read_corners(checkpoint: Checkpoint, info: TensorInfo, shape: tuple[int, ...]) -> None:
    first = tuple(slice(0, 1) for _ in shape)
    last = tuple(slice(extent - 1, extent) for extent in shape)
    for window in (first, last):
        require(checkpoint.read(info.key, window).shape == (1,) * len(shape), "a corner of another shape")
    if prod(shape) < 1 << 24:
        for block in islice(checkpoint.blocks(info.key), 2):
            require(block.ndim == 1, "a block that is not flat")


def same_by_both_routes(bundle: Bundle) -> None:
    """The vectorised reader of an index says what the strict one says."""
    index = bundle.index
    records, order = index._records, index._order
    at, size = records.value_at[order], records.value_size[order]
    one, other = index.fields, decode_fields_one_by_one(records.data, at, size)
    for name in ("malformed", "dtype", "shard", "offset", "size", "crc", "rank", "slices"):
        require(bool((getattr(one, name) == getattr(other, name)).all()), f"the two readers differ in {name}")
    width = max(one.dims.shape[1], other.dims.shape[1])
    for fields in (one, other):
        fields.widen(width)
    require(bool((one.dims == other.dims).all()), "the two readers differ in dims")


def visit_table(data: bytes, path: str) -> bool:
    """Read a table by its three routes, which have to say the same. Returns whether it could be read.

    Args:
        data: the table.
        path: the file that holds it.
    """
    answers: list[Any] = []
    for route in ("records", "records_in_sequence"):
        try:
            table = Table(data, path)
            records = getattr(table, route)()
            answers.append([records.shared, records.key_at, records.value_at, records.value_size])
        except CkptStudioError as error:
            answers.append(type(error))
    one, other = answers
    require(isinstance(one, list) == isinstance(other, list), "one route reads what the other refuses")
    with errors_of_ours():
        table = Table(data, path)
        for fault in table.block_faults():
            require(fault.message.endswith("."), "a fault without a sentence")
        with FileReader(path) as file:
            same = TableFile(file)
            require(same.handles == table.handles, "the tables in memory and in the file differ")
    if not isinstance(one, list):
        return False
    require(all((a == b).all() for a, b in zip(one, other, strict=True)), "the two routes differ")
    return True


@cache
def _sound_listing() -> Listing:
    """What the HDF5 file in the seed of `.keras` archives holds: told once, because a process has to be asked."""
    (path,) = (Path(__file__).parent / "seeds/keras/model").glob("*.keras")
    with closing(Hdf5(open_zipped(str(path)).image)) as hdf5:
        return hdf5.listing()


def visit_archive(path: str) -> bool:
    """Read a `.keras` archive and its configuration, without its HDF5 file. Returns whether it could be read."""
    claim = KerasReader().claim(path)
    require(isinstance(claim, Declined) or claim == path, "another file was claimed")
    zipped = None
    with errors_of_ours():
        zipped = open_zipped(path)
    if zipped is None:
        return False
    with errors_of_ours():
        for error in check_parts(zipped, Task()):
            require(error.message.endswith("."), "a fault without a sentence")
        listing, config = _sound_listing(), parse(zipped.config)
        held = {key: Held(Hdf5(zipped.image), dataset) for key, dataset in listing.datasets.items()}
        tree = ObjectTree(listing.datasets, listing.groups, layer_of(config), compiled(config))
        contents = contents_of(path, held, tree.facts, tree.iteration, list(zipped.notes), listing.groups)
        contents.zipped = zipped
        checkpoint = KerasArchive(path, contents)
        check_list(checkpoint)
        tell(checkpoint, _ROWS)
    return True
