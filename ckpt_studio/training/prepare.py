"""What surrounds a run on disk: start checkpoint and job before it, the proof about frozen variables after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ckpt_studio import __version__
from ckpt_studio.core.tasks import Task, processors
from ckpt_studio.core.tensors import Role, TensorSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.files import read_whole
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.tf_bundle.write_plan import Meta
from ckpt_studio.training.card import Card
from ckpt_studio.training.part import Part
from ckpt_studio.training.run_folder import CHECKPOINT_NAME, RUN_STATE, RunFolder
from ckpt_studio.training.spec import RunSpec
from ckpt_studio.training.variables_file import known_of, write_known

_STATE_BYTES: Final = 64 << 20
_SAVES: Final = "save_counter/.ATTRIBUTES/VARIABLE_VALUE"
_ITERATIONS: Final = re.compile(r"(^|/)iter(ations?)?$")


@dataclass(frozen=True, slots=True)
class Start:
    """What a run begins with.

    Attributes:
        folder: the run's folder.
        source: the staged view.
        base: the checkpoint that it comes from.
        spec: what the run is to do.
        card: what is known of it.
        task: looked at while it is written.
    """

    folder: RunFolder
    source: TensorSource
    base: Checkpoint
    spec: RunSpec
    card: Card
    task: Task

    def write(self, meta: Meta | None = None, prefix: str | None = None) -> str:
        """Write the staged view, with its graph, as the checkpoint that the run begins with; its prefix.

        Never by links: the training process may write inside the run folder, and must not reach the original through
        it. What the staged edits replaced is written beside it (`before`), so that the run can say what they do to the
        loss; and the state that an earlier run left beside its checkpoint goes along.

        Raises:
            SaveFault, FileFault, Cancelled: as `write_bundle`.
        """
        folder, source, base = self.folder, self.source, self.base
        prefix = prefix or str(folder.start / f"{CHECKPOINT_NAME}-{self.card.start_step}")
        own = base if isinstance(base, Bundle) else None
        write_bundle(source, prefix, take_over=own, meta=meta, state="new", task=self.task)
        write_known(folder.known, known_of(source.columns))
        if source is not base:
            replaced = replaced_keys(source, base)
            if replaced:
                write_bundle(Part(base, replaced), str(folder.before), task=self.task)
        state = Path(base.prefix + RUN_STATE)
        if state.is_file():
            (folder.start / RUN_STATE).write_bytes(read_whole(str(state), _STATE_BYTES)[0])
        return prefix


def start_step(source: TensorSource, base: Checkpoint) -> int:
    """The step that a checkpoint was written at: what its name says, else its one counter, else 0.

    `tf.train.Checkpoint.save` numbers files by how many it has saved, and keeps that count in them: where it is what
    the name says, counters of steps know better.
    """
    columns = source.columns
    counts = {
        columns.keys[row]: int(source.read(columns.keys[row]))
        for row in range(len(columns))
        if columns.role[row] == Role.counter and columns.rank[row] == 0 and row not in columns.faults
    }
    saves = counts.pop(_SAVES, None)
    if base.step is not None and base.step != saves:
        return base.step
    of_optimizers = {count for key, count in counts.items() if _ITERATIONS.search(columns.of(key).name)}
    found = of_optimizers if len(of_optimizers) == 1 else set(counts.values())
    return max(0, found.pop()) if len(found) == 1 else base.step or 0


def replaced_keys(source: TensorSource, base: TensorSource) -> tuple[str, ...]:
    """Keys of both whose values differ in them, as far as identities tell."""
    return tuple(
        key
        for key in base.columns.keys
        if key in source.columns and source.identity(key) != base.identity(key) and _is_readable(base, key)
    )


def _is_readable(base: TensorSource, key: str) -> bool:
    info = base.columns.of(key)
    return info.error is None and info.shape is not None


def job_of(spec: RunSpec, card: Card, start: str, *, rehearse: bool = False) -> dict[str, Any]:
    """What the training process is told, as `run.json` holds it."""
    cores = processors()
    return {
        "version": 2,
        "program": __version__,
        "route": card.route,
        "spec": spec.to_json(),
        "start": start,
        "card": card.to_json(),
        "rehearse": rehearse,
        "threads": {"intra_op": cores, "inter_op": cores},
    }
