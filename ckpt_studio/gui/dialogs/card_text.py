"""The binding card in words, for the Resume dialog before a run and the Run panel during it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ckpt_studio.gui.texts import translate, visible

if TYPE_CHECKING:
    from ckpt_studio.training.card import Card, Risk
    from ckpt_studio.training.data import FeedPlan
    from ckpt_studio.training.spec import RunSpec

_LISTED: Final = 8


def card_lines(card: Card) -> list[str]:
    """What a run does with the checkpoint and its graph or model, a sentence a line, names made visible."""
    lines = [*_binding(card), *_training(card)]
    lines.append(translate("Card", "Continues from step {0}").format(f"{card.start_step:,}"))
    if card.frozen:
        lines.append(
            translate("Card", "❄ {0} frozen, {1} update operations replaced: {2}").format(
                len(card.frozen), card.blocked, _some(card.frozen)
            )
            if card.blocked
            else translate("Card", "❄ {0} frozen: {1}").format(len(card.frozen), _some(card.frozen))
        )
    else:
        lines.append(translate("Card", "Nothing is frozen"))
    if card.missing:
        ways: dict[str, list[str]] = {}
        for one in card.missing:
            ways.setdefault(one.how, []).append(one.name)
        lines += [
            translate("Card", "Not in the checkpoint, {0}: {1}").format(how, _some(names))
            for how, names in ways.items()
        ]
    if card.unused:
        lines.append(translate("Card", "Not used, carried on unchanged: {0}").format(_some(card.unused)))
    if card.loss_before is not None and card.loss_before == card.loss_after:
        lines.append(translate("Card", "One batch's loss: {0}").format(f"{card.loss_before:.6g}"))
    elif card.loss_before is not None:
        lines.append(
            translate("Card", "One batch's loss: {0} as it lies on disk, {1} with the staged edits").format(
                f"{card.loss_before:.6g}",
                "–" if card.loss_after is None else f"{card.loss_after:.6g}",
            )
        )
    lines += [translate("Card", "~ Not exact: {0}").format(sentence) for sentence in card.inexact]
    lines += card.notes
    return [visible(line) for line in lines]


def _binding(card: Card) -> list[str]:
    """How many variables bind, where that is known already; weights and slots apart where the model says which."""
    whole = len(card.bound) + len(card.missing) + len(card.differs)
    if not whole:
        return [translate("Card", "What binds is known when the model has been built, before the first step")]
    lines = [translate("Card", "{0} of {1} variables bind").format(len(card.bound), whole)]
    slots = sum(bool(one.slot) for one in card.bindings)
    if slots:
        lines = [
            translate(
                "Card", "{0} of {1} variables bind: {2} weights and others, {3} optimizer slots"
            ).format(len(card.bound), whole, len(card.bindings) - slots, slots)
        ]
    lines += [
        translate("Card", "≠ {0} is {1} in the checkpoint, {2} in the model").format(
            one.name, one.checkpoint, one.model
        )
        for one in card.differs[:_LISTED]
    ]
    near = [one for one in card.missing if one.nearest][:_LISTED]
    lines += [
        translate("Card", "{0} was not found; nearest: {1}").format(one.name, ", ".join(one.nearest))
        for one in near
    ]
    return lines


def _training(card: Card) -> list[str]:
    """What a step does."""
    if card.route == "meta_graph" or card.train_ops:
        shown = (
            translate("Card", "Shows the loss {0}").format(card.loss)
            if card.loss
            else translate("Card", "No loss was found; there will be no curve")
        )
        lines = [translate("Card", "Trains by {0}").format(", ".join(card.train_ops) or "–"), shown]
        if "optimizer" in card.settings:
            lines.append(
                translate("Card", "New optimizer {0}, learning rate {1}").format(
                    *(said(card.settings[name]) for name in ("optimizer", "learning_rate"))
                )
            )
        return lines
    lines = []
    if "optimizer" in card.settings:
        lines.append(
            translate("Card", "Optimizer {0}, learning rate {1}, loss {2}").format(
                *(said(card.settings.get(name, "–")) for name in ("optimizer", "learning_rate", "loss"))
            )
        )
    if card.custom:
        lines.append(translate("Card", "Classes of the person's own: {0}").format(_some(card.custom)))
    return lines


def said(setting: object) -> str:
    """A setting for a person: a name, a number, or the class name of a configuration."""
    if isinstance(setting, Mapping):
        return visible(str(setting.get("class_name", dict(setting))))
    return f"{setting:g}" if isinstance(setting, float) else visible(str(setting))


def run_lines(spec: RunSpec, plan: FeedPlan) -> list[str]:
    """How long a run goes on, what it is fed and what it leaves, a sentence a line."""
    lines = []
    if plan.rows:
        lines.append(
            translate("Card", "Batches of {0} of {1} rows, order by seed {2}").format(
                plan.batch, plan.rows, spec.seed
            )
        )
    lines.append(
        translate("Card", "Until it is stopped")
        if spec.steps is None
        else translate("Card", "Steps: {0}").format(f"{spec.steps:,}")
    )
    often = (
        translate("Card", "only at the end")
        if not spec.save_every
        else translate("Card", "every {0} steps").format(f"{spec.save_every:,}")
    )
    kept = (
        translate("Card", "all are kept")
        if not spec.max_to_keep
        else translate("Card", "the last {0} are kept").format(spec.max_to_keep)
    )
    lines.append(translate("Card", "Checkpoints {0}, {1}, in {2}").format(often, kept, spec.out))
    return [visible(line) for line in lines]


def risk_line(risk: Risk) -> str:
    """An operation that can do more than compute, for a person."""
    what = {
        "files": translate("Card", "can read or write files"),
        "python": translate("Card", "calls Python code, or ends the process"),
        "network": translate("Card", "talks to other machines or devices"),
        "other": translate("Card", "does what training seldom needs"),
        "unknown": translate("Card", "is not known here; it can do anything"),
    }.get(risk.kind, translate("Card", "is not known to be harmless"))
    return translate("Card", "{0} ({1}) {2}").format(risk.node, risk.op, what)


def _some(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(names[:_LISTED])
    more = len(names) - _LISTED
    return shown if more <= 0 else translate("Card", "{0} and {1} more").format(shown, more)
