"""Which variables a text of a person or of a file means: CONTRACT.md's KEY and PATTERN, `hex:...` included."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from itertools import islice
from operator import eq, lt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import NoSuchVariable, RequestFault
from ckpt_studio.core.keys import Keys
from ckpt_studio.core.tensors import Columns, Names, Role, decode, encode, printable

_HEX: Final = "hex:"
_AT_ONCE: Final = 4096


def key_of(text: str) -> str:
    """The key that a text means.

    Raises:
        NoSuchVariable: no bytes mean it.
        RequestFault: `hex:` is followed by something else than pairs of hexadecimal digits.
    """
    if not text.startswith(_HEX):
        if not text.isascii():
            try:
                encode(text)
            except UnicodeEncodeError:  # half a pair of surrogates, as JSON can hold it
                raise NoSuchVariable(f"{printable(text)!r} matches no variable.") from None
        return text
    try:
        return decode(bytes.fromhex(text[len(_HEX) :]))
    except ValueError:
        raise RequestFault(
            f"{text!r} is no key: pairs of hexadecimal digits must follow hex:.", key=text
        ) from None


def text_of(key: str) -> str:
    """A key as strict JSON can hold it: `hex:...` where it is not UTF-8, or where it would be taken for that."""
    try:
        key.encode("utf-8")
    except UnicodeEncodeError:
        return _HEX + encode(key).hex()
    return _HEX + encode(key).hex() if key.startswith(_HEX) else key


def texts_of(keys: Sequence[str]) -> list[str]:
    """As `text_of`, of many keys."""
    texts: list[str] = []
    for first in range(0, len(keys), _AT_ONCE):  # other threads get their turn in between
        part = list(keys[first : first + _AT_ONCE])
        joined = "\n".join(part)
        texts += part if joined.isascii() and _HEX not in joined else map(text_of, part)
    return texts


def resolve(pattern: str, columns: Columns) -> list[int]:
    """Rows that a PATTERN means: an exact key or name first, else all whose key or name it matches.

    Raises:
        NoSuchVariable: it matches nothing.
        RequestFault: as `key_of`.
    """
    row = columns.keys.find(key_of(pattern))
    if row >= 0:
        return [row]
    if pattern == "*":
        return list(range(len(columns)))
    if columns.names is not None:
        named = [i for i, name in enumerate(columns.names.texts()) if name == pattern]
        if named:
            return named
    matches = re.compile(fnmatch.translate(pattern)).match
    rows = {i for i, key in enumerate(columns.keys.texts()) if matches(key)}
    if columns.names is not None:
        rows.update(i for i, name in enumerate(columns.names.texts()) if matches(name))
    if not rows:
        raise NoSuchVariable(
            f"{printable(pattern)!r} matches no variable of this checkpoint; look at the names with `list`.",
            key=pattern,
        )
    return sorted(rows)


def resolve_keys(pattern: str, columns: Columns) -> tuple[str, ...]:
    """Keys of the variables that an edit with this PATTERN acts on: a wildcard passes over metadata.

    Raises:
        as `resolve`.
    """
    rows = resolve(pattern, columns)
    if len(rows) > 1:
        found = np.array(rows)
        rows = found[columns.role[found] != Role.metadata].tolist() or rows
    return tuple(columns.keys.take(rows))


def key_in(columns: Columns, said: str) -> str:
    """The one variable that a KEY means: by its key first, else by its name.

    Raises:
        NoSuchVariable: there is none. RequestFault: several have the name.
    """
    row = columns.keys.find(key_of(said))
    if row < 0 and columns.names is not None:
        rows = [at for at, name in enumerate(columns.names) if name == said]
        if len(rows) > 1:
            raise RequestFault(f"{printable(said)!r} names {len(rows)} variables; give the key.", key=said)
        row = rows[0] if rows else -1
    if row < 0:
        raise NoSuchVariable(
            f"There is no variable {printable(said)!r} in this checkpoint; look at the names with `list`.",
            key=said,
        )
    return columns.keys[row]


def covering(
    keys: Sequence[str], columns: Columns, meant: Callable[[str, Columns], Sequence[str]] = resolve_keys
) -> list[str]:
    """Few PATTERNs that mean exactly these variables of this checkpoint: one for a subtree, else one a variable.

    Args:
        keys: the variables.
        columns: those that there are.
        meant: which of them a PATTERN means.
    """
    if len(keys) > 1:
        shared = shared_path(keys)
        pattern = re.sub(r"([*?[])", r"[\1]", shared) + "*"
        if not pattern.startswith(_HEX) and columns.keys.find(pattern) < 0:
            try:
                shared.encode("utf-8")
                if set(meant(pattern, columns)) == set(keys):
                    return [pattern]
            except (UnicodeEncodeError, NoSuchVariable):
                pass
    return [text_of(key) for key in keys]


def shared_path(keys: Sequence[str]) -> str:
    """The path that all these names begin with, its last slash included; empty if there is none."""
    first, last = (keys[0], keys[-1]) if isinstance(keys, Keys) else (min(keys), max(keys))
    size = 0
    while size < min(len(first), len(last)) and first[size] == last[size]:
        size += 1
    return first[: first.rfind("/", 0, size) + 1]


def rows_of(names: Names, keys: Sequence[str]) -> NDArray[np.int64]:
    """Rows of keys, int64 [n], in the order of `keys`; a hundred thousand of them take some milliseconds.

    Raises:
        NoSuchVariable: one is not there.
    """
    if isinstance(keys, Keys) and keys.names is names:
        return keys.rows
    first = names.find(keys[0]) if keys else -1
    if first >= 0 and _stand_there(names, first, keys):
        return np.arange(first, first + len(keys), dtype=np.int64)
    if len(keys) * 8 > len(names):
        rows = _among_all(names.texts(), keys)
    else:
        rows = np.fromiter((names.find(key) for key in keys), np.int64, len(keys))
    missing = np.flatnonzero(rows < 0)
    if len(missing):
        key = keys[missing[0]]
        raise NoSuchVariable(f"There is no variable {printable(key)!r} in this checkpoint.", key=key)
    return rows


def _among_all(texts: list[str], keys: Sequence[str]) -> NDArray[np.int64]:
    """Rows of many keys, -1 where one is not there. Keys in the order of the rows, as mostly, cost half as much."""
    if all(map(lt, keys, islice(keys, 1, None))):
        wanted = set(keys)
        rows = np.flatnonzero(np.fromiter(map(wanted.__contains__, texts), np.bool_, len(texts)))
        if len(rows) == len(keys) and all(map(eq, map(texts.__getitem__, rows.tolist()), keys)):
            return rows
    places = dict(zip(texts, range(len(texts)), strict=True))
    return np.fromiter((places.get(key, -1) for key in keys), np.int64, len(keys))


class RowsOf:
    """Rows of some keys, looked up once for the names that they are asked of last: an edit is applied many times."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys
        self._known: tuple[Names, NDArray[np.int64]] | None = None

    def __call__(self, names: Names) -> NDArray[np.int64]:
        """As `rows_of`; not to be changed."""
        known = self._known
        if known is None or known[0] is not names:
            known = self._known = (names, rows_of(names, self._keys))
        return known[1]


def _stand_there(names: Names, first: int, keys: Sequence[str]) -> bool:
    """Whether these are the names from row `first` on; False also where names hold the separator."""
    if first + len(keys) > len(names):
        return False
    here = names.blob[names.offsets[first] : names.offsets[first + len(keys)]]
    if here.count(b"\n") != len(keys):
        return False
    try:
        wanted = encode("\n".join(keys))
    except UnicodeEncodeError:  # half a pair of surrogates is in no name
        return False
    return len(here) == len(wanted) + 1 and here.startswith(wanted)
