"""Opening whatever a person drops or names: folders of folders, wrong names, several formats, dead places."""

from __future__ import annotations

import json
import os
import shutil
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QDockWidget, QLabel, QLineEdit, QListWidget, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from safetensors.numpy import save_file

from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.formats import folder, registry
from ckpt_studio.formats.base import Checkpoint, Declined, Found, Member
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.gui import opener
from ckpt_studio.gui.main_window import MainWindow
from tests.formats.test_run_folders import SAVED_MODEL
from tests.gui.test_main_window import drag, settle
from tests.helpers.bundles import BundleMaker


def make(prefix: Path) -> str:
    prefix.parent.mkdir(parents=True, exist_ok=True)
    made = BundleMaker()
    made.add("w", np.zeros(2, np.float32), 1)
    return made.write(prefix)


def lines(window: MainWindow) -> list[str]:
    shown = window.findChild(QListWidget, "checkpointList")
    return [shown.item(row).text().split("  ·  ")[0] for row in range(shown.count())]


def click(window: MainWindow, row: int) -> None:
    shown = window.findChild(QListWidget, "checkpointList")
    shown.itemClicked.emit(shown.item(row))


def told(window: MainWindow) -> list[str]:
    return [banner.trouble.sentence for banner in window.workbench.banners.banners]


def test_a_folder_of_folders_is_there_to_choose_from(
    main_window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    for place in ("b/run", "a"):
        for step in (100, 20):
            make(tmp_path / "all" / place / f"m-{step}")
    with qtbot.waitSignal(main_window.openFailed, timeout=10_000) as failed:
        drag(main_window, tmp_path / "all", QPoint(40, 40), QDragEnterEvent)
        drag(main_window, tmp_path / "all", QPoint(40, 40))
    assert failed.args == [str(tmp_path / "all"), "all holds no checkpoint itself; 2 below it do: a, b/run."]
    assert told(main_window) == [f"{failed.args[1]} Choose one in Checkpoints."]
    assert main_window.findChild(QDockWidget, "checkpointsDock").isVisible()
    listed = ["a", "m-20", "m-100", "b/run", "m-20", "m-100"]
    assert lines(main_window) == listed
    for row in (5, 1):
        with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
            click(main_window, row)
        settle(main_window, qtbot)
        assert lines(main_window) == listed, "the others are still there to choose from"
        assert main_window.findChild(QListWidget, "checkpointList").currentRow() == row
    make(tmp_path / "all" / "a" / "m-120")
    qtbot.waitUntil(lambda: lines(main_window)[3] == "m-120", timeout=5000)
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(make(tmp_path / "other" / "x-1"))
    assert lines(main_window) == ["x-1"]


def test_runs_beside_a_saved_model_are_there_to_choose_from(
    main_window: MainWindow, corpus: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    shutil.copytree(corpus / SAVED_MODEL, tmp_path / "all" / "export", copy_function=shutil.copyfile)
    for place in ("run_2", "run_1"):
        make(tmp_path / "all" / place / "m-20")
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(str(tmp_path / "all"))
    assert "There are more checkpoints in folders below it: run_1, run_2." in told(main_window)
    listed = ["all", "export", "run_1", "m-20", "run_2", "m-20"]
    assert lines(main_window) == listed
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        click(main_window, 3)
    settle(main_window, qtbot)
    assert lines(main_window) == listed


def test_a_wrong_step_offers_those_that_are_there(opened: MainWindow, sample: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(opened.openFailed, timeout=10_000) as failed:
        opened.open_path(str(sample / "donor" / "model.ckpt-1"))
    assert failed.args[1].endswith("; the nearest there is model.ckpt-4000.")
    assert lines(opened)[:3] == ["donor", "model.ckpt-4000", "run"]
    assert opened.session.document is not None, "what was open stays open"
    with qtbot.waitSignal(opened.documentOpened, timeout=10_000):
        click(opened, 1)
    assert lines(opened) == ["donor", "model.ckpt-4000"]


def test_kinds_are_said_where_a_folder_has_several(
    main_window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    make(tmp_path / "m-5")
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(str(tmp_path))
    shown = main_window.findChild(QListWidget, "checkpointList")
    assert "TensorFlow" not in shown.item(0).text()
    save_file({"w": np.zeros(2, np.float32)}, tmp_path / "m-7.safetensors")
    qtbot.waitUntil(lambda: shown.count() == 2, timeout=5000)
    assert "TensorFlow checkpoint" in shown.item(0).text()
    assert shown.item(1).text().startswith("m-7.safetensors  ·  safetensors file")


def hint(window: MainWindow, path: Path, qtbot: QtBot) -> str:
    """What the window says would open while `path` is dragged over it."""
    overlay = window.findChild(QWidget, "dropOverlay")
    drag(window, path, QPoint(40, 40), QDragEnterEvent)
    first = overlay.accessibleDescription()
    assert first == f"Open: {path.name}", "the name is there at once"
    qtbot.waitUntil(lambda: overlay.accessibleDescription() != first, timeout=5000)
    overlay.hide()
    return overlay.accessibleDescription()


def test_while_dragging_it_is_said_what_will_open(
    main_window: MainWindow, sample: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    here = tmp_path / "here"
    make(here / "a" / "m-1")
    (tmp_path / "none").mkdir()
    for number in (1, 2, 3):
        save_file({f"w{number}": np.zeros(2, np.float32)}, here / f"model-{number:05}-of-00003.safetensors")
    weights = {f"w{number}": f"model-{number:05}-of-00003.safetensors" for number in (1, 2, 3)}
    index = here / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weights}))
    shards = "Open: safetensors file  ·  model.safetensors.index.json  ·  3 shards"
    said = {
        sample / "run": "Open: TensorFlow checkpoint  ·  model.ckpt-500  ·  the newest of 5 in run",
        sample / "run" / "model.ckpt-200.index": "Open: TensorFlow checkpoint  ·  model.ckpt-200",
        sample / "donor": "Open: TensorFlow checkpoint  ·  model.ckpt-4000  ·  in donor",
        sample: "Choose a checkpoint: 6 below sample",
        here / "model-00002-of-00003.safetensors": shards,
        here: f"{shards}  ·  in here",
        tmp_path / "none": "Open: none (no checkpoint is seen in it)",
        sample / "data.npz": "Open: NumPy archive  ·  data.npz",
    }
    for path, words in said.items():
        assert hint(main_window, path, qtbot) == words


def test_what_has_no_name_is_opened_by_its_index(
    main_window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    make(tmp_path / "m-5")
    BundleMaker().write(f"{tmp_path}/")
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(str(tmp_path))
    assert lines(main_window) == [".index", "m-5"]
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000) as opened:
        click(main_window, 0)
    assert opened.args == [f"{tmp_path}/.index"]


def test_what_may_pass_can_be_tried_again(main_window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(main_window.openFailed, timeout=10_000) as failed:
        main_window.open_path(str(tmp_path / "m-1"))
    assert failed.args[1] == "m-1 does not exist."
    make(tmp_path / "m-1")
    again = main_window.findChild(QPushButton, "bannerAction")
    assert again.text() == "Try Again"
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        again.click()
    assert told(main_window) == []


class Unanswering:
    """A reader of a place that does not answer, as a network that is gone: it waits until the test lets it go."""

    format: ClassVar[str] = "npy"

    def __init__(self) -> None:
        self.answers = threading.Event()

    def claim(self, path: str) -> str | Declined:
        if "gone" in path:
            self.answers.wait()
        return Declined("its place does not answer")

    def find(self, folder: str, members: Mapping[str, Member]) -> Found:
        return Found()

    def open(self, path: str) -> Checkpoint:
        raise AssertionError(path)


@pytest.fixture
def unanswering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Unanswering]:
    reader = Unanswering()
    for module in (registry, folder):
        monkeypatch.setattr(module, "READERS", (reader, *module.READERS))
    monkeypatch.setattr(opener, "PATIENCE_MS", 50)
    yield reader
    reader.answers.set()


def test_a_place_that_does_not_answer(
    unanswering: Unanswering, main_window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    drag(main_window, tmp_path / "gone", QPoint(40, 40), QDragEnterEvent)
    main_window.findChild(QWidget, "dropOverlay").hide()
    places = [str(tmp_path / f"gone-{number}") for number in range(4)]
    for place in places:
        main_window.open_path(place)
        qtbot.waitUntil(
            lambda place=place: any(place in sentence for sentence in told(main_window)), timeout=5000
        )
    assert len(told(main_window)) == 1, "of those that were asked for before nothing is said any more"
    with qtbot.waitSignal(main_window.openFailed, timeout=5000) as failed:
        main_window.findChild(QPushButton, "bannerAction").click()
    assert failed.args == [places[-1], "Opening was stopped."]
    assert told(main_window) == []
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(make(tmp_path / "m-1"))
    settle(main_window, qtbot)
    assert main_window.findChild(QLabel, "statusWork").isHidden()


def test_the_window_closes_although_a_place_does_not_answer(
    unanswering: Unanswering, main_window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    main_window.open_path(str(tmp_path / "gone"))
    qtbot.waitUntil(lambda: bool(told(main_window)), timeout=5000)
    main_window.close()
    assert not main_window.isVisible()


def test_threads_that_hang_are_replaced(main_window: MainWindow, qtbot: QtBot) -> None:
    bridge = main_window.session.bridge
    settle(main_window, qtbot)
    answers = threading.Event()
    done: list[str] = []
    tasks = [bridge.submit(lambda task: answers.wait(), lambda _: done.append("late")) for _ in range(4)]
    bridge.submit(lambda task: "answered", done.append)
    qtbot.wait(50)
    assert done == []
    for task in tasks:
        task.cancel()
    with qtbot.waitSignal(bridge.idle, timeout=5000):
        qtbot.waitUntil(lambda: done == ["answered"], timeout=5000)
    answers.set()
    qtbot.waitUntil(
        lambda: sum(t.name.startswith("bridge") for t in threading.enumerate()) == 2, timeout=5000
    )
    assert done == ["answered"]


def test_a_donor_that_has_moved_is_asked_for(
    opened: MainWindow, sample: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    donor = BundleMaker()
    donor.add("other/bias", np.full(10, 7, np.float32), 1)
    path = donor.write(tmp_path / "d-1")
    swapped = Replace((("classifier/bias", "other/bias"),), open_checkpoint(path), path)
    opened.session.do(swapped)
    opened.close_now()
    (tmp_path / "moved").mkdir()
    for file in tmp_path.glob("d-1.*"):
        file.rename(tmp_path / "moved" / file.name)
    window = MainWindow()
    window.show()
    with qtbot.waitSignal(window.documentOpened, timeout=10_000):
        window.open_path(str(sample / "run"))
    waiting = [sentence for sentence in told(window) if "d-1" in sentence]
    assert waiting == ["1 variable waits for its value from another checkpoint: d-1 does not exist."]
    find = next(b for b in window.workbench.banners.banners if b.trouble.sentence == waiting[0])
    find.findChild(QPushButton, "bannerAction").click()
    dialog = window.findChild(QDialog, "donorDialog")
    field = dialog.findChild(QLineEdit, "donorPathEdit")
    QTest.keyClicks(field, str(tmp_path / "moved"))
    QTest.keyClick(field, Qt.Key.Key_Return)
    apply = dialog.findChild(QPushButton, "donorApplyButton")
    qtbot.waitUntil(apply.isEnabled, timeout=10_000)
    apply.click()
    document = window.session.document
    assert document is not None
    assert document.waiting == ()
    assert [edit.keys for edit in document.edits] == [("classifier/bias",)]
    assert document.staged.read("classifier/bias").tolist() == [7.0] * 10
    window.close_now()
    qtbot.waitUntil(lambda: not window.isVisible())


def test_edits_of_a_single_file_are_offered_after_a_crash(
    main_window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"w": np.zeros(2, np.float32)}, path)
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(str(tmp_path))
    main_window.session.freeze(["w"])
    main_window.close_now()
    window = MainWindow()
    window.show()
    qtbot.waitUntil(lambda: window.findChild(QPushButton, "bannerAction") is not None, timeout=10_000)
    assert told(window) == ["model.safetensors has staged edits that were not written."]
    with qtbot.waitSignal(window.documentOpened, timeout=10_000):
        window.findChild(QPushButton, "bannerAction").click()
    assert window.session.document is not None
    assert window.session.document.frozen_keys() == {"w"}
    window.close_now()


def test_trouble_of_many_kinds_is_a_sentence_in_a_banner(
    main_window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    prefix = make(tmp_path / "cut" / "m-1")
    Path(prefix + ".index").write_bytes(Path(prefix + ".index").read_bytes()[:60])
    (tmp_path / "torch.ckpt").write_bytes(b"\x80\x02}q\x00.")
    (tmp_path / "pointer.h5").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "evil\u202e\n.keras").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe.index")
    said = {
        "cut/m-1.index": "m-1.index",
        "torch.ckpt": "pickle",
        "pointer.h5": "Git LFS pointer",
        "evil\u202e\n.keras": "evil\\u202e\\n.keras is empty",
        "loop": "leads back to itself",
        "pipe.index": "is a pipe",
        "m-1/" + "x" * 5000: "longer than the system allows",
    }
    for name, words in said.items():
        with qtbot.waitSignal(main_window.openFailed, timeout=10_000) as failed:
            main_window.open_path(str(tmp_path / name))
        assert words in failed.args[1]
        assert told(main_window) == [failed.args[1]]
        assert main_window.session.document is None
    assert main_window.isVisible()


@pytest.mark.parametrize("between", [0, 5, 40])
def test_whoever_opens_in_haste_keeps_what_is_staged(
    opened: MainWindow, sample: Path, qtbot: QtBot, between: int
) -> None:
    """Reloaded twice, gone to another checkpoint and back, or asked for a file that is none: nothing is lost by it."""
    session, here, there = opened.session, str(sample / "run"), str(sample / "donor")
    no_checkpoint = str(sample / "data.txt")
    assert session.document is not None
    keys = session.document.base.columns.keys
    hastes = (
        (here, here, here),
        (there, here),
        (here, there, here),
        (here, no_checkpoint),
        (here, there, there, here),
    )
    for edits, haste in enumerate(hastes, 1):
        session.freeze([keys[edits]])
        for path in haste:
            opened.open_path(path)
            qtbot.wait(between)
        for _ in range(2):  # what was let go of for another one is opened once more
            qtbot.waitUntil(lambda: not session.opening, timeout=10_000)
            settle(opened, qtbot)
        assert session.document.base.prefix.startswith(here)
        assert session.document.read_only is None
        assert len(session.document.edits) == edits
    assert not [sentence for sentence in told(opened) if "another window" in sentence]


def test_a_checkpoint_that_is_left_is_let_go_of_at_once(
    opened: MainWindow, sample: Path, qtbot: QtBot
) -> None:
    """Without the garbage collector, which comes by rarely: the index of a large checkpoint takes much memory."""
    session = opened.session
    assert session.document is not None
    left = weakref.ref(session.document), weakref.ref(session.document.base)
    with qtbot.waitSignal(opened.documentOpened, timeout=10_000):
        opened.open_path(str(sample / "donor"))
    qtbot.waitUntil(
        lambda: not session.bridge.busy and [each() for each in left] == [None, None], timeout=10_000
    )
