"""Which variable of a model takes its value from which of a checkpoint: by paths, names and slot relations.

Never by position: a list's order is believed only where the names say the same. What could be one or the other is
ambiguous, and the run does not start.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from ckpt_studio.core.tensors import printable
from ckpt_studio.training.card import Bound, Differs, Initialised
from ckpt_studio.training.variables_file import Known

_NUMBER: Final = re.compile(r"_\d+$")
_NEAREST: Final = 3
_LISTED: Final = 4
_SLOTS: Final = {
    "m": "momentum", "v": "velocity", "vhat": "velocity_hat", "rms": "velocity", "u": "norm",
    "accum_grad": "accumulated_grad", "accum_var": "accumulated_delta_var", "mg": "average", "mean_grad": "average",
    "average_gradient": "average",
}  # fmt: skip
"""What earlier releases of Keras call the slots of today."""
_SETTINGS: Final = ("iter", "iteration", "iterations", "learning_rate")
"""What an optimizer has one of."""
_WRAPPER: Final = "loss_scale_optimizer/"
"""What Keras 3 puts around an optimizer for half precision; earlier releases kept settings for the inner one alone."""
_UNNAMED: Final = "variable"
"""What Keras calls a variable that nobody named, before it adds a number."""
_OWN_ROLES: Final = ("counter", "metadata")
"""Roles of what an optimizer keeps for no weight."""


@dataclass(frozen=True, slots=True)
class Live:
    """A variable of the model that was built.

    Attributes:
        name: its full name, as `dense/kernel`.
        shape: its shape.
        dtype: TensorFlow's name.
        places: keys of the checkpoint's object graph that the same attributes lead to, and for each whether a place in
            a list is among them.
        stored: keys that a file of Keras 3 has for it, empty where they are not known. What a wrapped optimizer keeps
            has two; the one that Keras reads last comes first.
        trained: whether the run trains it.
        slot_of: place of the weight that this optimizer slot belongs to, None for others.
        slot: its kind.
        of_optimizer: whether an optimizer keeps it for itself, and for no weight.
        carried: whether no checkpoint is expected to hold it (the state of a seed).
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    places: tuple[tuple[str, bool], ...] = ()
    stored: tuple[str, ...] = ()
    trained: bool = False
    slot_of: int | None = None
    slot: str = ""
    of_optimizer: bool = False
    carried: bool = False


@dataclass
class Binding:
    """What was matched.

    Attributes:
        pairs: place of the live variable -> (place of the known one, how).
        problems: ambiguities, one sentence each.
    """

    live: Sequence[Live]
    known: Sequence[Known]
    pairs: dict[int, tuple[int, str]] = field(default_factory=dict)
    differs: tuple[Differs, ...] = ()
    problems: list[str] = field(default_factory=list)

    def keys_of(self, place: int) -> tuple[str, ...]:
        """Keys of the checkpoint that hold a matched live variable: its own, and the others of a file of Keras 3."""
        own, stored = self.known[self.pairs[place][0]].key, self.live[place].stored
        return (
            (own, *(key for key in stored if key != own and key in self._keys)) if own in stored else (own,)
        )

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(one.key for one in self.known)

    @property
    def bound(self) -> tuple[Bound, ...]:
        """As the card has them, in the model's order."""
        found = []
        for i, (k, how) in sorted(self.pairs.items()):
            one = self.live[i]
            found.append(Bound(self.known[k].key, one.name, how, one.slot, one.trained, _stored(one)))
        return tuple(found)

    @property
    def unused(self) -> tuple[str, ...]:
        """Keys of the checkpoint that nothing takes."""
        taken = {key for place in self.pairs for key in self.keys_of(place)} | {
            one.key for one in self.differs
        }
        return tuple(one.key for one in self.known if one.key not in taken)

    def missing(self) -> tuple[Initialised, ...]:
        """Live variables that nothing gives a value, with the free keys that look most like them."""
        there = {one.name for one in self.differs}
        free = set(self.unused)
        names = {one.name: one for one in self.known if one.key in free}
        found = []
        for i, one in enumerate(self.live):
            if i in self.pairs or one.carried or one.name in there:
                continue
            same = [name for name, known in names.items() if known.shape == one.shape]
            nearest = difflib.get_close_matches(one.name, same or list(names), _NEAREST, 0.5)
            how = "with zeros, as a new optimizer has it" if one.slot else "by its own initializer"
            found.append(Initialised(one.name, how, tuple(names[name].key for name in nearest)))
        return tuple(found)


def bind(live: Sequence[Live], known: Sequence[Known]) -> Binding:
    """Match the variables of a model with those of a checkpoint."""
    return _Binder(live, known).bind()


class _Binder:
    """The rules, surest first; each takes what it is certain of from what is left."""

    def __init__(self, live: Sequence[Live], known: Sequence[Known]) -> None:
        self._live, self._known = live, known
        self._found = Binding(live, known)
        self._free_live = {i for i, one in enumerate(live) if one.name or one.places}
        self._free_known = set(range(len(known)))
        self._is_slot = [bool(one.slot_of) or one.role == "slot" for one in known]

    def bind(self) -> Binding:
        weights = [i for i in sorted(self._free_live) if self._live[i].slot_of is None]
        slots = [i for i in sorted(self._free_live) if self._live[i].slot_of is not None]
        self._by_paths([*weights, *slots])
        self._by(weights, lambda one: one.name, _full, "name")
        self._by(weights, _stored, lambda one: one.key, "file")
        self._by(slots, lambda one: one.name, _full, "name")
        self._by_their_slots(slots)
        self._by_bare_names(weights)
        self._by(weights, lambda one: _last(one.name), lambda one: _last(_full(one)), "name")
        self._by(weights, _setting_here, _setting_of, "name")
        inner = [i for i in weights if not self._live[i].name.startswith(_WRAPPER)]
        self._by(inner, _setting_here, _setting_of, "name")
        self._by_slots(slots)
        self._by(slots, lambda one: one.name, _full, "name")
        self._by(slots, _stored, lambda one: one.key, "file")
        self._compare()
        self._doubt(weights)
        return self._found

    def _take(self, i: int, k: int, how: str) -> None:
        self._found.pairs[i] = (k, how)
        self._free_live.discard(i)
        self._free_known.discard(k)

    def _by_paths(self, places: Iterable[int]) -> None:
        """Attribute paths. Members of lists, and what Keras numbers itself, only where the full names agree too."""
        at = {one.key: k for k, one in enumerate(self._known)}
        for i in places:
            one = self._live[i]
            for key, numbered in one.places:
                k = at.get(key)
                if k is None or k not in self._free_known:
                    continue
                if not numbered or _agree(_full(self._known[k]), one.name):
                    self._take(i, k, "path")
                    break

    def _by(
        self, places: Iterable[int], of: Callable[[Live], str], of_known: Callable[[Known], str], how: str
    ) -> None:
        """What has the same text on both sides, once on each."""
        slots = any(self._live[i].slot_of is not None for i in places)
        here, there = self._grouped(places, of), self._grouped_known(of_known, slots=slots)
        for text, mine in here.items():
            theirs = there.get(text, [])
            if text and len(mine) == len(theirs) == 1:
                self._take(mine[0], theirs[0], how)

    def _by_bare_names(self, places: Iterable[int]) -> None:
        """Names without the numbers that Keras adds (`dense_7/kernel`); several of one shape are ambiguous."""
        here = self._grouped(places, lambda one: (_bare(one.name), one.shape))
        there = self._grouped_known(lambda one: (_bare(_full(one)), one.shape), slots=False)
        for kind, mine in here.items():
            theirs = there.get(kind, [])
            if len(mine) == len(theirs) == 1:
                self._take(mine[0], theirs[0], "name")
            elif theirs:
                ours = _some([self._live[i].name for i in mine])
                others = _some([_full(self._known[k]) for k in theirs])
                self._found.problems.append(
                    f"{ours} of the model could be {others} of the checkpoint: their names differ, and their shape "
                    f"{list(self._live[mine[0]].shape)} is the same; name the model's layers as the checkpoint does."
                )

    def _by_slots(self, places: Iterable[int]) -> None:
        """Optimizer slots of weights that were matched, by their kind."""
        kinds: dict[tuple[str, str], list[int]] = defaultdict(list)
        for k in self._free_known:
            known = self._known[k]
            if known.slot_of:
                kinds[known.slot_of, _SLOTS.get(known.slot, known.slot)].append(k)
        for i in places:
            one = self._live[i]
            assert one.slot_of is not None
            pair = self._found.pairs.get(one.slot_of)
            if pair is None:
                continue
            theirs = kinds.get((self._known[pair[0]].key, _SLOTS.get(one.slot, one.slot)), [])
            if len(theirs) == 1 and theirs[0] in self._free_known:
                self._take(i, theirs[0], "slot")

    def _by_their_slots(self, places: Iterable[int]) -> None:
        """Weights of slots that were matched by their names: Keras 3 names a slot after its weight."""
        at = {one.key: k for k, one in enumerate(self._known)}
        for i in places:
            pair = self._found.pairs.get(i)
            weight = self._live[i].slot_of
            if pair is None or weight not in self._free_live:
                continue
            k = at.get(self._known[pair[0]].slot_of)
            if k is not None and k in self._free_known:
                self._take(weight, k, "slot")

    def _compare(self) -> None:
        """Take back what differs in shape or dtype."""
        found = []
        for i, (k, _) in list(self._found.pairs.items()):
            mine, theirs = self._live[i], self._known[k]
            whole = mine.shape == () and {mine.dtype, theirs.dtype} <= {"int32", "int64"}
            if mine.shape != theirs.shape or (mine.dtype != theirs.dtype and not whole):
                del self._found.pairs[i]
                said = [_described(one.dtype, one.shape) for one in (theirs, mine)]
                said = [_described(one.dtype, one.shape) for one in (theirs, mine)]
                found.append(Differs(theirs.key, mine.name, *said))
        self._found.differs = tuple(found)

    def _doubt(self, places: Iterable[int]) -> None:
        """A weight that nothing gives a value, and one of its shape that nothing takes: a name is wrong somewhere."""
        free = [self._known[k] for k in sorted(self._free_known) if self._known[k].role == "weight"]
        for i in places:
            one = self._live[i]
            alike = [known for known in free if known.shape == one.shape and known.shape]
            if one.trained and i in self._free_live and alike and not self._found.problems:
                names = _some(difflib.get_close_matches(one.name, [_full(known) for known in alike], 3, 0.0))
                self._found.problems.append(
                    f"The checkpoint has no {one.name}, and nothing takes its {names}, of the same shape; rename the "
                    "layer, or drop what is not wanted."
                )

    def _grouped(self, places: Iterable[int], of: Callable[[Live], Hashable]) -> dict[Hashable, list[int]]:
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for i in places:
            if i in self._free_live:
                groups[of(self._live[i])].append(i)
        return groups

    def _grouped_known(self, of: Callable[[Known], Hashable], *, slots: bool) -> dict[Hashable, list[int]]:
        """Weights are looked for among all that is no slot; slots among all, since a name rule may have missed them."""
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for k in sorted(self._free_known):
            if slots or not self._is_slot[k]:
                groups[of(self._known[k])].append(k)
        return groups


def _stored(one: Live) -> str:
    """Where a file of Keras 3 has it; empty where that is not known."""
    return one.stored[0] if one.stored else ""


def _full(one: Known) -> str:
    return one.name.removesuffix(":0")


def _agree(saved: str, name: str) -> bool:
    """Whether a saved name says nothing against a variable: Keras 3 leaves out layers of a list (`net/kernel`)."""
    parts = iter(name.split("/"))
    return all(part in parts for part in saved.split("/"))


def _bare(name: str) -> str:
    return "/".join(_NUMBER.sub("", part) for part in name.split("/"))


def _last(name: str) -> str:
    """The layer and the variable in it; what holds the layer is named differently by releases of Keras."""
    parts = name.split("/")
    return "/".join(parts[-2:]) if len(parts) > 1 else ""


def _setting(name: str) -> str:
    """An optimizer's counter or learning rate, whatever the optimizer is called; empty for all else."""
    last = name.rpartition("/")[2].strip("_")
    return {"iter": "iteration", "iterations": "iteration"}.get(last, last) if last in _SETTINGS else ""


def _setting_here(one: Live) -> str:
    return _setting(one.name) or (_unnamed(one.name) if one.of_optimizer and one.shape == () else "")


def _setting_of(one: Known) -> str:
    if one.shape != ():
        return ""
    name = _full(one)
    return _setting(name) or _setting(one.path) or (_unnamed(name) if one.role in _OWN_ROLES else "")


def _unnamed(name: str) -> str:
    """The one text for all that nobody named, whatever scope and number Keras gave it; empty for all else."""
    last = _bare(name.rpartition("/")[2])
    return last if last == _UNNAMED else ""


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:_LISTED])
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED} more"


def _described(dtype: str, shape: tuple[int, ...]) -> str:
    return f"{dtype} [{', '.join(map(str, shape))}]"
