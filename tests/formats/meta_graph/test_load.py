"""`.meta` files as they are found: whole, damaged, of other programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_studio.core.errors import Corrupt, FileFault, MissingFile, Truncated, Unrecognised
from ckpt_studio.formats.meta_graph import load_meta_graph, parse_meta_graph, trainable_names
from tests.formats.meta_graph.small import SmallGraph


@pytest.fixture
def small(tmp_path: Path) -> Path:
    graph = SmallGraph()
    graph.variable("w")
    graph.variable("count", trainable=False)
    part = graph.proto.collection_def["trainable_variables"].bytes_list
    graph.train("w")
    path = tmp_path / "model.meta"
    assert len(part.value) == 1
    path.write_bytes(graph.proto.SerializeToString())
    return path


def test_names_and_variables(small: Path) -> None:
    meta = load_meta_graph(str(small))
    assert trainable_names(str(small)) == meta.trainable == {"w"}
    assert list(meta.variables) == ["w", "count"]
    assert meta.variables["w"].shape == (2,)
    assert meta.variables["w"].initializer == "w/Assign"
    assert meta.variables["count"].trainable is False
    assert meta.serialise() == small.read_bytes()


def test_no_collection_says_nothing(tmp_path: Path) -> None:
    graph = SmallGraph()
    graph.node("x", "Placeholder")
    path = tmp_path / "x.meta"
    path.write_bytes(graph.proto.SerializeToString())
    assert trainable_names(str(path)) is None
    assert load_meta_graph(str(path)).trainable is None


@pytest.mark.parametrize(
    ("content", "fault", "words"),
    [
        (b"fileFormatVersion: 2\nguid: 8d04f2c5\n", Unrecognised, "Unity"),
        (b"version https://git-lfs.github.com/spec/v1\n", Unrecognised, "git lfs pull"),
        (b"<html></html>", Unrecognised, "text file"),
        (b"", Corrupt, "empty"),
        (b"\xff" * 40, Corrupt, "no MetaGraph"),
        (b"\x12\x7f\x0a", Truncated, "too early"),
    ],
)
@pytest.mark.parametrize("read", [load_meta_graph, trainable_names])
def test_other_files(
    tmp_path: Path, content: bytes, fault: type[FileFault], words: str, read: object
) -> None:
    path = tmp_path / "thing.meta"
    path.write_bytes(content)
    assert callable(read)
    with pytest.raises(fault, match=words) as caught:
        read(str(path))
    assert "thing.meta" in caught.value.message
    assert caught.value.path == str(path)


def test_damage_inside_the_graph(tmp_path: Path) -> None:
    path = tmp_path / "thing.meta"
    path.write_bytes(b"\x12\x02\x0a\x05")
    with pytest.raises(Corrupt, match="damaged"):
        load_meta_graph(str(path))
    assert trainable_names(str(path)) is None, "the graph is passed over"


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        load_meta_graph(str(tmp_path / "none.meta"))


def test_every_truncation_is_told(small: Path) -> None:
    whole = small.read_bytes()
    faults = 0
    for size in range(0, len(whole), 7):
        small.write_bytes(whole[:size])
        for work in (lambda size=size: parse_meta_graph(whole[:size]), lambda: trainable_names(str(small))):
            try:
                work()
            except FileFault:
                faults += 1
    assert faults > len(whole) // 7
