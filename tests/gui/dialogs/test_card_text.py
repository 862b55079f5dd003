"""What is said of operations that can do more than compute."""

from __future__ import annotations

from typing import get_args

import pytest

from ckpt_studio.formats.meta_graph.other_ops import RiskKind
from ckpt_studio.gui.dialogs.card_text import risk_line
from ckpt_studio.training.card import Risk

KINDS: tuple[str, ...] = get_args(RiskKind)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_risk_has_its_sentence(kind: str) -> None:
    line = risk_line(Risk(kind, "ReadFile", "load/read"))
    assert line.startswith("load/read (ReadFile) ")
    assert line != risk_line(Risk("something else", "ReadFile", "load/read"))
    assert len({risk_line(Risk(other, "ReadFile", "load/read")) for other in KINDS}) == len(KINDS)
