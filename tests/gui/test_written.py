"""After a write everything says that nothing is left to write, and after an undo that something is."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QListWidget

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.core.tensors import Role
from ckpt_studio.document.edits.add import Add
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.contents import Value
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.rename import Rename
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.texts import byte_size


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


def test_the_status_bar_counts_what_is_staged(opened: MainWindow) -> None:
    session = opened.session
    document = session.document
    assert document is not None
    about = opened.findChild(QLabel, "statusDocument")

    def said() -> list[str]:
        return about.text().split(" · ")[2:]

    whole = document.base.columns
    weights = [whole.info(row) for row in range(len(whole)) if whole.role[row] == Role.weight]
    parameters, nbytes = sum(one.size for one in weights), int(whole.nbytes.sum())
    assert said() == ["21 variables", f"{parameters:,} parameters", byte_size(nbytes)]
    session.do(Drop(("classifier/kernel",)))
    assert said() == ["18 variables", f"{parameters - 320:,} parameters", byte_size(nbytes - 3 * 4 * 320)]
    session.do(Rename((("classifier/bias", "head/bias"),)))
    session.do(Add("more", BY_NAME["float64"], (2, 100), Value(0)))
    session.do(Cast(("head/bias",), dtype=BY_NAME["float64"]))
    nbytes += -3 * 4 * 320 + 8 * 200 + 4 * 10
    assert said() == ["19 variables", f"{parameters - 320 + 200:,} parameters", byte_size(nbytes)]
    session.undo()
    session.undo()
    session.undo()
    session.undo()
    assert said() == ["21 variables", f"{parameters:,} parameters", byte_size(int(whole.nbytes.sum()))]
