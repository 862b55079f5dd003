"""What the card says: of operations that can do more than compute, and of what the staged edits change."""

from __future__ import annotations

from typing import get_args

import pytest

from ckpt_studio.formats.meta_graph.other_ops import RiskKind
from ckpt_studio.gui.dialogs.card_text import card_lines, risk_line
from ckpt_studio.training.card import Card, Risk

KINDS: tuple[str, ...] = get_args(RiskKind)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_risk_has_its_sentence(kind: str) -> None:
    line = risk_line(Risk(kind, "ReadFile", "load/read"))
    assert line.startswith("load/read (ReadFile) ")
    assert line != risk_line(Risk("something else", "ReadFile", "load/read"))
    assert len({risk_line(Risk(other, "ReadFile", "load/read")) for other in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (0.25, "One batch's loss: 0.25"),
        (0.5, "One batch's loss: 0.25 as it lies on disk, 0.5 with the staged edits"),
        (None, "One batch's loss: 0.25 as it lies on disk, – with the staged edits"),
    ],
)
def test_the_loss_is_told_once_where_the_edits_do_not_change_it(after: float | None, said: str) -> None:
    assert said in card_lines(Card("graph", loss_before=0.25, loss_after=after))
