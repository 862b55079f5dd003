"""What an optimizer's numbered variables are: counters and settings first, then slots in the order of the weights.

    vars/0             iteration
    vars/1             learning rate, unless a schedule gives it
    then lists, each for all weights that are trained; some lists hold two slots of a weight side by side:
    Adam               momentum 0, velocity 0, momentum 1, velocity 1, ...       (amsgrad: velocity_hat 0, 1, ...)
    RMSprop            velocity 0, 1, ...     momentum 0, 1, ...     average_gradient 0, 1, ...

Nothing in the file says which list is which, so what the optimizer's class and configuration tell is believed only
where all the shapes agree; where several layouts fit, only what they have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

from ckpt_studio.formats.keras.config import Optimizer
from ckpt_studio.formats.keras.order import Chain, places

Shape = tuple[int, ...]
Kind = tuple[Shape | None, str]
"""Shape and element type."""

_ITERATION: Final = "iteration"
_RATE: Final = "learning_rate"
_SCALING: Final = ("step_counter", "dynamic_scale")
_ADAM: Final = ("momentum", "velocity")
_LISTS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "sgd": (),
    "adam": (_ADAM,),
    "adam_w": (_ADAM,),
    "nadam": (_ADAM,),
    "lamb": (_ADAM,),
    "schedule_free_adam_w": (_ADAM,),
    "adamax": (("momentum", "norm"),),
    "rm_sprop": (("velocity",),),
    "adagrad": (("accumulator",),),
    "adadelta": (("accumulated_grad", "accumulated_delta_var"),),
    "ftrl": (("accumulator", "linear"),),
    "lion": (("momentum",),),
}
_OPTIONAL: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "sgd": (("momentum", "momentum"),),
    "adam": (("amsgrad", "velocity_hat"),),
    "adam_w": (("amsgrad", "velocity_hat"),),
    "rm_sprop": (("momentum", "momentum"), ("centered", "average_gradient")),
}
"""Entry of the configuration, and the list that it adds."""
_ALIASES: Final = {"adamw": "adam_w", "rmsprop": "rm_sprop", "rmsprop_keras": "rm_sprop"}


def is_optimizer(kind: str) -> bool:
    """Whether this is a kind of optimizer, as the first part of a full name tells it."""
    return kind in _LISTS or kind in _ALIASES or kind in ("adafactor", "muon", "loss_scale_optimizer")


@dataclass(frozen=True, slots=True)
class Layout:
    """How an optimizer's variables may lie.

    Attributes:
        head: names of single variables before the lists.
        lists: names of the slots that each list holds side by side.
        tail: names of single variables after the lists.
    """

    head: tuple[str, ...]
    lists: tuple[tuple[str, ...], ...]
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """What one variable of an optimizer is.

    Attributes:
        name: of a counter or setting, or of the slot; None where that is not certain.
        weight: the weight whose slot it is, or None.
        owner: name of the wrapped optimizer that keeps it too, empty where it is the optimizer's own.
    """

    name: str | None
    weight: str | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights that an optimizer may train.

    Attributes:
        strict: their order, as the configuration tells it.
        loose: the same, without believing what it says of frozen layers: they may have been frozen later.
        kinds: shape and type of each.
    """

    strict: Sequence[Chain]
    loose: Sequence[Chain]
    kinds: Mapping[str, Kind]


def meaning_of(optimizer: Optimizer, found: Sequence[Kind], weights: Weights) -> list[Place] | None:
    """What each of an optimizer's variables is, or None where nothing is certain.

    Args:
        optimizer: its class, empty where it is not known; its configuration, where there is one.
        found: shape and type of its variables, in order.
        weights: those that it may train.
    """
    kind = _ALIASES.get(optimizer.kind, optimizer.kind)
    if kind == "loss_scale_optimizer":
        return _scaled(optimizer, found, weights)
    answers = []
    for chains in (weights.strict, weights.loose):
        if kind in ("adafactor", "muon"):
            answers = _special(kind, found, chains, weights.kinds)
        else:
            own = [kind] if kind else list(_LISTS)
            answers = [
                a for each in own for a in _answers(each, optimizer.config, found, chains, weights.kinds)
            ]
        if answers:
            break
    if not answers:
        return None
    return [_common(column) for column in zip(*answers, strict=True)]


def _scaled(optimizer: Optimizer, found: Sequence[Kind], weights: Weights) -> list[Place] | None:
    """An optimizer that scales the loss: its own four, then those of the one inside, which it keeps once more."""
    head = (_ITERATION, _RATE, *_SCALING)
    inner = optimizer.inner()
    own = [Place(name) for name in head]
    if len(found) < len(head) or not all(map(_is_single, found[: len(head)])):
        return None
    rest = found[len(head) :]
    if inner is None:
        return [*own, *(Place(None) for _ in rest)]
    inside = meaning_of(inner, rest, weights) or [Place(None) for _ in rest]
    return [*own, *(replace(place, owner=inner.name) for place in inside)]


def _common(column: Sequence[Place]) -> Place:
    """What several answers have in common."""
    names = {place.name for place in column}
    weights = {place.weight for place in column}
    name = names.pop() if len(names) == 1 else None
    if len(weights) > 1:
        return Place(None)
    weight = weights.pop()
    return Place(name, weight)


def _answers(
    kind: str,
    config: Mapping[str, Any] | None,
    found: Sequence[Kind],
    chains: Sequence[Chain],
    kinds: Mapping[str, Kind],
) -> Iterator[list[Place]]:
    for layout in _layouts(kind, config) if kind in _LISTS else ():
        answer = _fit(layout, found, chains, kinds)
        if answer is not None:
            yield answer


def _layouts(kind: str, config: Mapping[str, Any] | None) -> Iterator[Layout]:
    """The ways in which the variables of a class of optimizer may lie; a configuration leaves few of them."""
    told = config or {}
    rates: tuple[tuple[str, ...], ...] = ((_RATE,), ())
    if isinstance(told.get(_RATE), dict):
        rates = ((),)
    averages = _choices(config, "use_ema")
    sums = _choices(config, "gradient_accumulation_steps")
    options = _OPTIONAL.get(kind, ())
    extras = [_choices(config, entry) for entry, _ in options]
    for rate, average, summed, chosen in product(rates, averages, sums, product(*extras)):
        own = [*_LISTS[kind], *((name,) for (_, name), there in zip(options, chosen, strict=True) if there)]
        first = [name for name, there in (("average", average), ("gradient_accumulator", summed)) if there]
        heads = ((_ITERATION, *rate),)
        begun = {tuple((name,) for name in first), (tuple(first),) if first else ()}
        for head, begin in product(heads, sorted(begun)):
            lists = (*begin, *own)
            if kind == "nadam" and rate:  # one more stands before or after the lists, or is not kept
                yield Layout((*head, "u_product"), lists)
                yield Layout(head, lists, ("u_product",))
            yield Layout(head, lists)


def _choices(config: Mapping[str, Any] | None, entry: str) -> tuple[bool, ...]:
    """Whether an entry of the configuration is set; both where there is no configuration."""
    return (False, True) if config is None else (bool(config.get(entry)),)


def _is_single(kind: Kind) -> bool:
    return kind[0] == ()


def _is_whole(kind: Kind) -> bool:
    return kind[1].startswith(("int", "uint"))


def _fit(
    layout: Layout, found: Sequence[Kind], chains: Sequence[Chain], kinds: Mapping[str, Kind]
) -> list[Place] | None:
    """What each variable is if they lie like this, or None where the shapes contradict."""
    slots = sum(map(len, layout.lists))
    count, rest = divmod(len(found) - len(layout.head) - len(layout.tail), max(slots, 1))
    if rest or count < 0 or (not slots and count):
        return None
    head, tail = found[: len(layout.head)], found[len(found) - len(layout.tail) :]
    if not all(map(_is_single, (*head, *tail))) or not _is_whole(found[0]):
        return None
    if any(_is_whole(kind) for kind in (*head[1:], *tail)):
        return None
    numbers = list(_numbers(layout, count))
    wanted: list[Kind | None] = [None] * count
    for _, place, number in numbers:
        if wanted[place] not in (None, found[number]):
            return None
        wanted[place] = found[number]
    weights = places(chains, kinds, wanted)
    if weights is None:
        return None
    answer = [Place(name) for name in (*layout.head, *("" for _ in numbers), *layout.tail)]
    for name, place, number in numbers:
        weight = weights[place]
        answer[number] = Place(None if weight is None else name, weight)
    return answer


def _numbers(layout: Layout, count: int) -> Iterator[tuple[str, int, int]]:
    """Slot name, place in the order of the weights, and number of every slot."""
    number = len(layout.head)
    for names in layout.lists:
        for place, name in product(range(count), names):
            yield name, place, number
            number += 1


def _special(
    kind: str, found: Sequence[Kind], chains: Sequence[Chain], kinds: Mapping[str, Kind]
) -> list[list[Place]]:
    """Optimizers that keep more for some weights than for others: told where the order of the weights is certain."""
    if len(chains) != 1 or any(len(block.ways) != 1 for block in chains[0]):
        return []
    weights = [key for block in chains[0] for key in block.ways[0]]
    answers = []
    for head in ((_ITERATION, _RATE), (_ITERATION,)):
        if not found or not all(map(_is_single, found[: len(head)])) or not _is_whole(found[0]):
            continue
        places_of = _adafactor if kind == "adafactor" else _muon
        answer = places_of(found[len(head) :], weights, kinds)
        if answer is not None:
            answers.append([*(Place(name) for name in head), *answer])
    return answers


def _adafactor(rest: Sequence[Kind], weights: Sequence[str], kinds: Mapping[str, Kind]) -> list[Place] | None:
    """For each weight its sums over rows and over columns, which are single numbers for vectors, and its velocity."""
    answer: list[Place] = []
    for number, key in enumerate(weights):
        shape, dtype = kinds[key]
        three = rest[3 * number : 3 * number + 3]
        if shape is None or len(three) != 3:
            return None
        sums = ((), ()) if len(shape) < 2 else (shape[:-1], (*shape[:-2], shape[-1]))
        if tuple(one[0] for one in three) != (*sums, shape) or three[2][1] != dtype:
            return None
        answer += [Place("r", key), Place("c", key), Place("velocity", key)]
    return answer if len(answer) == len(rest) else None


def _muon(rest: Sequence[Kind], weights: Sequence[str], kinds: Mapping[str, Kind]) -> list[Place] | None:
    """For each weight its momentum, and for those that Adam takes care of their velocity; the one way that fits."""
    ways: dict[int, list[list[Place]]] = {0: [[]]}
    for key in weights:
        after: dict[int, list[list[Place]]] = {}
        for at, answers in ways.items():
            for names in (("momentum",), _ADAM):
                end = at + len(names)
                if end <= len(rest) and all(kind == kinds[key] for kind in rest[at:end]):
                    own = [Place(name, key) for name in names]
                    known = after.setdefault(end, [])
                    known += [
                        [*answer, *own] for answer in answers[: 2 - len(known)]
                    ]  # two are too many already
        ways = after
    found = ways.get(len(rest), [])
    return found[0] if len(found) == 1 else None
