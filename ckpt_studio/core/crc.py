"""CRC32C from the extension module of the package `crc32c` alone.

To import the package itself is to import a command line and to read the metadata of what is installed, which takes
longer than to list a checkpoint. The function releases the GIL and takes any buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Final


def _load() -> Callable[..., int]:
    package = PathFinder.find_spec("crc32c")
    if package is not None:
        spec = PathFinder.find_spec("_crc32c", package.submodule_search_locations)
        if spec is not None and spec.loader is not None:
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.crc32c  # type: ignore[no-any-return]
    import crc32c as whole

    return whole.crc32c


crc32c: Final = _load()
"""`crc32c(data, value=0)`: the checksum of a buffer, continuing from `value`."""
