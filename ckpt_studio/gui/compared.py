"""The checkpoint that the open one is compared with, so that every view and panel can look at its variables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckpt_studio.analysis.pairs import Pairs
    from ckpt_studio.formats.base import Checkpoint


@dataclass(frozen=True, eq=False)
class Compared:
    """Another checkpoint.

    Attributes:
        checkpoint: it, opened.
        pairs: which of its variables is which of the staged view's.
    """

    checkpoint: Checkpoint
    pairs: Pairs

    @property
    def label(self) -> str:
        """What a person knows it by: its name, in front of it that of its folder."""
        place = Path(self.checkpoint.prefix).absolute()
        return f"{place.parent.name}/{place.name}" if place.parent.name else place.name
