"""What a run did to the variables, read from disk after it: frozen ones bit by bit, and those that never moved."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.card import Card


@dataclass(frozen=True, slots=True)
class Proof:
    """The start and the end of a run, compared.

    Attributes:
        frozen_unchanged: whether every frozen variable has the bits that it started with; None where nothing was.
        never_moved: keys of variables that were trained and have the bits that they started with.
    """

    frozen_unchanged: bool | None
    never_moved: tuple[str, ...]


def prove(start: str, end: str, card: Card) -> Proof:
    """Compare the checkpoint that a run began with and one that it wrote.

    Args:
        start: prefix of the bundle that it began with.
        end: a checkpoint of the run, in whatever format it writes.
        card: what was frozen and what was trained.

    Raises:
        FileFault: one of them cannot be read.
    """
    first, last = open_bundle(start), open_checkpoint(end)
    try:
        frozen = frozenset(card.frozen)
        keys = _keys_in(last, {*frozen, *card.trained}, card)
        changed = any(
            not _same(first, key, last, keys[key]) for key in sorted(frozen) if key in first.columns
        )
        still = [key for key in card.trained if key not in frozen and _same(first, key, last, keys[key])]
        return Proof(not changed if frozen else None, tuple(sorted(still)))
    finally:
        first.close()
        last.close()


def _keys_in(last: Checkpoint, keys: Collection[str], card: Card) -> dict[str, str]:
    """Where a checkpoint holds variables: a file of Keras where Keras puts them, others under their keys."""
    if not last.format.startswith("keras"):
        return {key: key for key in keys}
    by_name = {last.columns.name(row): last.columns.keys[row] for row in range(len(last.columns))}
    known = {one.key: one.stored or by_name.get(one.name, one.key) for one in card.bindings}
    return {key: known.get(key, key) for key in keys}


def _same(first: TensorSource, key: str, last: TensorSource, end: str) -> bool:
    if key not in first.columns or end not in last.columns:
        return False
    a, b = first.columns.of(key), last.columns.of(end)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    return _digest(first.blocks(key)) == _digest(last.blocks(end))


def _digest(blocks: Iterable[NDArray[Any]]) -> bytes:
    """A digest of values, whatever blocks they come in."""
    digest = hashlib.blake2b()
    for block in blocks:
        if block.dtype.hasobject:
            for text in block.flat:
                digest.update(b"%d:" % len(text))
                digest.update(text)
        else:
            digest.update(block.tobytes())
    return digest.digest()
