"""What a person sees of a checkpoint's names: three namings of one tree, where a role comes from, odd names, copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QAction, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.models.tree_columns import Column
from ckpt_studio.gui.models.variable_view import VariableView
from ckpt_studio.gui.settings import Settings
from tests.helpers.bundles import BundleMaker, Record, variant_bytes

Open = Callable[[Path | str], MainWindow]
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
KERNEL = f"layer_with_weights-2/kernel{VALUE}"
VARIANT = 21


@pytest.fixture
def opening(main_window: MainWindow, qtbot: QtBot) -> Open:
    """Opens a path in the main window."""

    def open_path(path: Path | str) -> MainWindow:
        with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
            main_window.open_path(str(path))
        main_window.workbench.variables.view.setFocus()
        return main_window

    return open_path


@pytest.fixture
def object_based(opening: Open, corpus: Path) -> MainWindow:
    """A checkpoint of a Keras model with two slots a weight, written by TensorFlow's own object-based saver."""
    return opening(corpus / "tiwarylab__LSTM-predict-MD" / "training_checkpoints" / "ckpt_20.index")


def view(window: MainWindow) -> VariableView:
    return window.workbench.variables.view


def outline(window: MainWindow) -> list[str]:
    """What the name column shows, indented."""
    model = window.workbench.variables.model
    nodes = [model.index(row, 0) for row in range(model.rowCount())]
    return ["  " * int(index.data(Qt.ItemDataRole.UserRole + 2)) + index.data() for index in nodes]


def keys(window: MainWindow) -> set[str]:
    model = view(window).model()
    shown = {model.index(row, 0).data(Qt.ItemDataRole.UserRole) for row in range(model.rowCount())}
    return shown - {None}


def choose(window: MainWindow, label: str, *, add: bool = False) -> None:
    """Click the first row of this label."""
    model = view(window).model()
    row = next(row for row in range(model.rowCount()) if model.index(row, 0).data() == label)
    view(window).scrollTo(model.index(row, 0))
    place = view(window).visualRect(model.index(row, Column.shape)).center()
    keyboard = Qt.KeyboardModifier.ControlModifier if add else Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(view(window).viewport(), Qt.MouseButton.LeftButton, keyboard, place)


def rename(window: MainWindow, qtbot: QtBot, key: Qt.Key) -> None:
    """Switch the naming by its shortcut."""
    before = window.workbench.variables.model.tree
    QTest.keyClick(window, key, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: window.workbench.variables.model.tree is not before, timeout=10_000)


def triggered(window: MainWindow, name: str) -> str:
    """What an action puts on the clipboard."""
    QApplication.clipboard().clear()
    window.findChild(QAction, name).trigger()
    return QApplication.clipboard().text()


def test_weights_come_first_with_their_slots_and_the_rest_stands_apart(object_based: MainWindow) -> None:
    assert outline(object_based)[:11] == [
        "dense", "  bias", "    m", "    v", "  kernel", "    m", "    v",
        "embedding/embeddings", "  m", "  v", "lstm",
    ]  # fmt: skip
    assert outline(object_based)[20:27] == [
        "Optimizer and counters", "  TFOptimizer/iterations", "  training/TFOptimizer", "    beta1_power",
        "    beta2_power", "Metadata", "  /.ATTRIBUTES/OBJECT_CONFIG_JSON",
    ]  # fmt: skip
    assert len(keys(object_based)) == 28


def test_the_switch_shows_object_paths_and_keys_and_is_remembered(
    object_based: MainWindow, qtbot: QtBot
) -> None:
    switch = object_based.findChild(QComboBox, "namesSwitch")
    everything = keys(object_based)
    switch.setFocus()
    QTest.keyClick(switch, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: "layer_with_weights-2" in outline(object_based), timeout=10_000)
    assert keys(object_based) == everything
    assert object_based.findChild(QAction, "actionNamesPath").isChecked()
    assert "without an object path" in object_based.findChild(QLabel, "variableCount").text()
    object_based.findChild(QAction, "actionNamesKey").trigger()
    assert switch.currentText() == "Keys"
    assert Settings().naming == "key"
    qtbot.waitUntil(lambda: not object_based.session.bridge.busy)
    assert keys(object_based) == everything
    assert [row for row in outline(object_based) if row.strip() == ".OPTIMIZER_SLOT/optimizer/optimizer/m"], (
        "a slot's key is shown, not its name"
    )
    names = [object_based.findChild(QAction, f"actionNames{kind}") for kind in ("Full", "Path", "Key")]
    menu = object_based.findChild(QMenu, "viewMenu").actions()
    assert [menu.index(name) for name in names] == sorted(menu.index(name) for name in names)


def test_switching_keeps_where_a_person_is(object_based: MainWindow, qtbot: QtBot) -> None:
    tree = view(object_based)
    choose(object_based, "lstm")
    QTest.keyClick(tree, Qt.Key.Key_Left)
    choose(object_based, "kernel")
    choose(object_based, "lstm", add=True)
    chosen, current = set(object_based.session.selection), object_based.session.current
    assert current == KERNEL
    assert len(chosen) == 10
    rename(object_based, qtbot, Qt.Key.Key_2)
    assert object_based.session.current == current
    assert set(object_based.session.selection) == chosen
    selected = [index.data() for index in tree.selectionModel().selectedRows(0)]
    assert selected == ["layer_with_weights-1/cell", "kernel"]
    shut = next(row for row in outline(object_based) if "layer_with_weights-1" in row)
    assert outline(object_based)[outline(object_based).index(shut) + 1] == "layer_with_weights-2"
    object_based.findChild(QAction, "actionFreeze").trigger()
    rename(object_based, qtbot, Qt.Key.Key_1)
    assert object_based.session.document is not None
    assert object_based.session.document.frozen_keys() >= chosen
    assert set(object_based.session.selection) == chosen


def test_switching_keeps_the_filter_which_finds_by_any_name(object_based: MainWindow, qtbot: QtBot) -> None:
    field = object_based.findChild(QLineEdit, "filterEdit")
    choose(object_based, "kernel")
    QTest.keyClicks(field, "lstm/bias")
    found = keys(object_based)
    assert len(found) == 3
    for key in (Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_1):
        rename(object_based, qtbot, key)
        assert field.text() == "lstm/bias"
        assert keys(object_based) == found
        assert object_based.session.current == KERNEL
    for text in ("weights-1/cell/bias", "cell/bias/.OPTIMIZER_SLOT"):
        field.clear()
        QTest.keyClicks(field, text)
        assert keys(object_based) <= found
        assert keys(object_based)


def test_an_edit_while_the_names_change_is_shown(object_based: MainWindow, qtbot: QtBot) -> None:
    before = object_based.workbench.variables.model.tree
    object_based.findChild(QAction, "actionNamesPath").trigger()
    object_based.session.freeze([KERNEL])
    qtbot.waitUntil(lambda: object_based.workbench.variables.model.tree is not before, timeout=10_000)
    model = object_based.workbench.variables.model
    node = model.node_of_key(KERNEL)
    assert node is not None
    assert model.index_of(node).siblingAtColumn(Column.frozen).data() == "❄ frozen"


def detail(window: MainWindow, name: str) -> str:
    return str(window.findChild(QLabel, f"detail_{name}").text())


def test_the_details_say_what_a_variable_is_and_why(object_based: MainWindow, qtbot: QtBot) -> None:
    choose(object_based, "kernel")
    qtbot.waitUntil(lambda: detail(object_based, "name") == "dense/kernel", timeout=10_000)
    assert detail(object_based, "key") == KERNEL
    assert detail(object_based, "object") == "layer_with_weights-2/kernel"
    assert detail(object_based, "role") == "weight — from the object graph"
    assert detail(object_based, "training") == "trainable — nothing says otherwise"
    assert detail(object_based, "format") == "TensorFlow checkpoint"
    assert detail(object_based, "place").startswith("ckpt_20.data-00000-of-00001 @ ")
    assert "TensorFlow checkpoint" in object_based.findChild(QLabel, "statusDocument").text()
    slot = object_based.findChild(QLabel, "detail_slots_1")
    assert slot.text() == "v"
    QTest.mouseClick(slot, Qt.MouseButton.LeftButton, pos=QPoint(3, 5))
    assert view(object_based).currentIndex().data() == "v"
    said = "optimizer slot v of dense/kernel — from the object graph"
    qtbot.waitUntil(lambda: detail(object_based, "role") == said, timeout=10_000)
    assert detail(object_based, "training") == "changes with its weight"
    weight = object_based.findChild(QLabel, "detail_slot_0")
    assert weight.text() == "dense/kernel"
    QTest.keyClick(weight, Qt.Key.Key_Return)
    assert object_based.session.current == KERNEL
    assert view(object_based).currentIndex().data() == "kernel"


def test_what_is_frozen_says_by_whom(opened: MainWindow, qtbot: QtBot) -> None:
    opened.workbench.variables.go_to("classifier/kernel")
    said = "trainable — says the MetaGraph"
    qtbot.waitUntil(lambda: detail(opened, "training") == said, timeout=10_000)
    opened.session.freeze(["classifier/kernel"])
    qtbot.waitUntil(lambda: detail(opened, "training") == "❄ frozen (staged)", timeout=10_000)
    opened.workbench.variables.go_to("classifier/kernel/Adam")
    qtbot.waitUntil(lambda: detail(opened, "training") == "❄ frozen with its weight", timeout=10_000)


ODD = (
    b"<b>bold</b>/w", b"a//b", b"/lead/w", "evil\u202egpj".encode(), b"new\nline/w", b"bad\xff/w", b"amp&/&w",
    b"tab\tname", b"100%1/%2", b"long" + b"y" * 100_000,
)  # fmt: skip


def test_odd_names_are_shown_as_they_are_in_every_view(opening: Open, tmp_path: Path, qtbot: QtBot) -> None:
    maker = BundleMaker()
    for name in ODD:
        maker.add(name, np.ones((2, 2), np.float32), 1)
    window = opening(maker.write(tmp_path / "model.ckpt-1") + ".index")
    wanted = {
        "<b>bold</b>/w", "a//b", "/lead/w", "evil\\u202egpj", "new\\nline/w", "bad\\xff/w", "amp&/&w", "tab\\tname",
        "100%1/%2",
    }  # fmt: skip
    for key in (Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_1):
        rename(window, qtbot, key)
        shown = set(outline(window))
        assert wanted <= shown
        assert all(len(label) <= 200 for label in shown)
    window.workbench.variables.go_to("<b>bold</b>/w")
    document = QTextDocument()
    document.setHtml(view(window).currentIndex().data(Qt.ItemDataRole.ToolTipRole))
    assert document.toPlainText() == "<b>bold</b>/w"
    qtbot.waitUntil(lambda: detail(window, "key") == "<b>bold</b>/w", timeout=10_000)
    assert window.findChild(QLabel, "detail_key").textFormat() == Qt.TextFormat.PlainText
    for key, name, copied in (
        ("evil\u202egpj", "evil\u202egpj", "evil\u202egpj"),
        ("new\nline/w", "new\nline/w", "new\nline/w"),
        ("bad\udcff/w", "bad\\xff/w", "hex:" + b"bad\xff/w".hex()),
    ):
        window.workbench.variables.go_to(key)
        assert triggered(window, "actionCopyName") == name
        assert triggered(window, "actionCopyKey") == copied


def test_a_group_is_copied_as_the_variables_that_it_means(object_based: MainWindow) -> None:
    choose(object_based, "embedding/embeddings")
    assert triggered(object_based, "actionCopyName") == "embedding/embeddings"
    assert triggered(object_based, "actionCopyObjectPath") == "layer_with_weights-0/embeddings"
    choose(object_based, "dense")
    copied = triggered(object_based, "actionCopyName").split("\n")
    assert [name for name in copied if "Adam" not in name] == ["dense/bias", "dense/kernel"]
    assert len(copied) == 6
    assert triggered(object_based, "actionCopyKey").split("\n")[0] == f"layer_with_weights-2/bias{VALUE}"
    assert triggered(object_based, "actionCopyPath").endswith("ckpt_20")


def object_graph(*names: tuple[str, str]) -> bytes:
    """An object graph of variables by key and full name."""
    graph = TrackableObjectGraph()
    graph.nodes.add()
    for key, full_name in names:
        attribute = graph.nodes.add().attributes.add()
        attribute.name, attribute.checkpoint_key, attribute.full_name = "VARIABLE_VALUE", key, full_name
    return graph.SerializeToString()


def test_twins_opaque_and_faulty_rows_say_what_they_are(opening: Open, tmp_path: Path, qtbot: QtBot) -> None:
    maker = BundleMaker(shards=2)
    twins = [f"net/{part}{VALUE}" for part in "ab"]
    for key in twins:
        maker.add(key, np.ones(3, np.float32), 1)
    maker.add_strings("_CHECKPOINTABLE_OBJECT_GRAPH", [object_graph(*((key, "same") for key in twins))], ())
    data, crc = variant_bytes([b"opaque"])
    maker.put("iterator", replace(maker.record(VARIANT, (1,), data), crc=crc).encode())
    maker.put("gone", Record(1, (4,), shard=1, offset=0, size=16, crc=1).encode())
    prefix = maker.write(tmp_path / "model")
    Path(f"{prefix}.data-00001-of-00002").unlink()
    window = opening(f"{prefix}.index")
    assert {"same (net/a)", "same (net/b)"} <= {row.strip() for row in outline(window)}

    window.workbench.variables.go_to("iterator")
    assert view(window).currentIndex().siblingAtColumn(Column.state).data() == "opaque"
    qtbot.waitUntil(lambda: "opaque" in detail(window, "opaque"), timeout=10_000)
    assert "variant" in detail(window, "opaque")

    window.workbench.variables.go_to("gone")
    assert view(window).currentIndex().siblingAtColumn(Column.state).data() == "⚠ damaged"
    qtbot.waitUntil(lambda: "data-00001-of-00002" in detail(window, "fault"), timeout=10_000)


def test_the_copies_of_all_selected_variables(opened: MainWindow) -> None:
    tree = view(opened)
    opened.workbench.variables.go_to("classifier/kernel")
    other = tree.model().index(tree.currentIndex().row() - 1, 0)
    flags = QItemSelectionModel.SelectionFlag
    tree.selectionModel().select(other, flags.Select | flags.Rows)
    copied = triggered(opened, "actionCopyKey").split("\n")
    assert len(copied) == 2
    assert "classifier/kernel" in copied
    assert not opened.findChild(QAction, "actionCopyObjectPath").isEnabled()
