"""Bundles whose entries, data files or index are broken: the harm stays with its rows; reading those is an error."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import (
    Changed,
    ChecksumMismatch,
    Corrupt,
    FileFault,
    MissingFile,
    Truncated,
    Unsupported,
)
from ckpt_studio.core.tasks import Task
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from tests.helpers.bundles import BundleMaker, Record, block_spans, header, shard_name, slice_key, table
from tests.helpers.damage import flip


def one(tmp_path: Path, record: Record, data: bytes = bytes(400), name: str = "w") -> Bundle:
    """A bundle of one sound variable and one made of this entry."""
    good = Record(1, (2,), size=8, crc=0)
    (tmp_path / "m.index").write_bytes(
        table([(b"", header()), (b"good", good.encode()), (name.encode(), record.encode())])
    )
    Path(shard_name(tmp_path / "m", 0, 1)).write_bytes(data)
    return open_bundle(str(tmp_path / "m"))


@pytest.mark.parametrize(
    ("record", "kind", "text", "shape"),
    [
        (Record(0, (2,), size=8), Unsupported, "type", (2,)),
        (Record(99, (2,), size=8), Unsupported, "99", (2,)),
        (Record(300, (2,), size=8), Unsupported, "300", (2,)),
        (Record(1, (-1,), size=8), Corrupt, "negative", None),
        (Record(1, (2**40, 2**40), size=8), Corrupt, "larger", None),
        (Record(1, (2**62, 0), size=0), Corrupt, "larger", None),
        (Record(7, (0, 2**60), size=0), Corrupt, "larger", None),
        (Record(1, (1,) * 200, size=4), Unsupported, "200 axes", None),
        (Record(1, (2,), shard=5, size=8), Corrupt, "shard 5", (2,)),
        (Record(1, (2,), shard=-1, size=8), Corrupt, "shard -1", (2,)),
        (Record(1, (2,), offset=396, size=8), Truncated, "400 bytes", (2,)),
        (Record(1, (2**30,), size=2**32), Truncated, "400 bytes", (2**30,)),
        (Record(1, (2,), offset=-8, size=8), Corrupt, "-8", (2,)),
        (Record(1, (2,), offset=2**63 - 4, size=8), Corrupt, "cannot be", (2,)),
        (Record(1, (3,), size=8), Corrupt, "do not fit", (3,)),
        (Record(7, (2**40,), size=8), Corrupt, "do not fit", (2**40,)),
        (Record(1, (2,), slices=(((0, 1),), ((1, 1),))), Corrupt, "missing", (2,)),
        (Record(1, (2,), slices=(((0, 2),), ((0, 2),))), Corrupt, "do not fill|overlap", (2,)),
        (Record(1, (2,), slices=(((1, 2),),)), Corrupt, "out of the variable", (2,)),
        (Record(1, (), slices=((),)), Corrupt, "slices", ()),
    ],
)
def test_a_broken_entry_is_a_faulty_row(
    tmp_path: Path, record: Record, kind: type[FileFault], text: str, shape: tuple[int, ...] | None
) -> None:
    bundle = one(tmp_path, record)
    info = bundle.columns.of("w")
    assert info.error is not None
    assert info.shape == shape
    with pytest.raises(kind, match=text) as caught:
        bundle.read("w")
    assert caught.value.message == info.error
    assert caught.value.key == "w"
    assert bundle.read("good").tolist() == [0, 0]
    assert "w" in [fault.key for fault in bundle.verify()]
    assert bundle.stored("w") is None


def test_malformed_and_repeated_entries_are_faulty_rows(tmp_path: Path) -> None:
    good = Record(1, (1,), size=4).encode()
    records = [(b"", header()), (b"a", b"\xff\xff"), (b"b", good), (b"c", good), (b"c", good)]
    (tmp_path / "m.index").write_bytes(table(records))
    Path(shard_name(tmp_path / "m", 0, 1)).write_bytes(bytes(4))
    bundle = open_bundle(str(tmp_path / "m"))
    assert [(bundle.columns.keys[row], row in bundle.columns.faults) for row in range(4)] == [
        ("a", True), ("b", False), ("c", False), ("c", True),
    ]  # fmt: skip
    assert any("not in order" in note for note in bundle.notes)


def test_a_missing_or_short_shard_harms_only_its_own_rows(tmp_path: Path) -> None:
    made = BundleMaker(3)
    for i in range(3):
        made.add(f"t{i}", np.full(10, i, np.float32), 1, shard=i)
    prefix = made.write(tmp_path / "m")
    Path(shard_name(prefix, 0, 3)).unlink()
    os.truncate(shard_name(prefix, 1, 3), 39)
    bundle = open_bundle(prefix)
    with pytest.raises(MissingFile, match="data-00000-of-00003"):
        bundle.read("t0")
    with pytest.raises(Truncated, match="39 bytes"):
        bundle.read("t1")
    assert bundle.read("t2").tolist() == [2.0] * 10
    assert [(fault.key, fault.kind) for fault in bundle.verify()] == [("t0", "missing"), ("t1", "truncated")]
    assert len(bundle.files()) == 3


def test_an_orphan_slice_is_noted(tmp_path: Path) -> None:
    made = BundleMaker()
    made.add("w", np.ones(2, np.float32), 1)
    made.put(slice_key(b"gone", [(0, 2)]), Record(1, (2,), size=8).encode())
    bundle = open_bundle(made.write(tmp_path / "m"))
    assert list(bundle.columns.keys) == ["w"]
    assert "1 slices" in bundle.notes[0]


@pytest.mark.parametrize("at", [1, 30])
def test_every_damaged_tensor_is_reported(tmp_path: Path, at: int) -> None:
    made = BundleMaker(2)
    made.add("a", np.arange(10, dtype=np.float32), 1)
    made.add_slices("b", np.arange(40, dtype=np.float32), 1, [((0, 20),), ((20, 20),)])
    made.add_strings("s", [b"abc", b"defgh"], (2,))
    made.add("z", np.arange(10, dtype=np.float32), 1, shard=1)
    prefix = made.write(tmp_path / "m")
    places = {"a": (0, at), "b": (1, 8), "s": (0, 40 + 80 + 2 + 4 + 1)}
    for shard, offset in places.values():
        flip(shard_name(prefix, shard, 2), offset, 16)
    bundle = open_bundle(prefix)
    task = Task()
    found = list(bundle.verify(task))
    assert sorted((fault.key, fault.kind) for fault in found) == [(key, "checksum") for key in "abs"]
    assert task.done == task.total == sum(Path(path).stat().st_size for path in bundle.files())


@pytest.mark.parametrize(("at", "kind"), [(0, "corrupt"), (1, "corrupt"), (2, "checksum"), (5, "checksum")])
def test_damaged_lengths_of_strings(tmp_path: Path, at: int, kind: str) -> None:
    made = BundleMaker()
    made.add_strings("s", [b"abc", b"defgh"], (2,))
    prefix = made.write(tmp_path / "m")
    flip(shard_name(prefix, 0, 1), at, 0x80)
    bundle = open_bundle(prefix)
    with pytest.raises(FileFault) as caught:
        bundle.read("s")
    assert caught.value.kind == kind
    assert [fault.kind for fault in bundle.verify()] == [kind]


def test_a_data_file_rewritten_after_opening_is_noticed(tmp_path: Path) -> None:
    made = BundleMaker()
    made.add("w", np.ones(2, np.float32), 1)
    prefix = made.write(tmp_path / "m")
    bundle = open_bundle(prefix)
    before = bundle.identity("w")
    path = shard_name(prefix, 0, 1)
    Path(path).write_bytes(bytes(8))
    os.utime(path, ns=(1, 1))
    with pytest.raises(Changed, match="rewritten"):
        bundle.read("w")
    assert open_bundle(prefix).identity("w") != before


def test_a_data_file_rewritten_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    made = BundleMaker()
    made.add("w", np.ones(1_000_000, np.float32), 1)
    prefix = made.write(tmp_path / "m")
    blocks = open_bundle(prefix).blocks("w")
    next(blocks)
    with Path(shard_name(prefix, 0, 1)).open("r+b") as file:
        file.write(b"new")
    os.utime(shard_name(prefix, 0, 1), ns=(1, 1))
    with pytest.raises(Changed):
        list(blocks)


def test_an_index_that_is_being_rewritten_is_read_when_it_is_whole(tmp_path: Path) -> None:
    made = BundleMaker()
    made.add("w", np.ones(2, np.float32), 1)
    prefix = made.write(tmp_path / "m")
    index = Path(prefix + ".index")
    whole = index.read_bytes()
    index.write_bytes(whole[:40])
    timer = threading.Timer(0.03, index.write_bytes, [whole])
    timer.start()
    try:
        assert list(open_bundle(prefix).columns.keys) == ["w"]
    finally:
        timer.join()


def with_small_blocks(folder: Path, count: int = 40) -> tuple[Path, list[tuple[int, int]]]:
    """The index of a bundle of so many scalars, ten a block, and where its data blocks stand."""
    made = BundleMaker()
    for i in range(count):
        made.add(f"t{i:02d}", np.full(1, i, np.float32), 1)
    index = Path(made.write(folder / "m", per_block=10) + ".index")
    return index, sorted(block_spans(index.read_bytes())[2:])


@pytest.mark.parametrize(
    ("blocks", "lost", "words"),
    [
        ([1], range(9, 19), ["after 't08' and before 't19'"]),
        ([2, 3], range(19, 39), ["after 't18' and before 't39'", "after 't18' and before 't39'"]),
        ([4], range(39, 40), ["after 't38' could not be read"]),
    ],
)
def test_a_damaged_block_of_the_index_costs_its_own_entries(
    tmp_path: Path, blocks: list[int], lost: range, words: list[str]
) -> None:
    index, spans = with_small_blocks(tmp_path)
    for block in blocks:
        flip(index, spans[block][0] + 5)
    bundle = open_bundle(str(tmp_path / "m"))
    kept = [i for i in range(40) if i not in lost]
    assert list(bundle.columns.keys) == [f"t{i:02d}" for i in kept]
    assert [bundle.read(f"t{i:02d}").tolist() for i in kept] == [[float(i)] for i in kept]
    assert bundle.incomplete
    assert len(bundle.notes) == len(words)
    assert all(word in note for word, note in zip(words, bundle.notes, strict=True))
    assert [(fault.key, fault.kind) for fault in bundle.verify()] == [(None, "checksum")] * len(blocks)


@pytest.mark.parametrize("block", [0, -1])
def test_without_its_header_or_its_list_of_blocks_an_index_is_refused(tmp_path: Path, block: int) -> None:
    index, spans = with_small_blocks(tmp_path)
    where = spans[0][0] if block == 0 else block_spans(index.read_bytes())[1][0]
    flip(index, where + 3)
    with pytest.raises(ChecksumMismatch, match="does not match its checksum"):
        open_bundle(str(tmp_path / "m"))
    flip(index, where + 3)
    for start, _ in spans[1:]:
        flip(index, start + 3)
    assert len(open_bundle(str(tmp_path / "m")).columns) == 9
