"""A document in a file that holds the model itself: `.keras`, and `.h5` with a configuration.

The configuration fixes which variables there are. It also says, layer by layer, which of them are trained, and Keras
takes an optimizer's state only if it is that of just these: so both follow the frozen marks. What that means for the
order of things in a `.h5` file is Keras's own rule: of each layer, the trained weights first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Columns, Role, TensorSource
from ckpt_studio.core.texts import some_of
from ckpt_studio.document.wording import counted
from ckpt_studio.formats.files import said
from ckpt_studio.formats.keras.checkpoint import KerasArchive, KerasFile
from ckpt_studio.formats.keras.config import Layer, Place
from ckpt_studio.formats.keras.config_text import with_trainable
from ckpt_studio.formats.keras.hdf5.layout import Groups
from ckpt_studio.formats.keras.hdf5.listing import Listing
from ckpt_studio.formats.keras.layers import VARIABLES
from ckpt_studio.formats.keras.trained import Flags, Inside, flags_for
from ckpt_studio.formats.keras.write import KerasArchiveWriter, KerasWriter

_OPTIMIZER: Final = ("optimizer/", "optimizer_weights/")
"""Where an archive and a `.h5` file keep an optimizer's state."""
_CONFIG: Final = "model_config"
_NAMES: Final = "weight_names"


@dataclass(frozen=True)
class KerasTarget:
    """What is written.

    Attributes:
        writer: writes it.
        rows: int64 [n], of the view.
        keys: what each is called in the file.
        lost: what cannot be kept, as sentences.
    """

    writer: KerasWriter
    rows: NDArray[np.int64]
    keys: Sequence[str]
    lost: tuple[str, ...] = ()


def archive_target(
    writer: KerasArchiveWriter, view: TensorSource, base: KerasArchive, rows: NDArray[np.int64]
) -> KerasTarget:
    """A `.keras` file after the one that was opened.

    Raises:
        RequestFault: no model of this configuration has these variables.
    """
    zipped = base.zipped
    if zipped is None or zipped.config is None or not base.inside:
        raise RequestFault(
            f"{said(base.path)} has no configuration that can be read, so Keras loads no model from it; "
            "write .weights.h5.",
            path=base.path,
        )
    why = misfit(view.columns, base, rows)
    if why:
        raise RequestFault(
            f"The configuration in {said(base.path)} fixes the variables of the model: {why}; revert that, or write "
            "another format, such as .weights.h5.",
            path=base.path,
        )
    flags = _flags(view, base)
    rows, lost = _with_state(view.columns, base.columns, rows, flags)
    keys = renumbered(view.columns.keys.take(rows.tolist()))
    config = with_trainable(zipped.config, flags.layers)
    writer = replace(writer, groups=base.groups, after=zipped, config=config)
    return KerasTarget(writer, rows, keys, (*lost, *_unsaid(flags, view.columns)))


def whole_model_target(
    writer: KerasWriter, view: TensorSource, base: KerasFile, rows: NDArray[np.int64]
) -> KerasTarget:
    """A `.h5` file of a whole model after the one that was opened, whose variables it has."""
    flags = _flags(view, base, _disordered(base))
    rows, lost = _with_state(view.columns, base.columns, rows, flags)
    keys = view.columns.keys.take(rows.tolist())
    groups = dict(without_names(base.groups, keys))
    config = groups[""][_CONFIG]
    if flags.layers and isinstance(config, str):
        groups[""] = {**groups[""], _CONFIG: with_trainable(config, flags.layers)}
        groups |= _reordered(groups, base, flags)
    if not any(key.startswith(_OPTIMIZER) for key in keys):
        groups = {path: told for path, told in groups.items() if not f"{path}/".startswith(_OPTIMIZER)}
    return KerasTarget(replace(writer, groups=groups), rows, keys, (*lost, *_unsaid(flags, view.columns)))


def misfit(columns: Columns, base: KerasFile, rows: NDArray[np.int64]) -> str:
    """Why these are not the model's variables, as a clause; empty where they are. An optimizer's may be missing."""
    own = base.columns
    keys = columns.keys.take(rows.tolist())
    new = [row for key, row in zip(keys, rows.tolist(), strict=True) if key not in own]
    if new:
        return f"{_named(columns, new)} cannot be added, renamed or moved"
    there = set(keys)
    missing = [
        row
        for row in range(len(own))
        if own.keys[row] not in there and not own.keys[row].startswith(_OPTIMIZER)
    ]
    if missing:
        return f"{_named(own, missing)} cannot be left out"
    wrong = [
        row for key, row in zip(keys, rows.tolist(), strict=True) if columns.shape(row) != own.of(key).shape
    ]
    return f"{_named(columns, wrong)} cannot have another shape" if wrong else ""


def _named(columns: Columns, rows: Sequence[int]) -> str:
    return some_of([columns.name(row) for row in rows])


def _flags(view: TensorSource, base: KerasFile, fixed: frozenset[Place] = frozenset()) -> Flags:
    """What the configuration has to say of frozen marks."""
    columns, own = view.columns, base.columns
    inside: dict[str, Inside] = {}
    was, frozen = set(), set()
    for key, one in base.inside.items():
        row, before = columns.keys.find(key), own.keys.find(key)
        if row < 0 or columns.role[row] != Role.weight:
            continue
        if own.trainable[before] == 0 and all(layer.trainable is not False for layer in one.layers):
            continue  # no layer of this class trains it
        inside[key] = one
        if own.trainable[before] == 0:
            was.add(key)
        if columns.trainable[row] == 0:
            frozen.add(key)
    return flags_for(inside, was, frozen, fixed)


def _unsaid(flags: Flags, columns: Columns) -> tuple[str, ...]:
    if not flags.unsaid:
        return ()
    rows = np.array(sorted(columns.row(key) for key in flags.unsaid), np.int64)
    return (
        f"In the model's configuration, the frozen marks of {counted(columns, rows)}: Keras takes them of whole layers "
        "only, and not of layers that are made inside others. The patch beside the file has these marks.",
    )


def _with_state(
    columns: Columns, base: Columns, rows: NDArray[np.int64], flags: Flags
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The rows without what Keras would not take of the optimizer's state, and what is said of that."""
    own = np.array([columns.keys[row].startswith(_OPTIMIZER) for row in rows.tolist()], np.bool_)
    if not own.any():
        return rows, ()
    weights = [*map(columns.keys.__getitem__, columns.slot_of[rows].tolist())]
    idle = own & (columns.slot_of[rows] >= 0) & [key in flags.untrained for key in weights]
    present = set(columns.keys.take(rows[own & ~idle].tolist()))
    wanted = {
        base.keys[row]
        for row in range(len(base))
        if base.keys[row].startswith(_OPTIMIZER)
        and (base.slot_of[row] < 0 or base.keys[int(base.slot_of[row])] not in flags.untrained)
    }
    nobodys = own & (columns.role[rows] == Role.slot) & (columns.slot_of[rows] < 0)
    why = ""
    if flags.thawed:
        thawed = [columns.row(key) for key in sorted(flags.thawed)]
        why = f"there is none for {_named(columns, thawed)}, to be trained again"
    elif flags.layers and nobodys.any():
        why = "which of it belongs to frozen variables is not known"
    elif present != wanted:
        why = "a part of it is left out"
    if why:
        return rows[~own], (
            f"The state of the optimizer, of which Keras takes all or nothing, because {why}: "
            f"{counted(columns, rows[own])}.",
        )
    if not idle.any():
        return rows, ()
    return rows[~idle], (f"The optimizer's state of what is not trained: {counted(columns, rows[idle])}.",)


def _disordered(base: KerasFile) -> frozenset[Place]:
    """Layers of which it is not known in which order Keras keeps their weights once they are not trained.

    That is so where it keeps both kinds of weights and what is in it is not known, or may be made of layers.
    """
    kinds: dict[Place, set[bool]] = {}
    layers: dict[Place, tuple[Layer, ...]] = {}
    for key, one in base.inside.items():
        own = one.layers
        if len(own) > 1:
            kinds.setdefault(own[-1].place, set()).add(base.columns.of(key).role == Role.weight)
            layers[own[-1].place] = own
    mixed = [layers[place] for place, found in kinds.items() if len(found) > 1]
    odd = [own for own in mixed if not own[-1].is_own or own[-1].kind not in VARIABLES]
    return frozenset(layer.place for own in odd for layer in own[1:])


def _reordered(groups: Groups, base: KerasFile, flags: Flags) -> dict[str, Mapping[str, str | list[str]]]:
    """The groups of layers that say something else now, with their weights in the order in which Keras reads them."""
    answer: dict[str, Mapping[str, str | list[str]]] = {}
    for group, attributes in groups.items():
        names = Listing(groups={group: dict(attributes)}).names(group, _NAMES) or []
        inside = {
            name: base.inside[f"{group}/{name}"].layers for name in names if f"{group}/{name}" in base.inside
        }
        if not any(layer.place in flags.layers for own in inside.values() for layer in own[1:]):
            continue
        (_, top, *_) = next(iter(inside.values()))
        ranks: dict[Place, int] = {}
        for part in top.walk():
            ranks.setdefault(part.place, len(ranks))
        # A layer that is not trainable itself has no trained weights, whatever is inside; a Sequential always is.
        whole = top.kind != "sequential" and flags.layers.get(top.place, top.trainable) is False
        names.sort(
            key=lambda name: (
                whole or f"{group}/{name}" not in flags.trained,
                ranks.get(inside[name][-1].place, 0) if name in inside else 0,
            )
        )
        others = {name: told for name, told in attributes.items() if not name.startswith(_NAMES)}
        answer[group] = {**others, _NAMES: names}
    return answer


def renumbered(keys: Sequence[str]) -> list[str]:
    """The same keys, those in an optimizer's `vars/N` numbered anew without gaps, as Keras looks for them."""
    numbers: dict[str, list[int]] = {}
    for key in keys:
        group, _, last = key.rpartition("/")
        if key.startswith(_OPTIMIZER[0]) and last.isdecimal():
            numbers.setdefault(group, []).append(int(last))
    new = {
        f"{group}/{number}": f"{group}/{place}"
        for group, found in numbers.items()
        for place, number in enumerate(sorted(found))
    }
    return [new.get(key, key) for key in keys]


def without_names(groups: Groups, paths: Sequence[str]) -> Groups:
    """The attributes of groups, without the names of weights that are not there any more."""
    kept = set(paths)
    answer: dict[str, dict[str, str | list[str]]] = {}
    for group, attributes in groups.items():
        own = dict(attributes)
        for name in [name for name in own if name.startswith(_NAMES) and isinstance(own[name], list)]:
            own[name] = [weight for weight in own[name] if f"{group}/{weight}" in kept]
        answer[group] = own
    return answer
