"""Names from files as plain text: Qt renders HTML in tooltips and labels, and `&` in actions, unless told not to."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

from ckpt_studio.core.texts import visible as visible

translate = QCoreApplication.translate
"""Context and text, for what is no method of a QObject; lupdate knows this name."""

_TOOLTIP_LENGTH = 4000


def filled(text: str, *values: str) -> str:
    """`%1`, `%2`... of a translated text filled in, whatever the values hold themselves."""
    return re.sub(r"%([1-9])", lambda hole: values[int(hole[1]) - 1], text)


def shortened(text: str, most: int) -> str:
    """The text with its middle left out where it is longer than `most`: nobody reads a name of a megabyte."""
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def tooltip(text: str) -> str:
    """A tooltip that shows the text as it is, lines kept; of a very long one the ends."""
    text = shortened(text, _TOOLTIP_LENGTH)
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
    return f"<qt>{escaped}</qt>" if text else ""


def in_action(text: str) -> str:
    """A text for a menu, a button or a tab, where `&` would mark a mnemonic."""
    return text.replace("&", "&&")


def without_mnemonic(text: str) -> str:
    """The text of a menu, an action or a button as it is read: `&Open` and `打开(&O)` without the mark of the key."""
    return re.sub(r"\(&\w\)|&(.?)", r"\1", text)


def byte_size(count: int) -> str:
    """A number of bytes as file managers show it: 1.5 MB, 102 MB."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def shape_text(shape: tuple[int, ...] | None) -> str:
    """A shape: 3 × 64, scalar, or ? when unknown."""
    if shape is None:
        return "?"
    return " × ".join(map(str, shape)) if shape else translate("Texts", "scalar")


def opaque_sentence(dtype: str) -> str:
    """Why a variable has no values to look at."""
    sentence = translate(
        "Texts", "Values of the type %1 are opaque: they are kept as they are, and cannot be shown."
    )
    return sentence.replace("%1", dtype)
