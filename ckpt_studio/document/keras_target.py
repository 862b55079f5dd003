"""What a document becomes in a file of Keras: what it was in one laid out alike, else by the names of layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Role, TensorSource
from ckpt_studio.document.keras_model import (
    KerasTarget,
    archive_target,
    misfit,
    renumbered,
    whole_model_target,
    without_names,
)
from ckpt_studio.document.keras_order import standings, without_model
from ckpt_studio.document.wording import counted
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.keras.checkpoint import KerasArchive, KerasFile
from ckpt_studio.formats.keras.from_names import Named, legacy_places, weights_places
from ckpt_studio.formats.keras.layers import without_number
from ckpt_studio.formats.keras.optimizer import is_optimizer
from ckpt_studio.formats.keras.write import KerasArchiveWriter, KerasH5Writer, KerasWriter


def keras_target(
    writer: KerasWriter, view: TensorSource, base: Checkpoint, rows: NDArray[np.int64], names: list[str]
) -> KerasTarget:
    """What is written.

    Args:
        writer: of the file that is written.
        view: the staged view of `base`.
        base: the checkpoint.
        rows: what the format can hold of the view.
        names: what a person calls them.

    Raises:
        RequestFault: nothing can be written so; the sentence says why.
    """
    if isinstance(writer, KerasArchiveWriter):
        if isinstance(base, KerasArchive):
            return archive_target(writer, view, base, rows)
        raise RequestFault(
            "A .keras file holds the model itself, which only another one tells: `ckpt-studio convert --like` goes by "
            "a .keras file of the same model; or write .weights.h5 and load that into the model."
        )
    lost: tuple[str, ...] = ()
    if isinstance(base, KerasFile) and base.groups:
        keys = view.columns.keys.take(rows.tolist())
        if isinstance(writer, KerasH5Writer) and base.format == "keras_h5":
            if "model_config" not in base.groups.get("", {}):
                return KerasTarget(replace(writer, groups=without_names(base.groups, keys)), rows, keys)
            why = misfit(view.columns, base, rows)
            if not why:
                return whole_model_target(writer, view, base, rows)
            lost = (f"The model and the state of its training, whose variables are fixed: {why}.",)
        elif not isinstance(writer, KerasH5Writer) and base.format != "keras_h5":
            return KerasTarget(replace(writer, groups=base.groups), rows, renumbered(keys))
    return _by_names(writer, view, base, rows, names, lost)


def _by_names(
    writer: KerasWriter,
    view: TensorSource,
    base: Checkpoint,
    rows: NDArray[np.int64],
    names: list[str],
    lost: tuple[str, ...],
) -> KerasTarget:
    """Weights where Keras looks for them, without an optimizer."""
    columns = view.columns
    others = np.isin(columns.role[rows], (Role.slot, Role.counter, Role.metadata))
    others |= [is_optimizer(without_number(name.partition("/")[0])) for name in names]
    gone = rows[others]
    if len(gone):
        lost += (f"Of the optimizer, and counters: {counted(columns, gone)}.",)
    rows = rows[~others]
    names = [name for name, other in zip(names, others.tolist(), strict=True) if not other]
    keys = columns.keys.take(rows.tolist())
    trained = (columns.role[rows] != Role.statistic) & (columns.trainable[rows] != 0)
    found = [
        Named(name, trained=bool(live), standing=standing)
        for name, live, standing in zip(
            without_model(base, keys, names), trained.tolist(), standings(base, keys), strict=True
        )
    ]
    if not found:
        raise RequestFault("There are no weights in this checkpoint.")
    placed = legacy_places(found) if isinstance(writer, KerasH5Writer) else weights_places(found)
    return KerasTarget(
        replace(writer, groups=placed.groups), rows, list(placed.paths), (*lost, *placed.doubts)
    )
