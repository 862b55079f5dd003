"""SavedModels of every kind: what stock TensorFlow writes, what lies in the corpus, and what is broken."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import (
    Corrupt,
    FileFault,
    MissingFile,
    RequestFault,
    Truncated,
    Unrecognised,
    Unsupported,
)
from ckpt_studio.core.tensors import Role, RoleSource, TensorInfo
from ckpt_studio.document.document import Document
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.folder import scan_folder
from ckpt_studio.formats.protos.saved_model_pb2 import DESCRIPTOR
from ckpt_studio.formats.protos.saved_model_pb2 import SavedModel as SavedModelProto
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.formats.saved_model.written import WRITE
from tests.formats.tf_bundle.test_conformance import READ_ALL, assert_conforms
from tests.helpers.tensorflow_child import TensorFlowChild

OWN = ("SavedModel", "MetaGraph", "SavedObjectGraph", "SavedObject")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="session")
def written(folder: Path, tensorflow_child: TensorFlowChild) -> dict[str, dict[str, Any]]:
    """Name and trainable flag by value, by SavedModel."""
    made: dict[str, dict[str, Any]] = tensorflow_child(WRITE, folder)
    return made


def infos(checkpoint: Checkpoint) -> list[TensorInfo]:
    return [checkpoint.columns.info(row) for row in range(len(checkpoint.columns))]


def by_value(checkpoint: Checkpoint) -> dict[str, TensorInfo]:
    found = {}
    for info in infos(checkpoint):
        if info.dtype.is_numeric:
            (value,) = np.unique(checkpoint.read(info.key))
            found[str(int(value))] = info
    return found


NAMES = (
    *(
        "module",
        "optimizer",
        "export",
        "keras",
        "v1",
        "v1_text",
        "v1_two",
        "v1_none",
        "simple",
        "nothing",
        "text",
    ),
)


@pytest.mark.parametrize("name", NAMES)
def test_names_and_trainable_are_those_of_the_living_variables(
    folder: Path, written: dict[str, dict[str, Any]], name: str
) -> None:
    checkpoint = open_checkpoint(str(folder / name))
    assert (checkpoint.format, checkpoint.path, checkpoint.prefix) == (
        "saved_model",
        *[str(folder / name)] * 2,
    )
    assert checkpoint.meta_graph is None
    rows = by_value(checkpoint)
    assert {value: [info.name, info.trainable] for value, info in rows.items()} == written[name]
    for info in rows.values():
        if info.trainable:
            source = RoleSource.meta_graph if name.startswith(("v1", "simple")) else RoleSource.object_graph
            assert (info.role, info.role_source) == (Role.weight, source)
    assert checkpoint.notes == (("This SavedModel holds no variables.",) if name == "v1_none" else ())


@pytest.mark.parametrize("name", [name for name in NAMES if name != "v1_none"])
def test_the_variables_are_what_tensorflow_reads(
    folder: Path, written: dict[str, dict[str, Any]], tensorflow_child: TensorFlowChild, name: str
) -> None:
    prefix = str(folder / name / "variables" / "variables")
    checkpoint = open_checkpoint(str(folder / name))
    assert_conforms(checkpoint, tensorflow_child(READ_ALL, [prefix])[prefix])
    there = {str(path) for path in (folder / name).rglob("*") if path.is_file()}
    assert set(checkpoint.files()) == there


def test_slots_and_counters_of_an_optimizer(folder: Path, written: dict[str, dict[str, Any]]) -> None:
    rows = {info.name: info for info in infos(open_checkpoint(str(folder / "optimizer")))}
    slot = rows["layer_1/w/Adam_1"]
    assert (slot.role, slot.slot_of, slot.slot_name) == (Role.slot, rows["layer_1/w"].key, "v")
    assert rows["beta1_power"].role == Role.counter
    v1 = {info.key: info for info in infos(open_checkpoint(str(folder / "v1")))}
    assert (v1["net/w/Momentum"].role, v1["net/w/Momentum"].slot_of) == (Role.slot, "net/w")
    assert v1["global_step"].role == Role.counter


@pytest.mark.parametrize("named", ["", "saved_model.pb", "fingerprint.pb"])
def test_every_name_of_it_opens_it(folder: Path, written: dict[str, dict[str, Any]], named: str) -> None:
    path = folder / "module" / named
    checkpoint = open_checkpoint(str(path))
    assert (checkpoint.format, checkpoint.path) == ("saved_model", str(path))
    assert checkpoint.prefix == str(folder / "module")


def test_the_index_alone_is_a_plain_bundle(folder: Path, written: dict[str, dict[str, Any]]) -> None:
    checkpoint = open_checkpoint(str(folder / "module" / "variables" / "variables.index"))
    assert checkpoint.format == "tf_bundle"
    assert {info.trainable for info in infos(checkpoint)} == {None}


def test_a_folder_lists_them_beside_checkpoints(
    folder: Path, written: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    for name in ("export-100", "2"):
        shutil.copytree(folder / "module", tmp_path / name)
    for ending in (".index", ".data-00000-of-00001"):
        shutil.copyfile(folder / f"v1/variables/variables{ending}", tmp_path / f"model.ckpt-50{ending}")
    entries = {entry.name: entry for entry in scan_folder(str(tmp_path)).entries}
    assert [(name, entry.format, entry.step) for name, entry in entries.items()] == [
        ("2", "saved_model", None),
        ("model.ckpt-50", "tf_bundle", 50),
        ("export-100", "saved_model", 100),
    ]
    files = [
        path
        for path in (tmp_path / "2").rglob("*")
        if path.suffix in (".pb", ".index", ".data-00000-of-00001")
    ]
    assert entries["2"].nbytes >= sum(path.stat().st_size for path in files if "fingerprint" not in path.name)
    assert all(entry.complete for entry in entries.values())
    checkpoint = open_checkpoint(str(tmp_path))
    assert (checkpoint.format, checkpoint.prefix, checkpoint.step) == (
        "saved_model",
        str(tmp_path / "export-100"),
        100,
    )
    (own,) = scan_folder(str(folder / "module")).entries
    assert (own.name, own.prefix) == ("module", str(folder / "module"))
    (tmp_path / "2" / "variables" / "variables.index").unlink()
    assert [entry.complete for entry in scan_folder(str(tmp_path)).entries] == [False, True, True]


@pytest.mark.parametrize("name", ["module", "v1_none"])
def test_what_is_written_from_one_is_read_by_tensorflow(
    folder: Path,
    written: dict[str, dict[str, Any]],
    tensorflow_child: TensorFlowChild,
    tmp_path: Path,
    name: str,
) -> None:
    checkpoint = open_checkpoint(str(folder / name))
    document = Document(checkpoint)
    prefix = str(tmp_path / "new")
    write_document(document, prefix)
    rows = tensorflow_child(READ_ALL, [prefix])[prefix]
    assert_conforms(open_bundle(prefix), rows)
    assert sorted(rows) == sorted(checkpoint.columns.keys)


def test_writing_into_the_folder_of_one_is_asked_about(
    folder: Path, written: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    model = copy_of(folder, "module", tmp_path)
    document = Document(open_checkpoint(str(model)))
    for inside in ("new", "variables/new"):
        with pytest.raises(RequestFault, match="is the folder of the original"):
            write_document(document, str(model / inside))
    write_document(document, str(tmp_path / "new"))
    assert (tmp_path / "new.index").is_file()


def copy_of(folder: Path, name: str, to: Path) -> Path:
    return Path(shutil.copytree(folder / name, to / name))


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


def test_every_saved_model_of_the_corpus(corpus: Path, tensorflow_child: TensorFlowChild) -> None:
    opened = 0
    for graph in sorted(corpus.rglob("saved_model.pb")):
        if graph.read_bytes().startswith(b"version https://git-lfs"):
            with pytest.raises(Unrecognised, match="Git LFS pointer"):
                open_checkpoint(str(graph.parent))
            continue
        opened += 1
        checkpoint = open_checkpoint(str(graph.parent))
        assert (checkpoint.format, checkpoint.notes) == ("saved_model", ())
        prefix = str(graph.parent / "variables" / "variables")
        assert_conforms(checkpoint, tensorflow_child(READ_ALL, [prefix])[prefix])
        known = [info for info in infos(checkpoint) if info.role != Role.metadata]
        assert all(info.trainable is not None for info in known)
        assert set(checkpoint.files()) == {str(path) for path in graph.parent.rglob("*") if path.is_file()}
    assert opened == 5


def test_decision_forests_of_the_corpus(corpus: Path) -> None:
    checkpoint = open_checkpoint(str(next(corpus.rglob("saved_model_adult_rf"))))
    rows = {info.object_path: (info.role, info.trainable) for info in infos(checkpoint) if info.object_path}
    assert rows["_is_trained"] == (Role.weight, False)
    metrics = {path: row for path, row in rows.items() if path.startswith("keras_api/metrics/")}
    assert len(metrics) == 4
    assert set(metrics.values()) == {(Role.statistic, False)}


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


def test_numbers_are_those_of_tensorflow(tensorflow_child: TensorFlowChild) -> None:
    script = """
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2, saved_object_graph_pb2 as graph
    theirs = [saved_model_pb2.SavedModel, meta_graph_pb2.MetaGraphDef, graph.SavedObjectGraph, graph.SavedObject,
              graph.SavedUserObject, graph.SavedVariable]
    result = [{field.name: field.number for field in message.DESCRIPTOR.fields} for message in theirs]
    """
    model, graph, objects, saved = (DESCRIPTOR.message_types_by_name[name] for name in OWN)
    ours = [model, graph, objects, saved, saved.nested_types_by_name["SavedUserObject"]]
    ours.append(saved.nested_types_by_name["SavedVariable"])
    for message, theirs in zip(ours, tensorflow_child(script), strict=True):
        for field in message.fields:
            assert theirs[field.name] == field.number
