"""What the details panel shows, gathered on a background thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ckpt_studio.analysis.statistics import Statistics, statistics
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import Role, RoleSource, Stored, TensorInfo
from ckpt_studio.gui.texts import byte_size, shape_text, translate, visible

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document, KeyState

FIGURES = ("count", "min", "max", "mean", "std", "l2", "zeros", "nan", "inf")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known without reading values."""

    info: TensorInfo
    state: KeyState
    stored: Stored | None

    @property
    def path(self) -> str:
        """The file that holds the values, for showing."""
        return "" if self.stored is None else visible(self.stored.path)

    def lines(self) -> list[tuple[str, str]]:
        """Name of the fact and its text; what does not apply is left out."""
        info = self.info
        lines = [("name", visible(info.name))]
        if info.key != info.name:
            lines.append(("key", visible(info.key)))
        if info.object_path and info.object_path != info.name:
            lines.append(("object", visible(info.object_path)))
        lines += [
            ("shape", shape_text(info.shape)),
            ("dtype", info.dtype.name),
            ("bytes", byte_size(info.nbytes) + (f" ({info.nbytes:,} B)" if info.nbytes >= 1000 else "")),
            ("role", self._role()),
        ]
        if info.slot_of is not None:
            slot = info.slot_of if info.slot_name is None else f"{info.slot_of} ({info.slot_name})"
            lines.append(("slot", visible(slot)))
        training = self._training()
        if training:
            lines.append(("training", training))
        if self.state.replaced_by is not None:
            lines.append(
                ("swapped", translate("Facts", "⇄ from %1").replace("%1", visible(self.state.replaced_by)))
            )
        if self.stored is not None:
            lines += [
                ("place", f"{visible(Path(self.stored.path).name)} @ {self.stored.offset:,}"),
                ("crc", f"{self.stored.crc:#010x}"),
            ]
        if info.error is not None:
            lines.append(("fault", visible(info.error)))
        return lines

    def _role(self) -> str:
        roles = {
            Role.weight: translate("Facts", "weight"),
            Role.slot: translate("Facts", "optimizer slot"), Role.counter: translate("Facts", "counter"),
            Role.statistic: translate("Facts", "moving statistic"), Role.metadata: translate("Facts", "metadata"),
        }  # fmt: skip
        sources = {
            RoleSource.by_name: translate("Facts", "by its name"),
            RoleSource.object_graph: translate("Facts", "by the object graph"),
            RoleSource.meta_graph: translate("Facts", "by the MetaGraph"),
            RoleSource.config: translate("Facts", "by the model's configuration"),
        }  # fmt: skip
        return f"{roles[self.info.role]} ({sources[self.info.role_source]})"

    def _training(self) -> str:
        if self.state.frozen:
            return (
                translate("Facts", "❄ frozen")
                if self.state.original_frozen
                else translate("Facts", "❄ frozen (staged)")
            )
        if self.state.original_frozen:
            return translate("Facts", "trainable (staged; was frozen)")
        if self.info.role not in (Role.weight, Role.slot):
            return ""
        if self.info.trainable is None:
            return translate("Facts", "trainable, as far as is known")
        return translate("Facts", "trainable") if self.info.trainable else ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Statistics as staged, and as they are on disk where the values were swapped."""

    staged: Statistics
    original: Statistics | None

    def lines(self) -> list[tuple[str, str, str | None]]:
        """Name, text, and the text of what it was before."""
        lines = []
        for name in FIGURES:
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
    staged = document.staged
    try:
        stored = staged.stored(key)
    except CkptStudioError:
        stored = None
    return Facts(staged.columns.of(key), document.state(key), stored)


def read_figures(document: Document, key: str, task: Task) -> Figures:
    """The statistics of a variable.

    Raises:
        FileFault: its values cannot be read.
        Cancelled: something else is looked at.
    """
    staged = document.staged
    before, before_key = document.original(key)
    swapped = before.identity(before_key) != staged.identity(key)
    original = None
    if swapped:
        try:
            original = statistics(before, before_key, task)
        except CkptStudioError:
            task.check()
    return Figures(statistics(staged, key, task), original)
