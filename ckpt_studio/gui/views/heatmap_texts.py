"""What a heatmap says in words: of the whole picture, of the element that is pointed at, of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ckpt_studio.gui.texts import translate
from ckpt_studio.gui.views.numbers import count_text, number_text

if TYPE_CHECKING:
    from ckpt_studio.analysis.heatmap import Heatmap
    from ckpt_studio.analysis.planes import Plane, Span
    from ckpt_studio.analysis.statistics import Statistics


def axis_names(plane: Plane) -> tuple[str, str]:
    """What runs down and what runs across."""
    return _axis_name(plane, plane.row_axis), _axis_name(plane, plane.column_axis)


def _axis_name(plane: Plane, axis: int | None) -> str:
    if axis is None:
        return ""
    if plane.cell_shape is not None:
        return translate("Heatmap", "axis {0} of each filter").format(axis)
    return translate("Heatmap", "axis {0}").format(axis)


def described(picture: Heatmap) -> str:
    """The picture for those who do not see it."""
    parts = [box_text((picture.request.rows, picture.request.columns))]
    if picture.low is not None and picture.high is not None:
        parts.append(_from_to(picture.low, picture.high))
    for name, mask in (("NaN", picture.nan_mask), ("Inf", picture.inf_mask)):
        if count := int(mask.sum()):
            parts.append(translate("Heatmap", "{0} in {1:,} pixels").format(name, count))
    return ", ".join(parts)


def element_text(index: tuple[int, ...], value: Any, picture: Heatmap, spot: tuple[int, int]) -> str:
    """An element, and its pixel where that stands for more than this one."""
    place = ", ".join(f"{i:,}" for i in index)
    said = f"[{place}] = {number_text(value)}"
    pixel = picture.pixel(*spot)
    if pixel is None:
        return said
    height, width = (
        int(edges[at + 1] - edges[at])
        for edges, at in zip((picture.row_edges, picture.column_edges), pixel, strict=True)
    )
    if height * width == 1:
        return said
    parts = []
    if np.isfinite(picture.minimum[pixel]):
        parts.append(_from_to(picture.minimum[pixel], picture.maximum[pixel]))
    parts += ["NaN"] if picture.nan_mask[pixel] else []
    parts += ["Inf"] if picture.inf_mask[pixel] else []
    block = translate("Heatmap", "pixel of {0:,} × {1:,} elements").format(height, width)
    return f"{said}    {block}: {', '.join(parts)}"


def box_text(box: tuple[Span, Span]) -> str:
    """Which rows and columns."""
    (top, bottom), (left, right) = box
    said = translate("Heatmap", "Rows {0:,} to {1:,}, columns {2:,} to {3:,}")
    return said.format(top, bottom - 1, left, right - 1)


def region_text(box: tuple[Span, Span], found: Statistics) -> str:
    """The statistics of some rows and columns."""
    figures = [(translate("Heatmap", "elements"), count_text(found.count))]
    for name, value in (
        (translate("Heatmap", "min"), found.min),
        (translate("Heatmap", "max"), found.max),
        (translate("Heatmap", "mean"), found.mean),
        (translate("Heatmap", "std"), found.std),
        (translate("Heatmap", "L2"), found.l2),
    ):
        figures.append((name, "–" if value is None else number_text(value)))
    for name, count in ((translate("Heatmap", "zeros"), found.zeros), ("NaN", found.nan), ("Inf", found.inf)):
        figures.append((name, count_text(count or 0)))
    said = "   ".join(f"{name} {figure}" for name, figure in figures)
    return f"{box_text(box)}:   {said}"


def _from_to(low: float, high: float) -> str:
    return translate("Heatmap", "{0} to {1}").format(number_text(low), number_text(high))
