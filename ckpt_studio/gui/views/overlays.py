"""Which histograms are laid over each other: a variable's values as staged, before, elsewhere, and its slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

from ckpt_studio.gui.plots.colours import Colour, PlotColours
from ckpt_studio.gui.texts import shortened, translate, visible
from ckpt_studio.gui.views.subject import Nature, Side, Subject

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document

_LONGEST = 40
"""A title is shortened to so many characters."""
_MOST_SLOTS = 8


@dataclass(frozen=True)
class Overlay:
    """One of the histograms.

    Attributes:
        side: whose values.
        title: what it is called in the legend.
        column: what it is called in a file.
        colour: its colour.
    """

    side: Side
    title: str
    column: str
    colour: Colour


@dataclass(frozen=True)
class Slot:
    """An optimizer slot of the variable that is looked at."""

    name: str
    side: Side


def overlays_of(
    subject: Subject, compared: str | None, slots: Sequence[Slot], wanted: Callable[[str], bool]
) -> tuple[Overlay, ...]:
    """What is drawn of a subject, its staged values first; `wanted` tells which slots, by name.

    `compared` is what the compared checkpoint is called.
    """
    staged = subject.original is not None
    title = translate("Overlays", "Staged") if staged else translate("Overlays", "This variable")
    found = [Overlay(subject.staged, title, "staged", lambda c: c.staged)]
    if subject.original is not None:
        title = translate("Overlays", "Original")
        found.append(Overlay(subject.original, title, "original", lambda c: c.original))
    if subject.compared is not None:
        title = visible(shortened(compared or "", _LONGEST))
        found.append(Overlay(subject.compared, f"↔ {title}", "compared", lambda c: c.compared))
    for place, slot in enumerate(slots):
        if wanted(slot.name):
            found.append(Overlay(slot.side, visible(slot.name), slot.name, _slot_colour(place)))
    return tuple(each for each in found if each.side.nature is Nature.numbers)


def _slot_colour(place: int) -> Colour:
    def colour(colours: PlotColours) -> QColor:
        return colours.slots[place % len(colours.slots)]

    return colour


def find_slots(document: Document, key: str) -> tuple[Slot, ...]:
    """The slots of a weight that have a name, in the staged view; looks at the columns, reads no values."""
    import numpy as np

    source = document.staged
    if key not in source.columns:
        return ()
    columns = source.columns
    row = columns.row(key)
    if columns.slot_of[row] >= 0:
        return ()
    infos = [columns.info(int(r)) for r in np.flatnonzero(columns.slot_of == row)[:_MOST_SLOTS]]
    return tuple(Slot(info.slot_name, Side.of(source, info.key)) for info in infos if info.slot_name)
