"""The Resume dialog's model: the checkpoint's own graph or model, or a recipe's, and what of it can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from ckpt_studio.gui.dialogs.card_text import said
from ckpt_studio.gui.dialogs.fields import ElidedLabel, PathField, fill_combo, named
from ckpt_studio.gui.dialogs.recent import recent_paths, remember_path
from ckpt_studio.gui.texts import filled, visible

if TYPE_CHECKING:
    from ckpt_studio.training.card import Card


class ModelBox(QGroupBox):
    """`changed` is emitted when a person has changed something in it. Fields that a kind of run has not are hidden."""

    changed = Signal()
    templateWanted = Signal(str)
    """A recipe is to be written to this file, with the checkpoint's own shapes."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Model"))
        self._kind = ElidedLabel("runKind", self.tr("Looking for what could be trained …"), self)
        self._recipe = PathField(
            "recipeEdit",
            self.tr("Recipe"),
            self,
            files=self.tr("Python files (*.py);;All files (*)"),
            recent=recent_paths("recipes"),
        )
        self._recipe.edit.setPlaceholderText(self.tr("none: the checkpoint's own graph or model"))
        self._recipe.chosen.connect(self._recipe_chosen)
        self._template = QPushButton(self.tr("Te&mplate…"), self)
        named(self._template, "recipeTemplateButton", self.tr("Write a recipe to start from"))
        self._template.setToolTip(
            self.tr("Write a recipe with this checkpoint's shapes, to be completed by hand")
        )
        self._template.setAutoDefault(False)
        self._template.clicked.connect(self._ask_place)
        recipe = QHBoxLayout()
        recipe.addWidget(self._recipe, 1)
        recipe.addWidget(self._template)
        self._train_op = self._combo("trainOpCombo", self.tr("Train operation"))
        self._loss = self._combo("lossCombo", self.tr("Loss to show"))
        self._loss_name = self._line("lossEdit", self.tr("Loss of the model"))
        self._optimizer = self._line("optimizerEdit", self.tr("Optimizer"))
        self._rate = self._line("learningRateEdit", self.tr("Learning rate"))
        self._form = form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Runs:"), self._kind)
        form.addRow(self.tr("Re&cipe:"), recipe)
        label = form.labelForField(recipe)
        if isinstance(label, QLabel):
            label.setBuddy(self._recipe)
        form.addRow(self.tr("&Train operation:"), self._train_op)
        form.addRow(self.tr("&Loss to show:"), self._loss)
        form.addRow(self.tr("L&oss:"), self._loss_name)
        form.addRow(self.tr("Optimi&zer:"), self._optimizer)
        form.addRow(self.tr("Learning &rate:"), self._rate)
        self._show_rows(None)

    def _combo(self, object_name: str, accessible: str) -> QComboBox:
        combo = QComboBox(self)
        named(combo, object_name, accessible)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(20)
        combo.addItem(self.tr("found automatically"), None)
        combo.currentIndexChanged.connect(self.changed)
        return combo

    def _line(self, object_name: str, accessible: str) -> QLineEdit:
        line = QLineEdit(self)
        named(line, object_name, accessible)
        line.textChanged.connect(self.changed)
        return line

    def _recipe_chosen(self, path: str) -> None:
        if path:
            remember_path("recipes", path)
        self.changed.emit()

    def _ask_place(self) -> None:
        dialog = QFileDialog(self, self.tr("Write a recipe"), "recipe.py", self.tr("Python files (*.py)"))
        dialog.setObjectName("recipeTemplateDialog")
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("py")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.templateWanted)
        dialog.open()

    def use_recipe(self, path: str) -> None:
        """Take this recipe, as if a person had chosen it."""
        self._recipe.set_path(path, finish=True)

    # ---- what a person says

    @property
    def recipe(self) -> str:
        """The path of the recipe; empty for none."""
        return self._recipe.path()

    def fields(self) -> dict[str, Any]:
        """The fields of a RunSpec that a person has said here. Raises RequestFault for a rate that is no number."""
        from ckpt_studio.gui.dialogs.edits.typed import typed_number

        graph = not self._train_op.isHidden()
        rate = self._rate.text().strip()
        return {
            "train_op": self._train_op.currentData() if graph else None,
            "loss": self._loss.currentData() if graph else self._loss_name.text().strip() or None,
            "optimizer": None if self._optimizer.isHidden() else self._optimizer.text().strip() or None,
            "learning_rate": float(typed_number(rate)) if rate else None,
        }

    # ---- what is known

    def show_card(self, card: Card) -> None:
        """Show what would run, and offer what could be chosen."""
        kinds = {
            "meta_graph": self.tr("the graph %1"),
            "keras": self.tr("the Keras model of %1"),
            "recipe": self.tr("the recipe %1"),
            "saved_model": self.tr("the SavedModel %1"),
        }
        self._kind.set_full(filled(kinds.get(card.route, "%1"), visible(card.meta_graph)))
        self._offer(self._train_op, card.train_choices, ", ".join(card.train_ops))
        self._offer(self._loss, card.loss_choices, card.loss or "")
        own, unsaid = self.tr("as it was compiled: %1"), ""
        if card.route == "meta_graph":
            own, unsaid = self.tr("the optimizer's own: %1"), self.tr("the graph's own")
        for line, name in (
            (self._loss_name, "loss"),
            (self._optimizer, "optimizer"),
            (self._rate, "learning_rate"),
        ):
            if not line.text():
                line.setPlaceholderText(
                    filled(own, said(card.settings[name])) if name in card.settings else unsaid
                )
        self._show_rows(card)

    def show_nothing(self) -> None:
        """Nothing is known that could run."""
        self._kind.set_full(self.tr("nothing yet"))
        self._show_rows(None)

    def _show_rows(self, card: Card | None) -> None:
        route = "" if card is None else card.route
        graph = route in ("meta_graph", "saved_model")
        for field, there in (
            (self._train_op, graph), (self._loss, graph), (self._loss_name, route == "keras"),
            (self._optimizer, route in ("keras", "meta_graph")), (self._rate, route in ("keras", "meta_graph")),
        ):  # fmt: skip
            self._form.setRowVisible(field, there)

    def _offer(self, combo: QComboBox, choices: tuple[str, ...], found: str) -> None:
        chosen = combo.currentData()
        automatic = self.tr("found automatically")
        if chosen is None and found:
            automatic = self.tr("automatic: {0}").format(found)
        fill_combo(combo, [(automatic, None), *((name, name) for name in choices)], chosen)
