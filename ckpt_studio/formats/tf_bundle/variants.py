"""The checksum of a tensor of variants (the state of an iterator, say), whose meaning only TensorFlow knows.

Each element is a varint length, the bytes, and the masked checksum so far. The checksum goes over the length as a
uint64 in the bundle's byte order (strings have a uint32 there), not over the varint.
"""

from __future__ import annotations

import struct
from math import prod
from typing import Final

from ckpt_studio.core.errors import ChecksumMismatch, Corrupt
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.reading import Place, checksum_of
from ckpt_studio.formats.sstable.coding import checksum, mask, read_varint

_CRC_BYTES: Final = 4
_MAX_VARINT: Final = 10


def stored_checksum(file: FileReader, place: Place, big_endian: bool, task: Task = UNTENDED) -> int:
    """CRC32C as the entry of a variant tensor holds it, unmasked.

    Raises:
        Corrupt, ChecksumMismatch, FileFault: the bytes are damaged.
        Cancelled: if asked to stop.
    """
    order = ">" if big_endian else "<"
    position, end, crc = place.offset, place.offset + place.size, 0
    for _ in range(prod(place.shape)):
        head = file.read(position, min(_MAX_VARINT, end - position)).tobytes()
        try:
            size, used = read_varint(head, 0, len(head))
        except ValueError as error:
            raise _fault(Corrupt, "contradicts its size", file, place) from error
        position += used
        if size > end - position - _CRC_BYTES:
            raise _fault(Corrupt, "contradicts its size", file, place)
        crc = checksum(struct.pack(f"{order}Q", size), crc)
        crc = checksum_of(file, position, size, task, crc)
        stored = file.read(position + size, _CRC_BYTES)
        if int(stored.view(f"{order}u4")[0]) != mask(crc):
            raise _fault(ChecksumMismatch, "does not match its checksum", file, place)
        crc = checksum(stored, crc)
        position += size + _CRC_BYTES
    if position != end:
        raise _fault(Corrupt, "contradicts its size", file, place)
    return crc


def _fault(
    kind: type[Corrupt] | type[ChecksumMismatch], what: str, file: FileReader, place: Place
) -> Corrupt | ChecksumMismatch:
    return kind(
        f"The opaque content of {printable(place.key)!r} {what}.",
        path=file.path,
        key=place.key,
        offset=place.offset,
    )
