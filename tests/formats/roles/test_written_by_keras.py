"""Names, roles, slots, paths and values of what stock TensorFlow and Keras write: each as the living object has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.tensors import Role, RoleSource, TensorInfo
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.formats.roles.written_by_keras import MODELS, MODULES, OPTIMIZERS
from tests.helpers.tensorflow_child import TensorFlowChild

Expected = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def written(
    tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild
) -> dict[str, list[Any]]:
    """[prefix, what is expected of each value] by case."""
    folder = tmp_path_factory.mktemp("written")
    found: dict[str, list[Any]] = {}
    for script in (OPTIMIZERS, MODELS, MODULES):
        found.update(tensorflow_child(script, folder))
    return found


def rows_by_value(checkpoint: Checkpoint) -> dict[int, TensorInfo]:
    """The row of each value; all elements of a variable have it."""
    columns = checkpoint.columns
    found = {}
    for row in range(len(columns)):
        info = columns.info(row)
        if info.dtype.is_numeric:
            values = np.unique(checkpoint.read(info.key))
            assert len(values) == 1, info.key
            found[1_000_000 if info.key.startswith("save_counter/") else int(values[0])] = info
    return found


def assert_right(checkpoint: Checkpoint, expected: Expected) -> None:
    rows = rows_by_value(checkpoint)
    assert sorted(rows) == sorted(map(int, expected))
    for value, want in expected.items():
        info = rows[int(value)]
        slot_of = None if want["slot_of"] is None else rows[want["slot_of"]].key
        assert [info.name, info.role.name, info.slot_of, info.slot_name] == [
            want["name"],
            want["role"],
            slot_of,
            want["slot_name"],
        ]
        if want["path"] is not None:
            assert info.object_path == want["path"]
            assert info.key == want["path"] + "/.ATTRIBUTES/VARIABLE_VALUE"
        assert info.role_source == RoleSource.object_graph
        assert info.trainable is None


NAMES = (
    *("sgd", "momentum", "nesterov", "adam", "amsgrad", "adamw", "adamax", "nadam", "rmsprop", "rmsprop_all"),
    *(
        "adagrad",
        "adadelta",
        "ftrl",
        "lion",
        "lamb",
        "adafactor",
        "averages",
        "accumulated",
        "Muon",
        "ScheduleFreeAdamW",
    ),
    *(
        "loss_scale",
        "rich",
        "rich_muon",
        "twins",
        "twins_adafactor",
        "twins_muon",
        "adversaries",
        "compiled",
        "module",
    ),
    *("v1_sgd", "v1_momentum", "v1_adam", "v1_adagrad", "v1_adadelta", "v1_ftrl", "v1_rms", "v1_proximal"),
    *("tf_keras", "tf_keras_loss_scale"),
)


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_what_it_was(written: dict[str, list[Any]], name: str) -> None:
    prefix, expected = written[name]
    assert_right(open_bundle(prefix), expected)


def test_what_is_no_variable_is_metadata(written: dict[str, list[Any]]) -> None:
    columns = open_bundle(written["module"][0]).columns
    (iterator,) = (key for key in columns.keys if key.startswith("data/.ATTRIBUTES/ITERATOR"))
    info = columns.of(iterator)
    assert (info.role, info.object_path, info.dtype.name) == (Role.metadata, "data", "variant")
    assert info.role_source == RoleSource.object_graph
    graph = columns.of("_CHECKPOINTABLE_OBJECT_GRAPH")
    assert (graph.role, graph.role_source, graph.object_path) == (Role.metadata, RoleSource.by_name, None)


def test_slots_are_listed_by_their_weight(written: dict[str, list[Any]]) -> None:
    columns = open_bundle(written["adafactor"][0]).columns
    kernel = next(row for row in range(len(columns)) if columns.name(row).endswith("first/kernel"))
    slots = [columns.info(row) for row in columns.slots_by_weight[kernel]]
    assert sorted((slot.slot_name or "", slot.shape) for slot in slots) == [
        ("c", (3,)),
        ("r", (4,)),
        ("velocity", (4, 3)),
    ]


@pytest.fixture(scope="session")
def corpus_lstm(corpus: Path) -> Checkpoint:
    return open_bundle(str(next(corpus.rglob("ckpt_20.index"))).removesuffix(".index"))


def test_keras_checkpoint_of_the_corpus(corpus_lstm: Checkpoint) -> None:
    columns = corpus_lstm.columns
    rows = [columns.info(row) for row in range(len(columns))]
    slots = [row for row in rows if row.role == Role.slot]
    weights = {row.key for row in rows if row.role == Role.weight}
    assert len(weights) > 3
    assert all(slot.slot_of in weights for slot in slots)
