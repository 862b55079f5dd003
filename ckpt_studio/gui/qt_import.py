"""How PySide is imported: without what it does at each start for the sake of things that nobody has asked for yet."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any, Final

_WHERE: Final = "shibokensupport/signature/"
_LATER: Final = frozenset(
    f"{_WHERE}{name}.py" for name in ("layout", "lib/enum_sig", "lib/pyi_generator", "parser")
)
_INSTEAD: Final = """
def __getattr__(name):
    from ckpt_studio.gui.qt_import import arrive
    return arrive({!r}, globals(), name)
"""
_sources: dict[str, Any] = {}
_arriving = threading.RLock()


def import_qt() -> None:
    """Import QtCore, and with it PySide; anything else of it may be imported afterwards as ever.

    PySide brings modules that make the texts of `TypeError`, `help` and .pyi files. They are packed as sources, which
    it compiles and runs at each start: a third of the import. Most are put off until something in them is asked for.

    It also replaces the import by its own, for the sake of `from __feature__ import ...`, which nothing here uses: that
    one reads the source text of every module that is imported, keeps it, and swaps `builtins.__import__` to and fro
    meanwhile, in whatever thread. It is put back to its place.
    """
    with _some_put_off():
        import PySide6.QtCore  # noqa: F401

    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)


def arrive(filename: str, module: dict[str, Any], name: str) -> Any:
    """Something in a module that was put off; runs the module first, if that was not done.

    Raises:
        AttributeError: it is not there.
    """
    with _arriving:
        source = _sources.pop(filename, None)
        if source is not None:
            exec(compile(source, filename, "exec"), module)  # noqa: S102 - what PySide itself would have run
    if name not in module:
        raise AttributeError(f"module {module['__name__']!r} has no attribute {name!r}")
    return module[name]


@contextmanager
def _some_put_off() -> Iterator[None]:
    """Meanwhile, the modules named above are not compiled, but something that does so later."""
    real = builtins.compile

    def compiled(source: Any, filename: Any, mode: str, *more: Any, **options: Any) -> CodeType:
        if filename in _LATER:
            _sources[filename] = source
            source = _INSTEAD.format(filename)
        code: CodeType = real(source, filename, mode, *more, **options)
        return code

    builtins.compile = compiled  # type: ignore[assignment]
    try:
        yield
    finally:
        builtins.compile = real
