"""The work of showing a document's variables, done on a background thread: it names no widget and no Qt object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.gui.models.carry import Place, carried
from ckpt_studio.gui.models.filter_words import matching_rows
from ckpt_studio.gui.models.name_search import NameSearch
from ckpt_studio.gui.models.row_states import RowStates, read_states
from ckpt_studio.gui.models.tree_build import build_nodes
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
        place: where the person is in it.
        matching: bool [N], the rows that the filter lets through, or None without a filter.
    """

    tree: VariableTree
    states: RowStates
    place: Place
    matching: NDArray[np.bool_] | None


def stand(document: Document, naming: Naming) -> Standing:
    """The tree of a document that was just opened."""
    staged = document.rows
    tree = prepare(staged.columns, naming)
    nowhere = Place(tree.nodes, tree.shown.expanded_now(), np.empty(0, np.int32), None)
    return Standing(tree, read_states(document, staged, tree.nodes), nowhere, None)


def stand_again(
    document: Document, naming: Naming, searches: tuple[NameSearch, ...], place: Place, filter_text: str
) -> Standing:
    """The tree by other names, or of what an edit made of the variables, at the same place, with the same filter."""
    staged = document.rows
    nodes = build_nodes(staged.columns, naming)
    if nodes.columns is not place.nodes.columns:
        searches = searches_of(nodes.columns)
    place = carried(place, nodes)
    tree = VariableTree(nodes, VisibleNodes(nodes, place.expanded), searches)
    states = read_states(document, staged, nodes)
    matching = matching_rows(tree, states, filter_text)
    if matching is not None:
        tree.shown.filter(matching)
    return Standing(tree, states, place, matching)
