"""The curve of a long run shows the same extremes as all of its points."""

from __future__ import annotations

import numpy as np

from ckpt_studio.gui.panels.loss_history import FACTOR, LossHistory


def test_every_point_is_drawn_while_there_are_few() -> None:
    history = LossHistory()
    history.extend([101, 102, 103], [3.0, 2.0, 1.0])
    x, y = history.curve(101, 103, 400)
    assert x.tolist() == [101, 102, 103]
    assert y.tolist() == [3.0, 2.0, 1.0]
    assert history.span == (101, 103)


def test_one_wild_step_in_a_million_is_seen_and_few_points_are_drawn() -> None:
    generator = np.random.default_rng(7)
    losses = generator.random(1_000_000)
    losses[765_432] = 99.0
    losses[123_456] = -5.0
    history = LossHistory()
    for part in np.array_split(np.arange(1_000_000), 997):
        history.extend(part + 50, losses[part])
    x, y = history.curve(50, 1_000_050, 800)
    assert len(x) <= 2 * FACTOR * 800 + 4
    assert np.nanmax(y) == 99.0
    assert np.nanmin(y) == -5.0
    # A bucket is drawn at its first step, so a peak is out of place by less than a bucket.
    assert abs(x[np.nanargmax(y)] - 765_482) < FACTOR**6
    x, y = history.curve(765_400, 765_500, 800)
    assert x[np.nanargmax(y)] == 765_482


def test_levels_agree_with_numpy_whatever_the_batches() -> None:
    generator = np.random.default_rng(3)
    losses = generator.normal(size=5000)
    losses[generator.integers(0, 5000, 200)] = np.nan
    whole, piecewise = LossHistory(), LossHistory()
    whole.extend(np.arange(5000), losses)
    start = 0
    while start < 5000:
        size = int(generator.integers(1, 40))
        piecewise.extend(np.arange(start, min(start + size, 5000)), losses[start : start + size])
        start += size
    for width in (3, 40, 400):
        np.testing.assert_array_equal(whole.curve(0, 5000, width), piecewise.curve(0, 5000, width))
        _, y = whole.curve(0, 5000, width)
        assert np.nanmax(y) == np.nanmax(losses)


def test_losses_that_are_not_finite_are_gaps_and_are_counted() -> None:
    history = LossHistory()
    history.extend([1, 2, 3, 4], [1.0, float("nan"), float("inf"), 2.0])
    assert history.not_finite == 2
    assert history.first_not_finite == 2
    assert np.isnan(history.curve(0, 5, 100)[1][1:3]).all()
    assert history.loss_at(3) == 1.0
    assert history.loss_at(9) == 2.0
    assert history.loss_at(0) is None


def test_steps_that_go_back_are_dropped() -> None:
    history = LossHistory()
    history.extend([10, 11, 11, 9, 12], [1.0, 2.0, 3.0, 4.0, 5.0])
    history.extend([12, 13], [6.0, 7.0])
    assert history.curve(0, 99, 100)[0].tolist() == [10, 11, 12, 13]
