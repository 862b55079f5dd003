"""Every damaged, overlapping or vanished stretch of bytes is reported, once, and nothing that is right."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.tasks import Task
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.helpers.bundles import BundleMaker, Record, shard_name
from tests.helpers.damage import flip

MIB = 1 << 20


def faults(prefix: str) -> list[tuple[str | None, str]]:
    task = Task()
    found = [(fault.key, fault.kind) for fault in open_bundle(prefix).verify(task)]
    assert task.done == task.total
    return found


@pytest.mark.parametrize("at", [0, 8 * MIB - 1, 8 * MIB, 9 * MIB + 2])
def test_a_large_tensor_is_checked_in_parts(tmp_path: Path, at: int) -> None:
    made = BundleMaker()
    made.add("small", np.arange(10, dtype=np.uint8), 4)
    made.add("large", np.random.default_rng(1).integers(0, 256, 9 * MIB + 3, np.uint8), 4)
    made.add("zlast", np.arange(10, dtype=np.uint8), 4)
    prefix = made.write(tmp_path / "m")
    assert faults(prefix) == []
    flip(shard_name(prefix, 0, 1), 10 + at)
    assert faults(prefix) == [("large", "checksum")]


def test_neighbours_are_told_apart(tmp_path: Path) -> None:
    """Small tensors in several shards, with gaps of all sizes between them, read together and judged alone."""
    random = np.random.default_rng(2)
    made = BundleMaker(3)
    for i in range(600):
        made.shards[i % 3] += bytes(int(random.choice([0, 0, 1, 900, 200_000])) if i % 50 == 0 else 0)
        made.add(f"t{i:03d}", random.standard_normal(random.integers(0, 3000)).astype("f4"), 1, shard=i % 3)
    prefix = made.write(tmp_path / "m")
    assert faults(prefix) == []
    bundle = open_bundle(prefix)
    chosen = [f"t{i:03d}" for i in (0, 50, 51, 299, 597, 598, 599) if bundle.columns.of(f"t{i:03d}").nbytes]
    for key in chosen:
        stored = bundle.stored(key)
        assert stored is not None
        flip(stored.path, stored.offset + stored.size - 1)
    assert sorted(faults(prefix)) == [(key, "checksum") for key in chosen]


def test_overlapping_entries_are_faults_and_gaps_are_not(tmp_path: Path) -> None:
    made = BundleMaker(2)
    a = made.add("a", np.arange(100, dtype=np.uint8), 4)
    made.shards[0] += bytes(1000)
    made.add("b", np.arange(100, dtype=np.uint8), 4)
    made.shards[0] += b"behind"
    made.add("other", np.arange(100, dtype=np.uint8), 4, shard=1)
    prefix = made.write(tmp_path / "m")
    assert faults(prefix) == []
    made.put("again", a.encode())
    inside = np.arange(90, 95, dtype=np.uint8)
    made.put("inside", replace(BundleMaker().record(4, (5,), inside.tobytes()), offset=90).encode())
    prefix = made.write(tmp_path / "m")
    found = list(open_bundle(prefix).verify())
    assert [(fault.key, fault.kind) for fault in found] == [("again", "overlap"), ("inside", "overlap")]
    assert found[1].message == "inside: its bytes from 90 on overlap those of a, which end at 100."


def test_an_overlap_with_damage_is_both(tmp_path: Path) -> None:
    made = BundleMaker()
    made.add("a", np.arange(100, dtype=np.uint8), 4)
    made.put("b", Record(4, (10,), offset=95, size=10, crc=7).encode())
    made.shards[0] += bytes(10)
    assert faults(made.write(tmp_path / "m")) == [("b", "overlap"), ("b", "checksum")]


def test_a_shard_that_changed_since_is_one_fault(tmp_path: Path) -> None:
    made = BundleMaker(2)
    for i in range(4):
        made.add(f"t{i}", np.zeros(2 * MIB, np.uint8), 4, shard=i % 2)
    bundle = open_bundle(made.write(tmp_path / "m"))
    path = shard_name(bundle.prefix, 1, 2)
    os.utime(path, ns=(1, 1))
    assert [(fault.key, fault.kind) for fault in bundle.verify()] == [(None, "changed")]
    Path(path).unlink()
    assert [(fault.key, fault.kind) for fault in bundle.verify()] == [("t1", "missing"), ("t3", "missing")]


def test_what_ends_too_early_is_not_its_neighbours_fault(tmp_path: Path) -> None:
    """Cut after opening, with the times put back: only what lies behind the cut is lost."""
    made = BundleMaker()
    for name in "abc":
        made.add(name, np.ones(100, np.uint8), 4)
    prefix = made.write(tmp_path / "m")
    bundle = open_bundle(prefix)
    os.truncate(shard_name(prefix, 0, 1), 150)
    identity = bundle.contents.shards[0]
    status = Path(shard_name(prefix, 0, 1)).stat()
    bundle.contents.shards[0] = replace(identity, size=150, mtime_ns=status.st_mtime_ns)
    assert [(fault.key, fault.kind) for fault in bundle.verify()] == [("b", "truncated"), ("c", "truncated")]


def test_leaving_early_leaves_no_thread(tmp_path: Path) -> None:
    made = BundleMaker()
    for i in range(8):
        made.put(f"t{i}", replace(made.record(4, (MIB,), bytes(MIB)), crc=i).encode())
    bundle = open_bundle(made.write(tmp_path / "m"))
    before = threading.active_count()
    found = bundle.verify()
    assert isinstance(next(found), Fault)
    found.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    task = Task()
    stopped = bundle.verify(task)
    next(stopped)
    task.cancel()
    with pytest.raises(Cancelled):
        next(stopped)
    assert threading.active_count() == before


def test_memory_stays_small(tmp_path: Path) -> None:
    import tracemalloc

    made = BundleMaker()
    made.put("huge", Record(4, (1 << 28,), size=1 << 28).encode())
    prefix = made.write(tmp_path / "m")
    os.truncate(shard_name(prefix, 0, 1), 1 << 28)  # sparse
    tracemalloc.start()
    assert faults(prefix) == [("huge", "checksum")]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * MIB
