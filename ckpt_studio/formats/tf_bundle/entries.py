"""The two records of a bundle's index, header and entry, one at a time: what the columns of `index` must agree with.

protobuf is imported when it is needed: most indexes are read without it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_studio.formats.sstable.ordered_code import Extent
from ckpt_studio.formats.wire import LENGTH, VARINT, WireFault, varint, walk

VERSION = 1
"""The version of bundles that we know, as producer and as consumer."""

_LITTLE, _BIG = 0, 1


@dataclass(frozen=True, slots=True)
class Header:
    """How many data shards there are and in which byte order."""

    num_shards: int
    big_endian: bool
    producer: int = VERSION
    min_consumer: int = 0

    @classmethod
    def parse(cls, raw: bytes) -> Header:
        """From the value of key "".

        Raises:
            ValueError: it is no header.
        """
        num_shards, order, producer, min_consumer = _plain_header(raw) or _any_header(raw)
        if num_shards < 0:
            raise ValueError(f"the header claims {num_shards} shards")
        if order not in (_LITTLE, _BIG):
            raise ValueError(f"the header names the unknown byte order {order}")
        return cls(num_shards, order == _BIG, producer, min_consumer)

    def encode(self) -> bytes:
        """As the value of key ""."""
        from ckpt_studio.formats.protos.bundle_pb2 import BundleHeader

        proto = BundleHeader(num_shards=self.num_shards, endianness=int(self.big_endian))  # type: ignore[arg-type]
        proto.version.producer = self.producer
        proto.version.min_consumer = self.min_consumer
        return proto.SerializeToString(deterministic=True)


def _plain_header(raw: bytes) -> tuple[int, int, int, int] | None:
    """Shards, byte order, producer and smallest consumer of a header as TensorFlow writes it, None for any other."""
    found = {}
    try:
        for number, kind, first, after in walk(lambda at, size: raw[at : at + size], 0, len(raw)):
            if number in (1, 2) and kind == VARINT:
                found[number] = varint(raw, first)[0]
            elif number == 3 and kind == LENGTH:
                for inner, inner_kind, at, _ in walk(lambda at, size: raw[at : at + size], first, after):
                    if inner not in (1, 2) or inner_kind != VARINT:
                        return None
                    found[number + inner] = varint(raw, at)[0]
            else:
                return None
    except WireFault:
        return None
    if any(value >> 31 for value in found.values()):
        return None
    return found.get(1, 0), found.get(2, 0), found.get(4, 0), found.get(5, 0)


def _any_header(raw: bytes) -> tuple[int, int, int, int]:
    """The same of any header. Raises ValueError where it is none."""
    from google.protobuf.message import DecodeError

    from ckpt_studio.formats.protos.bundle_pb2 import BundleHeader

    try:
        proto = BundleHeader.FromString(raw)
    except DecodeError as error:
        raise ValueError("the header is not a valid record") from error
    return proto.num_shards, proto.endianness, proto.version.producer, proto.version.min_consumer


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one tensor, or one slice of a partitioned one, lies.

    Attributes:
        dtype: TensorFlow's DataType number, unchecked.
        shape: None when unknown; extents are unchecked and may be negative.
        shard, offset, size: the bytes, unchecked.
        crc: masked CRC32C of them.
        slices: one tuple of extents a slice, for a partitioned variable.
    """

    dtype: int = 0
    shape: tuple[int, ...] | None = ()
    shard: int = 0
    offset: int = 0
    size: int = 0
    crc: int = 0
    slices: tuple[tuple[Extent, ...], ...] = ()

    @classmethod
    def parse(cls, raw: bytes) -> Entry:
        """From a value of the index.

        Raises:
            ValueError: it is no entry.
        """
        from google.protobuf.message import DecodeError

        from ckpt_studio.formats.protos.bundle_pb2 import BundleEntry

        try:
            proto = BundleEntry.FromString(raw)
        except DecodeError as error:
            raise ValueError("not a valid record") from error
        shape = None if proto.shape.unknown_rank else tuple(dim.size for dim in proto.shape.dim)
        slices = tuple(
            tuple((e.start, e.length if e.HasField("length") else -1) for e in piece.extent)
            for piece in proto.slices
        )
        return cls(proto.dtype, shape, proto.shard_id, proto.offset, proto.size, proto.crc32c, slices)

    def encode(self) -> bytes:
        """As a value of the index, byte for byte as TensorFlow writes it."""
        from ckpt_studio.formats.protos.bundle_pb2 import BundleEntry

        proto = BundleEntry(
            dtype=self.dtype, shard_id=self.shard, offset=self.offset, size=self.size, crc32c=self.crc
        )
        proto.shape.SetInParent()
        if self.shape is None:
            proto.shape.unknown_rank = True
        for extent in self.shape or ():
            proto.shape.dim.add(size=extent)
        for piece in self.slices:
            extents = proto.slices.add().extent
            for start, length in piece:
                added = extents.add(start=start)
                if length != -1:
                    added.length = length
        return proto.SerializeToString(deterministic=True)
