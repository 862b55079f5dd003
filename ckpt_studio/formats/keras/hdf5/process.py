"""Owns the HDF5 process of one file: starts it when something is asked, serves it the file's bytes, and ends it.

Whatever a file does to the C library happens there. A process that crashes, hangs or takes too much is one fault of
that file in one sentence, and the next request starts a new one.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import weakref
from typing import IO, Any, Final

from ckpt_studio.core.child_environment import child_environment
from ckpt_studio.core.errors import Corrupt, FileFault, InternalFault, Truncated
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.files import FileReader, said
from ckpt_studio.formats.keras.hdf5.frames import (
    MOST_VALUES,
    WANT,
    FrameFault,
    Kind,
    receive_bytes,
    receive_head,
    send,
)
from ckpt_studio.formats.keras.hdf5.image import Image
from ckpt_studio.formats.keras.hdf5.listing import Judge, Listing

_IDLE_SECONDS: Final = 30
_SILENT_LOOKS: Final = 60
_LOOK_SECONDS: Final = 0.5
_COMMAND: Final = (sys.executable, "-P", "-m", "ckpt_studio.formats.keras.hdf5.child", str(_IDLE_SECONDS))
_ENDLESS: Final = frozenset(getattr(signal, name) for name in ("SIGPROF", "SIGXCPU") if hasattr(signal, name))
"""What ends a process that has worked for longer than it may."""
_TOO_LONG: Final = _ENDLESS | frozenset(
    getattr(signal, name) for name in ("SIGKILL",) if hasattr(signal, name)
)
_GONE: Final = frozenset(
    getattr(signal, name) for name in ("SIGALRM", "SIGKILL", "SIGTERM") if hasattr(signal, name)
)
_ATTEMPTS: Final = 2


class _Said(Exception):
    """The process said what is wrong, and is well itself."""

    def __init__(self, fault: FileFault) -> None:
        self.fault = fault


class _Clock:
    """Ends a process that says nothing for too long. A context manager around one request.

    It counts how often it looked, not seconds: while we stand still ourselves (stopped by a shell, or by a debugger),
    nobody listens to what the process says.

    Attributes:
        said_nothing: whether it has said nothing at all yet.
        struck: whether it was ended.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._silent = 0
        self._over = threading.Event()
        self.said_nothing = True
        self.struck = False
        self._thread = threading.Thread(target=self._watch, name="hdf5-clock", daemon=True)

    def __enter__(self) -> _Clock:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def heard(self) -> None:
        """It said something."""
        self.said_nothing = False
        self._silent = 0

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self._silent += 1
            if self._silent > _SILENT_LOOKS:
                self.struck = True
                self._process.kill()
                return


class Hdf5:
    """One HDF5 file. All methods may be called from any thread; requests are answered one at a time.

    Args:
        image: where its bytes lie.
    """

    def __init__(self, image: Image) -> None:
        self.image = image
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Any = None
        self._endless: set[str] = set()

    def listing(self) -> Listing:
        """What it holds.

        Raises:
            Corrupt, Truncated, Changed, FileFault: it cannot be read at all, or not within the limits.
        """
        judge = Judge(self.image)
        with self._lock:
            try:
                self._ask({"do": "list"}, judge=judge)
                return judge.finish()
            except BaseException:
                self._let_go()  # nobody will ask for values of this
                raise

    def read(self, path: str, window: list[tuple[int, int]], nbytes: int | None) -> bytes:
        """Values of a window of a dataset, as `frames` says.

        Args:
            path: of the dataset.
            window: start and stop of each axis.
            nbytes: how many bytes they are, at most `MOST_VALUES`; None for strings.

        Raises:
            Corrupt, Truncated, Changed, FileFault: they cannot be read.
        """
        with self._lock:
            if path in self._endless:
                raise self._busy()
            values = self._ask({"do": "read", "path": path, "window": window})
        if values is None or (nbytes is not None and len(values) != nbytes):
            raise self._odd()
        return values

    def close(self) -> None:
        """End the process; the next request starts a new one."""
        with self._lock:
            self._let_go()

    def _ask(self, request: dict[str, Any], judge: Judge | None = None) -> bytes | None:
        """Ask once, and again where the process had just gone to rest, or somebody had ended it."""
        payload = json.dumps({**request, "size": self.image.size}).encode()
        with self.image.open() as file:
            for _ in range(_ATTEMPTS):
                process = self._started()
                clock = _Clock(process)
                try:
                    with clock:
                        values = self._serve(process, payload, file, clock, judge)
                    file.check_unchanged()
                    return values
                except _Said as said_so:
                    file.check_unchanged()
                    raise said_so.fault from None
                except (FrameFault, OSError):
                    file.check_unchanged()
                    status = self._let_go()
                    if -status in _ENDLESS and "path" in request:
                        self._endless.add(request["path"])  # nobody is to wait for that again
                    if not clock.said_nothing or clock.struck or -status not in _GONE:
                        raise self._ended(status) from None
                except (ValueError, KeyError, TypeError, RecursionError) as error:
                    self._let_go()
                    raise self._odd() from error
                except BaseException:
                    self._let_go()
                    raise
        raise self._odd()

    def _serve(
        self,
        process: subprocess.Popen[bytes],
        payload: bytes,
        file: FileReader,
        clock: _Clock,
        judge: Judge | None,
    ) -> bytes | None:
        """Hand it the request and then what it wants, until it is done."""
        requests, answers = process.stdin, process.stdout
        assert requests is not None
        assert answers is not None
        send(requests, Kind.request, payload)
        values: bytes | None = None
        while True:
            kind, length = receive_head(answers)
            clock.heard()
            if kind is Kind.done:
                return values
            if kind is Kind.want:
                self._give(requests, file, *WANT.unpack(receive_bytes(answers, length)))
            elif kind is Kind.listing and judge is not None:
                judge.take(receive_bytes(answers, length))
            elif kind is Kind.values and judge is None and values is None and length <= MOST_VALUES:
                values = receive_bytes(answers, length)
            elif kind is Kind.fault:
                raise _Said(self._fault(*json.loads(receive_bytes(answers, length))))
            else:
                raise ValueError(f"a frame of kind {kind} out of turn")

    def _give(self, requests: IO[bytes], file: FileReader, offset: int, size: int) -> None:
        if offset + size > self.image.size:
            raise ValueError(f"{size} bytes at {offset} were asked for")
        send(requests, Kind.piece, file.read(self.image.base + offset, size).data)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._let_go()
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    _COMMAND,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=child_environment(
                        OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", HDF5_PLUGIN_PRELOAD="::"
                    ),
                    start_new_session=True,
                )
            except OSError as error:
                raise InternalFault(
                    f"The process that reads HDF5 files could not be started: {error.strerror}."
                ) from error
            self._end = weakref.finalize(self, _end, self._process)
        return self._process

    def _let_go(self) -> int:
        """End the process, if there is one; its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        self._end.detach()
        return _end(process)

    def _fault(self, code: str, detail: str) -> FileFault:
        """What the process says is wrong with the file as a whole."""
        name, path = said(self.image.path), self.image.path
        because = " ".join(printable(str(detail))[:300].split()).rstrip(".")
        if code == "cut":
            return Truncated(
                f"{name} is cut off, so that what it holds cannot be found ({because}).", path=path
            )
        if code == "memory":
            return Corrupt(
                f"{name} asks for more memory than is given to reading it; it is damaged.", path=path
            )
        if code == "too_much":
            return Corrupt(f"{name} holds more than Ckpt Studio reads: {because}.", path=path)
        return Corrupt(f"{name} is a damaged HDF5 file ({because}).", path=path)

    def _ended(self, status: int) -> FileFault:
        """Why the process is gone, which is the file's fault."""
        name, path = said(self.image.path), self.image.path
        if -status in _TOO_LONG:
            return self._busy()
        if status < 0:
            return Corrupt(f"{name} makes the HDF5 library break down; it is damaged.", path=path)
        return FileFault(
            f"The process that reads {name} ended without an answer (exit status {status}).", path=path
        )

    def _busy(self) -> FileFault:
        return Corrupt(
            f"{said(self.image.path)} keeps the HDF5 library busy without end; it is damaged.",
            path=self.image.path,
        )

    def _odd(self) -> FileFault:
        return Corrupt(
            f"{said(self.image.path)} makes the HDF5 library talk nonsense; it is damaged.",
            path=self.image.path,
        )


def _end(process: subprocess.Popen[bytes]) -> int:
    """End a process and wait for that; its exit status."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.05)
    process.kill()
    if process.stdout is not None:
        process.stdout.close()
    return process.wait()
