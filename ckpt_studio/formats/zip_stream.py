"""What the standard zip writes to: only appended to, so that it puts sizes and checksums behind each member."""

from __future__ import annotations

import io
from typing import Any

from ckpt_studio.formats.temporary_file import TemporaryFile


class ZipStream(io.RawIOBase):
    """What `zipfile.ZipFile` writes to."""

    def __init__(self, file: TemporaryFile) -> None:
        super().__init__()
        self._file = file

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Append."""
        view = memoryview(data).cast("B")
        self._file.write(view)
        return len(view)
