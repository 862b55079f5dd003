"""Which weight stands at which place of an optimizer's lists, where the file does not say it.

An optimizer keeps its slots in the order of the weights that it trains. A configuration gives that order; without one
only parts of it are known: what is inside a layer, and the layers of one class among each other. So all ways in which
the shapes could have come about are followed side by side, and a place is believed where all of them agree.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Chain: TypeAlias = "Sequence[Block]"
_State: TypeAlias = tuple[int, ...]
_MOST_STEPS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Block:
    """What one layer has to train: one of these lists of weights, each in the layer's order."""

    ways: tuple[tuple[str, ...], ...]


def places(
    chains: Sequence[Chain], shapes: Mapping[str, Hashable], wanted: Sequence[Hashable]
) -> list[str | None] | None:
    """The weight at each place, None where several could be; no list where no way fits or too many would be tried.

    Args:
        chains: blocks in the order in which they stand; blocks of different chains stand in any order.
        shapes: of each weight.
        wanted: the shape at each place.
    """
    chains = _whole([chain for chain in chains if chain], len(wanted))
    steps = _reachable(chains, shapes, wanted)
    if steps is None:
        return None
    found: list[set[str]] = [set() for _ in wanted]
    alive = {(len(wanted), tuple(len(chain) for chain in chains))}
    for place in range(len(wanted), -1, -1):
        # Blocks may be empty, so a state can be reached from one at the same place: the later ones come first.
        for state in sorted(steps.get(place, ()), reverse=True, key=lambda state: (sum(state), state)):
            if (place, state) in alive:
                continue
            for way, after in _next(chains, state):
                end = (place + len(way), after)
                if end in alive and _fits(way, shapes, wanted, place):
                    alive.add((place, state))
                    for i, key in enumerate(way):
                        found[place + i].add(key)
    if (0, (0,) * len(chains)) not in alive:
        return None
    return [next(iter(keys)) if len(keys) == 1 else None for keys in found]


def _whole(chains: Sequence[Chain], count: int) -> Sequence[Chain]:
    """The chains without the ways that leave weights out, where there are places for all."""
    most = sum(max(map(len, block.ways), default=0) for chain in chains for block in chain)
    if most != count:
        return chains
    return [[Block((max(block.ways, key=len, default=()),)) for block in chain] for chain in chains]


def _reachable(
    chains: Sequence[Chain], shapes: Mapping[str, Hashable], wanted: Sequence[Hashable]
) -> dict[int, set[_State]] | None:
    """The states that can be reached at each place, from the front."""
    start = (0,) * len(chains)
    steps: dict[int, set[_State]] = {0: {start}}
    waiting = [(0, start)]
    count = 0
    while waiting:
        place, state = waiting.pop()
        for way, after in _next(chains, state):
            count += 1
            if not _fits(way, shapes, wanted, place):
                continue
            known = steps.setdefault(place + len(way), set())
            if after not in known:
                known.add(after)
                waiting.append((place + len(way), after))
        if count > _MOST_STEPS:
            return None
    return steps


def _next(chains: Sequence[Chain], state: _State) -> Iterator[tuple[tuple[str, ...], _State]]:
    """Each way to take the next block of one of the chains."""
    for i, chain in enumerate(chains):
        if state[i] < len(chain):
            after = (*state[:i], state[i] + 1, *state[i + 1 :])
            for way in chain[state[i]].ways:
                yield way, after


def _fits(way: Sequence[str], shapes: Mapping[str, Hashable], wanted: Sequence[Hashable], place: int) -> bool:
    if place + len(way) > len(wanted):
        return False
    return all(shapes[key] == wanted[place + i] for i, key in enumerate(way))
