"""What the filter field understands: words that must all hold, each a text, a regular expression or a condition.

    kernel              part of a name, in either case; "two words" in quotation marks
    /conv\\d+/           a regular expression over names
    dtype:float16       shape:3x3x*     role:slot       frozen:     staged:     nan:
    norm>10             std<1e-3        zeros>0.9       size>1M     elements<=100
    !kernel             the opposite of any of them

Qt-free but for translations: it runs on a background thread.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Role
from ckpt_studio.gui.models.patterns import checked_pattern, shape_pattern
from ckpt_studio.gui.texts import filled, translate

if TYPE_CHECKING:
    from ckpt_studio.gui.models.figures import Figures
    from ckpt_studio.gui.models.row_states import RowStates
    from ckpt_studio.gui.models.variable_tree import VariableTree

_NO: Final = frozenset(("no", "false", "0"))
_WORD: Final = re.compile(r'!?(?:/(?:\\.|[^/\\])+/(?!\S)|"[^"]*"|\S+)')
_CONDITION: Final = re.compile(r"([a-z_]\w*)(>=|<=|!=|>|<|=)(.*)", re.IGNORECASE | re.DOTALL)
_NUMBER: Final = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(%|[kmgt]?i?b?)", re.IGNORECASE)
_COMPARE: Final[dict[str, Callable[[NDArray[np.float64], float], NDArray[np.bool_]]]] = {
    ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal,
    "=": np.equal, "!=": np.not_equal,
}  # fmt: skip
_COUNTS: Final = frozenset(("zeros", "nan", "inf", "denormals"))
"""Figures that count elements: numbers below one and those in percent are shares of them."""
_FIGURES: Final = {
    "mean": "mean", "std": "std", "norm": "norm", "l2": "norm", "l1": "l1", "min": "min", "max": "max",
    **{name: name for name in _COUNTS},
}  # fmt: skip
_KNOWN_AT_ONCE: Final = ("size", "elements", "rank")
_MARKS: Final = ("frozen", "staged", "swapped", "renamed", "dropped", "damaged")


@dataclass(frozen=True, slots=True)
class Ground:
    """What a filter is held against.

    Attributes:
        tree: the variables.
        states: of their rows; None where they are not known.
        figures: of their rows; None where there are none.
        task: looked at while names are searched.
    """

    tree: VariableTree
    states: RowStates | None
    figures: Figures | None = None
    task: Task = UNTENDED

    def __len__(self) -> int:
        return len(self.tree.nodes.columns)


_Rule = Callable[[Ground], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was understood.

    Attributes:
        quick: rules that are answered at once.
        slow: rules about figures; a row whose figures are not known does not fit.
    """

    quick: tuple[_Rule, ...]
    slow: tuple[_Rule, ...]

    def rows(self, ground: Ground) -> NDArray[np.bool_] | None:
        """bool [N]: rows that fit every rule; None when there is none."""
        return self.found(ground)[0]

    def found(
        self, ground: Ground, task: Task = UNTENDED
    ) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
        """bool [N] twice: rows that fit every rule, and those whose figures decide that; None where there are no rules.

        Raises:
            Cancelled: if asked to stop.
        """
        if not (self.quick or self.slow):
            return None, None
        candidates = _all(self.quick, replace(ground, task=task))
        if not self.slow:
            return candidates, None
        return candidates & _all(self.slow, ground), candidates


def _all(rules: tuple[_Rule, ...], ground: Ground) -> NDArray[np.bool_]:
    found = np.ones(len(ground), np.bool_)
    for rule in rules:
        found &= rule(ground)
    return found


def understood(text: str) -> Filter:
    """What a person has typed.

    Raises:
        RequestFault: a word makes no sense; the sentence says which and why.
    """
    quick: list[_Rule] = []
    slow: list[_Rule] = []
    for word in _WORD.findall(text):
        negated, plain = (
            word.startswith("!") and len(word) > 1,
            word.removeprefix("!") if len(word) > 1 else word,
        )
        rule, about_figures = _rule(plain)
        if about_figures:
            slow.append(_known(_opposite(rule)) if negated else _known(rule))
        else:
            quick.append(_opposite(rule) if negated else rule)
    return Filter(tuple(quick), tuple(slow))


def _opposite(rule: _Rule) -> _Rule:
    return lambda ground: ~rule(ground)


def _known(rule: _Rule) -> _Rule:
    """Only rows whose figures are known fit, whatever a rule says of NaN."""

    def of_known(ground: Ground) -> NDArray[np.bool_]:
        if ground.figures is None:
            return np.zeros(len(ground), np.bool_)
        return rule(ground) & ~np.isnan(ground.figures.column("count"))

    return of_known


def _rule(word: str) -> tuple[_Rule, bool]:
    """The rule that a word states, and whether it is about figures."""
    if len(word) > 2 and word[0] == word[-1] == "/":
        pattern = checked_pattern(word[1:-1])
        return (lambda ground: _named(ground, lambda search: search.match(pattern, ground.task))), False
    if word[0] == '"':
        return _text(word.strip('"')), False
    condition = _CONDITION.fullmatch(word)
    if condition is not None:
        return _compared(word, *condition.groups())
    kind, colon, value = word.lower().partition(":")
    if colon and kind in _COUNTS and value in ("", "yes", "no"):
        return _figure(kind, "=" if value in _NO else ">", 0.0, share=False), True
    return (_described(kind, value) if colon else None) or _text(word), False


def _text(needle: str) -> _Rule:
    return lambda ground: _named(ground, lambda search: search.find(needle))


def _named(ground: Ground, find: Callable[..., NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Rows one of whose names is found."""
    found = find(ground.tree.searches[0])
    for search in ground.tree.searches[1:]:
        found |= find(search)
    return found


def _described(kind: str, value: str) -> _Rule | None:
    """The rule of `kind:value`; None for words that are none of ours, such as `kernel:0`."""
    if kind == "dtype":
        numbers = [number for number, dtype in dtypes.BY_NUMBER.items() if value in dtype.name]
        if not numbers:
            raise _fault(translate("Filter", "No element type has “%1” in its name."), value)
        return lambda ground: np.isin(ground.tree.nodes.columns.dtype, numbers)
    if kind == "role":
        roles = [role.value for role in Role if role.name.startswith(value)]
        if not roles:
            names = ", ".join(role.name for role in Role)
            raise _fault(translate("Filter", "There is no role “%1”; there are %2."), value, names)
        return lambda ground: np.isin(ground.tree.nodes.columns.role, roles)
    if kind == "shape":
        fits = shape_pattern(value)
        return lambda ground: fits(ground.tree.nodes.columns)
    if kind in _MARKS:
        return _marked(kind, value not in _NO)
    return None


def _marked(kind: str, wanted: bool) -> _Rule:
    def rule(ground: Ground) -> NDArray[np.bool_]:
        states = ground.states
        if states is None:
            return np.zeros(len(ground), np.bool_)
        if kind == "frozen":
            return states.frozen == (1 if wanted else 0)
        marked: NDArray[np.bool_] = getattr(states, kind)
        return marked if wanted else ~marked

    return rule


def _compared(word: str, name: str, sign: str, value: str) -> tuple[_Rule, bool]:
    name = name.lower()
    if name not in _FIGURES and name not in _KNOWN_AT_ONCE:
        names = ", ".join((*_FIGURES, *_KNOWN_AT_ONCE))
        raise _fault(translate("Filter", "Nothing is called “%1”; conditions are about %2."), name, names)
    number = _NUMBER.fullmatch(value)
    if number is None:
        raise _fault(
            translate("Filter", "“%1” needs a number after %2, such as %3."), word, sign, f"{name}{sign}10"
        )
    amount, unit = float(number[1]), number[2].lower()
    if not math.isfinite(amount):
        raise _fault(translate("Filter", "The number of “%1” is too large."), word)
    if unit == "%" and name not in _COUNTS:
        raise _fault(
            translate("Filter", "“%1” cannot be in percent; zeros, nan, inf and denormals can."), word
        )
    if unit == "%":
        return _figure(name, sign, amount / 100, share=True), True
    amount *= _factor(unit)
    if name in _FIGURES:
        share = name in _COUNTS and 0 < amount < 1
        return _figure(_FIGURES[name], sign, amount, share), True
    return (lambda ground: _COMPARE[sign](_at_once(ground, name), amount)), False


def _factor(unit: str) -> int:
    step = 1024 if "i" in unit else 1000
    return step ** (" kmgt".index(unit[0]) if unit[:1] in tuple("kmgt") else 0)


def _at_once(ground: Ground, name: str) -> NDArray[np.float64]:
    columns = ground.tree.nodes.columns
    if name == "size":
        return columns.nbytes.astype(np.float64)
    if name == "rank":
        return np.where(columns.rank < 0, np.nan, columns.rank)
    return element_counts(columns)


def element_counts(columns: Columns) -> NDArray[np.float64]:
    """float64 [N]: number of elements, NaN where the shape is unknown."""
    inside = np.arange(columns.dims.shape[1]) < columns.rank[:, None]
    product = np.where(inside, columns.dims, 1).prod(axis=1, dtype=np.float64)
    return np.where(columns.rank < 0, np.nan, product)


def _figure(name: str, sign: str, amount: float, share: bool) -> _Rule:
    def rule(ground: Ground) -> NDArray[np.bool_]:
        if ground.figures is None:
            return np.zeros(len(ground), np.bool_)
        values = ground.figures.column(name)
        with np.errstate(invalid="ignore", divide="ignore"):
            if share:
                values = values / ground.figures.column("count")
            return _COMPARE[sign](values, amount)

    return rule


def _fault(sentence: str, *values: str) -> RequestFault:
    return RequestFault(filled(sentence, *values))
