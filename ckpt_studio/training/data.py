"""The person's data: whether each array fits the input that it is fed to.

A feed of the wrong rank aborts a TensorFlow process instead of raising, so nothing is fed that was not checked here,
before the first step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.training.datafile import ArrayInfo, open_data, read_data

__all__ = ["ArrayInfo", "Feed", "FeedPlan", "Input", "check_mapping", "fits", "matches", "named_inputs", "open_data",
           "plan_feeds", "read_data"]  # fmt: skip

Shape = tuple[int | None, ...]
DEFAULT_BATCH = 32


@dataclass(frozen=True, slots=True)
class Input:
    """A place where data enters the graph.

    Attributes:
        name: the tensor, as `x:0`.
        dtype: TensorFlow's name.
        shape: None for an axis of any extent; None as a whole where the rank is unknown.
        op: the kind of node that stands there in the graph.
        optional: whether the graph has a value of its own when nothing is fed.
    """

    name: str
    dtype: str
    shape: Shape | None
    op: str
    optional: bool = False

    def describe(self) -> str:
        """Dtype and shape for a person."""
        if self.shape is None:
            return f"{self.dtype} of any shape"
        extents = ", ".join("?" if extent is None else str(extent) for extent in self.shape)
        return f"{self.dtype} [{extents}]"


@dataclass(frozen=True, slots=True)
class Feed:
    """How one input gets its value.

    Attributes:
        input: the input.
        source: name of an array, or a number.
        rows: whether a step takes a batch of the array's rows; otherwise it is fed as a whole.
        shape: what one row (or the whole) is reshaped to.
    """

    input: Input
    source: str | float
    rows: bool
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """All feeds of a run, checked.

    Attributes:
        rows: rows that an epoch has, 0 where nothing is fed by rows.
        batch: rows a step.
        problems: why it cannot be fed, one sentence each; empty when it can.
        notes: what was adapted, one sentence each.
    """

    feeds: tuple[Feed, ...]
    rows: int
    batch: int
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan_feeds(
    inputs: Sequence[Input],
    arrays: Mapping[str, ArrayInfo],
    mapping: Mapping[str, str | float],
    batch_size: int | None = None,
) -> FeedPlan:
    """Check that every input gets a value that fits, and say how.

    Args:
        inputs: what the graph takes.
        arrays: what the data file holds.
        mapping: input (`x` or `x:0`) -> array name or number.
        batch_size: rows a step, or None for what the graph says, else up to `DEFAULT_BATCH`.
    """
    problems: list[str] = []
    notes: list[str] = []
    given = named_inputs(inputs, mapping, problems)
    used = [arrays[source] for source in given.values() if isinstance(source, str) and source in arrays]
    rows = max((info.shape[0] for info in used if info.shape), default=0)
    feeds = []
    for one in inputs:
        source = given.get(one.name)
        if source is None:
            if not one.optional:
                problems.append(
                    f"The input {one.name} ({one.describe()}) gets no data; map it to an array"
                    f"{_suitable(one, arrays)} or to a number."
                )
            continue
        feed = _number(one, source) if not isinstance(source, str) else _array(one, source, arrays, rows)
        if isinstance(feed, str):
            problems.append(feed)
        else:
            feeds.append(feed)
            notes += _adapted(feed, arrays)
    problems += _torn(inputs, given)
    by_row = [feed for feed in feeds if feed.rows]
    rows = rows if by_row else 0
    batch = _batch(by_row, rows, batch_size, problems)
    return FeedPlan(tuple(feeds), rows, batch, tuple(problems), tuple(notes))


def fits(one: Input, info: ArrayInfo) -> bool:
    """Whether an array could be fed to an input, its own number of rows being the data's."""
    return isinstance(_feed(one, info, len_rows=info.shape[0] if info.shape else 0), Feed)


def _suitable(one: Input, arrays: Mapping[str, ArrayInfo]) -> str:
    """The arrays that fit an input where there are several, since a guess would be none; all where none fits."""
    found = [name for name, info in arrays.items() if fits(one, info)]
    if not found:
        found = [f"{name} is {info.describe()}" for name, info in arrays.items()]
        return f" (none fits: {', '.join(found[:5])}{' ...' if len(found) > 5 else ''})" if found else ""
    return f" ({', '.join(found[:5])}{' ...' if len(found) > 5 else ''})" if len(found) > 1 else ""


def _torn(inputs: Sequence[Input], given: Mapping[str, str | float]) -> list[str]:
    """Inputs that the graph's own data gives together, of which only some are mapped."""
    fed = {name.rpartition(":")[0]: name for name in given}
    return [
        f"The input {one.name} gets its data together with {fed[node]}, which is mapped; map both or neither."
        for one in inputs
        if one.optional and one.name not in given and (node := one.name.rpartition(":")[0]) in fed
    ]


def check_mapping(
    inputs: Sequence[Input],
    arrays: Mapping[str, ArrayInfo],
    mapping: Mapping[str, str | float],
    batch_size: int | None = None,
) -> list[str]:
    """Why this mapping cannot be fed, one sentence each; empty when it can."""
    return list(plan_feeds(inputs, arrays, mapping, batch_size).problems)


def named_inputs(
    inputs: Sequence[Input], mapping: Mapping[str, str | float], problems: list[str]
) -> dict[str, str | float]:
    """The mapping by full tensor names (`x` becomes `x:0`); names that no input has are added to `problems`."""
    full = {one.name for one in inputs}
    given: dict[str, str | float] = {}
    for name, source in mapping.items():
        if name in full or name + ":0" in full:
            given[name if name in full else name + ":0"] = source
        else:
            known = ", ".join(sorted(full)) or "none"
            problems.append(f"The graph has no input {name}; its inputs are: {known}.")
    return given


def _array(one: Input, source: str, arrays: Mapping[str, ArrayInfo], rows: int) -> Feed | str:
    if source not in arrays:
        known = ", ".join(sorted(arrays)) or "none"
        return f"The data has no array {source!r} for the input {one.name}; its arrays are: {known}."
    if arrays[source].gaps:
        gaps = arrays[source].gaps
        return f"Values are missing in {source!r} ({gaps} of them); fill them in, or leave those rows out."
    return _feed(one, arrays[source], rows)


def _feed(one: Input, info: ArrayInfo, len_rows: int) -> Feed | str:
    """The feed of an array, or the sentence why it does not fit."""
    if not _castable(info.dtype, one.dtype):
        return (
            f"The array {info.name!r} is {info.dtype.name}, and the input {one.name} takes {one.dtype}; "
            "convert the array or map another one."
        )
    if one.shape is None:
        by_row = bool(info.shape) and info.shape[0] == len_rows
        return Feed(one, info.name, by_row, info.shape[1:] if by_row else info.shape)
    if info.shape and one.shape and info.shape[0] == len_rows:
        shape = _reshaped(info.shape[1:], one.shape[1:])
        if shape is not None:
            return Feed(one, info.name, True, shape)
    if one.shape == () and math.prod(info.shape) == 1:
        return Feed(one, info.name, False, ())
    if matches(info.shape, one.shape) and one.shape[:1] != (None,):
        return Feed(one, info.name, False, info.shape)
    if (
        one.shape
        and info.shape
        and info.shape[0] != len_rows
        and _reshaped(info.shape[1:], one.shape[1:]) is not None
    ):
        return (
            f"The array {info.name!r} has {info.shape[0]} rows where others have {len_rows}; "
            "all arrays that are fed by rows need the same number."
        )
    return f"The array {info.name!r} is {info.describe()}, which does not fit the input {one.name}: {one.describe()}."


def _reshaped(have: tuple[int, ...], want: Shape) -> tuple[int, ...] | None:
    """What one row becomes, or None where the number of elements does not fit."""
    if matches(have, want):
        return have
    count = math.prod(have)
    unknown = sum(extent is None for extent in want)
    known = math.prod(extent for extent in want if extent is not None)
    if unknown > 1 or known == 0 or count % known or (unknown == 0 and count != known):
        return None
    return tuple(count // known if extent is None else extent for extent in want)


def matches(have: tuple[int, ...], want: Shape) -> bool:
    """Whether a shape is one that an input takes."""
    return len(have) == len(want) and all(w is None or w == h for h, w in zip(have, want, strict=True))


def _castable(have: np.dtype[Any], want: str) -> bool:
    target = BY_NAME[want].numpy if want in BY_NAME else None
    if target is None:
        return False
    kinds = {"f": "fiub", "V": "fiub", "i": "iub", "u": "iub", "b": "biu", "c": "cfiub", "O": "SUO"}
    return have.kind in kinds.get(target.kind, "")


def _number(one: Input, source: float) -> Feed | str:
    wanted = BY_NAME[one.dtype].numpy if one.dtype in BY_NAME else None
    if wanted is None or wanted.kind == "O" or (wanted.kind in "iub" and source != int(source)):
        return f"The number {source} cannot be fed to the input {one.name}, which takes {one.describe()}."
    if wanted.kind in "iu" and not np.iinfo(wanted).min <= source <= np.iinfo(wanted).max:
        return f"The number {source} is too large for the input {one.name}, which takes {one.describe()}."
    shape = one.shape or ()
    fixed = tuple(extent for extent in shape if extent is not None)
    if len(fixed) != len(shape):
        return f"The input {one.name} takes {one.describe()}, so it needs an array; a number says no shape."
    return Feed(one, source, False, fixed)


def _adapted(feed: Feed, arrays: Mapping[str, ArrayInfo]) -> list[str]:
    if not isinstance(feed.source, str):
        return []
    info = arrays[feed.source]
    have = info.shape[1:] if feed.rows else info.shape
    what = []
    if have != feed.shape:
        what.append(f"reshaped from {list(have)} to {list(feed.shape)}" + (" a row" if feed.rows else ""))
    wanted = BY_NAME[feed.input.dtype]
    if (
        wanted.numpy is not None
        and info.dtype.newbyteorder("=").name != wanted.name
        and info.dtype.kind not in "SUO"
    ):
        what.append(f"converted from {info.dtype.name} to {wanted.name}")
    return [f"The array {info.name!r} is {' and '.join(what)} for {feed.input.name}."] if what else []


def _batch(by_row: Sequence[Feed], rows: int, asked: int | None, problems: list[str]) -> int:
    if not by_row:
        return 0
    fixed = {f.input.shape[0]: f.input.name for f in by_row if f.input.shape and f.input.shape[0] is not None}
    sizes = [size for size in fixed if size is not None]
    if len(sizes) > 1 or (sizes and asked is not None and sizes != [asked]):
        said = ", ".join(f"{fixed[size]} takes {size}" for size in sizes)
        problems.append(
            f"The batch size {asked or ''} does not fit the graph: {said} rows.".replace("  ", " ")
        )
        return 0
    batch = sizes[0] if sizes else asked if asked is not None else min(DEFAULT_BATCH, rows)
    if not 0 < batch <= rows:
        problems.append(f"The data has {rows} rows, which is less than a batch of {max(1, batch)}.")
    return batch
