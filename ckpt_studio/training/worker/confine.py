"""What the training process gives up before it runs anybody's graph: Landlock, where the kernel has it.

Without root and for good, it can then write only inside the run folder, read only what training needs (everything,
where the graph reads files and the person allowed that), and open no TCP connection but to the run's other workers.
Threads made later inherit it.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ckpt_studio.training.worker.job import Job
    from ckpt_studio.training.worker.link import Link

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH, _NET_PORT = 1, 1, 2
_VERSION_WITH_TCP: Final = 4
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_READ: Final = _EXECUTE | _READ_FILE | _READ_DIR
_IOCTL: Final = 1 << 15
_OF_A_FILE: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | _IOCTL
_TCP: Final = 3
_SIGNALS_AND_SOCKETS: Final = 3
_SYSTEM_FOLDERS: Final = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/sbin",
    "/etc",
    "/opt",
    "/proc",
    "/sys",
)
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def confine(write: Path, read: Iterable[Path] | None, ports: Iterable[int] = ()) -> int:
    """Give up the rest of the file system and the network.

    Args:
        write: the only folder where files may be made or changed.
        read: files and folders beside the system's and Python's own that may be read, or None for all.
        ports: of TCP, on which other workers may be talked with.

    Returns:
        The version of Landlock that holds, 0 where there is none.
    """
    if not sys.platform.startswith("linux"):
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    version = int(libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_FLAG))
    if version < 1:
        return 0
    handled = _handled(version)
    parts = [handled, _TCP, _SIGNALS_AND_SOCKETS][
        : 1 if version < _VERSION_WITH_TCP else 2 if version < 6 else 3
    ]
    attributes = struct.pack(f"<{len(parts)}Q", *parts)
    rules = int(libc.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0))
    if rules < 0:
        return 0
    try:
        _allow(libc, rules, write, handled)
        for path in [Path("/")] if read is None else [*_system(), *read]:
            _allow(libc, rules, path, handled & _READ)
        for device in [*map(Path, _DEVICES), *Path("/dev").glob("nvidia*")]:
            _allow(libc, rules, device, handled & (_READ | _WRITE_FILE | _IOCTL))
        for port in ports if version >= _VERSION_WITH_TCP else ():
            libc.syscall(_ADD_RULE, rules, _NET_PORT, struct.pack("<QQ", _TCP, port), 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return version if libc.syscall(_RESTRICT, rules, 0) == 0 else 0
    finally:
        os.close(rules)


def confine_job(job: Job, link: Link, read: Iterable[Path] | None) -> None:
    """Confine this process to the folder of its job, and say so where the system cannot."""
    ports = [int(address.rpartition(":")[2]) for address in job.spec.workers]
    if confine(job.folder.path, read, ports) == 0:
        link.say(
            "log", text="This system cannot confine the training process to its folder; it runs unconfined."
        )


def _handled(version: int) -> int:
    """The kinds of access that this version can refuse, as bits."""
    bits = 13 if version == 1 else 14 if version == 2 else 15 if version < 5 else 16
    return (1 << bits) - 1


def _system() -> list[Path]:
    """Where the system, the interpreter and the packages lie."""
    ours = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *(p for p in sys.path if p)}
    return [Path(path) for path in (*_SYSTEM_FOLDERS, *sorted(ours))]


def _allow(libc: ctypes.CDLL, rules: int, path: Path, access: int) -> None:
    """Allow kinds of access beneath a path; a path that is not there needs none."""
    with suppress(OSError):
        place = os.open(path, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
        try:
            allowed = access if path.is_dir() else access & _OF_A_FILE
            libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("<Qi", allowed, place), 0)
        finally:
            os.close(place)
