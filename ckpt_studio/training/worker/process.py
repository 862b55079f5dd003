"""How the training process behaves towards the system: it dies with its parent, and before it when memory runs out."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from ckpt_studio.training.worker.link import ORPHANED, Link

_PR_SET_PDEATHSIG = 1
_OOM_SCORE = "500"


def settle(parent: int) -> None:
    """Tie this process to its parent, by process id, and make it the first to go when memory runs out."""
    faulthandler.enable()
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(ORPHANED)  # it died before we were tied to it
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, "ascii")


def obey_signals(link: Link) -> None:
    """A SIGTERM from outside means what Stop means; Ctrl-C is the parent's business."""
    signal.signal(signal.SIGTERM, lambda *_: link.ask_to_stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def limit_memory(mebibytes: int | None) -> None:
    """Let this process take no more memory of its own, where the system knows such a limit."""
    if mebibytes is not None:
        with suppress(ImportError, ValueError, OSError):
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (mebibytes << 20, mebibytes << 20))


def keep_temporaries_in(folder: Path) -> None:
    """Let Python's and TensorFlow's temporary files lie in the run folder, where they are removed with it."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        os.environ[name] = str(folder)
    os.environ["CKPT_STUDIO_HOME"] = str(folder)  # records of saves belong to the run too
    import tempfile

    tempfile.tempdir = str(folder)
