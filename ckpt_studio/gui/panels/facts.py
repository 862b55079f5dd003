"""What the details panel shows, gathered on a background thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ckpt_studio.analysis.classes import count_classes, percentiles
from ckpt_studio.analysis.kinds import Kind, kind_of
from ckpt_studio.analysis.remembered import remembered_statistics
from ckpt_studio.analysis.statistics import Statistics
from ckpt_studio.analysis.text import TextFigures, text_figures
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import Role, RoleSource, Stored, TensorInfo, decode
from ckpt_studio.gui.format_words import format_words
from ckpt_studio.gui.texts import (
    byte_size,
    filled,
    opaque_sentence,
    shape_text,
    shortened,
    translate,
    visible,
)

if TYPE_CHECKING:
    from ckpt_studio.analysis.remembered import FigureCache
    from ckpt_studio.core.tensors import Columns
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.standing import KeyState

FIGURES: Final = (
    "count", "min", "max", "max_abs", "mean", "std", "l2", "l1", "zeros", "denormals", "nan", "inf", "neg_inf",
)  # fmt: skip
SHARES: Final = {"p1": 0.01, "p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}
"""Percentiles, as shares of the finite values."""
TEXTS: Final = ("lengths", "empty", "distinct", "common")
"""What is said of strings."""
_MOST_COMMON: Final = 5
_LONGEST_COMMON: Final = 40
_LONGEST: Final = 400
_MOST_SLOTS: Final = 8
_NO_DATA: Final = (".index", ".meta", ".json", ".pb", ".pbtxt")
"""Ends of files that hold no values, but of those that belong to a checkpoint."""


def _shown(text: str) -> str:
    return visible(shortened(text, _LONGEST))


@dataclass(frozen=True, slots=True)
class Other:
    """Another variable to go to: what it is called here, and its key."""

    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known without reading values.

    Attributes:
        info: the variable as staged.
        state: how edits have left it.
        stored: where its bytes lie, where they are encoded as in a V2 bundle.
        format: of the checkpoint, as CONTRACT.md names it.
        files: the checkpoint's files that may hold the values.
        weight: the weight that this slot belongs to.
        weight_frozen: whether that is frozen.
        slots: the first slots of this weight.
        more_slots: how many there are beside these.
    """

    info: TensorInfo
    state: KeyState
    stored: Stored | None
    format: str
    files: tuple[str, ...]
    weight: Other | None
    weight_frozen: bool
    slots: tuple[Other, ...]
    more_slots: int

    @property
    def path(self) -> str:
        """The file that holds the values, for showing."""
        return "\n".join(map(_shown, self.files)) if self.stored is None else _shown(self.stored.path)

    def lines(self) -> list[tuple[str, str]]:
        """Name of the fact and its text; what does not apply is left out."""
        info = self.info
        lines = [("name", _shown(info.name)), ("key", _shown(info.key))]
        if info.object_path:
            lines.append(("object", _shown(info.object_path)))
        lines += [
            ("shape", shape_text(info.shape)),
            ("dtype", info.dtype.name),
            ("bytes", byte_size(info.nbytes) + (f" ({info.nbytes:,} B)" if info.nbytes >= 1000 else "")),
            ("role", self._role()),
            ("training", self._training()),
        ]
        if self.state.replaced_by is not None:
            lines.append(("staged", f"● {_shown(self.state.replaced_by)}"))
        if self.state.renamed_from is not None:
            lines.append(("renamed", _shown(self.state.renamed_from)))
        lines += self._place()
        if info.error is not None:
            lines.append(("fault", visible(info.error)))
        elif info.dtype.numpy is None:
            lines.append(("opaque", opaque_sentence(info.dtype.name)))
        return lines

    def _place(self) -> list[tuple[str, str]]:
        lines = [("format", format_words(self.format))]
        if self.stored is not None:
            lines.append(("place", f"{_shown(Path(self.stored.path).name)} @ {self.stored.offset:,}"))
            if self.stored.crc is not None:
                lines.append(("crc", f"{self.stored.crc:#010x}"))
            return lines
        if self.files and self.state.replaced_by is None:
            first, others = _shown(Path(self.files[0]).name), len(self.files) - 1
            more = filled(translate("Facts", "%1 and others (%2)"), first, str(others))
            lines.append(("place", more if others else first))
        return lines

    def _role(self) -> str:
        sources = {
            RoleSource.by_name: translate("Facts", "%1 — by its name"),
            RoleSource.object_graph: translate("Facts", "%1 — from the object graph"),
            RoleSource.meta_graph: translate("Facts", "%1 — from the MetaGraph"),
            RoleSource.config: translate("Facts", "%1 — from the model's config"),
        }  # fmt: skip
        return filled(sources[self.info.role_source], self._role_alone())

    def _role_alone(self) -> str:
        if self.weight is not None:
            slot = "" if self.info.slot_name is None else _shown(self.info.slot_name)
            words = (
                translate("Facts", "optimizer slot %1 of %2")
                if slot
                else translate("Facts", "optimizer slot of %2")
            )
            return filled(words, slot, self.weight.text)
        roles = {
            Role.weight: translate("Facts", "weight"),
            Role.slot: translate("Facts", "optimizer slot"), Role.counter: translate("Facts", "counter"),
            Role.statistic: translate("Facts", "moving statistic"), Role.metadata: translate("Facts", "metadata"),
        }  # fmt: skip
        return roles[self.info.role]

    def _training(self) -> str:
        if self.state.dropped:
            return translate("Facts", "✕ dropped (staged)")
        if self.state.frozen and self.weight_frozen:
            return translate("Facts", "❄ frozen with its weight")
        if self.state.frozen and not self.state.original_frozen:
            return translate("Facts", "❄ frozen (staged)")
        if self.state.original_frozen and not self.state.frozen:
            return translate("Facts", "trainable (staged; was frozen)")
        if self.info.role == Role.slot and not self.state.frozen:
            return translate("Facts", "changes with its weight")
        if self.info.role not in (Role.weight, Role.slot):
            return translate("Facts", "not trained: no weight")
        if self.state.frozen and (self.info.role == Role.slot or self.info.trainable is not False):
            return translate("Facts", "❄ frozen — by the edits that this checkpoint was written with")
        if self.info.trainable is None:
            return translate("Facts", "trainable — nothing says otherwise")
        if self.info.trainable:
            return filled(translate("Facts", "trainable — says %1"), self._who_says())
        return filled(translate("Facts", "❄ frozen — not trained, says %1"), self._who_says())

    def _who_says(self) -> str:
        words = {
            RoleSource.object_graph: translate("Facts", "the object graph"),
            RoleSource.meta_graph: translate("Facts", "the MetaGraph"),
            RoleSource.config: translate("Facts", "the model's config"),
        }
        return words.get(self.info.role_source, translate("Facts", "the checkpoint"))


@dataclass(frozen=True, slots=True)
class Figures:
    """Statistics as staged, and as they are on disk where the values were swapped."""

    staged: Statistics
    original: Statistics | None

    def lines(self) -> list[tuple[str, str, str | None]]:
        """Name, text, and the text of what it was before."""
        lines = []
        for name in FIGURES:
            if name == "neg_inf" and not self.staged.inf:
                continue
            now = getattr(self.staged, name)
            before = None if self.original is None else getattr(self.original, name)
            if now is not None or before is not None:
                lines.append((name, _number(now), None if self.original is None else _number(before)))
        return lines


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def read_facts(document: Document, key: str) -> Facts:
    """What is known about a variable.

    Raises:
        NoSuchVariable: no such key.
    """
    source, own_key = document.shown(key)
    columns, info = source.columns, source.columns.of(own_key)
    try:
        stored = source.stored(own_key)
    except CkptStudioError:
        stored = None
    files = document.base.files()
    row = columns.row(own_key)
    slots = np.flatnonzero(columns.slot_of == row) if columns.slot_of[row] < 0 else np.empty(0, np.int64)
    return Facts(
        info=info,
        state=document.state(key),
        stored=stored,
        format=document.base.format,
        files=tuple(path for path in files if not path.endswith(_NO_DATA)) or files,
        weight=None if info.slot_of is None else Other(_shown(columns.of(info.slot_of).name), info.slot_of),
        weight_frozen=info.slot_of is not None and document.state(info.slot_of).frozen,
        slots=_slots(columns, slots[:_MOST_SLOTS].tolist()),
        more_slots=max(0, len(slots) - _MOST_SLOTS),
    )


def _slots(columns: Columns, rows: list[int]) -> tuple[Other, ...]:
    """Slots by their own names, those that have none or share it by what the checkpoint calls them."""
    infos = [columns.info(row) for row in rows]
    own = [info.slot_name for info in infos]
    return tuple(
        Other(
            _shown(info.slot_name if info.slot_name and own.count(info.slot_name) == 1 else info.key),
            info.key,
        )
        for info in infos
    )


def read_figures(document: Document, key: str, cache: FigureCache, task: Task) -> Figures:
    """The statistics of a variable.

    Raises:
        FileFault: its values cannot be read.
        Cancelled: something else is looked at.
    """
    (staged, own_key), before = document.shown(key), document.original(key)
    original = None
    if before is not None and before[0].identity(before[1]) != staged.identity(own_key):
        try:
            original = remembered_statistics(*before, cache, task)
        except CkptStudioError:
            task.check()
    return Figures(remembered_statistics(staged, own_key, cache, task), original)


def read_spread(document: Document, key: str, task: Task) -> dict[str, str]:
    """Percentiles of numbers; lengths and the most common values of strings.

    Raises:
        FileFault: the values cannot be read.
        Cancelled: something else is looked at.
    """
    source, own_key = document.shown(key)
    kind = kind_of(source.columns.of(own_key).dtype)
    if kind is Kind.opaque:
        return {}
    if kind is Kind.text:
        return _of_strings(text_figures(source, own_key, _MOST_COMMON, task))
    classes = count_classes(source, own_key, task)
    values = percentiles(source, own_key, classes, tuple(SHARES.values()), task)
    return {name: _number(value) for name, value in zip(SHARES, values, strict=False)}


def _of_strings(found: TextFigures) -> dict[str, str]:
    if found.mean is None or found.shortest is None or found.longest is None:
        return {}
    words = translate("Facts", "%1 to %2 bytes, %3 on average")
    least = "" if found.exact else "≥ "
    common = (
        f"{count:,} × {visible(shortened(decode(value), _LONGEST_COMMON)) or '“”'}"
        for value, count in found.common
    )
    return {
        "lengths": filled(words, f"{found.shortest:,}", f"{found.longest:,}", f"{found.mean:.1f}"),
        "empty": f"{found.empty:,}",
        "distinct": f"{least}{found.distinct:,}",
        "common": "\n".join(common),
    }
