"""Which weight each nameless variable of an optimizer of Keras 1 and 2 belongs to: they are lists, one after the other.

    Adam    iterations, m 0, m 1, ..., v 0, v 1, ..., and where there is no amsgrad as many single zeros
    SGD     iterations, momentum 0, momentum 1, ...
    others  see `_LISTS`; some versions did not keep the iterations

Believed only where every list has all weights that are trained, in their order, with their shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ckpt_studio.formats.keras.hdf5.listing import Dataset
from ckpt_studio.formats.keras.order import Block, places

_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "sgd": ("momentum",),
    "rm_sprop": ("rms",),
    "rmsprop": ("rms",),
    "adagrad": ("accumulator",),
    "adadelta": ("accum_grad", "accum_var"),
    "adam": ("m", "v"),
    "adamax": ("m", "u"),
    "nadam": ("m", "v"),
}
_HEADS: Final = {"nadam": (2,)}


def meaning_of_nameless(
    kind: str,
    paths: Sequence[str],
    strict: Sequence[Block],
    loose: Sequence[Block],
    datasets: Mapping[str, Dataset],
) -> Iterator[tuple[str, str, str]]:
    """Path, weight and name of each slot; nothing where several ways fit or none.

    Args:
        kind: the optimizer's class in snake case.
        paths: its variables in order.
        strict: the weights in order.
        loose: the same, without believing what the configuration says of frozen layers.
        datasets: by path.
    """
    names = _LISTS.get(kind, ())
    shapes = {path: dataset.shape for path, dataset in datasets.items()}
    for chain in (strict, loose):
        found = []
        for head in _HEADS.get(kind, (1, 0)):
            lists = [names, (*names, "vhat"), (*names, "")] if kind == "adam" else [names]
            found += [
                answer for own in lists if (answer := _fit(own, paths[head:], chain, shapes)) is not None
            ]
        if len(found) == 1:
            yield from found[0]
            return


def _fit(
    names: Sequence[str],
    paths: Sequence[str],
    chain: Sequence[Block],
    shapes: Mapping[str, tuple[int, ...] | None],
) -> list[tuple[str, str, str]] | None:
    """The slots if the lists are these; a list without a name holds single numbers."""
    count, rest = divmod(len(paths), len(names)) if names else (0, 1)
    if rest or not count:
        return None
    wanted = [shapes[path] for path in paths[:count]]
    for at, name in enumerate(names):
        found = [shapes[path] for path in paths[at * count : (at + 1) * count]]
        if found != (wanted if name else [(1,)] * count):
            return None
    weights = places([chain], shapes, wanted)
    if weights is None:
        return None
    return [
        (paths[at * count + place], weight, name)
        for at, name in enumerate(names)
        for place, weight in enumerate(weights)
        if name and weight is not None
    ]
