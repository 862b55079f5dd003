"""After a write everything says that nothing is left to write, and after an undo that something is."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QListWidget

from ckpt_studio.gui.main_window import MainWindow


def test_written_edits_are_not_shown_as_waiting(opened: MainWindow) -> None:
    session = opened.session
    document = session.document
    assert document is not None
    edits = opened.findChild(QLabel, "statusEdits")
    checkpoints = opened.findChild(QListWidget, "checkpointList")

    def marked() -> bool:
        return "staged edits" in checkpoints.currentItem().text()

    session.freeze(["classifier/kernel"])
    session.freeze(["classifier/bias"])
    assert (edits.text(), marked(), opened.windowTitle()[0]) == ("2 staged edits", True, "●")
    document.mark_written("elsewhere/model")
    assert (edits.text(), marked(), opened.windowTitle()[0]) == ("2 edits, written", False, "m")
    session.undo()
    assert (edits.text(), marked(), opened.windowTitle()[0]) == ("1 staged edit", True, "●")
    session.redo()
    assert (edits.text(), marked(), opened.windowTitle()[0]) == ("2 edits, written", False, "m")
