"""SavedModels whose graph or variables are damaged, missing or made to harm: values that are there are still shown."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.core.errors import Corrupt, FileFault, MissingFile, Truncated, Unsupported
from ckpt_studio.formats.protos.saved_model_pb2 import SavedModel as SavedModelProto
from ckpt_studio.formats.registry import open_checkpoint
from tests.formats.saved_model.rows import by_value, copy_of, infos


@pytest.mark.parametrize("keep", [0, 1, 20, 0.5, -1])
@pytest.mark.parametrize("name", ["module", "v1"])
def test_a_graph_that_is_cut_off_costs_only_what_it_says(
    folder: Path, written: dict[str, dict[str, Any]], tmp_path: Path, keep: float, name: str
) -> None:
    model = copy_of(folder, name, tmp_path)
    graph = model / "saved_model.pb"
    whole = graph.read_bytes()
    graph.write_bytes(whole[: int(len(whole) * keep) if keep == 0.5 else int(keep)])
    checkpoint = open_checkpoint(str(model))
    names = {info.name for info in by_value(checkpoint).values()}
    assert names == {name for name, _ in written[name].values()}
    assert {info.trainable for info in infos(checkpoint)} == {None}
    (note,) = checkpoint.notes
    assert note.startswith("saved_model.pb is ")


@pytest.mark.parametrize(
    ("data", "kind", "sentence"),
    [
        (b"\n\x03abc", Corrupt, "it may be a frozen graph or another program's"),
        (b"PNG nothing of ours", Corrupt, "is no SavedModel's graph"),
        (b"\x08\x01", Corrupt, "holds no graph"),
        (b"\x08\x01\x12\x7f", Truncated, "cut off"),
        (b"\x08\x01\x12\x04\x3a\x02\x0a\x7f", Corrupt, "does not parse"),
    ],
)
def test_a_graph_of_something_else(
    folder: Path,
    written: dict[str, dict[str, Any]],
    tmp_path: Path,
    data: bytes,
    kind: type[FileFault],
    sentence: str,
) -> None:
    model = copy_of(folder, "module", tmp_path)
    (model / "saved_model.pb").write_bytes(data)
    checkpoint = open_checkpoint(str(model))
    assert len(checkpoint.columns) == 6
    (note,) = checkpoint.notes
    assert note.startswith("saved_model.pb ")
    assert sentence in note
    shutil.rmtree(model / "variables")
    with pytest.raises(kind, match=r"saved_model\.pb.*; variables\.index does not exist"):
        open_checkpoint(str(model))


def test_a_graph_in_chunks(folder: Path, written: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    model = copy_of(folder, "module", tmp_path)
    (model / "saved_model.pb").rename(model / "saved_model.cpb")
    checkpoint = open_checkpoint(str(model / "saved_model.cpb"))
    notes = checkpoint.notes
    assert sorted(info.name for info in by_value(checkpoint).values()) == sorted(
        name for name, _ in written["module"].values()
    )
    assert notes == checkpoint.notes
    assert notes == (
        "saved_model.cpb is a graph in several chunks, which is not read: names come from the variables.",
    )
    shutil.rmtree(model / "variables")
    with pytest.raises(
        Unsupported, match=r"which Ckpt Studio does not read; variables\.index does not exist"
    ):
        open_checkpoint(str(model))


@pytest.mark.parametrize("name", ["module", "v1", "v1_text"])
def test_variables_that_are_missing(
    folder: Path, written: dict[str, dict[str, Any]], tmp_path: Path, name: str
) -> None:
    model = copy_of(folder, name, tmp_path)
    variables = model / "variables"
    (variables / "variables.index").unlink()
    only = r"its folder “variables” has no variables\.index, only variables\.data-00000-of-00001\.$"
    with pytest.raises(MissingFile, match=only):
        open_checkpoint(str(model))
    (variables / "variables.data-00000-of-00001").unlink()
    with pytest.raises(MissingFile, match="its folder “variables” is empty"):
        open_checkpoint(str(model))
    variables.rmdir()
    with pytest.raises(
        MissingFile, match=f"^saved_model.pb.* of {name} names variables, but there is no folder"
    ):
        open_checkpoint(str(model))


def test_no_folder_of_variables_where_none_are_needed(
    folder: Path, written: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    model = copy_of(folder, "nothing", tmp_path)
    shutil.rmtree(model / "variables")
    checkpoint = open_checkpoint(str(model))
    assert len(checkpoint.columns) == 0
    assert checkpoint.notes == ("This SavedModel holds no variables.",)
    assert list(checkpoint.verify()) == []
    assert set(checkpoint.files()) == {str(path) for path in model.iterdir() if path.is_file()}


def hostile(children: list[tuple[int, int, str]], nodes: int, more: bytes = b"") -> bytes:
    """A graph file of some objects, the second of them a variable, and their children."""
    model = SavedModelProto(saved_model_schema_version=1)
    graph = model.meta_graphs.add().object_graph_def
    for _ in range(nodes):
        graph.nodes.add()
    for owner, node_id, name in children:
        graph.nodes[owner].children.add(node_id=node_id, local_name=name)
    for number in range(nodes):
        slot = graph.nodes[number].slot_variables.add(slot_name="m")
        slot.original_variable_node_id, slot.slot_variable_node_id = number - 1, -number
    graph.nodes[1].variable.name, graph.nodes[1].variable.trainable = "MyVariable", True
    graph.nodes[0].user_object.identifier = "_tf_keras_metric"
    return model.SerializeToString() + more


@pytest.mark.parametrize(
    "graph",
    [
        hostile([(0, 0, "me"), (0, 1, "w"), (1, 0, "up"), (1, 1, "self")], 2),
        hostile([(0, -1, "less"), (0, 2**31 - 1, "far"), (1, -(2**31), "least")], 2),
        hostile([(number, number + 1, "n") for number in range(50_000)], 50_001),
        hostile([(0, 1, "w")] * 200_000, 2),
        hostile([], 2, b"\x12\x05\x3a\x03\x0a\x01\x0a"),
        b"\x08\x01\x12\x80\x80\x80\x01\x3a\xfa\xff\x7f" + b"\x0a\x00" * (1 << 20),
        b"\x08\x01" + b"\x12\x00" * 100_000,
        b"\x12\xfe\xff\x7f" + b"\x50\x01" * 1_048_000,
        b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    ],
)
def test_graphs_that_nobody_wrote(
    folder: Path, written: dict[str, dict[str, Any]], tmp_path: Path, graph: bytes
) -> None:
    model = copy_of(folder, "simple", tmp_path)
    (model / "saved_model.pb").write_bytes(graph)
    checkpoint = open_checkpoint(str(model))
    (info,) = infos(checkpoint)
    assert (info.key, info.error) == ("w", None)
    module = copy_of(folder, "module", tmp_path)
    (module / "saved_model.pb").write_bytes(graph)
    assert len(infos(open_checkpoint(str(module)))) == 6


def test_text_that_nobody_wrote(folder: Path, written: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """Protobuf's text parser would take minutes to pass over the messages that it does not know."""
    model = copy_of(folder, "text", tmp_path)
    path = model / "saved_model.pbtxt"
    whole = path.read_bytes()
    for more in (
        b"meta_graphs { x {" + b"y{z:1}" * 150_000 + b"} }",
        b"# {{{ \n",
        b"other < a: '}' b: \"{\" > ",
    ):
        path.write_bytes(more + whole)
        rows = by_value(open_checkpoint(str(model)))
        assert {value: [info.name, info.trainable] for value, info in rows.items()} == written["text"]
    for text in (
        b"a{" * 100_000,
        b"}" * 1000 + whole,
        b"x: 'open",
        whole[:-200],
        b"nodes: 1 " * 1000,
        b"\xff\x00",
    ):
        path.write_bytes(text)
        checkpoint = open_checkpoint(str(model))
        assert {info.name for info in by_value(checkpoint).values()} == {
            name for name, _ in written["text"].values()
        }
