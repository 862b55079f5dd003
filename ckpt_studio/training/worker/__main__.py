"""The training process, `python -m ckpt_studio.training.worker PARENT`: `training.child` starts it, nobody imports."""

from __future__ import annotations

import os
import sys
import traceback
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.training.worker.faults import NotANumber, Refused, StoppedFirst
from ckpt_studio.training.worker.link import Link
from ckpt_studio.training.worker.process import keep_temporaries_in, limit_memory, obey_signals, settle

_SENTENCE = 600


def main(parent: int) -> NoReturn:
    """Import TensorFlow, wait for a job, do it, and say how it ended."""
    settle(parent)
    link = Link()
    obey_signals(link)
    link.start()
    try:
        import tensorflow  # noqa: F401  # ahead of the job, which then begins at once

        if not link.has_job:
            import numpy.random  # noqa: F401  # while nobody waits, as the rest

            from ckpt_studio.training.worker.routes import keras, metagraph  # noqa: F401

        from ckpt_studio.training.worker.job import Job
        from ckpt_studio.training.worker.loop import Loop
        from ckpt_studio.training.worker.routes.registry import route_named

        link.say("ready", pid=os.getpid())
        job = Job.load(link.wait_for_job())
        link.log_to(job.folder.log)
        keep_temporaries_in(job.folder.work)
        limit_memory(job.spec.memory_limit)
        os.chdir(job.folder.path)
        link.say("state", state="compiling")
        finished, message = Loop(job, link, route_named(job.route).build(job, link)).go()
        link.say("done", state="finished" if finished else "stopped", message=message)
    except StoppedFirst:
        link.say("done", state="stopped", message="The run was stopped before its first step.")
    except BaseException as error:
        if not isinstance(error, Refused):  # the card says it all
            traceback.print_exc()
        cause, message = _told(error)
        link.say("failed", cause=cause, message=message[:_SENTENCE])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # TensorFlow's own threads may take their time, and nobody needs them any more


def _told(error: BaseException) -> tuple[str, str]:
    """Cause and sentence of an exception."""
    if isinstance(error, NotANumber):
        return "nan", error.message
    if isinstance(error, Refused):
        return "refused", error.message
    if isinstance(error, CkptStudioError):
        return "exception", error.message
    kind = type(error).__name__
    said = _first_words(str(error)) or "no further words"
    if isinstance(error, MemoryError) or kind == "ResourceExhaustedError":
        return "out_of_memory", f"The training process ran out of memory ({said}); use a smaller batch."
    node = getattr(getattr(error, "op", None), "name", None)
    if (
        node is not None
    ):  # TensorFlow's errors: the place in the graph says more than that in TensorFlow's own code
        return "exception", f"{kind} at the node {node}: {said}."
    if isinstance(error, PermissionError):
        said += '; name what the run may read beside its recipe and data as "reads" in the SPEC'
    return "exception", f"{kind}{_place(error)}: {said}."


def _place(error: BaseException) -> str:
    """File and line of an exception: the last one of the person's own code, else the last."""
    frames = traceback.extract_tb(error.__traceback__)
    not_theirs = (sys.prefix, sys.base_prefix, str(Path(__file__).parents[2]), "<")
    own = [frame for frame in frames if not frame.filename.startswith(not_theirs)]
    last = next(reversed(own or frames), None)
    return "" if last is None else f" in {Path(last.filename).name}, line {last.lineno}"


def _first_words(text: str) -> str:
    """The line of an error's text that says what is wrong: TensorFlow puts where the node was made before it."""
    lines = [line.strip() for line in text.strip().splitlines()]
    after = (second for first, second in pairwise(lines) if first.startswith("Node: '"))
    return next(filter(None, (*after, *lines)), "").rstrip(".")


if __name__ == "__main__":
    main(int(sys.argv[1]))
