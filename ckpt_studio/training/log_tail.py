"""Follows the training process's log file as it grows, so that the window can show its lines."""

from __future__ import annotations

from pathlib import Path

_BYTES_A_LOOK = 1 << 16
_LINE_LENGTH = 2000


class LogTail:
    """Hands out complete new lines. Output that comes faster than it is read is skipped, and that is said."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""

    def new_lines(self) -> list[str]:
        """Lines that were completed since the last call, at most `_BYTES_A_LOOK` bytes of them."""
        try:
            size = self._path.stat().st_size
            if size <= self._offset:
                return []
            skipped = max(0, size - self._offset - _BYTES_A_LOOK)
            with self._path.open("rb") as file:
                file.seek(self._offset + skipped)
                data = file.read(size - self._offset - skipped)
        except OSError:
            return []
        self._offset += skipped + len(data)
        *complete, self._rest = ((b"" if skipped else self._rest) + data).split(b"\n")
        if len(self._rest) > _LINE_LENGTH:
            complete.append(self._rest)
            self._rest = b""
        lines = [line.decode("utf-8", "replace").rstrip()[:_LINE_LENGTH] for line in complete]
        left_out = [f"[{skipped} bytes of output left out]"] if skipped else []
        return left_out + [line for line in lines if line]
