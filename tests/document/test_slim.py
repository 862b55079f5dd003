"""Slimmer checkpoints: without optimizer state, with averages for weights, and means of several."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.arithmetic import Scale
from ckpt_studio.document.edits.arrange import Reshape
from ckpt_studio.document.edits.average import Average, Part, by_decay
from ckpt_studio.document.edits.base import Edit
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.edits.slim import Slim, SwapAverages, bytes_by_role
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from tests.document.bundles import make
from tests.helpers.tensorflow_child import TensorFlowChild

W = np.arange(6, dtype="f4").reshape(2, 3)
EMA = "ExponentialMovingAverage"
TRAINED = {
    "a/w": W, "a/w/Adam": W * 0, "a/w/Adam_1": W + 1, f"a/w/{EMA}": W * 10,
    "b/w": W + 2, "b/w/Adam": W * 0, "b/w/Adam_1": W + 1, f"b/w/{EMA}": W * 20,
    "bn/moving_mean": W[0], "beta1_power": np.float32(0.9), "beta2_power": np.float32(0.99),
    "global_step": np.int64(7), "learning_rate": np.float32(0.1),
}  # fmt: skip


@pytest.fixture
def base(tmp_path: Path) -> Bundle:
    return make(tmp_path / "base", "model.ckpt-7", TRAINED)


def test_parameters_only(base: Bundle, tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    document = Document(base)
    before = bytes_by_role(document.staged.columns)
    assert before["slot"] == 6 * W.nbytes
    document.do(Slim.of(document.rows, "optimizer"))
    kept = {"a/w", "b/w", f"a/w/{EMA}", f"b/w/{EMA}", "bn/moving_mean", "global_step"}
    assert set(document.staged.columns.keys) == kept
    assert bytes_by_role(document.staged.columns)["slot"] == 2 * W.nbytes
    document.do(Slim.of(document.rows, "averages"))
    document.do(Slim.of(document.rows, "optimizer", keep_counters=False))
    assert set(document.staged.columns.keys) == {"a/w", "b/w", "bn/moving_mean"}
    prefix = write_document(document, str(tmp_path / "out" / "m")).prefix
    names = tensorflow_child("result = [name for name, _ in tf.train.list_variables(args[0])]", prefix)
    assert names == ["a/w", "b/w", "bn/moving_mean"]


def test_tables_and_iterators_are_no_state_of_the_optimizer(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    build = """
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    iterator = iter(tf.data.Dataset.range(9)); next(iterator)
    optimizer = tf.compat.v1.train.AdamOptimizer()
    w = tf.Variable([1.0]); optimizer.apply_gradients([(tf.ones(1), w)])
    """
    save = "table.insert(['a', 'b'], [1, 2])\nnext(iterator)\n"
    save += "tf.train.Checkpoint(table=table, iterator=iterator, w=w, optimizer=optimizer).write(args[0])"
    tensorflow_child(dedent(build) + save, tmp_path / "in" / "m")
    document = Document(open_checkpoint(str(tmp_path / "in" / "m")))
    document.do(Slim.of(document.rows, "optimizer"))
    assert not [key for key in document.staged.columns.keys if "optimizer" in key.lower()]
    restore = "status = tf.train.Checkpoint(table=table, iterator=iterator, w=w).read(args[0])\n"
    restore += "status.assert_consumed()\nresult = [table.lookup(tf.constant(['b'])).numpy(), next(iterator).numpy()]"
    prefix = write_document(document, str(tmp_path / "out" / "m")).prefix
    assert tensorflow_child(dedent(build) + restore, prefix) == [[2], 2]


def test_slots_of_frozen_variables_go(base: Bundle) -> None:
    document = Document(base)
    document.do(Freeze(("a/w",)))
    document.do(Slim.of(document.rows, "frozen_slots"))
    assert set(document.dropped_keys()) == {"a/w/Adam", "a/w/Adam_1"}  # averages are none


@pytest.mark.parametrize("keep", [False, True])
def test_averages_take_the_weights_place(base: Bundle, keep: bool) -> None:
    document = Document(base)
    document.do(Scale((f"b/w/{EMA}",), factor=0.5))
    swap = SwapAverages.of(document.rows.columns, keep=keep)
    document.do(swap)
    np.testing.assert_array_equal(document.staged.read("a/w"), W * 10)
    np.testing.assert_array_equal(document.staged.read("b/w", (slice(1, 2), slice(0, 3))), W[1:] * 10)
    assert (f"a/w/{EMA}" in document.staged.columns) is keep
    document.remove(document.edits[0])
    np.testing.assert_array_equal(document.staged.read("b/w"), W * 20)
    document.remove(swap)
    np.testing.assert_array_equal(document.staged.read("b/w"), W + 2)


def test_means_of_a_timeline(base: Bundle, tmp_path: Path) -> None:
    large = np.random.default_rng(0).normal(size=(3, 700, 300)).astype("f4")
    paths = [make(tmp_path / str(i), f"m-{i}", {"w": large[i], "n": np.int64(i)}).path for i in range(3)]
    sources = [open_checkpoint(path) for path in paths]
    wide = large.astype("f8")
    for weights, expected in (
        ([1.0] * 3, wide.mean(axis=0)),
        ([1.0, 2.0, 5.0], np.average(wide, axis=0, weights=[1, 2, 5])),
        (by_decay(3, 0.9), 0.1 * wide[2] + 0.9 * (0.1 * wide[1] + 0.9 * wide[0])),
    ):
        document = Document(open_checkpoint(paths[2]))
        document.do(Average(("w",), parts=tuple(map(Part, paths, sources, weights))))
        values = document.staged.read("w")
        np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-7)
        np.testing.assert_array_equal(
            np.concatenate([block.copy() for block in document.staged.blocks("w")]), values.reshape(-1)
        )
        window = (slice(3, 70), slice(11, 12))
        np.testing.assert_array_equal(document.staged.read("w", window), values[window])
        assert document.staged.read("n") == 2


@pytest.mark.parametrize("edit", [Reshape(("b/w",), shape=(6,)), Cast(("b/w",), dtype=BY_NAME["int32"])])
def test_a_weight_that_is_another_now_does_not_take_its_average(base: Bundle, edit: Edit) -> None:
    document = Document(base)
    document.do(edit)
    with pytest.raises(RequestFault, match=r"'b/w' cannot take its moving average: .* here, .* there"):
        document.do(SwapAverages.of(document.staged.columns))
    document.do(SwapAverages.of(document.staged.columns, match="a/w"))
