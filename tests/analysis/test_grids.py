"""All filters side by side: every element has one place, and every place its element."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ckpt_studio.analysis.grids import FilterGrid
from ckpt_studio.analysis.planes import elements
from tests.helpers.memory_source import MemorySource


@given(
    hnp.array_shapes(min_dims=2, max_dims=5, max_side=6).filter(lambda shape: math.prod(shape) < 400),
    st.sampled_from([1, 7, 40, 1000]),
    st.data(),
)
def test_tiles_cover_a_rectangle_once(shape: tuple[int, ...], most: int, data: st.DataObject) -> None:
    axes = data.draw(st.permutations(range(len(shape))))[:2]
    whole = FilterGrid.of_axes(shape, *axes)
    grid = FilterGrid(shape, *axes, data.draw(st.integers(1, whole.cells)))
    source = MemorySource({"v": np.arange(math.prod(shape), dtype=np.int16).reshape(shape)})
    spans = []
    for extent in (grid.rows, grid.columns):
        start = data.draw(st.integers(0, extent - 1))
        spans.append((start, data.draw(st.integers(start + 1, extent))))
    seen = np.zeros((grid.rows, grid.columns), np.int8)
    for rows, columns in grid.tiles(*spans, 2, most):
        part = np.s_[slice(*rows), slice(*columns)]
        assert seen[part].size
        values = grid.read(source, "v", *part)
        assert values.shape == seen[part].shape
        seen[part] += 1
        for row, column in np.ndindex(values.shape):
            index = grid.index(row + rows[0], column + columns[0])
            assert index is not None
            assert values[row, column] == source.arrays["v"][index]
            assert grid.place(index) == (row + rows[0], column + columns[0])
    for place in np.ndindex(seen.shape):
        wanted = all(a <= i < b for i, (a, b) in zip(place, spans, strict=True))
        assert seen[place] == (wanted and grid.index(*place) is not None)


def test_a_kernel_is_laid_out_filter_by_filter() -> None:
    kernel = FilterGrid.of_shape((3, 5, 4, 6))
    assert (kernel.row_axis, kernel.column_axis) == (0, 1)
    assert (kernel.cells_across, kernel.rows, kernel.columns) == (3, 8 * 3, 3 * 5)
    assert kernel.index(4, 11) == (1, 1, 0, 5)
    assert FilterGrid.of_shape((3, 3, 64, 128)).cells_across == 128
    assert FilterGrid.of_shape((7, 7, 3, 64)).cells_across == 16
    other_way = FilterGrid.of_shape((64, 32, 3, 3))
    assert (other_way.row_axis, other_way.column_axis) == (2, 3)
    assert FilterGrid.of_shape((2, 3, 3, 4, 6)).cell_axes == (0, 3, 4)
    few = FilterGrid.of_shape((10, 3, 3))
    assert (few.cells_across, few.rows, few.columns) == (4, 9, 12)
    assert few.index(8, 6) is None
    array = np.arange(90).reshape(10, 3, 3)
    found = elements(few, MemorySource({"v": array}), "v", (6, 9), (0, 12))
    assert found[:, :6].tolist() == np.hstack([array[8], array[9]]).tolist()
    assert not found[:, 6:].any()
    turned = few.transposed()
    assert turned.index(0, 2) == (0, 2, 0)
