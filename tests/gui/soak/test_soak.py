"""A hand that plays with the window for long meets no fault of ours, and all that it did can be undone.

`./studio test --campaign soak` plays for as many minutes as `CKPT_STUDIO_SOAK_MINUTES` says (20), on the corpus, too.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.trouble import Trouble
from tests.gui.soak.hand import Hand

NO_RUNS = frozenset({"actionResume", "actionWatchRun"})
"""What training processes do when they are played with has a campaign of its own."""
_MOST_BYTES = 4 << 20


def play(window: MainWindow, hand: Hand, moves: int, qtbot: QtBot) -> None:
    """Play, close what is open, and undo everything."""
    session = window.session
    faults: list[str] = []

    def told(trouble: Trouble) -> None:
        if trouble.detail is not None:
            faults.append(trouble.detail)

    session.troubled.connect(told)
    hand.play(moves)
    hand.leave()
    qtbot.waitUntil(lambda: not session.opening and not session.bridge.busy, timeout=60_000)
    story = "\n".join(hand.done[-25:])
    assert not faults, f"{story}\n{faults[0]}"
    assert window.isVisible(), story
    document = session.document
    if document is not None and document.read_only is None:
        while document.undo_label:
            session.undo()
        assert not document.edits
        assert list(document.staged.columns.keys) == list(document.base.columns.keys)
    session.troubled.disconnect(told)


def test_a_hand_plays(
    opened: MainWindow, sample: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sample)
    paths = [str(sample / "run"), str(sample / "donor"), str(sample / "data.npz"), str(sample)]
    play(opened, Hand(opened, 5, paths, NO_RUNS), 250, qtbot)


@pytest.mark.campaign("soak")
def test_a_hand_plays_for_long(
    opened: MainWindow, sample: Path, corpus: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sample)
    paths = [str(sample / "run"), str(sample / "donor"), str(sample / "data.npz"), str(sample)]
    for place in sorted(corpus.iterdir()):
        if sum(file.stat().st_size for file in place.rglob("*") if file.is_file()) < _MOST_BYTES:
            paths.append(str(shutil.copytree(place, sample / "corpus" / place.name)))
    end = time.monotonic() + 60 * float(os.environ.get("CKPT_STUDIO_SOAK_MINUTES") or 20)
    seed = 1000
    while time.monotonic() < end:
        play(opened, Hand(opened, seed, paths, NO_RUNS), 1000, qtbot)
        assert threading.active_count() < 12, threading.enumerate()
        seed += 1
