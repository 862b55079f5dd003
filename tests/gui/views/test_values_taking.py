"""What is taken along from the table of values is what numpy reads again: clipboard, code, CSV, NPY, text."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PySide6.QtCore import QItemSelection, QItemSelectionModel
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QTableView

import ckpt_studio.gui.views.values_export as values_export
from ckpt_studio.core.tasks import UNTENDED
from ckpt_studio.document.document import Document
from ckpt_studio.gui.views.values_copy import Written, written
from tests.gui.views.conftest import Bench
from tests.helpers.memory_source import MemorySource


def select(bench: Bench, top: int, left: int, bottom: int, right: int) -> None:
    table = bench.find(QTableView, "valueTable")
    block = QItemSelection(table.model().index(top, left), table.model().index(bottom, right))
    table.selectionModel().select(block, QItemSelectionModel.SelectionFlag.ClearAndSelect)


def copied(bench: Bench, action: str) -> str:
    bench.panel.findChild(QAction, action).trigger()
    bench.settle()
    return QApplication.clipboard().text()


def saved(bench: Bench, kind: str, path: Path) -> Path:
    """Through the menu and the dialog."""
    bench.panel.findChild(QAction, f"valuesSave{kind}").trigger()
    dialog = bench.find(QFileDialog, "valuesExportDialog")
    dialog.fileSelected.emit(str(path))
    dialog.close()
    bench.settle()
    return path


def test_a_block_is_copied_with_all_digits(bench: Bench) -> None:
    array = np.random.default_rng(0).normal(size=(40, 40)).astype(np.float32)
    bench.open({"a": array})
    bench.look("a", 2)
    select(bench, 3, 4, 5, 6)
    lines = copied(bench, "valuesCopy").splitlines()
    again = np.array([[np.float32(text) for text in line.split("\t")] for line in lines])
    np.testing.assert_array_equal(again, array[3:6, 4:7])
    rows = list(csv.reader(copied(bench, "valuesCopyCSV").splitlines()))
    np.testing.assert_array_equal(np.array(rows, np.float32), array[3:6, 4:7])


TYPES = [
    np.float32,
    np.float64,
    np.float16,
    ml_dtypes.bfloat16,
    np.complex64,
    np.int64,
    np.bool_,
    ml_dtypes.int4,
]


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_code_makes_the_same_array_again(data: st.DataObject) -> None:
    dtype = np.dtype(data.draw(st.sampled_from(TYPES)))
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=4))
    if dtype.kind in "biufc" and dtype.isbuiltin == 1:
        block = data.draw(hnp.arrays(dtype, shape))
    else:
        block = data.draw(hnp.arrays(np.int8, shape, elements=st.integers(-8, 7))).astype(dtype)
    code = written(block, Written.code)
    made = eval(code, {"np": np, "ml_dtypes": ml_dtypes, "complex": complex})
    assert made.dtype == block.dtype
    np.testing.assert_array_equal(made.reshape(shape), block)


def test_code_for_strings() -> None:
    block = np.array([[b"a\n", b"\xff'"]], object)
    assert written(block, Written.code) == r"""np.array([b'a\n', b"\xff'"], dtype=object)"""
    assert written(block, Written.text) == "a\\n\t\\\\xff'"


def test_too_large_a_copy_is_refused(bench: Bench) -> None:
    troubles: list[Any] = []
    bench.session.troubled.connect(troubles.append)
    bench.open({"a": np.zeros((3000, 1000), np.float32)})
    bench.look("a", 2)
    bench.find(QTableView, "valueTable").selectAll()
    bench.panel.findChild(QAction, "valuesCopy").trigger()
    assert "2,000,000" in troubles[0].sentence


@pytest.mark.parametrize("strip", [7, 1 << 18])
def test_a_slice_is_written_strip_by_strip(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strip: int
) -> None:
    monkeypatch.setattr(values_export, "_STRIP_CELLS", strip)
    array = np.random.default_rng(0).normal(size=(2, 17, 9)).astype(np.float32)
    array[0, 3, 3] = np.nan
    bench.open({"a": array})
    bench.look("a", 2)
    np.testing.assert_array_equal(np.load(saved(bench, "NPY", tmp_path / "a.npy")), array[0])
    rows = list(csv.reader(saved(bench, "CSV", tmp_path / "a.csv").read_text().splitlines()))
    np.testing.assert_array_equal(np.array(rows, np.float32), array[0])
    text = np.loadtxt(saved(bench, "TXT", tmp_path / "a.txt"), np.float32)
    np.testing.assert_array_equal(text, array[0])
    for combo, axis in (("sliceRowAxis", 2), ("sliceColumnAxis", 0)):
        box = bench.find(QComboBox, combo)
        box.setCurrentIndex(axis)
        box.activated.emit(axis)
    bench.settle()
    np.testing.assert_array_equal(np.load(saved(bench, "NPY", tmp_path / "t.npy")), array[:, 0, :].T)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([0.5, -3], ml_dtypes.bfloat16), np.array([0.5, -3], np.float32)),
        (np.array([-8, 7], ml_dtypes.int4), np.array([-8, 7], np.int8)),
        (np.array([True, False]), np.array([True, False])),
        (np.array([1 + 2j]), np.array([1 + 2j])),
    ],
)
def test_types_that_numpy_cannot_write(tmp_path: Path, array: NDArray[Any], expected: NDArray[Any]) -> None:
    from ckpt_studio.analysis.slices import SliceSpec
    from ckpt_studio.gui.views.subject import Side
    from ckpt_studio.gui.views.values_export import FileKind, pieces
    from ckpt_studio.gui.views.values_slice import ShownSlice

    shown = ShownSlice(Side.of(MemorySource({"v": array}), "v"), SliceSpec.of_shape(array.shape))
    (tmp_path / "v.npy").write_bytes(b"".join(pieces(shown, FileKind.npy, UNTENDED)))
    found = np.load(tmp_path / "v.npy")
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_strings_are_written_as_csv_only(bench: Bench, tmp_path: Path) -> None:
    bench.open({"a": np.array([[b'say "x", y', b"line\nline"], [b"", b"\xff"]], object)})
    bench.look("a", 2)
    assert not bench.panel.findChild(QAction, "valuesSaveNPY").isEnabled()
    with saved(bench, "CSV", tmp_path / "a.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [['say "x", y', "line\nline"], ["", "\\xff"]]


def test_a_stopped_export_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    class Cancelling(MemorySource):
        def read(self, key: str, window: Any = None) -> NDArray[Any]:
            for task in bench.session.bridge.tasks():
                if task.label == "Exporting":
                    task.cancel()
            return super().read(key, window)

    from tests.helpers.memory_source import MemoryCheckpoint

    class Checkpoint(Cancelling, MemoryCheckpoint):
        pass

    bench.session.document = Document(Checkpoint({"a": np.zeros((600, 1000), np.float32)}))
    bench.session.documentChanged.emit()
    bench.look("a", 2)
    saved(bench, "NPY", tmp_path / "a.npy")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told(bench: Bench, tmp_path: Path) -> None:
    troubles: list[Any] = []
    bench.session.troubled.connect(troubles.append)
    bench.open({"a": np.zeros((2, 2))})
    bench.look("a", 2)
    saved(bench, "CSV", tmp_path / "nowhere" / "a.csv")
    assert "could not be written" in troubles[0].sentence
