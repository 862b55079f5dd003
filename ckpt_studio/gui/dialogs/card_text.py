"""The binding card in words, for the Resume dialog before a run and the Run panel during it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ckpt_studio.gui.texts import translate, visible

if TYPE_CHECKING:
    from ckpt_studio.training.card import Card, Risk
    from ckpt_studio.training.data import FeedPlan
    from ckpt_studio.training.spec import RunSpec

_LISTED: Final = 8


def card_lines(card: Card) -> list[str]:
    """What a run does with the checkpoint and its graph, a sentence a line, names made visible."""
    lines = [
        translate("Card", "{0} of {1} variables bind").format(
            len(card.bound), len(card.bound) + len(card.missing)
        ),
        translate("Card", "Trains by {0}").format(", ".join(card.train_ops) or "–"),
        translate("Card", "Shows the loss {0}").format(card.loss)
        if card.loss
        else translate("Card", "No loss was found; there will be no curve"),
        translate("Card", "Continues from step {0}").format(f"{card.start_step:,}"),
    ]
    if card.frozen:
        lines.append(
            translate("Card", "❄ {0} frozen, {1} update operations replaced: {2}").format(
                len(card.frozen), card.blocked, _some(card.frozen)
            )
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
        lines.append(
            translate("Card", "Unknown to the graph, carried on unchanged: {0}").format(_some(card.unused))
        )
    lines += [translate("Card", "~ Not exact: {0}").format(sentence) for sentence in card.inexact]
    lines += card.notes
    return [visible(line) for line in lines]


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
