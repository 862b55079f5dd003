"""Training processes that are forked from one that has imported TensorFlow already, for tests that make many.

A real one is `python -m ckpt_studio.training.worker`, whose import costs more than the run of a small graph. What a
process does from there on, from taking over its pipes to its exit status, is the same; what tests do to the process
itself (signals, the death of its parent) they do to a real one.

    the test  --starts-->  relay: hands its pipes over, waits for the status, ends with it
    `ForkedWorkers`  --starts-->  server: imports, forks a keeper for each relay
    keeper: forks the worker, tells the relay how it ended, and ends it when the relay is gone
"""

from __future__ import annotations

import array
import os
import select
import signal
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from ckpt_studio.training.child import Child, _environment

STARTED = b"s"

RELAY = """
import array, os, signal, socket, sys
with socket.socket(socket.AF_UNIX) as link:
    link.connect(sys.argv[1])
    link.sendmsg([b"s"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
    os.close(0)
    os.close(1)
    status = int(link.recv(16) or 111)
if status < 0:
    os.kill(os.getpid(), -status)
os._exit(status)
"""


class ForkedWorkers:
    """The server, and the children that come from it.

    Args:
        folder: where its socket may lie.
    """

    def __init__(self, folder: Path) -> None:
        self._address = str(folder / "workers")
        self._server = subprocess.Popen(
            [sys.executable, "-m", __name__, self._address], env=_environment(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._server.stdout is not None
        assert self._server.stdout.read(1) == STARTED

    def child(self) -> Child:
        """A training process that has imported TensorFlow."""
        return Child((sys.executable, "-S", "-E", "-c", RELAY, self._address))

    def close(self) -> None:
        """End the server; workers end with their relays."""
        self._server.kill()
        self._server.communicate()


def serve(address: str) -> None:
    """Import what every worker needs, which must run no operation, then fork a keeper for every relay."""
    for name in ("loop", "routes.keras", "routes.metagraph", "routes.recipe", "routes.saved_model"):
        import_module(f"ckpt_studio.training.worker.{name}")

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        os.write(1, STARTED)
        while True:
            link, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                keep(link)
            link.close()


def keep(link: socket.socket) -> None:
    """Fork the worker and watch it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, ancillary, _, _ = link.recvmsg(1, socket.CMSG_SPACE(12))
    streams = array.array("i", ancillary[0][2])
    keeper = os.getpid()
    worker = os.fork()
    if worker == 0:
        link.close()
        work(list(streams), keeper)
    for stream in streams:
        os.close(stream)
    watcher = select.poll()
    watcher.register(link, select.POLLIN | select.POLLHUP)
    while True:
        if watcher.poll(20):
            os.kill(worker, signal.SIGKILL)
        ended, status = os.waitpid(worker, os.WNOHANG)
        if ended:
            link.send(str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)


def work(streams: list[int], keeper: int) -> None:
    """What `python -m ckpt_studio.training.worker` does once it runs."""
    from ckpt_studio.training.worker.__main__ import main

    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    main(keeper)


if __name__ == "__main__":
    serve(sys.argv[1])
