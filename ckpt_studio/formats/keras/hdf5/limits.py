"""What the HDF5 process gives up, and what each piece of work may use; nothing where the platform has no limits."""

from __future__ import annotations

import sys
from typing import Final

if sys.platform == "win32":

    def confine() -> None:
        """Windows has no such limits."""

    def allow_memory(nbytes: int) -> None:
        """Windows has no such limits."""

    def allow_processor(seconds: float) -> None:
        """Windows has no such alarms: the parent's clock has to do."""

    def allow_idle(seconds: float) -> None:
        """Windows has no such alarms: the process ends with its parent's pipe."""

else:
    import resource
    import signal

    _GIVEN_UP: Final = ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC")
    _MEMORY: Final = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS

    def confine() -> None:
        """Give up other files, writing, other processes and core files."""
        for name in _GIVEN_UP:
            if hasattr(resource, name):
                resource.setrlimit(getattr(resource, name), (0, 0))

    def allow_memory(nbytes: int) -> None:
        """From now on, no more memory than this in all."""
        hard = resource.getrlimit(_MEMORY)[1]
        resource.setrlimit(_MEMORY, (nbytes if hard == resource.RLIM_INFINITY else min(nbytes, hard), hard))

    def allow_processor(seconds: float) -> None:
        """Let the system end this process after so many more seconds of work (`SIGPROF`); 0: not at all."""
        signal.setitimer(signal.ITIMER_PROF, seconds)

    def allow_idle(seconds: float) -> None:
        """Let the system end this process after so many seconds by the clock (`SIGALRM`); 0: not at all."""
        signal.setitimer(signal.ITIMER_REAL, seconds)
