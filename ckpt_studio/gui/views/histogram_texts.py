"""What is said beside a histogram: what no bin holds, percentiles, and the bin that is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ckpt_studio.gui.texts import translate
from ckpt_studio.gui.views.numbers import count_text, number_text, share_text

if TYPE_CHECKING:
    from ckpt_studio.analysis.distribution import Distribution
    from ckpt_studio.analysis.histogram import Histogram
    from ckpt_studio.gui.views.overlays import Overlay


def beside(found: Distribution, overlays: Sequence[Overlay]) -> str:
    """A line a histogram: elements, NaN, Inf, zeros, and what is outside of the bins."""
    lines = []
    for histogram, overlay in zip(found.histograms, overlays, strict=True):
        text = "  ·  ".join(_tally(found, histogram))
        lines.append(f"{overlay.title}:  {text}" if len(overlays) > 1 else text)
    if found.percentiles:
        values = (f"p{share * 100:g} {value:.4g}" for share, value in found.percentiles)
        lines.append("  ·  ".join(values))
    return "\n".join(lines)


def _tally(found: Distribution, histogram: Histogram) -> list[str]:
    figures = histogram.statistics
    several = translate("HistogramTexts", "{0} elements").format(count_text(figures.count))
    parts = [translate("HistogramTexts", "1 element") if figures.count == 1 else several]
    nan, inf, negative = figures.nan or 0, figures.inf or 0, figures.neg_inf or 0
    found_odd = (("NaN", nan), ("+Inf", inf - negative), ("-Inf", negative))
    parts += [f"⚠ {count_text(count)} {name}" for name, count in found_odd if count]
    parts += [f"{name} 0" for name, count in (("NaN", nan), ("Inf", inf)) if not count]
    parts.append(
        translate("HistogramTexts", "{0} zero").format(share_text(figures.zeros or 0, figures.count))
    )
    if figures.count and nan + inf == figures.count:
        parts.append(translate("HistogramTexts", "no number among them that could be drawn"))
    outside = histogram.below + histogram.above
    if outside and found.request.scale == "log" and found.request.low is None:
        text = translate("HistogramTexts", "⚠ {0} not positive, so not on this axis")
        parts.append(text.format(count_text(histogram.below)))
        outside = histogram.above
    if outside:
        parts.append(translate("HistogramTexts", "{0} outside the range").format(count_text(outside)))
    return parts


def bin_text(found: Distribution, overlays: Sequence[Overlay], row: int | None, place: int) -> str:
    """What one bin holds, of each histogram or of one row of the channels."""
    span = span_text(found.histograms[0], place)
    if row is not None and found.channels is not None:
        return f"{_row_text(found, row)}  ·  {span}:  {_channel_count(found, row, place)}"
    counts = [_count(each, place) for each in found.histograms]
    if len(counts) > 1:
        counts = [f"{overlay.title} {text}" for overlay, text in zip(overlays, counts, strict=True)]
    return f"{span}:  " + ",  ".join(counts)


def _count(found: Histogram, place: int) -> str:
    count = int(found.counts[place])
    return f"{count_text(count)} ({share_text(count, found.statistics.count)})"


def _channel_count(found: Distribution, row: int, place: int) -> str:
    ridge = found.channels
    assert ridge is not None
    count, odd = int(ridge.counts[row, place]), int(ridge.not_finite[row])
    whole = int(ridge.counts[row].sum() + ridge.outside[row]) + odd
    text = f"{count_text(count)} ({share_text(count, whole)})"
    return f"{text}  ·  ⚠ {count_text(odd)} NaN/Inf" if odd else text


def _row_text(found: Distribution, row: int) -> str:
    assert found.channels is not None
    first, last = found.channels.span(row)
    if first == last:
        return translate("HistogramTexts", "channel {0}").format(count_text(first))
    return translate("HistogramTexts", "channels {0} to {1}").format(count_text(first), count_text(last))


def span_text(histogram: Histogram, place: int) -> str:
    """From where to where a bin goes; a bin of integers names the integers."""
    low, high = (float(edge) for edge in histogram.edges[place : place + 2])
    if not isinstance(histogram.statistics.min, int):
        return f"{number_text(low)} … {number_text(high)}"
    first, last = math.ceil(low), math.floor(high)  # such bins end halfway between two integers
    return f"{first:,}" if first >= last else f"{first:,} … {last:,}"
