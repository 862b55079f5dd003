"""What lies beside a run's checkpoints so that a resumed run computes the same bits: seeds, threads, flags."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from ckpt_studio.training.run_folder import RUN_STATE
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.live import LiveVariable

_FLAGS: Final = ("TF_ENABLE_ONEDNN_OPTS", "TF_DETERMINISTIC_OPS", "XLA_FLAGS", "TF_XLA_FLAGS")
_VERSION: Final = 1


def circumstances(job: Job) -> dict[str, Any]:
    """What the bits depend on beside the values."""
    return {
        "tensorflow": tf.__version__,
        "intra_op": job.intra_op,
        "inter_op": job.inter_op,
        "seed": job.spec.seed,
        "batch_size": job.spec.batch_size,
        **{flag: os.environ.get(flag, "") for flag in _FLAGS},
    }


def encode_state(job: Job, variables: Sequence[LiveVariable]) -> bytes:
    """The state as it is written beside a checkpoint."""
    carried = {one.told.name: [one.told.dtype, one.value().tolist()] for one in variables if one.told.carried}
    state = {"version": _VERSION, "carried": carried, "circumstances": circumstances(job)}
    return json.dumps(state).encode("ascii") + b"\n"


def restore_state(job: Job, variables: Sequence[LiveVariable]) -> tuple[str, ...]:
    """Give seeds and the like the state that lies beside the start; why resuming is not exact, one sentence each."""
    path = job.folder.start / RUN_STATE
    held = [one for one in variables if one.told.carried]
    if not path.is_file():
        if held and job.card.start_step:
            names = ", ".join(one.told.name for one in held[:4])
            return (
                f"No values for {names} lie beside the checkpoint, and it cannot hold them: they begin anew.",
            )
        return ()
    try:
        state = json.loads(path.read_text("ascii"))
        carried, before = dict(state["carried"]), dict(state["circumstances"])
    except (ValueError, KeyError, TypeError):
        return ("The state beside the checkpoint is damaged, so random numbers and the like begin anew.",)
    reasons = []
    for one in held:
        if one.told.name not in carried:
            reasons.append(f"The checkpoint does not hold the state of {one.told.name}, which begins anew.")
            continue
        dtype, values = carried[one.told.name]
        one.variable.assign(np.array(values, dtype))
    now = circumstances(job)
    for name in now:
        if name in before and before[name] != now[name]:
            reasons.append(
                f"The checkpoint was trained with {name} {before[name]}, and this run has {now[name]}."
            )
    return tuple(reasons)
