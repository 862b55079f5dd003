"""Looks whether data is to blame for a loss that is no number: nobody reads all of it before that."""

from __future__ import annotations

import numpy as np

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.training.card import Card
from ckpt_studio.training.data import read_data
from ckpt_studio.training.worker.job import Job


def odd_data(job: Job, card: Card) -> str:
    """A sentence, with a space before it, about arrays whose values are no finite numbers; empty where there are none.

    Args:
        job: the run.
        card: what it feeds.
    """
    file = None if job.spec.data is None else job.spec.data.file
    names = sorted({source for source in card.mapping.values() if isinstance(source, str)})
    try:
        values = {} if file is None else read_data(file, names)
    except CkptStudioError:
        return ""
    found = [
        repr(name) for name, one in values.items() if one.dtype.kind == "f" and not np.isfinite(one).all()
    ]
    if not found:
        return ""
    what = f"The array {found[0]} holds" if len(found) == 1 else f"The arrays {', '.join(found)} hold"
    return f" {what} values that are no finite numbers; leave those rows out."
