"""Marks of axes as properties: inside, rising, round, told apart, never over each other."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.gui.plots.scales import Linear, Log, Scale, SymLog
from ckpt_studio.gui.plots.ticks import Numbers, Tick, ticks_of, whole_text

LARGEST = sys.float_info.max


def width(text: str) -> float:
    return 7.0 * len(text) + 14


def texts(found: list[Tick]) -> list[str]:
    return [tick.text for tick in found if tick.text]


@settings(max_examples=60)
@given(st.data())
def test_marks_are_inside_rising_and_apart(data: st.DataObject) -> None:
    scale: Scale = data.draw(st.sampled_from([Linear(), Log(), SymLog(1e-3), SymLog(1e4)]))
    ends = st.floats(1e-300, LARGEST) if isinstance(scale, Log) else st.floats(-LARGEST, LARGEST)
    low, high = sorted((data.draw(ends), data.draw(ends)))
    if scale.place(high) - scale.place(low) <= 1e-9 * max(1, abs(scale.place(low)), abs(scale.place(high))):
        return
    numbers = data.draw(st.sampled_from(Numbers))
    length = data.draw(st.floats(20, 2000))
    found = ticks_of(scale, numbers, low, high, length, width)
    values = [tick.value for tick in found]
    assert values == sorted(set(values))
    assert all(low <= v <= high for v in values)
    assert len(texts(found)) == len(set(texts(found)))
    ends_of_last = -1e300
    for tick in found:
        if tick.text:
            at = (
                (scale.place(tick.value) - scale.place(low)) / (scale.place(high) - scale.place(low)) * length
            )
            assert at - width(tick.text) / 2 >= ends_of_last - 1e-6
            ends_of_last = at + width(tick.text) / 2


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12))
def test_wide_axes_have_some_numbers_and_they_are_their_values(low: float, span: float) -> None:
    high = low + span
    if high - low < 1e-9 * abs(low):
        return
    found = ticks_of(Linear(), Numbers.values, low, high, 1200, width)
    assert 2 <= len(found) <= 13
    step = found[1].value - found[0].value
    for tick in found:
        assert abs(float(tick.text.replace(",", "")) - tick.value) < step / 4


@pytest.mark.parametrize(
    ("scale", "numbers", "low", "high", "wanted"),
    [
        (Linear(), Numbers.values, 0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (Linear(), Numbers.values, -5, 5, ["-4", "-2", "0", "2", "4"]),
        (Linear(), Numbers.counts, 0, 3, ["0", "1", "2", "3"]),
        (Linear(), Numbers.indices, 0, 3, ["0", "1", "2"]),
        (Linear(), Numbers.values, 0, 2.5e-9, ["0", "5e-10", "1e-9", "1.5e-9", "2e-9", "2.5e-9"]),
        (Log(), Numbers.counts, 0.5, 30_000, ["1", "10", "100", "1,000", "10,000"]),
        (Log(), Numbers.values, 2, 7, ["2", "3", "4", "5", "6", "7"]),
        (SymLog(0.01), Numbers.values, -1, 10, ["-1", "-0.1", "0", "0.1", "1", "10"]),
    ],
)
def test_what_is_written(scale: Scale, numbers: Numbers, low: float, high: float, wanted: list[str]) -> None:
    assert texts(ticks_of(scale, numbers, low, high, 420, lambda text: 34.0 + 2 * len(text))) == wanted


def test_elements_are_marked_in_their_middle() -> None:
    found = ticks_of(Linear(), Numbers.indices, 0, 4, 400, width)
    assert [(tick.value, tick.text) for tick in found] == [(i + 0.5, str(i)) for i in range(4)]


def test_powers_of_ten_have_small_marks_between_them() -> None:
    found = ticks_of(Log(), Numbers.values, 1, 100, 400, width)
    assert texts(found) == ["1", "10", "100"]
    assert [tick.value for tick in found if not tick.text][:8] == [2, 3, 4, 5, 6, 7, 8, 9]


def test_whole_numbers() -> None:
    assert whole_text(1234567) == "1,234,567"
    assert whole_text(12_300_000_000) == "1.23e10"
