"""Values as the bytes of a file, block by block: what every writer of numbers does the same way."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import DType, unknown
from ckpt_studio.core.errors import ChecksumMismatch, FileFault, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable
from ckpt_studio.formats.files import said
from ckpt_studio.formats.sstable.coding import checksum, mask

_NATIVE_BIG: Final = sys.byteorder == "big"


def in_order(block: NDArray[Any], *, big_endian: bool = False) -> memoryview:
    """The bytes of a block of numbers in native order, in the byte order of a file."""
    flat = np.ascontiguousarray(block).reshape(-1)
    width = flat.dtype.itemsize // 2 if flat.dtype.kind == "c" else flat.dtype.itemsize
    if big_endian != _NATIVE_BIG and width > 1:
        flat = flat.view(f"u{width}").byteswap()
    return flat.view(np.uint8).data


def little_endian(
    source: TensorSource, key: str, written_as: DType, task: Task = UNTENDED
) -> Iterator[memoryview]:
    """All values of a variable of numbers as little-endian bytes in C order; each block is valid until the next.

    Where the bytes lie in a bundle, its checksum is compared on the way.

    Args:
        source: holds the variable.
        key: the variable.
        written_as: its own type, or one that holds all its values.
        task: counts the bytes written, and is looked at for each block.

    Raises:
        ChecksumMismatch, FileFault: the values are damaged, missing or opaque.
        Cancelled: if asked to stop.
    """
    own = unknown(int(source.columns.dtype[source.columns.row(key)]))
    if own.numpy is None or written_as.numpy is None:
        raise Unsupported(f"{printable(key)!r} is of the opaque type {own.name}; leave it out.", key=key)
    stored = source.stored(key)
    crc = 0
    for block in source.blocks(key):
        if block.dtype != own.numpy:
            raise FileFault(
                f"{printable(key)!r} holds {block.dtype} where {own.numpy} was promised.", key=key
            )
        if stored is not None and stored.crc is not None:
            crc = checksum(in_order(block, big_endian=stored.big_endian), crc)
        data = in_order(block if written_as is own else block.astype(written_as.numpy))
        yield data
        task.advance(len(data))
    if stored is not None and stored.crc is not None and stored.size and mask(crc) != stored.crc:
        raise ChecksumMismatch(
            f"Nothing was written: {printable(key)!r} in {said(stored.path)} does not match its checksum; "
            "replace it from another checkpoint.",
            path=stored.path,
            key=key,
            offset=stored.offset,
        )
