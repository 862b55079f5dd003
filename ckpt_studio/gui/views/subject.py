"""What the views look at: one variable as it is staged, as it was where an edit has replaced its values, and as another
checkpoint has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckpt_studio.core.tensors import TensorInfo, TensorSource
    from ckpt_studio.document.document import Document
    from ckpt_studio.gui.compared import Compared


class Which(Enum):
    """Whose values are shown."""

    staged = "staged"
    original = "original"
    compared = "compared"


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
        found = {Which.original: self.original, Which.compared: self.compared}.get(which)
        return self.staged if found is None else found

    @property
    def sides(self) -> tuple[Side, ...]:
        """The staged values, then the original ones if they differ."""
        return (self.staged,) if self.original is None else (self.staged, self.original)
