"""A donor that is not there any more, so that a swap which waits for it can be kept, shown and reverted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from numpy.typing import NDArray

from ckpt_studio.core.errors import CkptStudioError, FileFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Stored
from ckpt_studio.core.windows import Window


class AbsentDonor:
    """Stands for a donor that cannot be opened any more: whatever is read of it is the fault that opening gave."""

    def __init__(self, fault: CkptStudioError) -> None:
        self.fault = fault

    def _raise(self) -> NoReturn:
        raise FileFault(
            f"The checkpoint that values were swapped in from cannot be used: {self.fault.message}",
            path=self.fault.path,
            key=self.fault.key,
        )

    @property
    def columns(self) -> Columns:
        """Raises FileFault."""
        self._raise()

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """Raises FileFault."""
        self._raise()

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """Raises FileFault."""
        self._raise()

    def identity(self, key: str) -> str:
        """The fault."""
        return f"absent: {self.fault.message}"

    def stored(self, key: str) -> Stored | None:
        """Raises FileFault."""
        self._raise()
