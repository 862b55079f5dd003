"""A hand that plays with the window: it presses, types, chooses, drags and closes whatever is there, by a seed."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QHeaderView,
    QLineEdit,
    QMenu,
    QMenuBar,
    QMessageBox,
    QPlainTextEdit,
    QTabBar,
    QWidget,
)

from ckpt_studio.gui.action_specs import SPECS
from ckpt_studio.gui.main_window import MainWindow
from tests.helpers.pointer import double_click, move_pointer, pressed

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NOT_PRESSED = {"actionQuit", "actionLogFolder"}
"""Actions that end the game, or open a program of the desktop."""
TEXTS = (
    "", "0", "1", "-1", "7", "1e-3", "1e400", "nan", "*", "**", "kernel", "hidden/*", "nan:", "norm>10", "size>1M",
    "dtype:float32", "shape:", "(", "[", "{}", "a/b/c", "hex:ff", "0,0", "1:2", "é", "\u202e", "x" * 300, "float16",
    "zeros>0.9", "re:.*", "\\1", "global_step", "..", "/", "~", "-", "0.5, 2", "%1", "{0}", "<b>x</b>", "&&",
)  # fmt: skip
KEYS = (
    Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End,
    Qt.Key.Key_PageDown, Qt.Key.Key_PageUp, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab,
    Qt.Key.Key_Delete, Qt.Key.Key_Asterisk, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_F2, Qt.Key.Key_A,
)  # fmt: skip


class Hand:
    """Plays with one window.

    Args:
        paths: what it opens now and then.
        kept: names of actions that it keeps off besides `NOT_PRESSED`.
    """

    def __init__(
        self, window: MainWindow, seed: int, paths: list[str], kept: frozenset[str] = frozenset()
    ) -> None:
        self._window = window
        self._rng = Random(seed)
        self._paths = paths
        self._kept = kept | NOT_PRESSED
        self._pressing = False
        # the box of Qt's file dialog and the menu of a button have event loops of their own, in which this hand
        # would wait for ever
        self._boxes = QTimer(window, interval=50)
        self._boxes.timeout.connect(self._close_box)
        self._boxes.start()
        self.done: list[str] = []
        """What it did, for whoever wants to do it again by hand."""

    def play(self, moves: int) -> None:
        """Do so many things, with what comes of each worked off for a moment."""
        for _ in range(moves):
            self._one()
            self._wait(self._rng.choice((0.0, 0.0, 0.005, 0.03)))

    def leave(self) -> None:
        """Close all dialogs and menus."""
        for _ in range(20):
            top = self._top()
            if top is self._window:
                return
            top.close()
            self._wait(0.01)

    def _close_box(self) -> None:
        popup, box = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        if isinstance(popup, QMenu) and self._pressing:
            self._in_menu(popup)
        elif isinstance(box, QMessageBox):
            self._note(f"box {box.text()[:40]}", box)
            box.reject()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        QApplication.processEvents()
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.002)

    def _top(self) -> QWidget:
        """The menu or dialog that has the word, else the window."""
        popup = QApplication.activePopupWidget()
        if popup is not None:
            return popup
        modal = QApplication.activeModalWidget()
        if modal is not None:
            return modal
        dialogs = [
            one
            for one in QApplication.topLevelWidgets()
            if isinstance(one, QDialog) and one.isVisible() and not isinstance(one, QMenu)
        ]
        return self._rng.choice(dialogs) if dialogs and self._rng.random() < 0.8 else self._window

    def _one(self) -> None:
        top = self._top()
        if isinstance(top, QMenu):
            self._in_menu(top)
        elif top is self._window:
            self._rng.choices((self._act, self._open, self._touch, self._key), weights=(8, 0.4, 10, 3))[0]()
        elif isinstance(top, QDialog) and self._rng.random() < 0.06:
            self._note("escape", top)
            QTest.keyClick(top, Qt.Key.Key_Escape)
        elif isinstance(top, QFileDialog):
            self._in_file_dialog(top)
        else:
            self._touch_in(top)

    def _note(self, what: str, widget: QWidget | None, more: str = "") -> None:
        where = "" if widget is None else f" {type(widget).__name__} {widget.objectName()}"
        self.done.append(f"{what}{where} {more}".rstrip())

    # ---- in the window

    def _act(self) -> None:
        actions = self._window.workbench.actions
        offered = [one.id for one in SPECS if actions[one.id].isEnabled() and one.id not in self._kept]
        name = self._rng.choice(offered)
        self._note(f"action {name}", None)
        actions[name].trigger()

    def _open(self) -> None:
        path = self._rng.choice(self._paths)
        self._note(f"open {path}", None)
        self._window.open_path(path)

    def _touch(self) -> None:
        if self._rng.random() < 0.35:
            tree = self._window.findChild(QAbstractItemView, "variableTree")
            if tree is not None and tree.isVisible() and tree.model().rowCount():
                self._in_view(tree)
                return
        self._touch_in(self._window)

    def _key(self) -> None:
        widget = QApplication.focusWidget() or self._window
        key = self._rng.choice(KEYS)
        self._note(f"key {key.name}", widget)
        QTest.keyClick(widget, key)

    # ---- in whatever stands there

    def _in_menu(self, menu: QMenu) -> None:
        offered = [
            one for one in menu.actions()
            if one.isEnabled() and one.isVisible() and not one.isSeparator() and one.objectName() not in self._kept
        ]  # fmt: skip
        if not offered or self._rng.random() < 0.3:
            self._note("close", menu)
            menu.close()
            return
        action = self._rng.choice(offered)
        self._note(f"entry {action.objectName() or action.text()}", menu)
        menu.close()
        if action.menu() is None:
            action.trigger()

    def _in_file_dialog(self, dialog: QFileDialog) -> None:
        edit = dialog.findChild(QLineEdit)
        if edit is not None and self._rng.random() < 0.5:
            path = self._rng.choice([*self._paths, "new.png", "out", "new.csv"])
            self._note(f"file {path}", dialog)
            edit.setText(path)
            QTest.keyClick(edit, Qt.Key.Key_Return)
        else:
            self._note("reject", dialog)
            dialog.reject()

    def _touch_in(self, top: QWidget) -> None:
        """Do to one of the widgets of a window what it is there for."""
        found = [
            widget
            for widget in top.findChildren(QWidget)
            if widget.isVisible()
            and widget.isEnabled()
            and widget.window() is top.window()
            and not isinstance(widget, QHeaderView | QMenuBar)
        ]
        kinds: tuple[tuple[type[QWidget], Callable[[QWidget], None]], ...] = (
            (QLineEdit, self._in_line), (QAbstractSpinBox, self._in_spin), (QComboBox, self._in_combo),
            (QTabBar, self._in_tabs), (QAbstractItemView, self._in_view), (QAbstractSlider, self._in_slider),
            (QPlainTextEdit, self._in_text), (QAbstractButton, self._press), (QWidget, self._on_canvas),
        )  # fmt: skip
        wanted = self._rng.choice(kinds)
        fitting = [one for one in found if isinstance(one, wanted[0])]
        if wanted[0] is QWidget:
            fitting = [one for one in fitting if type(one).paintEvent is not QWidget.paintEvent]
        if fitting:
            wanted[1](self._rng.choice(fitting))

    def _in_line(self, widget: QWidget) -> None:
        assert isinstance(widget, QLineEdit)
        text = self._rng.choice(TEXTS)
        self._note(f"type {text!r}", widget)
        if widget.isReadOnly():
            return
        widget.setFocus()
        widget.selectAll()
        QTest.keyClick(widget, Qt.Key.Key_Delete)
        if text.isascii():
            QTest.keyClicks(widget, text[:40])
        else:
            widget.insert(text)
        if self._rng.random() < 0.4:
            QTest.keyClick(widget, Qt.Key.Key_Return)

    def _in_spin(self, widget: QWidget) -> None:
        self._note("spin", widget)
        for _ in range(self._rng.randint(1, 4)):
            QTest.keyClick(widget, self._rng.choice((Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp)))

    def _in_combo(self, widget: QWidget) -> None:
        assert isinstance(widget, QComboBox)
        if widget.count():
            index = self._rng.randrange(widget.count())
            self._note(f"choose {widget.itemText(index)}", widget)
            widget.setCurrentIndex(index)
            widget.activated.emit(index)

    def _in_tabs(self, widget: QWidget) -> None:
        assert isinstance(widget, QTabBar)
        if widget.count():
            index = self._rng.randrange(widget.count())
            self._note(f"tab {widget.tabText(index)}", widget)
            QTest.mouseClick(widget, LEFT, pos=widget.tabRect(index).center())

    def _in_view(self, widget: QWidget) -> None:
        assert isinstance(widget, QAbstractItemView)
        model = widget.model()
        port = widget.viewport()
        if model is None or port.width() < 5 or port.height() < 5:
            return
        at = self._inside(port.rect())
        how = self._rng.random()
        self._note(f"click {how:.2f} {at.x()},{at.y()}", widget)
        if how < 0.6:
            QTest.mouseClick(port, LEFT, pos=at)
        elif how < 0.75:
            double_click(port, at)
        elif how < 0.85:
            QTest.mouseClick(port, LEFT, Qt.KeyboardModifier.ShiftModifier, at)
        elif how < 0.95:
            QTest.keyClick(widget, self._rng.choice(KEYS))
        else:
            widget.customContextMenuRequested.emit(at)

    def _in_slider(self, widget: QWidget) -> None:
        assert isinstance(widget, QAbstractSlider)
        self._note("slide", widget)
        widget.setValue(self._rng.randint(widget.minimum(), widget.maximum()))

    def _in_text(self, widget: QWidget) -> None:
        assert isinstance(widget, QPlainTextEdit)
        self._note("write", widget)
        widget.insertPlainText(self._rng.choice(TEXTS))

    def _press(self, widget: QWidget) -> None:
        assert isinstance(widget, QAbstractButton)
        name = widget.objectName()
        if name in self._kept:
            return
        self._note(f"press {widget.text()!r}", widget)
        self._pressing = True
        QTest.mouseClick(widget, LEFT)
        self._pressing = False

    def _on_canvas(self, widget: QWidget) -> None:
        """Move, press and drag where a plot may be."""
        start, end = self._inside(widget.rect()), self._inside(widget.rect())
        how = self._rng.random()
        self._note(f"canvas {how:.2f}", widget)
        self._pressing = True
        if how < 0.5:
            move_pointer(widget, start)
        elif how < 0.7:
            QTest.mouseClick(widget, LEFT, pos=start)
        elif how < 0.95:
            with pressed(widget, start) as move:
                move(end)
        else:
            double_click(widget, start)
        self._pressing = False

    def _inside(self, rect: QRect) -> QPoint:
        return QPoint(
            self._rng.randint(0, max(0, rect.width() - 1)), self._rng.randint(0, max(0, rect.height() - 1))
        )
