"""Small files that claim much, opened and listed: each has to be done within two seconds of the processor."""

from __future__ import annotations

import struct
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from ckpt_studio.core.errors import FileFault
from ckpt_studio.formats.registry import open_checkpoint
from tests.benchmarks.report import Row
from tests.formats.npz.packed import bomb, npy, zip_of
from tests.formats.safetensors.test_header import LARGE, whole
from tests.formats.sstable import test_table as sstable
from tests.formats.tf_bundle import test_hostile as tf_bundle
from tests.formats.tf_v1 import test_hostile as tf_v1

_LIMIT_MS = 2000
_ROUNDS = 3


def measure(folder: Path) -> list[Row]:
    """The slowest input of each format."""
    slowest: dict[str, tuple[float, str]] = {}
    for form, what, path in _inputs(folder):
        took = min(_milliseconds(path) for _ in range(_ROUNDS))
        slowest[form] = max(slowest.get(form, (0.0, "")), (took, what))
    return [Row(f"hostile {form}: {what}", took, None, _LIMIT_MS) for form, (took, what) in slowest.items()]


def _milliseconds(path: Path) -> float:
    start = time.process_time()
    with suppress(FileFault):
        _ = open_checkpoint(str(path)).columns.role
    return (time.process_time() - start) * 1e3


def _inputs(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Format, what is odd, and the file."""
    for number, raw in enumerate(LARGE):
        path = folder / f"{number}.safetensors"
        path.write_bytes(whole(raw, b"abcd"))
        yield "safetensors", f"header {number}", path
    tables: list[Callable[[], bytes]] = [
        *(sstable.overlapping, sstable.long_keys, sstable.inflating, sstable.claiming, sstable.many_records),
        *(
            sstable.tiny_blocks,
            tf_bundle.many_odd_entries,
            tf_bundle.many_shards,
            tf_bundle.many_false_slices,
        ),
        *(tf_bundle.many_slices_in_both_directions, tf_bundle.slots_without_weights),
    ]
    for make in tables:
        path = folder / f"{make.__name__}.index"
        path.write_bytes(make())
        yield "tf_bundle", make.__name__, path
    for make in (
        *(tf_v1.empty_variables, tf_v1.many_slices, tf_v1.many_axes, tf_v1.many_extents, tf_v1.inflating),
        *(tf_v1.overlapping_slices, tf_v1.long_shared_keys, tf_v1.many_records, tf_v1.tiny_blocks),
    ):
        path = folder / f"v1_{make.__name__}"
        path.write_bytes(make())
        yield "tf_v1", make.__name__, path
    yield from _archives(folder)


def _archives(folder: Path) -> Iterator[tuple[str, str, Path]]:
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"1," * 4950 + b"), }"
    long = b"\x93NUMPY\2\0" + struct.pack("<I", len(text)) + text
    for what, members in (
        ("many members", [(f"{i}.npy", npy(np.float32(1))) for i in range(20_000)]),
        ("long headers", [(f"{i}.npy", long) for i in range(2000)]),
        ("bomb", [("a.npy", bomb(200 << 20, 200 << 20))]),
    ):
        yield "npz", what, Path(zip_of(folder / f"{what}.npz", members, zipfile.ZIP_DEFLATED))
