"""Our own mistakes: said once, with a report, and the program goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.gui.faults import Faults
from ckpt_studio.gui.trouble import Trouble


@pytest.fixture
def faults(qtbot: QtBot) -> Iterator[Faults]:
    faults = Faults()
    faults.install()
    yield faults
    faults.uninstall()


def raise_it(error: Exception) -> None:
    try:
        raise error
    except Exception:
        sys.excepthook(*sys.exc_info())


def test_a_mistake_is_told_once_and_reported(
    faults: Faults, studio_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[Trouble] = []
    faults.troubled.connect(told.append)
    for _ in range(100):
        raise_it(ValueError("in data()"))
    assert len(told) == 1
    assert "made a mistake (ValueError)" in told[0].sentence
    assert told[0].detail is not None
    assert "in data()" in told[0].detail
    assert len(list((studio_home / "reports").iterdir())) == 1
    assert "in data()" in capsys.readouterr().err


def test_a_fault_of_a_file_is_not_ours(faults: Faults) -> None:
    told: list[Trouble] = []
    faults.troubled.connect(told.append)
    raise_it(RequestFault("There is no such thing."))
    assert [(trouble.sentence, trouble.detail) for trouble in told] == [("There is no such thing.", None)]
