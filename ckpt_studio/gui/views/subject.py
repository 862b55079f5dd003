"""What the views look at: one variable as it is staged, as it was where an edit has replaced its values, and as another
checkpoint has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ckpt_studio.core.tensors import TensorInfo, TensorSource
    from ckpt_studio.document.document import Document
    from ckpt_studio.gui.compared import Compared


class Which(Enum):
    """Whose values are shown."""

    staged = "staged"
    original = "original"
    compared = "compared"
    change = "change"
    """The staged values less the original ones."""
    difference = "difference"
    """The staged values less the compared ones."""


class Nature(Enum):
    """What can be shown of a variable."""

    numbers = "numbers"
    text = "text"
    empty = "empty"
    """No elements."""
    opaque = "opaque"
    """Bytes that only TensorFlow understands."""
    faulty = "faulty"


@dataclass(frozen=True)
class Side:
    """The values of a variable in one source."""

    source: TensorSource
    info: TensorInfo
    identity: str

    @classmethod
    def of(cls, source: TensorSource, key: str) -> Side:
        """Look up a variable; reads no values.

        Raises:
            NoSuchVariable: if it is not there.
        """
        return cls(source, source.columns.of(key), source.identity(key))

    @property
    def key(self) -> str:
        """Its key in the source."""
        return self.info.key

    @property
    def nature(self) -> Nature:
        """What can be shown of it."""
        if self.info.error is not None:
            return Nature.faulty
        if self.info.dtype.numpy is None:
            return Nature.opaque
        if self.info.shape is not None and 0 in self.info.shape:
            return Nature.empty
        return Nature.numbers if self.info.dtype.is_numeric else Nature.text


@dataclass(frozen=True)
class Subject:
    """The variable that is looked at.

    Attributes:
        staged: as it would be written; as it is on disk where it would not be.
        original: as it is on disk; None where nothing is staged over its values.
        compared: as the compared checkpoint has it; None where there is none, or it has no such variable.
    """

    staged: Side
    original: Side | None
    compared: Side | None = None

    @classmethod
    def of(cls, document: Document, key: str, compared: Compared | None = None) -> Subject:
        """The variable with this key of a document's staged view, beside that of the compared checkpoint.

        Raises:
            NoSuchVariable: if it is not there.
        """
        shown, original = Side.of(*document.shown(key)), document.original(key)
        before = None if original is None else Side.of(*original)
        its_key = None if compared is None else compared.pairs.other(key)
        other = None if compared is None or its_key is None else Side.of(compared.checkpoint, its_key)
        return cls(shown, None if before is None or before.identity == shown.identity else before, other)

    def side(self, which: Which) -> Side:
        """The values asked for; the staged ones where there are no others."""
        if which in _SUBTRACTED:
            return self._difference(_SUBTRACTED[which])
        found = {Which.original: self.original, Which.compared: self.compared}.get(which)
        return self.staged if found is None else found

    def _difference(self, which: Which) -> Side:
        """The staged values less others."""
        from ckpt_studio.analysis.derived import Difference

        other = self.side(which)
        source = Difference(self.staged.source, self.staged.key, other.source, other.key)
        return Side.of(source, self.staged.key)

    @property
    def of_same_shape(self) -> list[Which]:
        """The values that can be looked at in the place of the staged ones, these first."""
        found = [Which.staged]
        for which in (Which.original, Which.compared):
            side = self.side(which)
            if side is not self.staged and side.info.shape == self.staged.info.shape:
                found.append(which)
                numbers = side.nature is Nature.numbers and self.staged.nature is Nature.numbers
                found += [made for made, other in _SUBTRACTED.items() if other is which and numbers]
        return found

    @property
    def sides(self) -> tuple[Side, ...]:
        """The staged values, then the original ones if they differ."""
        return (self.staged,) if self.original is None else (self.staged, self.original)


_SUBTRACTED: Final = {Which.change: Which.original, Which.difference: Which.compared}
"""What is taken from the staged values."""
