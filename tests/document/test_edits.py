"""What each edit does to the staged view, as a patch and as JSON; then stock TensorFlow reads what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import ml_dtypes
import numpy as np
import pytest

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.core.errors import CkptStudioError, RequestFault
from ckpt_studio.core.tensors import Role
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.assign import Assign
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.cells import SetCells
from ckpt_studio.document.edits.contents import Value
from ckpt_studio.document.patch import parse_patch
from ckpt_studio.document.saving import plan_write, write_document
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from tests.document.bundles import DONOR, MODEL, make
from tests.helpers.tensorflow_child import TensorFlowChild

KERNEL = MODEL["dense/kernel"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edits")
    make(folder / "base", "model.ckpt-100", MODEL)
    make(folder / "donor", "best-9", DONOR)
    np.save(folder / "k.npy", KERNEL.astype("f8") * 3)
    (folder / "nothing here").mkdir()
    np.savez(folder / "some.npz", **{"dense/kernel": KERNEL + 1, "b": np.arange(3)})
    return folder


@pytest.fixture
def base(folder: Path) -> Bundle:
    opened = open_checkpoint(str(folder / "base"))
    assert isinstance(opened, Bundle)
    return opened


def applied(base: Bundle, folder: Path, *edits: Any) -> Document:
    """A document with these edits of a patch, checked: its own patch and its journal's records do the same."""
    patch = parse_patch(json.dumps({"version": 1, "edits": edits}).encode(), str(folder / "p.json"))
    document = Document(base)
    for edit in patch.edits(document):
        document.do(edit)
    for same in (replayed(base, document, folder), recorded(base, document)):
        assert list(same.staged.columns.keys) == list(document.staged.columns.keys)
        assert same.frozen_keys() == document.frozen_keys()
        for key in document.staged.columns.keys:
            np.testing.assert_array_equal(same.staged.read(key), document.staged.read(key))
    return document


def replayed(base: Bundle, document: Document, folder: Path) -> Document:
    text = json.dumps(document.patch(), allow_nan=False)
    again = Document(base)
    for edit in parse_patch(text.encode(), str(folder / "p.json")).edits(again):
        again.do(edit)
    return again


def recorded(base: Bundle, document: Document) -> Document:
    from ckpt_studio.document.edits.registry import edit_of_record

    again = Document(base)
    for edit in document.edits:
        again.do(edit_of_record(json.loads(json.dumps(edit.record())), open_checkpoint))
    return again


@pytest.mark.parametrize(
    ("edit", "key", "expected"),
    [
        ({"op": "assign", "match": "dense/kernel", "value": 2.5}, "dense/kernel", np.full((4, 3), 2.5, "f4")),
        ({"op": "assign", "match": "dense/bias", "value": "NaN"}, "dense/bias", np.full(3, np.nan, "f4")),
        ({"op": "assign", "match": "global_step", "value": 7}, "global_step", np.int64(7)),
        ({"op": "assign", "match": "text", "value": "é"}, "text", np.array(["é".encode()] * 2, object)),
        ({"op": "assign", "match": "dense/kernel", "file": "k.npy"}, "dense/kernel", KERNEL * 3),
        ({"op": "assign", "match": "dense/kernel", "file": "some.npz"}, "dense/kernel", KERNEL + 1),
        ({"op": "assign", "match": "dense/bias", "file": "some.npz", "member": "b"}, "dense/bias", [0, 1, 2]),
        ({"op": "assign", "match": "out/kernel", "initializer": "ones"}, "out/kernel", np.ones((3, 2))),
        ({"op": "assign", "match": "dense/kernel", "initializer": "identity"}, "dense/kernel", np.eye(4, 3)),
        (
            {"op": "set_cells", "key": "dense/kernel", "cells": [[[0, 1], -1], [[3, 2], "Infinity"], [[0, 1], 8]]},
            "dense/kernel",
            np.array([[0, 8, 2], [3, 4, 5], [6, 7, 8], [9, 10, np.inf]], "f4"),
        ),
        ({"op": "set_cells", "key": "global_step", "cells": [[[], 9]]}, "global_step", np.int64(9)),
        ({"op": "set_cells", "key": "text", "cells": [[[1], "new"]]}, "text", np.array([b"a", b"new"], object)),
        ({"op": "cast", "match": "dense/kernel", "dtype": "float16"}, "dense/kernel", KERNEL.astype("f2")),
        ({"op": "scale", "match": "dense/*", "factor": -0.5, "offset": 1}, "dense/kernel", 1 - KERNEL / 2),
        ({"op": "scale", "match": "*", "factor": 2}, "odd\udcff[1]*", np.arange(4, dtype="f8") * 2),
        ({"op": "scale", "match": "global_step", "offset": -3}, "global_step", np.int64(97)),
        ({"op": "replace_nan", "match": "*", "value": 1}, "dense/kernel", KERNEL),
        ({"op": "reshape", "match": "dense/kernel", "shape": [2, -1]}, "dense/kernel", KERNEL.reshape(2, 6)),
        ({"op": "reshape", "match": "text", "shape": [2, 1]}, "text", np.array([[b"a"], [b"bc"]], object)),
        ({"op": "transpose", "match": "dense/kernel"}, "dense/kernel", KERNEL.T),
        ({"op": "add", "key": "new/w", "dtype": "int16", "shape": [2, 2], "value": 5}, "new/w", np.full((2, 2), 5)),
        ({"op": "add", "key": "n", "file": "some.npz", "member": "b"}, "n", np.arange(3)),
        ({"op": "set_step", "step": 12}, "global_step", np.int64(12)),
        ({"op": "slim", "drop": "optimizer"}, "global_step", np.int64(100)),
        ({"op": "average", "match": "dense/bias", "from": ["base", "donor"]}, "dense/bias", [3.5, 4.5, 5.5]),
        ({"op": "average", "match": "odd*", "from": ["base", "donor"], "weights": [3, 1]}, "odd\udcff[1]*",
         np.arange(4) + 1.0),
        ({"op": "cast", "match": "odd*", "dtype": "uint8"}, "odd\udcff[1]*", np.arange(4, dtype="u1")),
        ({"op": "rename", "from": "dense/kernel", "to": "x/kernel"}, "x/kernel", KERNEL),
        ({"op": "move", "from": "dense", "to": "block/a"}, "block/a/kernel/Adam_1", np.ones((4, 3))),
        ({"op": "rename_pattern", "pattern": "^(dense|out)/", "replacement": r"net/\1/"}, "net/out/kernel", 0.5),
        (
            {"op": "rename_many", "map": {"dense/kernel": "dense/bias", "dense/bias": "dense/kernel"}},
            "dense/kernel",
            MODEL["dense/bias"],
        ),
        (
            {"op": "replace", "match": "out/kernel", "from": "donor", "resize": "zeros"},
            "out/kernel",
            np.zeros((3, 2)),
        ),
        (
            {"op": "replace", "match": "dense/kernel", "from": "donor", "map": {"dense/kernel": "out/kernel"},
             "resize": "own"},
            "dense/kernel",
            np.concatenate([np.zeros((3, 3)), KERNEL[3:]]),
        ),
    ],
)  # fmt: skip
def test_what_an_edit_of_a_patch_does(base: Bundle, folder: Path, edit: Any, key: str, expected: Any) -> None:
    document = applied(base, folder, edit)
    staged = document.staged
    values = staged.read(key)
    np.testing.assert_array_equal(values, np.broadcast_to(expected, values.shape))
    blocks = list(staged.blocks(key))
    np.testing.assert_array_equal(np.concatenate(blocks), values.reshape(-1))
    info = staged.columns.of(key)
    assert info.shape == values.shape
    assert info.dtype.numpy == values.dtype
    if not values.dtype.hasobject:
        assert info.nbytes == values.nbytes
    for axis in range(values.ndim):
        some = slice(values.shape[axis] // 2, values.shape[axis])
        window = tuple(some if at == axis else slice(None) for at in range(values.ndim))
        np.testing.assert_array_equal(staged.read(key, window), values[window])
    assert document.undo_label
    assert document.edits[0].describe()
    document.undo()
    assert document.staged.columns is base.columns


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"op": "assign", "match": "global_step", "value": 1.5}, "'global_step' cannot hold 1.5: it is of the"),
        ({"op": "assign", "match": "dense/*", "value": 1e39}, "'dense/bias' cannot hold 1e"),
        ({"op": "assign", "match": "text", "value": 1}, "'text' cannot hold 1: it is of the type string"),
        ({"op": "assign", "match": "text"}, "one of 'value', 'file' and 'initializer'"),
        ({"op": "assign", "match": "text", "value": 1, "seed": 1}, "'seed' belongs to 'initializer'"),
        ({"op": "assign", "match": "out/kernel", "initializer": "normall"}, "'normall' is no initializer"),
        ({"op": "assign", "match": "global_step", "initializer": "normal"}, "random numbers are for float types"),
        ({"op": "assign", "match": "out/kernel", "file": "k.npy"}, r"float32 \[3, 2\] here, float64 \[4, 3\] there"),
        ({"op": "assign", "match": "out/kernel", "file": "some.npz"}, "'some.npz' has no array 'out/kernel'"),
        ({"op": "set_cells", "key": "dense/kernel", "cells": [[[4, 0], 1]]}, r"no cell \[4, 0\]: its shape"),
        ({"op": "set_cells", "key": "global_step", "cells": [[[], 0.5]]}, "cannot hold 0.5"),
        ({"op": "scale", "match": "global_step", "factor": 0.5}, "'global_step' is of the type int64"),
        ({"op": "scale", "match": "text", "factor": 2}, "'text' is of the type string, which cannot be scaled"),
        ({"op": "scale", "match": "text"}, "A factor of 1 without an offset changes nothing"),
        ({"op": "replace_nan", "match": "global_step", "value": 0}, "cannot be freed of NaN"),
        ({"op": "reshape", "match": "dense/*", "shape": [4]}, "'dense/bias' cannot be reshaped"),
        ({"op": "transpose", "match": "dense/kernel", "axes": [0, 0]}, "it has 2 axes"),
        ({"op": "add", "key": "text", "dtype": "int8", "shape": [], "value": 1}, "a variable 'text' already"),
        ({"op": "add", "key": "n", "value": 1}, "'n' needs a type and a shape"),
        ({"op": "add", "key": "n", "dtype": "int8", "shape": [], "value": 300}, "'n' cannot hold 300"),
        ({"op": "average", "match": "out/kernel", "from": ["base", "donor"]}, r"over best-9: \[3, 2\] here, \[3, 5\]"),
        ({"op": "add", "key": "n", "dtype": "int8", "shape": [1 << 40, 1 << 40], "value": 3}, "cannot have the shape"),
        ({"op": "replace", "match": "text", "from": "nothing here"}, "Edit 1 of p.json: .*nothing here"),
        ({"op": "average", "match": "text", "from": ["base"]}, "cannot be averaged"),
        ({"op": "average", "match": "dense/bias", "from": ["base"], "weights": [1, 2]}, "2 weights for 1 checkpoints"),
        ({"op": "set_step", "step": -1}, "The step -1 is negative"),
        ({"op": "slim", "drop": "averages"}, "no moving averages"),
        ({"op": "slim", "drop": "frozen_slots"}, "freeze some first"),
        ({"op": "slim", "drop": "everything"}, "has a field 'drop' of the wrong kind"),
        ({"op": "swap_averages"}, "no moving averages"),
        ({"op": "cast", "match": "text", "dtype": "int8"}, "'text' is of the type string, which cannot be cast"),
        ({"op": "cast", "match": "dense/*", "dtype": "string"}, "'string' is no type to cast to"),
        ({"op": "rename", "from": "text", "to": "out/kernel"}, "two variables 'out/kernel'"),
        ({"op": "rename", "from": "text", "to": ""}, "'text' cannot be called ''"),
        ({"op": "rename", "from": "none", "to": "x"}, "no variable 'none'"),
        ({"op": "rename_pattern", "pattern": "(", "replacement": ""}, "not a regular expression"),
        ({"op": "rename_pattern", "pattern": "zzz", "replacement": ""}, "changes no name"),
        ({"op": "rename_pattern", "pattern": "bias|kernel", "replacement": "x"}, "two variables 'dense/x"),
        ({"op": "move", "from": "den", "to": "x"}, "no variable at or below 'den'"),
        ({"op": "replace", "match": "out/kernel", "from": "donor", "resize": "what"}, "'what' is nothing to fill up"),
    ],
)  # fmt: skip
def test_a_fault_names_the_variable_and_what_to_do(base: Bundle, folder: Path, edit: Any, words: str) -> None:
    with pytest.raises(CkptStudioError, match=words):
        applied(base, folder, edit)


def test_each_note_is_said_once(base: Bundle, folder: Path) -> None:
    made = {
        "op": "replace",
        "match": "out/kernel",
        "from": "donor",
        "map": {"out/kernel": "dense/kernel"},
        "resize": "ones",
    }
    (edit,) = applied(base, folder, made).edits
    (note,) = edit.notes(Document(base).rows)
    assert note.count("float64 to float32") == 1


def test_an_added_variable_is_what_its_name_says(base: Bundle, folder: Path) -> None:
    added = {"op": "add", "key": "global_step", "dtype": "int32", "shape": [], "value": 3}
    document = applied(
        base, folder, {"op": "drop", "match": "global_step"}, added, {"op": "set_step", "step": 8}
    )
    assert document.staged.read("global_step") == np.int32(8)
    assert document.staged.columns.of("global_step").role is Role.counter


@pytest.mark.parametrize("named", ["keys", "objects"])
def test_an_average_finds_variables_as_a_replacement_does(
    base: Bundle, folder: Path, named: Literal["keys", "objects"]
) -> None:
    """Ours are called as the other checkpoint's keys, or our keys are what it calls them."""
    document = applied(
        base, folder, {"op": "drop", "match": "odd*"}
    )  # is not UTF-8: no object can be called so
    objects = write_document(document, str(folder / named / "m"), names="objects").prefix
    own, other = (base, objects) if named == "keys" else (open_checkpoint(objects), base.prefix)
    document = Document(own)
    edit = {"op": "average", "match": "*kernel", "from": [other]}
    for made in parse_patch(json.dumps({"version": 1, "edits": [edit]}).encode(), "p.json").edits(document):
        document.do(made)
    key = next(key for key in own.columns.keys if key.startswith("dense/kernel"))
    np.testing.assert_array_equal(document.staged.read(key), MODEL["dense/kernel"])


def test_a_pattern_of_a_patch_is_one_that_the_edit_would_mean(base: Bundle, folder: Path) -> None:
    """A cast to floats passes over integers that a pattern matches; one that a person chose is cast all the same."""
    document = applied(base, folder, {"op": "cast", "match": "dense/kernel/Adam_1", "dtype": "int32"})
    document.do(Cast(("dense/kernel/Adam", "dense/kernel/Adam_1"), dtype=BY_NAME["float16"]))
    assert [edit["match"] for edit in document.patch()["edits"]] == [
        "dense/kernel/Adam_1", "dense/kernel/Adam", "dense/kernel/Adam_1",
    ]  # fmt: skip
    assert replayed(base, document, folder).staged.columns.of("dense/kernel/Adam_1").dtype.name == "float16"


def test_values_of_numpy_and_python_are_written_as_json(base: Bundle, folder: Path) -> None:
    document = Document(base)
    document.do(Assign(("dense/bias",), contents=Value(np.float32(np.inf))))
    document.do(SetCells("dense/kernel", (((0, 0), float("nan")), ((np.int64(1), 2), np.float64(0.5)))))
    document.do(SetCells("text", (((0,), "x"),)))
    again = replayed(base, document, folder)
    for key in ("dense/bias", "dense/kernel", "text"):
        np.testing.assert_array_equal(again.staged.read(key), document.staged.read(key))


def test_edits_of_edits(base: Bundle, folder: Path) -> None:
    """An edit of a patch means what those before it made of the variables."""
    document = applied(
        base,
        folder,
        {"op": "rename", "from": "dense/kernel", "to": "k"},
        {"op": "set_cells", "key": "k", "cells": [[[0, 0], 1e9]]},
        {"op": "cast", "match": "k", "dtype": "float16"},
        {"op": "freeze", "match": "k"},
        {"op": "drop", "match": "dense/bias"},
        {"op": "rename", "from": "out/kernel", "to": "dense/bias"},
        {"op": "assign", "match": "dense/*", "value": 4},
        {"op": "set_cells", "key": "dense/bias", "cells": [[[2, 1], 0.5]]},
    )
    k = document.staged.read("k")
    assert (k.dtype, k[0, 0]) == (np.float16, np.inf)
    assert document.state("k").renamed_from == "dense/kernel"
    assert "k" in document.frozen_keys()
    assert document.staged.read("dense/bias").tolist() == [[4, 4], [4, 4], [4, 0.5]]
    assert "dense/kernel/Adam" in document.frozen_keys(), "a slot is its weight's whatever that is called"
    with pytest.raises(RequestFault, match="needs “Rename dense/kernel”; revert it first"):
        document.remove(document.edits[0])
    document.remove(document.edits[1])
    assert document.staged.read("k")[0, 0] == 0
    with pytest.raises(RequestFault, match="“Rename out/kernel” needs “Drop dense/bias"):
        document.remove(next(edit for edit in document.edits if edit.op == "drop"))
    assert document.original("k") == (base, "dense/kernel")


def test_what_was_changed_is_what_tensorflow_reads(
    base: Bundle, folder: Path, tensorflow_child: TensorFlowChild
) -> None:
    document = applied(
        base,
        folder,
        {"op": "cast", "match": "dense/kernel*", "dtype": "bfloat16"},
        {"op": "rename", "from": "dense/kernel", "to": "k"},
        {"op": "assign", "match": "out/kernel", "initializer": "glorot_uniform", "seed": 3},
        {"op": "set_cells", "key": "text", "cells": [[[0], "x"]]},
        {"op": "drop", "match": "odd*"},  # stock TensorFlow lists no names that are not UTF-8
    )
    notes = plan_write(document, str(folder / "w" / "m")).notes
    assert any("restored only into variables of that type" in note for note in notes)
    assert any("2 optimizer slots keep the old name" in note for note in notes)
    written = write_document(document, str(folder / "written" / "m"))
    assert list(open_checkpoint(written.prefix).verify()) == []
    got = tensorflow_child(
        """
        reader = tf.train.load_checkpoint(args[0])
        types = {k: t.name for k, t in reader.get_variable_to_dtype_map().items()}
        k = tf.raw_ops.RestoreV2(prefix=args[0], tensor_names=["k"], shape_and_slices=[""], dtypes=[tf.bfloat16])
        result = [types, tf.cast(k[0], tf.float32).numpy(), reader.get_tensor("out/kernel"),
                  [t.decode() for t in reader.get_tensor("text")]]
        """,
        written.prefix,
    )
    assert got[0]["k"] == got[0]["dense/kernel/Adam"] == "bfloat16"
    assert "dense/kernel" not in got[0]
    np.testing.assert_array_equal(got[1], KERNEL.astype(ml_dtypes.bfloat16).astype("f4"))
    np.testing.assert_array_equal(got[2], document.staged.read("out/kernel"))
    assert got[3] == ["x", "bc"]
