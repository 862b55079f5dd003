"""What a finding of the health check says to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckpt_studio.analysis.health import Concern, Severity
from ckpt_studio.gui.texts import filled, shortened, translate, visible

if TYPE_CHECKING:
    from ckpt_studio.analysis.health import Finding

_MOST_PLACES = 12
_LONGEST = 200


def severity_text(severity: Severity) -> str:
    """A sign and a word."""
    return {
        Severity.fault: translate("Health", "✕ fault"),
        Severity.warning: translate("Health", "⚠ warning"),
        Severity.hint: translate("Health", "• hint"),
    }[severity]


def concern_text(finding: Finding) -> str:
    """What was found, as a sentence."""
    if finding.concern is Concern.unreadable:
        return visible(finding.message)
    share = f"{finding.amount / finding.of:.2%}" if finding.of else ""
    more = visible(shortened(finding.message, _LONGEST)) if finding.message else _places(finding)
    return filled(_template(finding.concern), _number(finding.amount), _number(finding.of), share, more)


def _template(concern: Concern) -> str:
    """%1 is the amount, %2 of how many or the bound, %3 the share, %4 the places or the weight."""
    return {
        Concern.nan: translate("Health", "%1 of %2 elements are not a number (%3)."),
        Concern.inf: translate("Health", "%1 of %2 elements are infinite (%3)."),
        Concern.overflow: translate(
            "Health", "The largest magnitude, %1, is near the largest of its type, %2."
        ),
        Concern.negative_square: translate("Health", "What sums up squares goes down to %1."),
        Concern.slot_shape: translate(
            "Health", "Its shape is not that of its weight %4: %1 elements beside %2."
        ),
        Concern.slot_without_values: translate("Health", "All zeros, while others of its kind have moved."),
        Concern.huge: translate("Health", "Values are typically %1: more than %2."),
        Concern.tiny: translate("Health", "Values are typically %1: less than %2."),
        Concern.constant: translate("Health", "All %2 elements are %1."),
        Concern.untrained: translate(
            "Health", "All %2 elements are zero, as they began: perhaps never trained."
        ),
        Concern.dead_rows: translate("Health", "%1 of %2 rows are nothing but zeros: %4."),
        Concern.dead_columns: translate("Health", "%1 of %2 columns are nothing but zeros: %4."),
        Concern.denormal: translate(
            "Health", "%1 of %2 elements are below their type's full precision (%3)."
        ),
    }[concern]


def _number(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"


def _places(finding: Finding) -> str:
    more = "…" if len(finding.places) > _MOST_PLACES or finding.amount > len(finding.places) else ""
    return ", ".join(map(str, finding.places[:_MOST_PLACES])) + (f", {more}" if more else "")
