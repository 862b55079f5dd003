"""A checkpoint as a mould: another one's values, found by full names, stand in for its own."""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Role, printable
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.matching import MatchRules, match
from ckpt_studio.document.wording import listed
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint


@dataclass(frozen=True)
class Filled:
    """A checkpoint with another one's values.

    Attributes:
        document: what would be written.
        fits: the variables that take values: what each is called, and what the values are called where they come from.
        lost: what could not be kept, as sentences: values that have no place, and variables that keep their own.
    """

    document: Document
    fits: tuple[tuple[str, str], ...]
    lost: tuple[str, ...]


def laid_out_like(path: str, values: Checkpoint) -> Filled:
    """The checkpoint at a path, with the values of another one for all variables that it has, by keys or full names.

    Raises:
        RequestFault: a shape or type differs, or there is no weight that both have.
        FileFault: it cannot be opened.
    """
    document = Document(open_checkpoint(path))
    own, theirs = document.base.columns, values.columns
    keys = [own.keys[row] for row in range(len(own)) if own.role[row] != Role.metadata]
    found = match(own, theirs, keys, MatchRules(), {})
    wrong = next((one for one in found if one.donor_key is not None and not one.usable), None)
    if wrong is not None:
        raise RequestFault(f"{printable(wrong.key)!r} cannot take its values: {wrong.note}.", key=wrong.key)
    pairs = tuple((one.key, one.donor_key) for one in found if one.donor_key is not None)
    if not any(own.role[own.row(key)] in (Role.weight, Role.statistic) for key, _ in pairs):
        raise RequestFault(
            "The two checkpoints have no weight in common; are they of the same model?", path=path
        )
    document.do(Replace(pairs, values, values.path))
    used = {donor for _, donor in pairs}
    unused = [
        row
        for row in range(len(theirs))
        if theirs.keys[row] not in used and theirs.role[row] != Role.metadata
    ]
    kept = [own.row(one.key) for one in found if one.donor_key is None]
    place = printable(document.base.path)
    lost = [f"Without a place in {place!r}: {listed(theirs, unused)}."] if unused else []
    if kept:
        lost.append(f"With the values of {place!r}, because there are no others: {listed(own, kept)}.")
    fits = tuple((own.of(key).name, theirs.of(donor).name) for key, donor in pairs)
    return Filled(document, fits, tuple(lost))
