"""Tensors to the bytes of a data shard and the index entries that point to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import room
from ckpt_studio.core.dtypes import unknown
from ckpt_studio.core.errors import ChecksumMismatch, FileFault, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import BLOCK_BYTES, TensorSource, printable
from ckpt_studio.formats.encoding import in_order
from ckpt_studio.formats.files import FileReader, said
from ckpt_studio.formats.protos.bundle_pb2 import BundleEntry
from ckpt_studio.formats.reading import Place
from ckpt_studio.formats.sstable.coding import checksum, mask, write_varint
from ckpt_studio.formats.temporary_file import TemporaryFile
from ckpt_studio.formats.tf_bundle.entries import Entry
from ckpt_studio.formats.tf_bundle.ranges import OWN_SUMS

_STRING: Final = 7


def encode_strings(values: NDArray[Any], *, big_endian: bool = False) -> tuple[bytes, int]:
    """Bytes of a string tensor (object array of bytes) as a shard holds them, and the masked checksum of its entry."""
    order: Literal["big", "little"] = "big" if big_endian else "little"
    texts = [bytes(text) for text in values.reshape(-1)]
    crc = 0
    for text in texts:
        crc = checksum(len(text).to_bytes(4 if len(text) < 1 << 32 else 8, order), crc)
    lengths = mask(crc).to_bytes(4, order)
    crc = checksum(lengths, crc)
    for text in texts:
        crc = checksum(text, crc)
    return b"".join([*(write_varint(len(text)) for text in texts), lengths, *texts]), mask(crc)


class ShardWriter:
    """Appends tensors to a new data shard. A context manager, because it keeps the files it copies from open.

    Args:
        file: the shard.
        number: its number in the bundle.
        big_endian: byte order of the bundle.
        task: counts the bytes written.
    """

    def __init__(self, file: TemporaryFile, number: int, *, big_endian: bool, task: Task) -> None:
        self.file = file
        self._number = number
        self._big_endian = big_endian
        self._task = task
        self._readers: dict[str, FileReader] = {}
        self._stack = ExitStack()
        self._buffer = room((BLOCK_BYTES,))

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, source: TensorSource, key: str, dtype: int, shape: Sequence[int]) -> bytes:
        """Append a tensor. Bytes that lie somewhere in this encoding are copied, others are encoded block by block.

        Returns:
            Its index entry.

        Raises:
            FileFault: the tensor's bytes are damaged, missing or opaque. Cancelled, OSError: as `Saving`.
        """
        start = self.file.size
        stored = source.stored(key)
        kind = unknown(dtype)
        same_order = stored is not None and (stored.big_endian == self._big_endian or kind.itemsize == 1)
        if stored is not None and stored.crc is not None and same_order:
            place = Place(key, kind, tuple(shape), 0, stored.offset, stored.size, stored.crc)
            self._copy(stored.path, place, stored.big_endian)
            crc = stored.crc
        elif dtype == _STRING:
            data, crc = encode_strings(source.read(key), big_endian=self._big_endian)
            self.file.write(data)
            self._task.advance(len(data))
        elif kind.is_numeric:
            crc = self._encode(source.blocks(key), kind.numpy, key)
        else:
            raise Unsupported(
                f"{printable(key)!r} is of the opaque type {kind.name}, which cannot be written in another byte order.",
                key=key,
            )
        size = self.file.size - start
        return Entry(dtype, tuple(shape), self._number, start, size, crc).encode()

    def copy_entry(self, value: bytes, shard_path: Callable[[int], str], key: str) -> bytes:
        """Append the bytes that an existing index entry points to, in the shards at `shard_path(number)`.

        Returns:
            The entry, pointing here. An entry without data of its own (a partitioned variable's) is kept.

        Raises:
            as `add`.
        """
        entry = BundleEntry.FromString(value)
        if entry.slices:
            return value
        start = self.file.size
        shape = tuple(dim.size for dim in entry.shape.dim)
        place = Place(key, unknown(entry.dtype), shape, 0, entry.offset, entry.size, entry.crc32c)
        self._copy(shard_path(entry.shard_id), place, self._big_endian)
        entry.shard_id = self._number
        entry.offset = start
        return entry.SerializeToString(deterministic=True)

    def _encode(self, blocks: Iterator[NDArray[Any]], dtype: np.dtype[Any] | None, key: str) -> int:
        crc = 0
        for block in blocks:
            if block.dtype != dtype:
                raise FileFault(
                    f"{printable(key)!r} holds {block.dtype} where {dtype} was promised.", key=key
                )
            data = in_order(block, big_endian=self._big_endian)
            crc = checksum(data, crc)
            self.file.write(data)
            self._task.advance(len(data))
        return mask(crc)

    def _copy(self, path: str, place: Place, big_endian: bool) -> None:
        """Append bytes as they are, and compare their checksum; nobody but TensorFlow knows some opaque types'."""
        reader = self._reader(path)
        own = OWN_SUMS.get(place.dtype.number)
        crc = own(reader, place, big_endian, UNTENDED) if own is not None and place.size else 0
        for at in range(0, place.size, BLOCK_BYTES):
            block = self._buffer[: min(BLOCK_BYTES, place.size - at)]
            reader.read_into(block, place.offset + at)
            crc = checksum(block, crc) if own is None else crc
            self.file.write(block.data)
            self._task.advance(len(block))
        reader.check_unchanged()
        known = own is not None or place.dtype.numpy is not None
        if known and place.size and mask(crc) != place.crc:
            raise ChecksumMismatch(
                f"Nothing was written: {printable(place.key)!r} in {said(path)} does not match its checksum; "
                "replace it from another checkpoint.",
                path=path,
                key=place.key,
                offset=place.offset,
            )

    def _reader(self, path: str) -> FileReader:
        if path not in self._readers:
            self._readers[path] = self._stack.enter_context(FileReader(path))
        return self._readers[path]
