"""Names from files are shown as they are, never as markup, and nothing in them is invisible."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextDocument

from ckpt_studio.gui.texts import byte_size, in_action, shape_text, tooltip, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("layer/kernel", "layer/kernel"),
        ("größe/重み", "größe/重み"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("evil\u202egpj", "evil\\u202egpj"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        (b"bad\xff".decode("utf-8", "surrogateescape"), "bad\\xff"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.usefixtures("qapp")
def test_a_tooltip_shows_markup_as_text() -> None:
    document = QTextDocument()
    document.setHtml(tooltip("<b>a</b> & b\nc"))
    assert document.toPlainText() == "<b>a</b> & b\nc"
    assert tooltip("") == ""


def test_sizes_and_shapes() -> None:
    assert [byte_size(n) for n in (0, 999, 1500, 102_000_000)] == ["0 B", "999 B", "1.5 kB", "102 MB"]
    assert [shape_text(s) for s in (None, (), (3,), (3, 64))] == ["?", "scalar", "3", "3 × 64"]
    assert in_action("a & b") == "a && b"
