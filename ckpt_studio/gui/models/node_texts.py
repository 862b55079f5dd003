"""What the tree of variables says in each of its cells, in tooltips and to a screen reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ckpt_studio.gui.models.tree_columns import FIGURES, Column
from ckpt_studio.gui.texts import byte_size, opaque_sentence, shape_text, shortened, translate, visible

if TYPE_CHECKING:
    from ckpt_studio.core.dtypes import DType
    from ckpt_studio.gui.models.figures import Figures
    from ckpt_studio.gui.models.row_states import RowStates
    from ckpt_studio.gui.models.variable_tree import VariableTree

_LABEL_LENGTH: Final = 200
_HINT_LENGTH: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class NodeTexts:
    """Texts of the nodes of a tree.

    Attributes:
        tree: the tree.
        states: of its rows, or None.
        figures: of its rows, or None.
    """

    tree: VariableTree
    states: RowStates | None
    figures: Figures | None

    def text(self, node: int, column: int) -> str:
        """What a cell shows."""
        nodes = self.tree.nodes
        row = int(nodes.row[node])
        if column == Column.label:
            return self.label(node)
        if column == Column.frozen:
            return self.training(node)
        if column == Column.state:
            return self._state_text(node, row)
        if column in FIGURES:
            return self._figure_text(node, row, column)
        if column == Column.size:
            return byte_size(nodes.total_bytes(node) if row < 0 else int(nodes.columns.nbytes[row]))
        if row < 0:
            count = nodes.leaf_count(node)
            return (
                translate("VariableTable", "%n variables", None, count)
                if column == Column.shape and count != 1
                else ""
            )
        if column == Column.shape:
            return shape_text(nodes.columns.shape(row))
        return self._dtype(row).name

    def _bad_inside(self, node: int) -> int:
        """How many elements under a group are known not to be finite."""
        if self.figures is None:
            return 0
        return self.figures.bad_inside(self.tree.nodes, node)

    def _figure_text(self, node: int, row: int, column: int) -> str:
        """A figure of a variable; of a group only how many of its elements are not finite."""
        if self.figures is None:
            return ""
        if row < 0:
            bad = self._bad_inside(node) if column == Column.nan else 0
            return f"⚠ {bad:,}" if bad else ""
        value = self.figures.of(row, Column(column).name)
        if value is None:
            return "" if self.figures.settled[row] else "…"
        if value != value:
            return ""
        if column != Column.nan:
            return f"{value:.4g}"
        infinite = self.figures.counts(row, "inf")
        parts = [f"{int(value):,}"] if value or not infinite else []
        parts += [translate("VariableTable", "%1 Inf").replace("%1", f"{infinite:,}")] if infinite else []
        return f"⚠ {' + '.join(parts)}" if value or infinite else "0"

    def label(self, node: int) -> str:
        """What the name column shows."""
        from ckpt_studio.gui.models.tree_nodes import METADATA, METRICS, OPTIMIZER

        nodes = self.tree.nodes
        apart = {
            OPTIMIZER: translate("VariableTable", "Optimizer and counters"),
            METRICS: translate("VariableTable", "Metrics"),
            METADATA: translate("VariableTable", "Metadata"),
        }  # fmt: skip
        row = int(nodes.row[node])
        if row in apart:
            return apart[row]
        own = visible(shortened(nodes.label(node), _LABEL_LENGTH)) or "/"
        mark = visible(shortened(nodes.twin_mark(node), _LABEL_LENGTH))
        return f"{own} ({mark})" if mark else own

    def is_borrowed(self, node: int) -> bool:
        """Whether a variable has no name of the shown kind."""
        row, borrowed = int(self.tree.nodes.row[node]), self.tree.nodes.borrowed
        return row >= 0 and bool(borrowed[row])

    def training(self, node: int) -> str:
        """Frozen, trainable or both."""
        mark = "none" if self.states is None else self.states.mark(node)
        texts = {
            "frozen": translate("VariableTable", "❄ frozen"),
            "trainable": translate("VariableTable", "trainable"),
            "mixed": translate("VariableTable", "❄ partly"),
        }
        if mark == "none" and self.states is not None and self.states.follows_frozen(node):
            return translate("VariableTable", "❄ frozen")
        return texts.get(mark, "")

    def _state_text(self, node: int, row: int) -> str:
        states = self.states
        if row < 0:
            return self._state_inside(node)
        if states is not None and states.dropped[row]:
            return translate("VariableTable", "✕ dropped")
        if states is not None and states.swapped[row]:
            return f"● {visible(states.values(row))}"
        if states is not None and states.renamed[row]:
            return translate("VariableTable", "✎ renamed")
        if states is not None and states.damaged[row]:
            return translate("VariableTable", "⚠ damaged")
        if self.figures is not None and self.figures.counts(row, "nan"):
            return translate("VariableTable", "⚠ NaN")
        if self.figures is not None and self.figures.counts(row, "inf"):
            return translate("VariableTable", "⚠ Inf")
        return translate("VariableTable", "opaque") if self._is_opaque(row) else ""

    def _state_inside(self, node: int) -> str:
        """What there is under a group; the gravest alone, because the column is narrow."""
        states = self.states
        if states is None:
            return ""
        if count := states.count(node, "damaged"):
            return translate("VariableTable", "⚠ %n inside", None, count)
        if count := states.count(node, "dropped"):
            return translate("VariableTable", "✕ %n inside", None, count)
        if self._bad_inside(node):
            return translate("VariableTable", "⚠ NaN/Inf")
        count = states.count(node, "staged")
        return translate("VariableTable", "● %n inside", None, count) if count else ""

    def _dtype(self, row: int) -> DType:
        from ckpt_studio.core.dtypes import unknown

        return unknown(int(self.tree.nodes.columns.dtype[row]))

    def _is_opaque(self, row: int) -> bool:
        return self._dtype(row).numpy is None

    def hint(self, node: int, column: int) -> str:
        """What the tooltip of a cell says."""
        nodes = self.tree.nodes
        row = int(nodes.row[node])
        if column == Column.label:
            return self._name_hint(node, row)
        if column == Column.state and row >= 0 and self.states is not None and self.states.damaged[row]:
            return visible(self.states.fault(row))
        if column == Column.state and row >= 0 and self._is_opaque(row):
            return opaque_sentence(self._dtype(row).name)
        return self.text(node, column)

    def _name_hint(self, node: int, row: int) -> str:
        nodes = self.tree.nodes
        if row < 0:
            return visible(shortened(nodes.path(node), _HINT_LENGTH)) or self.label(node)
        info = nodes.columns.info(row)
        lines = [visible(shortened(info.name, _HINT_LENGTH))]
        if info.key != info.name:
            lines.append(
                translate("VariableTable", "key: %1").replace(
                    "%1", visible(shortened(info.key, _HINT_LENGTH))
                )
            )
        if info.object_path is not None:
            path = visible(shortened(info.object_path, _HINT_LENGTH))
            lines.append(translate("VariableTable", "object path: %1").replace("%1", path))
        elif self.is_borrowed(node):
            lines.append(translate("VariableTable", "no object path, so its name is shown"))
        if self.states is not None and self.states.damaged[row]:
            lines.append(visible(self.states.fault(row)))
        return "\n".join(lines)

    def spoken(self, node: int) -> str:
        """For a screen reader, which sees a table and must be told that it is a tree."""
        parts = [
            self.label(node),
            translate("VariableTable", "level %n", None, int(self.tree.nodes.depth[node]) + 1),
        ]
        if self.tree.shown.can_expand(node):
            parts.append(
                translate("VariableTable", "expanded")
                if self.tree.shown.expanded(node)
                else translate("VariableTable", "collapsed")
            )
        row = int(self.tree.nodes.row[node])
        parts += [self.training(node), self._state_text(node, row)]
        bad = self._figure_text(node, row, Column.nan)
        if "⚠" in bad:
            parts.append(translate("VariableTable", "not finite: %1").replace("%1", bad))
        return ", ".join(part for part in parts if part)
