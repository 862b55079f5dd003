"""Builds menu bar and toolbar from the registry of actions, and the menus that are filled when they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QToolBar

from ckpt_studio.gui.action_specs import SPECS
from ckpt_studio.gui.settings import Language, Scheme
from ckpt_studio.gui.texts import in_action, tooltip, translate, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from ckpt_studio.gui.bench import Bench
    from ckpt_studio.gui.frame import Frame


def fill_menus(bench: Bench) -> None:
    """Put the actions into the menu bar."""
    window, actions, menus = bench.window, bench.actions, bench.window.menus
    for name, menu in menus.items():
        menu.setObjectName(f"{name}Menu")
        menu.setToolTipsVisible(True)
    for spec in SPECS:
        if spec.menu:
            menu = menus[spec.menu]
            if spec.separated and not menu.isEmpty():
                menu.addSeparator()
            menu.addAction(actions[spec.id])
    _add_recent(bench, menus["file"])
    _add_choices(window, menus["view"])
    _add_languages(bench, menus["view"])
    menus["window"].addSeparator()
    for dock in bench.docks.values():
        menus["window"].addAction(dock.toggleViewAction())


def make_toolbar(bench: Bench) -> QToolBar:
    """The toolbar: signs with text beside them."""
    window, actions = bench.window, bench.actions
    toolbar = QToolBar(translate("Menus", "Toolbar"), window)
    toolbar.setObjectName("toolbar")
    toolbar.setIconSize(QSize(18, 18))
    toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    for spec in SPECS:
        if spec.toolbar:
            if spec.separated and toolbar.actions():
                toolbar.addSeparator()
            toolbar.addAction(actions[spec.id])
    window.addToolBar(toolbar)
    return toolbar


def _add_recent(bench: Bench, menu: QMenu) -> None:
    recent = QMenu(translate("Menus", "Open &Recent"), menu)
    recent.setObjectName("recentMenu")
    menu.insertMenu(bench.actions["actionOpenSample"], recent)
    recent.aboutToShow.connect(lambda: _fill_recent(bench, recent))


def _fill_recent(bench: Bench, menu: QMenu) -> None:
    settings = bench.window.settings
    menu.clear()
    menu.setToolTipsVisible(True)
    for path in settings.recent:
        entry = menu.addAction(in_action(visible(path)))
        entry.setToolTip(tooltip(visible(path)))
        entry.triggered.connect(lambda checked=False, path=path: bench.open_path(path))
    if menu.isEmpty():
        menu.addAction(translate("Menus", "Nothing was opened yet")).setEnabled(False)
        return
    menu.addSeparator()
    menu.addAction(translate("Menus", "&Clear")).triggered.connect(settings.forget_all_recent)


def _add_choices(window: Frame, menu: QMenu) -> None:
    settings = window.settings
    schemes = {
        "system": translate("Menus", "As the &Desktop"), "light": translate("Menus", "&Light"),
        "dark": translate("Menus", "Da&rk"),
    }  # fmt: skip
    colours = menu.addMenu(translate("Menus", "Co&lours"))
    colours.setObjectName("colourMenu")

    def set_scheme(choice: str) -> None:
        settings.scheme = next(known for known in get_args(Scheme) if known == choice)

    _add_group(colours, "scheme", schemes, settings.scheme, set_scheme)


def _add_languages(bench: Bench, menu: QMenu) -> None:
    settings = bench.window.settings
    # each language by its own name, for those who cannot read the other one
    names = {"system": translate("Menus", "As the &Desktop"), "en": "&English", "zh_CN": "简体中文(&C)"}
    languages = menu.addMenu(translate("Menus", "L&anguage"))
    languages.setObjectName("languageMenu")

    def set_language(choice: str) -> None:
        settings.language = next(known for known in get_args(Language) if known == choice)

    def tell() -> None:
        bench.session.notice(translate("Menus", "The language changes when Ckpt Studio is started again."))

    _add_group(languages, "language", names, settings.language, set_language)
    settings.languageChanged.connect(tell)


def _add_group(
    menu: QMenu, name: str, texts: dict[str, str], now: str, choose: Callable[[str], object]
) -> None:
    group = QActionGroup(menu)
    for choice, text in texts.items():
        action = menu.addAction(text)
        action.setObjectName(f"{name}_{choice}")
        action.setCheckable(True)
        action.setChecked(choice == now)
        group.addAction(action)
        action.triggered.connect(lambda checked=False, choice=choice: choose(choice))
