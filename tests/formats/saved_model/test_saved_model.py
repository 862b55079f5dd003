"""SavedModels of every kind: what stock TensorFlow writes, and what lies in the corpus."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.core.errors import RequestFault, Unrecognised
from ckpt_studio.core.tensors import Role, RoleSource
from ckpt_studio.document.document import Document
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.folder import scan_folder
from ckpt_studio.formats.protos.saved_model_pb2 import DESCRIPTOR
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.formats.saved_model.rows import by_value, copy_of, infos
from tests.formats.tf_bundle.test_conformance import READ_ALL, assert_conforms
from tests.helpers.tensorflow_child import TensorFlowChild

OWN = ("SavedModel", "MetaGraph", "SavedObjectGraph", "SavedObject")


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
