"""A V2 bundle as a checkpoint: what it holds, and windows, blocks and bytes of each tensor, straight from its files."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import FileFault, NoSuchVariable, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Stored, printable
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.formats import reading
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.files import FileReader, step_of
from ckpt_studio.formats.reading import Place
from ckpt_studio.formats.roles.by_meta_graph import mark_trainable
from ckpt_studio.formats.roles.by_name import GRAPH_KEY
from ckpt_studio.formats.roles.marks import Marks
from ckpt_studio.formats.tf_bundle import strings
from ckpt_studio.formats.tf_bundle.columns import columns_of
from ckpt_studio.formats.tf_bundle.contents import Contents
from ckpt_studio.formats.tf_bundle.index import Index, load_index
from ckpt_studio.formats.tf_bundle.sidecars import SIDECARS

if TYPE_CHECKING:
    from ckpt_studio.formats.roles.object_graph import ObjectGraph

_MOST_AXES: Final = 31
_MOST_GRAPH_BYTES: Final = 16 << 20  # of a SavedModel, it has a node for each function


def open_bundle(prefix: str) -> Bundle:
    """Open the bundle whose files share `prefix`.

    Raises:
        FileFault: its index cannot be read.
    """
    return Bundle(prefix, load_index(prefix + ".index"))


class Bundle:
    """One opened bundle; implements `Checkpoint`. All methods may be called from any thread; no file stays open.

    Attributes:
        stem: the path that its files share; `prefix`, unless they are part of something larger.
        index: columns of all entries, slices included.
        contents: which records are rows, faulty, partitioned.
        incomplete: whether entries are lost, because a part of the index is damaged.
        num_shards: how many data files its header claims.
        big_endian: byte order of the elements on disk.
    """

    format: ClassVar[str] = "tf_bundle"

    def __init__(self, prefix: str, index: Index) -> None:
        self.path = prefix
        self.prefix = prefix
        self.stem = index.path.removesuffix(".index")
        self.index = index
        self.num_shards = index.header.num_shards
        self.big_endian = index.header.big_endian
        meta = f"{self.stem}.meta"
        self.meta_graph = meta if os.path.isfile(meta) else None
        self.contents = Contents(index)
        self.incomplete = bool(index.gaps)
        self.notes: tuple[str, ...] = self.contents.notes
        self._lock = threading.Lock()
        self._columns: Columns | None = None
        self.step: int | None = self._find_step()

    def _find_step(self) -> int | None:
        step = step_of(self.prefix)
        if step is None and self.index.keys.find("global_step") >= 0:
            try:
                value = self.read("global_step")
            except (FileFault, NoSuchVariable):
                return None
            if value.shape == () and value.dtype.kind in "iu":
                return int(value)
        return step

    def shard_path(self, shard: int) -> str:
        """The data file of a shard, whether it exists or not."""
        return self.contents.shard_path(shard)

    @property
    def columns(self) -> Columns:
        """What there is; made when first asked for."""
        with self._lock:
            if self._columns is None:
                columns = columns_of(self.contents, self._object_graph, self._mark_more)
                if self.meta_graph is not None or type(self) is not Bundle:
                    columns.find_out()  # what lies beside the index may have to be told of in notes
                self._columns = columns
            return self._columns

    def _object_graph(self) -> bytes | None:
        """The object graph's bytes; None without one, where it is damaged, or far larger than these rows explain."""
        record = self.index.keys.find(GRAPH_KEY)
        most = _MOST_GRAPH_BYTES + 2048 * len(self.index)
        if record < 0 or self.index.fields.rank[record] != 0 or self.index.fields.size[record] > most:
            return None
        try:
            graph: object = self.read(GRAPH_KEY)[()]
        except FileFault:
            return None
        return graph if isinstance(graph, bytes) else None  # a number of that name is none

    def _mark_more(self, marks: Marks, objects: ObjectGraph | None) -> None:
        """What files beside the index say of the rows."""
        if self.meta_graph is None:
            return
        from ckpt_studio.formats.meta_graph.load import trainable_names

        try:
            trainable = trainable_names(self.meta_graph)
        except FileFault as error:
            self.notes = (*self.notes, error.message)
        else:
            if trainable is not None:
                mark_trainable(marks, trainable)

    def record(self, key: str) -> int:
        """The record of a variable.

        Raises:
            NoSuchVariable: no such key.
        """
        record = self.index.keys.find(key)
        if record < 0 or self.contents.hidden[record]:
            raise NoSuchVariable(
                f"There is no variable {printable(key)!r} in this checkpoint.", path=self.prefix, key=key
            )
        return record

    def _readable(self, key: str) -> int:
        """The record of a key whose values can be read."""
        record = self.record(key)
        error = self.contents.error(record)
        if error is not None:
            raise error
        dtype = dtypes.unknown(int(self.index.fields.dtype[record]))
        if dtype.numpy is None:
            raise Unsupported(
                f"{printable(key)!r} is of type {dtype.name}: only TensorFlow can tell what its bytes mean.",
                path=self.prefix,
                key=key,
            )
        if int(self.index.fields.rank[record]) > _MOST_AXES:
            raise Unsupported(f"{printable(key)!r} has too many axes to be shown.", path=self.prefix, key=key)
        return record

    def open_shard(self, shard: int) -> FileReader:
        """The data file of a shard, if it is still the one that was there when the bundle was opened.

        Raises:
            MissingFile, Changed, FileFault: it is not.
        """
        return FileReader(self.shard_path(shard), self.contents.shards.get(shard))

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        record = self._readable(key)
        if record in self.contents.partitions:
            return self._read_slices(record, window)
        place = self.contents.place(record)
        full = check_window(window, place.shape)
        if not place.size:
            assert place.dtype.numpy is not None
            return np.zeros([part.stop - part.start for part in full], place.dtype.numpy)
        with self.open_shard(place.shard) as file:
            values = self._read_place(file, place, full)
            file.check_unchanged()
        return values

    def _read_place(self, file: FileReader, place: Place, window: Window) -> NDArray[Any]:
        read = strings.read_window if place.dtype.name == "string" else reading.read_window
        return read(file, place, window, self.big_endian)

    def _read_slices(self, record: int, window: Window | None) -> NDArray[Any]:
        """A window across the slices of a partitioned variable; only those that it touches are read."""
        entry = self.index.entry(record)
        full = check_window(window, entry.shape or ())
        out = np.empty([part.stop - part.start for part in full], dtypes.unknown(entry.dtype).numpy)
        key = self.index.keys[record]
        with ExitStack() as stack:
            files: dict[int, FileReader] = {}

            def read(piece: int, window: Window) -> NDArray[Any]:
                place = self.contents.place(piece, key)
                file = files.get(place.shard)
                if file is None:
                    file = files[place.shard] = stack.enter_context(self.open_shard(place.shard))
                return self._read_place(file, place, window)

            self.contents.partitions[record].fill(out, full, read)
            for file in files.values():
                file.check_unchanged()
        return out

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        record = self._readable(key)
        if record in self.contents.partitions:
            shape = self.index.entry(record).shape or ()
            itemsize = dtypes.unknown(int(self.index.fields.dtype[record])).itemsize or 16
            for window in reading.covering_windows(shape, itemsize):
                values = self._read_slices(record, window)
                yield values.reshape(-1)
                task.advance(values.nbytes)
            return
        place = self.contents.place(record)
        if not place.size:
            return
        read = strings.read_blocks if place.dtype.name == "string" else reading.read_blocks
        with self.open_shard(place.shard) as file:
            yield from read(file, place, self.big_endian, task)
            file.check_unchanged()

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`: the index's and the data files' identities stand for the values."""
        record = self.record(key)
        partition = self.contents.partitions.get(record)
        used = [record] if partition is None else partition.records
        shards = sorted(set(self.index.fields.shard[used].tolist()))
        files = [self.index.identity, *map(self.contents.shards.get, shards)]
        return "/".join([*map(str, files), printable(key)])

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`; None for faulty and for partitioned variables."""
        record = self.record(key)
        if self.contents.codes[record] or record in self.contents.partitions:
            return None
        place = self.contents.place(record)
        return Stored(
            path=self.shard_path(place.shard),
            offset=place.offset,
            size=place.size,
            crc=place.crc,
            big_endian=self.big_endian,
            identity=str(self.contents.shards.get(place.shard)),
        )

    def raw_entries(self, key: str) -> list[tuple[bytes, bytes]]:
        """The index records of a key and of its slices, as (key, value), exactly as they stand in the file.

        Raises:
            NoSuchVariable: no such key.
        """
        record = self.record(key)
        records = [record]
        if record in self.contents.partitions:
            records += self.contents.partitions[record].records.tolist()
        return [(self.index.keys.raw(r), self.index.raw(r)) for r in records]

    def files(self) -> tuple[str, ...]:
        """Every file that belongs to it: index, the data files that exist, MetaGraph, patch."""
        shards = [self.shard_path(shard) for shard in sorted(self.contents.shards)]
        others = [self.stem + suffix for suffix in (".meta", *SIDECARS)]
        return (self.index.path, *shards, *(path for path in others if os.path.isfile(path)))

    def verify(self, task: Task = UNTENDED) -> Iterator[Fault]:
        """As `Checkpoint.verify`."""
        from ckpt_studio.formats.tf_bundle.verify import verify_bundle

        return verify_bundle(self.contents, self.open_shard, task)

    def close(self) -> None:
        """Nothing to let go of: each answer opens what it reads."""
