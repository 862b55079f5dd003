"""The work of showing a document's variables, done on a background thread: it names no widget and no Qt object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.gui.models.carry import Place, carried
from ckpt_studio.gui.models.figures import Figures
from ckpt_studio.gui.models.filter_words import Filter, Ground
from ckpt_studio.gui.models.row_states import RowStates, read_states
from ckpt_studio.gui.models.tree_build import build_nodes
from ckpt_studio.gui.models.tree_sort import key_of, sorted_nodes
from ckpt_studio.gui.models.variable_tree import VariableTree, prepare, searches_of
from ckpt_studio.gui.models.visible_nodes import VisibleNodes
from ckpt_studio.gui.settings import Naming

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A tree that stands.

    Attributes:
        tree: the tree.
        states: of its rows.
        figures: of its rows, as far as they are known.
        place: where the person is in it.
        matching: bool [N], the rows that the filter lets through, or None without a filter.
    """

    tree: VariableTree
    states: RowStates
    figures: Figures
    place: Place
    matching: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Order:
    """What the tree is sorted by: the name of a `Column`."""

    column: str
    descending: bool


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """How a person wants to see the variables.

    Attributes:
        naming: by which of their names.
        order: None for the order of the names.
        words: the filter.
    """

    naming: Naming
    order: Order | None
    words: Filter


def stand(document: Document, naming: Naming) -> Standing:
    """The tree of a document that was just opened, without an order or a filter."""
    staged = document.rows
    tree = prepare(staged.columns, naming)
    nowhere = Place(tree.nodes, tree.shown.expanded_now(), np.empty(0, np.int32), None)
    return Standing(tree, read_states(document, staged, tree.nodes), Figures(staged), nowhere, None)


def stand_again(
    document: Document, tree: VariableTree, figures: Figures, place: Place, wish: Wish, task: Task = UNTENDED
) -> Standing:
    """The tree as a person wishes it now, or of what an edit made of the variables, at the same place.

    Raises:
        Cancelled: if asked to stop.
    """
    staged = figures.state
    natural, searches = tree.natural, tree.searches
    if natural.columns is not staged.columns:
        searches = searches_of(staged.columns)
    if natural.columns is not staged.columns or natural.naming != wish.naming:
        natural = build_nodes(staged.columns, wish.naming)
    nodes = natural
    if wish.order is not None:
        key = key_of(wish.order.column, read_states(document, staged, natural), figures)
        nodes = sorted_nodes(natural, key, wish.order.descending)
    place = carried(place, nodes)
    tree = VariableTree(nodes, VisibleNodes(nodes, place.expanded), searches, natural)
    states = read_states(document, staged, nodes)
    matching = wish.words.rows(Ground(tree, states, figures, task))
    if matching is not None:
        tree.shown.filter(matching)
    return Standing(tree, states, figures, place, matching)
