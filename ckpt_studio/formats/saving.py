"""The transaction that every writer uses: a save is either complete or absent, whatever dies meanwhile.

    with Saving(folder, task) as saving:
        file = saving.create()            # a temporary name in the same folder
        file.write(...)
        saving.seal(file)                 # fsync, close, read back and compare
        saving.place([(file, "name")])    # final names that were unused; folder synced
        saving.commit(index, "name")      # the one rename that makes it exist; folder synced
        saving.switch(state, "checkpoint")
    # here, and only here, it is written

Leaving the block by an exception takes back everything that was done, newest first, so a reported failure leaves no new
name and no new folder. A killed process leaves names that `save_log` knows and sweeps at the next start.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Final, Self

from ckpt_studio.core.errors import CkptStudioError, SaveFault, TargetExists
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.formats.save_log import Known, SaveLog, is_still, known, temporary_name
from ckpt_studio.formats.temporary_file import BLOCK, NO_LINK, TemporaryFile, file_checksum

_FOR_SYNC: Final = os.O_RDWR if os.name == "nt" else os.O_RDONLY
"""A linked data file may be read-only, and only Windows asks for more."""
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
_REASONS: Final = {
    errno.ENOSPC: "there is no space left on the disk; free some or choose another folder",
    errno.EDQUOT: "your quota on that disk is used up; free some space or choose another folder",
    errno.EROFS: "the disk is read-only; choose another folder",
    errno.EACCES: "you may not write there; choose another folder",
    errno.EPERM: "the system does not allow it; choose another folder",
    errno.EIO: "the disk reported an error; choose another disk and check this one",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.ENOTDIR: "a part of the path is a file; choose another folder",
}


def save_fault(error: OSError, path: str) -> SaveFault:
    """The sentence for a system call that failed during a save."""
    reason = _REASONS.get(
        error.errno or 0, f"{(error.strerror or str(error)).lower()}; choose another folder"
    )
    return SaveFault(f"Nothing was written to {path!r}: {reason}.", path=path)


class Saving:
    """One save into one folder, which is made if it is not there. See the module.

    Attributes:
        folder: absolute path of the folder.
        task: cancelled and counted by the blocks that are written and read back.
    """

    def __init__(self, folder: str, task: Task = UNTENDED) -> None:
        self.folder = os.path.abspath(folder)
        self.task = task
        self._token = secrets.token_hex(8)
        self._count = 0
        self._undo: list[Callable[[], object]] = []
        self._open: list[TemporaryFile] = []
        self._stale: Sequence[str] = ()
        self._last = ""

    def __enter__(self) -> Self:
        missing = self._missing_folders()
        self._log = SaveLog(self.folder, self._token, missing)
        try:
            for path in missing:
                os.mkdir(path)
                self._undo.append(partial(os.rmdir, path))
                sync_folder(os.path.dirname(path))
        except OSError as error:
            self._roll_back()
            raise save_fault(error, self.folder) from error
        return self

    def _missing_folders(self) -> list[str]:
        missing: list[str] = []
        path = self.folder
        while not os.path.isdir(path):
            missing.insert(0, path)
            path = os.path.dirname(path)
        return missing

    def _temporary(self) -> str:
        self._count += 1
        return os.path.join(self.folder, temporary_name(self._token, self._count))

    def create(self) -> TemporaryFile:
        """A new empty file under a temporary name in the folder, made exclusively and not through a symlink."""
        path = self._temporary()
        file = TemporaryFile(path)
        self._undo.append(lambda: _unlink_if_there(path))
        self._open.append(file)
        return file

    def link(self, source: str) -> str | None:
        """A hard link of `source` under a temporary name, or None where the file system or its rules forbid that."""
        path = self._temporary()
        try:
            os.link(source, path)
        except OSError:
            return None
        self._undo.append(lambda: _unlink_if_there(path))
        return path

    def seal(self, file: TemporaryFile) -> None:
        """Fsync and close a file, then read it back.

        Raises:
            SaveFault: the disk gives back something else than was written.
            OSError: it could not be made durable; never retried.
        """
        file.close()
        self._open.remove(file)
        if file_checksum(file.path, self.task) != (file.size, file.crc):
            raise SaveFault(
                f"Nothing was written to {self.folder!r}: the disk gave back other bytes than were written; "
                "choose another disk and check this one.",
                path=self.folder,
            )

    def seal_unread(self, file: TemporaryFile) -> None:
        """Fsync and close a file that shares its source's blocks, or whose bytes the caller reads back."""
        file.close()
        self._open.remove(file)

    def write_small(self, data: bytes) -> TemporaryFile:
        """A sealed file with these bytes."""
        file = self.create()
        file.write(data)
        self.seal(file)
        return file

    def place(self, files: Sequence[tuple[str, str]]) -> None:
        """Give sealed files (temporary path, final name) their names, which must be unused; sync the folder.

        Raises:
            TargetExists: somebody has made one of the names meanwhile.
        """
        if not files:
            return
        self._log.note(placing=[known(path, name) for path, name in files])
        for path, name in files:
            self._rename_new(path, name)
        self._sync(files[-1][1])

    def commit(
        self,
        file: TemporaryFile,
        name: str,
        *,
        replacing: bool = False,
        stale: Sequence[str] = (),
        switch: Sequence[tuple[TemporaryFile, str]] = (),
    ) -> None:
        """Make the save exist, by one rename of a sealed file.

        Args:
            file: the sealed file (a bundle's index).
            name: its final name, which must be unused unless `replacing`.
            replacing: whether the name is to be switched from an older file.
            stale: names in the folder that only the older file used; deleted when all is done.
            switch: further sealed files to be switched right after.
        """
        self.task.check()
        self._log.note(
            commit=known(file.path, name),
            stale=[known(os.path.join(self.folder, old), old) for old in stale],
            switch=[(os.path.basename(other.path), final) for other, final in switch],
        )
        # Should this be taken back, the index must be gone from the disk before its data files go.
        self._undo.append(self._sync_quietly)
        if replacing:
            self._replace(file.path, name)
        else:
            self._rename_new(file.path, name)
        self._sync(name)
        for other, final in switch:
            self._replace(other.path, final)
        if switch:
            self._sync(switch[-1][1])
        self._stale = stale

    def switch(self, file: TemporaryFile, name: str) -> None:
        """Put a sealed file in the place of `name`, whether that exists or not; sync the folder."""
        self._replace(file.path, name)
        self._sync(name)

    def _sync(self, name: str) -> None:
        """Make names durable, `name` among them.

        An XFS that has gone down says that it has synced a folder, but not that it has synced a file.
        """
        self._last = name
        sync_folder(self.folder)
        fd = os.open(os.path.join(self.folder, name), _FOR_SYNC | NO_LINK)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _rename_new(self, path: str, name: str) -> None:
        """Rename without replacing: link and unlink, or, where there are no links, look and rename."""
        final = os.path.join(self.folder, name)
        file = known(path, name)
        try:
            os.link(path, final, follow_symlinks=False)
            self._undo.append(lambda: self._unlink_ours(file))
            os.unlink(path)
        except FileExistsError:
            raise TargetExists(
                f"{final!r} was made by another program meanwhile; nothing was written, choose another name.",
                path=final,
            ) from None
        except OSError as error:
            if error.errno not in _NO_LINKS or os.path.lexists(final):
                raise
            self._undo.append(lambda: self._unlink_ours(file))
            os.rename(path, final)

    def _replace(self, path: str, name: str) -> None:
        """Rename over `name`, keeping what was there until the end, so that it can be put back."""
        final = os.path.join(self.folder, name)
        file = known(path, name)
        if not os.path.lexists(final):
            self._rename_new(path, name)
            return
        backup = self._keep(final)
        os.replace(path, final)

        def put_back() -> None:
            if is_still(self.folder, file):
                os.replace(backup, final)

        self._undo.append(put_back)

    def _keep(self, path: str) -> str:
        """What `path` is now, under a temporary name: a second name of the file, or else a copy with its times."""
        path = os.path.realpath(path)
        kept = self.link(path)
        if kept is not None:
            return kept
        status = os.stat(path)
        copy = self.create()
        with open(path, "rb") as old:
            while block := old.read(BLOCK):
                copy.write(block)
        self.seal(copy)
        os.utime(copy.path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return copy.path

    def _unlink_ours(self, file: Known) -> None:
        if is_still(self.folder, file):
            os.unlink(os.path.join(self.folder, file[0]))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._finish()
            return
        left = self._roll_back()
        if isinstance(error, OSError):
            fault = save_fault(error, self.folder)
            if left:
                fault.message += f" These names could not be removed: {', '.join(left)}."
                fault.args = (fault.message,)
            raise fault from error
        if left and isinstance(error, CkptStudioError):
            error.add_note(f"Left behind: {', '.join(left)}")

    def _finish(self) -> None:
        """Delete what is not needed any more. Failing here does not unmake the save: the next start sweeps again."""
        clean = True
        for name in (*self._stale, *self._temporaries()):
            try:
                _unlink_if_there(os.path.join(self.folder, name))
            except OSError:
                clean = False
        try:  # a record that is forgotten too early could not sweep what a power cut brings back
            if self._last:
                self._sync(self._last)
        except OSError:
            clean = False
        self._log.end(forget=clean)

    def _roll_back(self) -> list[str]:
        """Take everything back, newest first. Returns the paths that could not be removed."""
        for file in self._open:
            file.abandon()
        left: list[str] = []
        for undo in reversed(self._undo):
            try:
                undo()
            except OSError as fault:
                left.append(str(fault.filename))
        durable = self._sync_quietly()
        self._log.end(forget=durable and not left)
        return left

    def _sync_quietly(self) -> bool:
        """Sync the folder, if it is still there; whether that went well."""
        try:
            sync_folder(self.folder)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def _temporaries(self) -> list[str]:
        return [temporary_name(self._token, n) for n in range(1, self._count + 1)]


def _unlink_if_there(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def sync_folder(path: str) -> None:
    """Make the names in a folder durable, where the platform can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
