"""The training process, `python -m ckpt_studio.training.worker PARENT`: `training.child` starts it, nobody imports."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from typing import NoReturn

from ckpt_studio.training.worker.faults import Refused, StoppedFirst
from ckpt_studio.training.worker.link import Link
from ckpt_studio.training.worker.process import keep_temporaries_in, limit_memory, obey_signals, settle

_SENTENCE = 600
_WHILE_NOBODY_WAITS = (
    "numpy.random",
    "ckpt_studio.training.worker.routes.keras",
    "ckpt_studio.training.worker.routes.metagraph",
)
"""Imported ahead of the job, if that is not there yet."""


def main(parent: int) -> NoReturn:
    """Import TensorFlow, wait for a job, do it, and say how it ended."""
    settle(parent)
    link = Link()
    obey_signals(link)
    link.start()
    try:
        import tensorflow  # noqa: F401  # ahead of the job, which then begins at once

        if not link.has_job:
            for name in _WHILE_NOBODY_WAITS:
                import_module(name)

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
        from ckpt_studio.training.worker.blame import told

        cause, message, place = told(error)
        link.say("failed", cause=cause, message=message[:_SENTENCE], place=place)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # TensorFlow's own threads may take their time, and nobody needs them any more


if __name__ == "__main__":
    main(int(sys.argv[1]))
