"""The tree of variables with what is shown of it and what is searched in it, built off the GUI thread. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_studio.core.tensors import Columns
from ckpt_studio.gui.models.name_search import NameSearch
from ckpt_studio.gui.models.tree_build import build_nodes
from ckpt_studio.gui.models.tree_nodes import TreeNodes
from ckpt_studio.gui.models.visible_nodes import VisibleNodes
from ckpt_studio.gui.settings import Naming


@dataclass(slots=True, eq=False)
class VariableTree:
    """Everything that showing variables needs.

    Attributes:
        nodes: the tree, in the order that it is shown in.
        shown: the part of it that is to be seen.
        searches: every kind of name that the variables have, ready to be searched.
        natural: the tree in the order of the names.
    """

    nodes: TreeNodes
    shown: VisibleNodes
    searches: tuple[NameSearch, ...]
    natural: TreeNodes


def prepare(columns: Columns, naming: Naming) -> VariableTree:
    """The tree of all variables."""
    nodes = build_nodes(columns, naming)
    return VariableTree(nodes, VisibleNodes(nodes), searches_of(columns), nodes)


def searches_of(columns: Columns) -> tuple[NameSearch, ...]:
    """Every kind of name that variables have, ready to be searched."""
    names = {
        id(names): names for names in (columns.keys, columns.names, columns.object_paths) if names is not None
    }
    return tuple(map(NameSearch, names.values()))
