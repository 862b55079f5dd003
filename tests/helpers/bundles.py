"""Makes V2 bundles byte by byte, sound or broken at will, so that tests of reading do not lean on our own writer."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cramjam
import numpy as np
from crc32c import crc32c
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import of_numpy
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint

MAGIC = 0xDB4775248B80FB57


def masked(data: bytes | NDArray[np.uint8], crc: int = 0) -> int:
    """Masked CRC32C."""
    value = crc32c(data, crc)
    return (((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value: int) -> bytes:
    """A varint; negative numbers as protobuf has them."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def block(records: Sequence[tuple[bytes, bytes]], interval: int = 16) -> bytes:
    """Records as a block without trailer."""
    out, restarts, last = bytearray(), [], b""
    for i, (key, value) in enumerate(records):
        shared = 0
        if i % interval == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(last), len(key)) and last[shared] == key[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    restarts = restarts or [0]
    return bytes(out) + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


class TableBytes:
    """A table under construction from ready-made blocks."""

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, contents: bytes, *, snappy: bool = False) -> bytes:
        """Append a block with trailer; returns its handle."""
        stored = bytes(cramjam.snappy.compress_raw(contents)) if snappy else contents
        handle = varint(len(self.data)) + varint(len(stored))
        body = stored + bytes([snappy])
        self.data += body + struct.pack("<I", masked(body))
        return handle

    def finish(self, handles: Sequence[tuple[bytes, bytes]]) -> bytes:
        """Append metaindex, index and footer."""
        metaindex = self.add(block([]))
        index = self.add(block(handles, interval=1))
        return bytes(self.data) + (metaindex + index).ljust(40, b"\0") + struct.pack("<Q", MAGIC)


def table(records: Sequence[tuple[bytes, bytes]], *, per_block: int = 1000, snappy: bool = False) -> bytes:
    """Records, in the order given, as a table."""
    made = TableBytes()
    handles = []
    for start in range(0, len(records), per_block):
        part = records[start : start + per_block]
        handles.append((part[-1][0], made.add(block(part), snappy=snappy)))
    return made.finish(handles)


def header(shards: int = 1, *, big_endian: bool = False, min_consumer: int = 0) -> bytes:
    """The value of key ""."""
    version = b"\x08\x01" + (b"\x10" + varint(min_consumer) if min_consumer else b"")
    return (
        (b"\x08" + varint(shards))
        + (b"\x10\x01" if big_endian else b"")
        + b"\x1a"
        + varint(len(version))
        + version
    )


@dataclass(frozen=True)
class Record:
    """One entry; `slices` as (start, length) an axis, length -1 for the full extent."""

    dtype: int = 1
    shape: tuple[int, ...] = ()
    shard: int = 0
    offset: int = 0
    size: int = 0
    crc: int = 0
    slices: tuple[tuple[tuple[int, int], ...], ...] = ()

    def encode(self) -> bytes:
        """As protobuf writes it."""
        out = bytearray()
        if self.dtype:
            out += b"\x08" + varint(self.dtype)
        dims = b""
        for extent in self.shape:
            dim = b"\x08" + varint(extent) if extent else b""
            dims += b"\x12" + varint(len(dim)) + dim
        out += b"\x12" + varint(len(dims)) + dims
        for tag, value in ((b"\x18", self.shard), (b"\x20", self.offset), (b"\x28", self.size)):
            if value:
                out += tag + varint(value)
        if self.crc:
            out += b"\x35" + struct.pack("<I", self.crc)
        for piece in self.slices:
            extents = b""
            for start, length in piece:
                extent = (b"\x08" + varint(start) if start else b"") + (
                    b"\x10" + varint(length) if length != -1 else b""
                )
                extents += b"\x0a" + varint(len(extent)) + extent
            out += b"\x3a" + varint(len(extents)) + extents
        return bytes(out)


def string_bytes(items: Sequence[bytes], *, big_endian: bool = False) -> tuple[bytes, int]:
    """The bytes of a string tensor and its masked checksum."""
    order = ">" if big_endian else "<"
    lengths = b"".join(struct.pack(f"{order}I", len(item)) for item in items)
    crc = crc32c(lengths)
    field = struct.pack(f"{order}I", masked(lengths))
    body = b"".join(items)
    return b"".join(varint(len(item)) for item in items) + field + body, masked(field + body, crc)


def variant_bytes(items: Sequence[bytes]) -> tuple[bytes, int]:
    """The bytes of a tensor of variants and its masked checksum, little-endian."""
    data, crc = b"", 0
    for item in items:
        crc = crc32c(struct.pack("<Q", len(item)) + item, crc)
        field = struct.pack("<I", masked(b"", crc))
        data += varint(len(item)) + item + field
        crc = crc32c(field, crc)
    return data, masked(b"", crc)


class BundleMaker:
    """Collects tensors in shards, and writes the files."""

    def __init__(self, shards: int = 1, *, big_endian: bool = False) -> None:
        self.shards = [bytearray() for _ in range(shards)]
        self.big_endian = big_endian
        self.records: dict[bytes, bytes] = {}

    def _store(self, data: bytes, shard: int) -> tuple[int, int]:
        offset = len(self.shards[shard])
        self.shards[shard] += data
        return offset, len(data)

    def record(self, dtype: int, shape: tuple[int, ...], data: bytes, shard: int = 0) -> Record:
        """Store bytes; returns their entry."""
        offset, size = self._store(data, shard)
        return Record(dtype, shape, shard, offset, size, masked(data))

    def add(self, key: bytes | str, array: NDArray[np.generic], dtype: int, *, shard: int = 0) -> Record:
        """Store a tensor of numbers."""
        turned = array.byteswap() if self.big_endian and array.dtype.itemsize > 1 else array
        made = self.record(dtype, array.shape, turned.tobytes(), shard)
        self.put(key, made.encode())
        return made

    def add_strings(
        self, key: str, items: Sequence[bytes], shape: tuple[int, ...], *, shard: int = 0
    ) -> Record:
        """Store a tensor of strings."""
        data, crc = string_bytes(items, big_endian=self.big_endian)
        made = replace(self.record(7, shape, data, shard), crc=crc)
        self.put(key, made.encode())
        return made

    def add_slices(
        self, key: str, array: NDArray[np.generic], dtype: int, pieces: Sequence[Sequence[tuple[int, int]]]
    ) -> None:
        """Store a partitioned variable; slice i goes to shard i modulo their number."""
        slices = tuple(tuple(piece) for piece in pieces)
        for i, piece in enumerate(slices):
            window = tuple(
                slice(0, extent) if length == -1 else slice(start, start + length)
                for (start, length), extent in zip(piece, array.shape, strict=True)
            )
            part = np.ascontiguousarray(array[window])
            if self.big_endian and part.dtype.itemsize > 1:
                part = part.byteswap()
            made = self.record(dtype, part.shape, part.tobytes(), i % len(self.shards))
            self.put(slice_key(key.encode(), piece), made.encode())
        self.put(key, Record(dtype, array.shape, slices=slices).encode())

    def put(self, key: bytes | str, value: bytes) -> None:
        """An entry as it is."""
        self.records[key.encode() if isinstance(key, str) else key] = value

    def index(self, *, per_block: int = 1000, snappy: bool = False) -> bytes:
        """The bytes of the index."""
        records = [(b"", header(len(self.shards), big_endian=self.big_endian)), *sorted(self.records.items())]
        return table(records, per_block=per_block, snappy=snappy)

    def write(self, prefix: Path | str, *, per_block: int = 1000, snappy: bool = False) -> str:
        """Write all files; returns the prefix."""
        for i, data in enumerate(self.shards):
            Path(shard_name(prefix, i, len(self.shards))).write_bytes(bytes(data))
        Path(f"{prefix}.index").write_bytes(self.index(per_block=per_block, snappy=snappy))
        return str(prefix)


def shard_name(prefix: Path | str, shard: int, count: int) -> str:
    """The path of a data file."""
    return f"{prefix}.data-{shard:05d}-of-{count:05d}"


def slice_key(name: bytes, piece: Sequence[tuple[int, int]]) -> bytes:
    """OrderedCode of a slice, for numbers from -1 to 2**20."""
    escaped = b"".join({0: b"\0\xff", 255: b"\xff\0"}.get(byte, bytes([byte])) for byte in name)

    def signed(value: int) -> bytes:
        if -64 <= value < 64:
            return bytes([0x80 ^ (value & 0xFF)])
        if value < 1 << 13:
            return bytes([0xC0 | value >> 8, value & 0xFF])
        return bytes([0xE0 | value >> 16, value >> 8 & 0xFF, value & 0xFF])

    numbers = b"".join(signed(start) + signed(length) for start, length in piece)
    rank = bytes([1, len(piece)]) if piece else b"\0"
    return b"\0" + escaped + b"\0\x01" + rank + numbers


def repaired(index: bytes, at: int, value: int) -> bytes:
    """A table with one byte changed and the checksum of its block made right again, where the byte is in a block."""
    data = bytearray(index)
    data[at] = value
    for start, size in block_spans(index):
        if start <= at <= start + size:
            data[start + size + 1 : start + size + 5] = struct.pack(
                "<I", masked(bytes(data[start : start + size + 1]))
            )
    return bytes(data)


def block_spans(index: bytes) -> list[tuple[int, int]]:
    """Offset and size of all blocks of a sound, uncompressed table that `table` made."""
    numbers, position = [], len(index) - 48
    while len(numbers) < 4:
        value = shift = 0
        while True:
            byte = index[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        numbers.append(value)
    spans = [(numbers[0], numbers[1]), (numbers[2], numbers[3])]
    start = 0
    contents = index[numbers[2] : numbers[2] + numbers[3]]
    for size in _block_sizes(contents):
        spans.append((start, size))
        start += size + 5
    return spans


def _block_sizes(contents: bytes) -> list[int]:
    """Sizes in the handles of an index block."""
    sizes, position = [], 0
    end = len(contents) - 4 - 4 * struct.unpack_from("<I", contents, len(contents) - 4)[0]

    def read() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = contents[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < end:
        _, fresh, size = read(), read(), read()
        position += fresh
        stop = position + size
        read()
        sizes.append(read())
        position = stop
    return sizes


def opened(folder: Path, array: NDArray[np.generic], *, big_endian: bool = False) -> Checkpoint:
    """A bundle of one shard that holds `array` as its variable `v`."""
    maker = BundleMaker(big_endian=big_endian)
    maker.add("v", array, of_numpy(array.dtype).number)
    maker.write(folder / "v")
    return open_checkpoint(str(folder / "v"))
