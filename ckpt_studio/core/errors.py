"""One tree of errors, so that every layer raises the same kinds and every door (window, command line) can say them.

    CkptStudioError
    ├── FileFault                 a file's fault: path, key and offset say where
    │   ├── Unrecognised          no reader knows this path; the message says what it is instead, if known
    │   ├── MissingFile           a file that must be there is not
    │   ├── Truncated             a file or tensor ends too early
    │   ├── Corrupt               bytes that contradict the format
    │   ├── ChecksumMismatch      bytes that contradict their checksum
    │   ├── Changed               another program rewrote the file while it was read
    │   └── Unsupported           valid, but of a kind whose values cannot be shown or written
    ├── RequestFault              what was asked for cannot be done: a wrong key, pattern, patch, spec or target
    │   ├── NoSuchVariable
    │   └── TargetExists
    ├── SaveFault                 a save that did not happen; nothing was left behind
    ├── RunFault                  a run that could not start or that failed
    ├── Cancelled                 a person or a newer request stopped the work
    └── InternalFault             our own mistake

The message is one sentence that a person can act on.
"""

from __future__ import annotations

import os


class CkptStudioError(Exception):
    """Root of all errors that the program raises on purpose.

    Attributes:
        message: one sentence for a person.
        path: the file or folder concerned, or None.
        key: the variable concerned, or None.
        offset: the byte offset in `path`, or None.
        kind: short stable word for the kind, as in the command line's JSON.
    """

    kind = "error"

    def __init__(
        self,
        message: str,
        *,
        path: str | os.PathLike[str] | None = None,
        key: str | None = None,
        offset: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = None if path is None else os.fspath(path)
        self.key = key
        self.offset = offset

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.path, self.key, self.offset))


def _rebuild(
    kind: type[CkptStudioError], message: str, path: str | None, key: str | None, offset: int | None
) -> CkptStudioError:
    return kind(message, path=path, key=key, offset=offset)


class FileFault(CkptStudioError):
    """A fault of a file."""

    kind = "file"


class Unrecognised(FileFault):
    """No reader knows this path."""

    kind = "unrecognised"


class MissingFile(FileFault):
    """A file that must be there is not."""

    kind = "missing"


class Truncated(FileFault):
    """A file or a tensor ends too early."""

    kind = "truncated"


class Corrupt(FileFault):
    """Bytes that contradict the format."""

    kind = "corrupt"


class ChecksumMismatch(FileFault):
    """Bytes that contradict their checksum."""

    kind = "checksum"


class Changed(FileFault):
    """Another program rewrote the file while it was read; trying again may help."""

    kind = "changed"


class Unsupported(FileFault):
    """Valid, but of a kind whose values cannot be shown or written."""

    kind = "unsupported"


class RequestFault(CkptStudioError):
    """What was asked for cannot be done."""

    kind = "request"


class NoSuchVariable(RequestFault):
    """A key or pattern that matches no variable."""

    kind = "no_such_variable"


class TargetExists(RequestFault):
    """The target of a write exists already."""

    kind = "target_exists"


class SaveFault(CkptStudioError):
    """A save that did not happen; nothing of it was left behind."""

    kind = "save"


class RunFault(CkptStudioError):
    """A run that could not start or that failed."""

    kind = "run"


class Cancelled(CkptStudioError):
    """A person or a newer request stopped the work."""

    kind = "cancelled"

    def __init__(self, message: str = "The work was stopped.", **where: object) -> None:
        super().__init__(message)


class InternalFault(CkptStudioError):
    """Our own mistake; the message says so."""

    kind = "internal"
