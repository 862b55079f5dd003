"""Passes are made in the process of the tests, whatever a window in it has set before."""

from __future__ import annotations

import pytest

from ckpt_studio.analysis.passes import ELSEWHERE


@pytest.fixture(autouse=True)
def made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ELSEWHERE, "make", None)
    monkeypatch.setattr(ELSEWHERE, "ride", None)
