"""What surrounds a run on disk: start checkpoint and job before it, the proof about frozen variables after it."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from ckpt_studio import __version__
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.training.card import Card
from ckpt_studio.training.run_folder import CHECKPOINT_NAME, RunFolder
from ckpt_studio.training.spec import RunSpec


def write_start(folder: RunFolder, source: TensorSource, base: Checkpoint, card: Card, task: Task) -> str:
    """Write the staged view, with its graph, as the checkpoint that the run begins with; its prefix.

    Never by links: the training process may write inside the run folder, and must not reach the original through it.

    Raises:
        SaveFault, FileFault, Cancelled: as `write_bundle`.
    """
    prefix = str(folder.start / f"{CHECKPOINT_NAME}-{card.start_step}")
    write_bundle(
        source,
        prefix,
        take_over=base if isinstance(base, Bundle) else None,
        meta=Path(card.meta_graph),
        state="new",
        task=task,
    )
    return prefix


def job_of(spec: RunSpec, card: Card, start: str) -> dict[str, Any]:
    """What the training process is told, as `run.json` holds it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "version": 1,
        "program": __version__,
        "spec": spec.to_json(),
        "start": start,
        "start_step": card.start_step,
        "step_variable": card.step_variable,
        "train_ops": list(card.train_ops),
        "loss": card.loss,
        "frozen": list(card.frozen),
        "steps": spec.steps,
        "save_every": spec.save_every,
        "max_to_keep": spec.max_to_keep,
        "data_file": None if spec.data is None else spec.data.file,
        "mapping": dict(card.mapping),
        "batch_size": spec.batch_size,
        "seed": spec.seed,
        "reads_files": any(risk.kind in ("files", "other") for risk in card.risks),
        "threads": {"intra_op": cores, "inter_op": cores},
    }


def frozen_unchanged(start: str, end: str, frozen: Collection[str]) -> bool:
    """Whether two checkpoints hold the same bits, dtypes and shapes for every frozen key.

    Raises:
        FileFault: one of them cannot be read.
    """
    first, last = open_bundle(start), open_bundle(end)
    try:
        return all(_same(first, last, key) for key in sorted(frozen) if key in first.columns)
    finally:
        first.close()
        last.close()


def _same(first: TensorSource, last: TensorSource, key: str) -> bool:
    if key not in last.columns:
        return False
    a, b = first.columns.of(key), last.columns.of(key)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    pairs = zip(first.blocks(key), last.blocks(key), strict=True)
    if a.dtype.name == "string":
        return all(np.array_equal(x, y) for x, y in pairs)
    return all(x.tobytes() == y.tobytes() for x, y in pairs)
