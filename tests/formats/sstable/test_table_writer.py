"""Tables are written as TensorFlow writes them, byte for byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.formats.sstable.table import Table
from ckpt_studio.formats.sstable.writer import TableWriter
from tests.helpers.tensorflow_child import TensorFlowChild


def written(records: list[tuple[bytes, bytes]]) -> bytes:
    out = bytearray()
    writer = TableWriter(out.extend)
    for key, value in records:
        writer.add(key, value)
    writer.finish()
    return bytes(out)


def records_of(data: bytes, path: str) -> list[tuple[bytes, bytes]]:
    records = Table(data, path).records()
    return [(key, records.value(i)) for i, key in enumerate(records.keys())]


def test_an_index_of_tensorflow_comes_out_again_byte_for_byte(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    # Long names, so that the entries fill several blocks of 256 KiB.
    tensorflow_child(
        """
        names = [f"{i * 7919 % 6007:05d}/{'x' * (i % 90)}{i}" for i in range(6000)]
        tf.raw_ops.SaveV2(prefix=args[0], tensor_names=names, shape_and_slices=[""] * len(names),
                          tensors=[tf.constant(float(i)) for i in range(len(names))])
        """,
        tmp_path / "many",
    )
    data = Path(f"{tmp_path}/many.index").read_bytes()
    assert len(Table(data, "many").handles) > 1
    assert written(records_of(data, "many")) == data


def test_plain_indexes_of_the_corpus_come_out_again_byte_for_byte(corpus: Path) -> None:
    same = 0
    for path in corpus.rglob("*.index"):
        data = path.read_bytes()
        if data.startswith(b"version https://git-lfs"):
            continue
        table = Table(data, str(path))
        compressed = any(data[handle.offset + handle.size] for handle in table.handles)
        if not compressed:
            assert written(records_of(data, str(path))) == data, path
            same += 1
    assert same > 10


def test_keys_of_any_bytes_and_values_of_any_size_come_back() -> None:
    random = np.random.default_rng(7)
    keys = {random.bytes(int(size)) for size in random.integers(1, 300, 500)} | {b"\xff", b"\xff\xff", b"\0"}
    records = [(key, random.bytes(int(random.integers(0, 5000)))) for key in sorted(keys)]
    records = [(b"", b"header"), *records]
    assert records_of(written(records), "memory") == records


def test_keys_out_of_order_are_refused() -> None:
    writer = TableWriter(lambda _: None)
    writer.add(b"b", b"")
    with pytest.raises(ValueError, match="ascend"):
        writer.add(b"b", b"")
