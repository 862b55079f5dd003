"""A Keras file in the window: what binds is shown after one batch, and the run trains on with frozen layers still."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QPushButton, QSpinBox, QTableWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.gui.dialogs.resume_inputs import VERDICT
from ckpt_studio.gui.main_window import MainWindow
from tests.helpers.tensorflow_child import TensorFlowChild

MODEL = """
import keras
keras.utils.set_random_seed(1)
model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5, activation="relu", name="first"),
                          keras.layers.Dense(2, name="second")])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
data = np.load(args[1])
model.fit(data["x"], data["y"], epochs=1, verbose=0)
model.save(args[0])
"""


def test_a_keras_model_is_tried_and_trained_from_the_window(
    main_window: MainWindow, tensorflow_child: TensorFlowChild, tmp_path: Path, qtbot: QtBot
) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=rng.normal(size=(96, 6)).astype("f4"), y=rng.integers(0, 2, 96))
    tensorflow_child(MODEL, tmp_path / "model.keras", tmp_path / "data.npz")
    with qtbot.waitSignal(main_window.documentOpened, timeout=20_000):
        main_window.open_path(str(tmp_path / "model.keras"))
    bench = main_window.workbench
    document = bench.session.document
    assert document is not None
    first = [
        key
        for key in document.staged.columns.keys
        if document.staged.columns.of(key).name.startswith("first/")
    ]
    bench.session.freeze(first)

    bench.actions["actionResume"].trigger()
    dialog = main_window.findChild(QDialog, "resumeDialog")
    qtbot.waitExposed(dialog)
    attempt, start = (dialog.findChild(QPushButton, name) for name in ("rehearseButton", "startButton"))
    dialog.findChild(QSpinBox, "stepsSpin").setValue(20)
    qtbot.waitUntil(attempt.isEnabled, timeout=20_000)
    QTest.mouseClick(attempt, Qt.MouseButton.LeftButton)
    trust = main_window.findChild(QDialog, "trustDialog")
    QTest.mouseClick(trust.findChild(QPushButton, "trustAcceptButton"), Qt.MouseButton.LeftButton)
    card = dialog.findChild(QPlainTextEdit, "resumeCard")
    qtbot.waitUntil(lambda: "One batch's loss" in card.toPlainText(), timeout=60_000)
    inputs = dialog.findChild(QTableWidget, "inputsTable")
    verdicts = [inputs.item(row, VERDICT).text() for row in range(inputs.rowCount())]
    assert verdicts[:2] == ["✓ rows of float32 [96, 6]", "✓ rows of int64 [96]"]
    assert not list(tmp_path.glob("run-*")), "trying leaves nothing behind"

    qtbot.waitUntil(start.isEnabled, timeout=10_000)
    assert bench.runs is not None
    with qtbot.waitSignal(bench.runs.ended, timeout=60_000):
        QTest.mouseClick(start, Qt.MouseButton.LeftButton)
    outcome = bench.runs.outcome
    assert outcome is not None
    assert str(outcome.state) == "finished", outcome.message
    assert outcome.frozen_unchanged
    assert outcome.prefix is not None
    before, after = document.base, open_checkpoint(outcome.prefix)
    for key in before.columns.keys:
        if before.columns.of(key).role.name == "weight":
            same = np.array_equal(before.read(key), after.read(key))
            assert same == (key in first), key
    main_window.workbench.session.revert_all()
