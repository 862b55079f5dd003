"""Any two axes of a tensor as rows and columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ckpt_studio.analysis.slices import SliceSpec
from tests.helpers.memory_source import MemorySource


@given(hnp.array_shapes(min_dims=2, max_dims=6, max_side=4), st.data())
def test_a_rectangle_holds_the_elements_its_index_names(shape: tuple[int, ...], data: st.DataObject) -> None:
    rows, columns = data.draw(st.permutations(range(len(shape))))[:2]
    spec = SliceSpec(shape, rows, columns, tuple(data.draw(st.integers(0, e - 1)) for e in shape))
    array = np.arange(np.prod(shape)).reshape(shape)
    top, left = data.draw(st.integers(0, spec.rows - 1)), data.draw(st.integers(0, spec.columns - 1))
    found = spec.read(MemorySource({"v": array}), "v", slice(top, spec.rows), slice(left, spec.columns))
    assert found.shape == (spec.rows - top, spec.columns - left)
    for row in range(found.shape[0]):
        for column in range(found.shape[1]):
            assert found[row, column] == array[spec.index(top + row, left + column)]


def test_few_axes() -> None:
    scalar, vector = SliceSpec.of_shape(()), SliceSpec.of_shape((5,))
    assert (scalar.rows, scalar.columns, scalar.index(0, 0)) == (1, 1, ())
    assert (vector.rows, vector.columns) == (5, 1)
    assert (vector.transposed().rows, vector.transposed().columns) == (1, 5)
    source = MemorySource({"s": np.float32(3), "v": np.arange(5)})
    assert scalar.read(source, "s", slice(0, 1), slice(0, 1)).tolist() == [[3.0]]
    assert vector.read(source, "v", slice(1, 3), slice(0, 1)).tolist() == [[1], [2]]
    assert vector.transposed().read(source, "v", slice(0, 1), slice(1, 3)).tolist() == [[1, 2]]
    assert SliceSpec.of_shape((3, 0)).is_empty
    assert not scalar.is_empty


def test_impossible_axes_are_refused() -> None:
    for rows, columns, fixed in [(0, 0, (0, 0)), (0, 2, (0, 0)), (0, 1, (0,)), (0, None, (0, 9))]:
        with pytest.raises(ValueError):
            SliceSpec((3, 4), rows, columns, fixed)


@given(hnp.array_shapes(min_dims=1, max_dims=4, max_side=5), st.sampled_from([1, 8, 64]), st.data())
def test_tiles_cover_a_rectangle_once(shape: tuple[int, ...], most: int, data: st.DataObject) -> None:
    axes = data.draw(st.permutations(range(len(shape))))
    columns = axes[1] if len(axes) > 1 else None
    fixed = tuple(data.draw(st.integers(0, e - 1)) for e in shape)
    spec = SliceSpec(shape, axes[0], columns, fixed)
    seen = np.zeros((spec.rows, spec.columns), np.int8)
    cuts = sorted(data.draw(st.sets(st.integers(0, spec.rows))))
    for down, across in spec.tiles((0, spec.rows), (0, spec.columns), 4, most, cuts):
        seen[slice(*down), slice(*across)] += 1
    assert (seen == 1).all()
    for place in np.ndindex(seen.shape):
        assert spec.place(spec.index(*place)) == place
    for axis in range(len(shape)):
        if axis not in (spec.row_axis, spec.column_axis) and shape[axis] > 1:
            index = list(spec.index(0, 0))
            index[axis] = (index[axis] + 1) % shape[axis]
            assert spec.place(tuple(index)) is None
            assert spec.at(tuple(index)).place(tuple(index)) == (0, 0)


def test_elements_that_lie_far_apart_are_read_in_smaller_tiles() -> None:
    dense, column = SliceSpec.of_shape((4096, 4096)), SliceSpec((4096, 4096), 0, None, (0, 7))
    most = 1 << 20
    assert len(list(dense.tiles((0, 4096), (0, 4096), 4, most))) == 64
    assert len(list(column.tiles((0, 4096), (0, 1), 4, most))) == 2
