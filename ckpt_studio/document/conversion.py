"""What a document becomes in the format that a target's ending names: which variables, under which keys, and what not.

Everything that cannot be kept is a sentence, said before anything is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import distinct
from ckpt_studio.core.dtypes import BY_NAME, FOREIGN, DType, unknown
from ckpt_studio.core.errors import Corrupt, RequestFault
from ckpt_studio.core.tensors import Columns, TensorSource
from ckpt_studio.document.keras_target import keras_target
from ckpt_studio.document.object_based import ObjectBased, object_keys
from ckpt_studio.document.renamed import Renamed
from ckpt_studio.document.wording import counted
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.keras.write import KerasWriter
from ckpt_studio.formats.roles.by_name import GRAPH_KEY
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from ckpt_studio.formats.writers import writer_of
from ckpt_studio.formats.writing import Writer, damage_refusal

NamesAs: TypeAlias = Literal["auto", "keys", "full", "objects"]
"""What variables are called in the target: as in the source (`keys`), by full names, by full names with an object graph
(V2 bundles only), or by full names everywhere but in a V2 bundle (`auto`)."""

Sentences: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Conversion:
    """What is written.

    Attributes:
        writer: what writes it; None for a V2 bundle.
        source: the variables, under the keys that they have in the target.
        new_keys: those by the keys of the document, None where they are the same.
        lost: what cannot be kept, as sentences.
        graph_fits: whether the MetaGraph of the document still names what is written.
    """

    writer: Writer | None
    source: TensorSource
    new_keys: Mapping[str, str] | None = None
    lost: tuple[str, ...] = ()
    graph_fits: bool = True

    def key(self, key: str) -> str | None:
        """What a variable of the document is called in the target; None if it is left out."""
        return key if self.new_keys is None else self.new_keys.get(key)


def conversion_to(view: TensorSource, base: Checkpoint, path: str, names: NamesAs = "auto") -> Conversion:
    """What writing a staged view of `base` to `path` means.

    Raises:
        RequestFault: nothing can be written so; the sentence says why.
        FileFault: variables are damaged.
    """
    writer = writer_of(path)
    if names == "objects" and writer is not None:
        raise RequestFault(
            "Only a TensorFlow checkpoint has an object graph; give a prefix as the target.", path=path
        )
    if names == "auto":
        names = "keys" if writer is None else "full"
    kept_as = _passed_on if isinstance(base, Bundle) else _known
    rows, lost = _kept_rows(view.columns, kept_as if writer is None else writer.kept_as)
    if writer is not None or names != "keys":
        rows, lost = _without_graph(view.columns, rows, lost, names)
    if not len(rows) and len(view.columns):
        raise RequestFault("Nothing of this checkpoint can be kept in that format.")
    if writer is None and names == "keys":
        return (
            Conversion(None, view) if len(rows) == len(view.columns) else _as_called(None, view, rows, lost)
        )
    if writer is not None:
        _refuse_damage(view.columns, rows)
        lost += () if base.meta_graph is None else ("The graph (.meta).",)
    if isinstance(writer, KerasWriter):
        found = keras_target(writer, view, base, rows, _names(view.columns, rows, by_key=False))
        return _as_called(found.writer, view, found.rows, (*lost, *found.lost), found.keys)
    called = _names(view.columns, rows, by_key=names == "keys")
    if names == "objects":
        keys, graph = object_keys(view.columns, rows, called)
        named = _as_called(None, view, rows, lost, keys)
        return replace(named, source=ObjectBased(named.source, graph), graph_fits=False)
    if writer is not None and _has_texts(view.columns, rows):
        lost += writer.loses
    return _as_called(writer, view, rows, lost, called)


def _kept_rows(
    columns: Columns, kept_as: Callable[[DType], DType | None]
) -> tuple[NDArray[np.int64], Sentences]:
    """The rows that the format can hold, and what is said of the others and of those whose type becomes a wider one."""
    kept = np.ones(len(columns), np.bool_)
    graph = columns.keys.find(GRAPH_KEY)
    lost: Sentences = ()
    for number in distinct(columns.dtype).tolist():
        own = unknown(int(number))
        answer = kept_as(own)
        rows = np.flatnonzero(columns.dtype == number)
        if answer is None:
            kept[rows] = False
            rows = rows[rows != graph]
        if len(rows) and answer is None:
            lost += (f"Of type {own.name}, which the format does not have: {counted(columns, rows)}.",)
        elif answer is not None and answer is not own:
            lost += (
                f"Of type {own.name}, written as {answer.name} with the same values: {counted(columns, rows)}.",
            )
    return np.flatnonzero(kept), lost


def _without_graph(
    columns: Columns, rows: NDArray[np.int64], lost: Sentences, names: NamesAs
) -> tuple[NDArray[np.int64], Sentences]:
    """The same without the object graph, which speaks of the old keys."""
    graph = columns.keys.find(GRAPH_KEY)
    if graph < 0:
        return rows, lost
    instead = (
        "another one is made of full names" if names == "objects" else "variables are found by name only"
    )
    return rows[rows != graph], (f"The object graph: {instead}.", *lost)


def _passed_on(own: DType) -> DType | None:
    """A bundle's own types are taken over, whatever they are."""
    return own


def _known(own: DType) -> DType | None:
    """Types of other formats that TensorFlow has none for are left out."""
    return None if own.name in FOREIGN else own


def _refuse_damage(columns: Columns, rows: NDArray[np.int64]) -> None:
    faults = np.array(sorted(columns.faults), np.int64)
    faulty = faults[np.isin(faults, rows)].tolist()
    if faulty:
        raise damage_refusal([columns.name(row) for row in faulty], columns.keys[faulty[0]], Corrupt, None)


def _names(columns: Columns, rows: NDArray[np.int64], *, by_key: bool) -> list[str]:
    """What each row is called: by key where full names are not unique, and no two alike."""
    keys = columns.keys.take(rows.tolist())
    if by_key or columns.names is None:
        return keys
    names = columns.names.take(rows.tolist())
    count = Counter(names)
    taken = set(keys)
    return [
        name if name == key or (count[name] == 1 and name not in taken) else key
        for name, key in zip(names, keys, strict=True)
    ]


def _has_texts(columns: Columns, rows: NDArray[np.int64]) -> bool:
    return bool((columns.dtype[rows] == BY_NAME["string"].number).any())


def _as_called(
    writer: Writer | None,
    view: TensorSource,
    rows: NDArray[np.int64],
    lost: Sentences,
    called: Sequence[str] | None = None,
) -> Conversion:
    """These rows under these keys (default: their own)."""
    old = view.columns.keys.take(rows.tolist())
    new = old if called is None else called
    return Conversion(
        writer, Renamed(view, rows.tolist(), new), dict(zip(old, new, strict=True)), lost, old == new
    )
