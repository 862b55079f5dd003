"""Renaming: one variable, several, all that a pattern changes, or a whole subtree. The object graph follows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, Self, TypeAlias

from ckpt_studio.core.errors import CkptStudioError, NoSuchVariable, RequestFault
from ckpt_studio.core.tensors import Columns, printable
from ckpt_studio.document.edits.base import (
    Around,
    Edit,
    Fields,
    Json,
    OpenDonor,
    check_some_left,
    is_map,
    is_text,
    text,
)
from ckpt_studio.document.following import GRAPH_KEY
from ckpt_studio.document.matching import MatchRules
from ckpt_studio.document.paths import ATTRIBUTES, can_be_written, names_after
from ckpt_studio.document.patterns import RowsOf, key_in, key_of, resolve_keys, text_of, texts_of
from ckpt_studio.document.state import State
from ckpt_studio.document.wording import named, spoken

Pair: TypeAlias = tuple[str, str]
"""A key, and the one that it becomes."""
Collision: TypeAlias = Literal["", "taken", "twice", "empty"]


@dataclass(frozen=True, slots=True)
class Renamed:
    """What a renaming does to one variable, for a preview.

    Attributes:
        key, new_key: before and after.
        collision: empty where it can be done; `taken`: another variable has the new key; `twice`: two would get it;
            `empty`: it has no letters, or cannot be written.
    """

    key: str
    new_key: str
    collision: Collision

    @property
    def note(self) -> str:
        """The collision as a sentence, or empty."""
        return {
            "": "",
            "taken": f"there is a variable {printable(self.new_key)} already",
            "twice": f"two variables would be called {printable(self.new_key)}",
            "empty": "a variable needs a name",
        }[self.collision]


def preview(state: State, pairs: Iterable[Pair]) -> list[Renamed]:
    """What renaming does, variable by variable, collisions included; cheap enough for every key that is typed."""
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    moved = {key for key, _ in pairs}
    wanted = Counter(new for _, new in pairs)
    live = set(state.live.keys.texts())

    def collision(new: str) -> Collision:
        if not can_be_written(new):
            return "empty"
        if wanted[new] > 1:
            return "twice"
        return "taken" if new in live and new not in moved else ""

    return [Renamed(key, new, collision(new)) for key, new in pairs]


def by_rules(keys: Sequence[str], rules: MatchRules) -> list[Pair]:
    """Pairs of the keys that rules change.

    Raises:
        RequestFault: the pattern or the replacement is not a valid one.
    """
    rename = rules.renamer()
    return [(key, new) for key in keys if (new := rename(key)) != key]


def moving(columns: Columns, source: str, target: str) -> list[Pair]:
    """Pairs of the variables of a subtree that moves from one path to another; none where nothing is there.

    An empty path is that of all variables.
    """
    source, target = source.rstrip("/"), target.rstrip("/")
    keys = [key for key in columns.keys.texts() if key != GRAPH_KEY]
    if not source:
        return [(key, f"{target}/{key}") for key in keys] if target else []
    pairs = [
        (key, target + key[len(source) :]) for key in keys if key == source or key.startswith(source + "/")
    ]
    return pairs if target else [(key, new.lstrip("/")) for key, new in pairs]


def slots_along(columns: Columns, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs, and those of optimizer slots that are named after the weights among them (`w/Adam` after `w`)."""
    given = dict(pairs)
    found = dict(pairs)
    for key, new in pairs:
        old_stem, new_stem = (one.rpartition(ATTRIBUTES)[0] or one for one in (key, new))
        for row in columns.slots_by_weight.get(columns.row(key), ()):
            slot = columns.keys[row]
            if slot not in given and slot.startswith(old_stem + "/"):
                found[slot] = new_stem + slot[len(old_stem) :]
    return list(found.items())


@dataclass(frozen=True, eq=False)
class Renaming(ABC):
    """What all renamings have in common.

    Attributes:
        pairs: what becomes of which keys.
    """

    op: ClassVar[str]
    needed: ClassVar[Fields]
    optional: ClassVar[Fields] = {}
    fault: ClassVar[CkptStudioError | None] = None

    pairs: tuple[Pair, ...]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The variables, by their keys before."""
        return tuple(key for key, _ in self.pairs)

    @cached_property
    def _rows(self) -> RowsOf:
        return RowsOf(self.keys)

    def _verb(self, what: str) -> str:
        return f"Rename {what}"

    @property
    def label(self) -> str:
        """As `Edit.label`."""
        return self._verb(named(self.keys))

    def title(self, columns: Columns) -> str:
        """As `Edit.title`."""
        return self._verb(spoken(self.keys, columns))

    def describe(self) -> str:
        """As `Edit.describe`: the first of them."""
        key, new = map(printable, self.pairs[0])
        return f"{key} → {new}" if len(self.pairs) == 1 else f"{key} → {new}, …"

    def notes(self, state: State) -> tuple[str, ...]:
        """As `Edit.notes`: slots that are named after a weight and do not go along."""
        left = len(slots_along(state.columns, self.pairs)) - len(self.pairs)
        if not left:
            return ()
        slots = "1 optimizer slot keeps" if left == 1 else f"{left} optimizer slots keep"
        return (f"{slots} the old name of what {named(self.keys)} was called; rename them along.",)

    def apply(self, state: State) -> State:
        """As `Edit.apply`; a key that another variable has is a RequestFault."""
        rows = self._rows(state.columns.keys)
        check_some_left(state, self.keys, rows)
        for key, new in self.pairs:
            if not can_be_written(new) or GRAPH_KEY in (key, new):
                raise RequestFault(
                    f"{printable(key)!r} cannot be called {printable(new)!r}; choose another name.", key=key
                )
        keys = [new for _, new in self.pairs]
        return state.rekeyed(rows, keys, names_after(state.columns, rows, keys))

    def absent(self, fault: CkptStudioError) -> Edit:
        """As `Edit.absent`."""
        return self

    @abstractmethod
    def parameters(self) -> Json:
        """Its fields in a PATCH."""

    def to_json(self, state: State) -> list[Json]:
        """As `Edit.to_json`; a map of what is not dropped, where the rule would mean others by now."""
        live = tuple(pair for pair in self.pairs if pair[0] in state.live)
        with suppress(NoSuchVariable):
            if live == self.pairs and set(self.pairs_now(state.live)) == set(self.pairs):
                return [{"op": self.op, **self.parameters()}]
        return [{"op": RenameMany.op, **RenameMany(live).parameters()}]

    def pairs_now(self, columns: Columns) -> Sequence[Pair]:
        """What the same rule does to other variables."""
        return self.pairs

    def record(self) -> Json:
        """As `Edit.record`."""
        news = texts_of([new for _, new in self.pairs])
        pairs = list(zip(texts_of(self.keys), news, strict=True))
        return {"op": self.op, "pairs": pairs, **self.parameters()}

    @classmethod
    def _read_pairs(cls, record: Json) -> tuple[Pair, ...]:
        return tuple((key_of(text(key)), key_of(text(new))) for key, new in record["pairs"])


@dataclass(frozen=True, eq=False)
class Rename(Renaming):
    """One variable gets another key."""

    op = "rename"
    needed = {"from": is_text, "to": is_text}

    def parameters(self) -> Json:
        """As `Renaming.parameters`."""
        ((key, new),) = self.pairs
        return {"from": text_of(key), "to": text_of(new)}

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Self:
        """As `EditKind.from_json`."""
        return cls(((key_in(around.columns, operation["from"]), key_of(operation["to"])),))

    @classmethod
    def from_record(cls, record: Json, open_donor: OpenDonor) -> Self:
        """As `EditKind.from_record`."""
        (pair,) = cls._read_pairs(record)
        return cls((pair,))


@dataclass(frozen=True, eq=False)
class RenameMany(Renaming):
    """Several variables get other keys at once, so that two can change places."""

    op = "rename_many"
    needed = {"map": is_map}

    def parameters(self) -> Json:
        """As `Renaming.parameters`."""
        return {"map": {text_of(key): text_of(new) for key, new in self.pairs}}

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Self:
        """As `EditKind.from_json`."""
        if not operation["map"]:
            raise RequestFault("its map is empty.")
        pairs = ((key_in(around.columns, key), key_of(new)) for key, new in operation["map"].items())
        return cls(tuple(pairs))

    @classmethod
    def from_record(cls, record: Json, open_donor: OpenDonor) -> Self:
        """As `EditKind.from_record`."""
        return cls(cls._read_pairs(record))


@dataclass(frozen=True, eq=False)
class RenamePattern(Renaming):
    """All keys that a regular expression changes.

    Attributes:
        pattern, replacement: as `re.sub` has them.
        match: the PATTERN of the variables that are looked at; empty for all.
    """

    op = "rename_pattern"
    needed = {"pattern": is_text, "replacement": is_text}
    optional = {"match": is_text}

    pattern: str
    replacement: str
    match: str = ""

    @classmethod
    def of(cls, columns: Columns, pattern: str, replacement: str, match: str = "") -> Self:
        """The edit for all variables whose keys it changes.

        Raises:
            RequestFault: the pattern or the replacement is no valid one, or it changes nothing.
            NoSuchVariable: `match` matches nothing.
        """
        made = cls((), pattern, replacement, match)
        pairs = made.pairs_now(columns)
        if not pairs:
            raise RequestFault(f"The pattern {pattern!r} changes no name; look at the names with `list`.")
        return cls(tuple(pairs), pattern, replacement, match)

    def pairs_now(self, columns: Columns) -> Sequence[Pair]:
        """As `Renaming.pairs_now`. Raises as `of`."""
        keys = resolve_keys(self.match or "*", columns)
        rules = MatchRules(pattern=self.pattern, replacement=self.replacement)
        return [pair for pair in by_rules(keys, rules) if pair[0] != GRAPH_KEY]

    def describe(self) -> str:
        """As `Edit.describe`."""
        return f"/{self.pattern}/ → {self.replacement}"

    def parameters(self) -> Json:
        """As `Renaming.parameters`."""
        match = {"match": self.match} if self.match else {}
        return {"pattern": self.pattern, "replacement": self.replacement, **match}

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Self:
        """As `EditKind.from_json`."""
        return cls.of(
            around.columns, operation["pattern"], operation["replacement"], operation.get("match", "")
        )

    @classmethod
    def from_record(cls, record: Json, open_donor: OpenDonor) -> Self:
        """As `EditKind.from_record`."""
        pairs = cls._read_pairs(record)
        said = (text(record.get(name, "")) for name in ("pattern", "replacement", "match"))
        return cls(pairs, *said)


@dataclass(frozen=True, eq=False)
class Move(Renaming):
    """A subtree gets another path.

    Attributes:
        source, target: the paths, without a slash at the end.
    """

    op = "move"
    needed = {"from": is_text, "to": is_text}

    source: str
    target: str

    @classmethod
    def of(cls, columns: Columns, source: str, target: str) -> Self:
        """The edit for all variables at and below a path.

        Raises:
            RequestFault: there are none.
        """
        pairs = moving(columns, source, target)
        if not pairs:
            raise RequestFault(f"There is no variable at or below {printable(source)!r}.", key=source)
        return cls(tuple(pairs), source.rstrip("/"), target.rstrip("/"))

    def pairs_now(self, columns: Columns) -> Sequence[Pair]:
        """As `Renaming.pairs_now`."""
        return moving(columns, self.source, self.target)

    def _verb(self, what: str) -> str:
        count = f" ({len(self.pairs)} variables)" if len(self.pairs) > 1 else ""
        return f"Move {printable(self.source) or '/'}{count}"

    def describe(self) -> str:
        """As `Edit.describe`."""
        return f"{printable(self.source) or '/'} → {printable(self.target) or '/'}"

    def parameters(self) -> Json:
        """As `Renaming.parameters`."""
        return {"from": text_of(self.source), "to": text_of(self.target)}

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Self:
        """As `EditKind.from_json`."""
        return cls.of(around.columns, key_of(operation["from"]), key_of(operation["to"]))

    @classmethod
    def from_record(cls, record: Json, open_donor: OpenDonor) -> Self:
        """As `EditKind.from_record`."""
        return cls(cls._read_pairs(record), key_of(text(record["from"])), key_of(text(record["to"])))
