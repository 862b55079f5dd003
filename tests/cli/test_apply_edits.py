"""Every edit by `apply`: one patch of all of them, its own arrays beside what was written, and TensorFlow's view."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ckpt_studio.formats.registry import open_checkpoint
from tests.cli.test_apply import apply
from tests.document.bundles import DONOR, MODEL, make
from tests.helpers.tensorflow_child import TensorFlowChild

EDITS = [
    {"op": "drop", "match": "odd*"},
    {"op": "assign", "match": "dense/bias", "file": "arrays/bias.npy"},
    {"op": "assign", "match": "dense/kernel/Adam", "initializer": "he_normal", "seed": 2},
    {"op": "scale", "match": "dense/bias", "factor": 2},
    {"op": "replace", "match": "out/kernel", "from": "donor", "resize": "ones"},
    {"op": "set_cells", "key": "out/kernel", "cells": [[[0, 0], "NaN"], [[2, 1], 4]]},
    {"op": "replace_nan", "match": "out/*", "value": 9},
    {"op": "rename", "from": "out/kernel", "to": "head/kernel"},
    {"op": "move", "from": "dense", "to": "block/dense"},
    {"op": "rename_pattern", "pattern": "Adam_1$", "replacement": "v"},
    {"op": "freeze", "match": "block/dense/kernel"},
    {"op": "cast", "match": "head/*", "dtype": "float64"},
    {"op": "transpose", "match": "head/kernel"},
    {"op": "reshape", "match": "head/kernel", "shape": [-1]},
    {"op": "add", "key": "new/w", "file": "arrays/bias.npy", "dtype": "float32"},
    {"op": "set_step", "step": 7},
]


def test_all_edits_in_one_patch(tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    make(tmp_path / "in", "model.ckpt-100", MODEL)
    make(tmp_path / "donor", "best-9", DONOR)
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays" / "bias.npy", np.array([1, 2, 3]))
    (tmp_path / "p.json").write_text(json.dumps({"version": 1, "edits": EDITS}))
    done = apply(tmp_path / "p.json", tmp_path / "in", tmp_path / "out" / "m-7")
    assert done.returncode == 0, done.stderr
    assert "restored only into variables of that type" in done.stderr
    got = tensorflow_child(
        """
        reader = tf.train.load_checkpoint(args[0])
        result = {name: reader.get_tensor(name) for name, _ in tf.train.list_variables(args[0]) if name != "text"}
        """,
        tmp_path / "out" / "m-7",
    )
    assert got["block/dense/bias"] == [2, 4, 6]
    assert got["new/w"] == [1, 2, 3]
    assert got["head/kernel"] == [9, 0, 0, 0, 0, 4]
    assert got["global_step"] == 7
    np.testing.assert_array_equal(got["block/dense/kernel/v"], MODEL["dense/kernel/Adam_1"])
    assert 0.2 < np.std(got["block/dense/kernel/Adam"]) < 1.5
    assert open_checkpoint(str(tmp_path / "out")).columns.of("block/dense/kernel").trainable is False

    # What it was made with is gone; the patch beside it has the arrays.
    (tmp_path / "arrays" / "bias.npy").unlink()
    again = apply(tmp_path / "out" / "m-7.ckpt-studio.json", tmp_path / "in", tmp_path / "again" / "m")
    assert again.returncode == 0, again.stderr
    one, two = (open_checkpoint(str(tmp_path / name)) for name in ("out", "again"))
    assert one.columns.keys.texts() == two.columns.keys.texts()
    for key in one.columns.keys:
        np.testing.assert_array_equal(one.read(key), two.read(key))
    gone = apply(tmp_path / "p.json", tmp_path / "in", tmp_path / "none" / "m")
    assert (gone.returncode, "Edit 2 of p.json" in gone.stderr, "bias.npy" in gone.stderr) == (1, True, True)
