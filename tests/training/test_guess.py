"""Which array each input most likely takes, and what is left to the person."""

from __future__ import annotations

import pytest

from ckpt_studio.training.data import ArrayInfo, Input, check_mapping
from ckpt_studio.training.guess import guess_mapping
from tests.training.test_data import KEEP, RATE, TRAINING, X, Y, arrays, info

FLAT = Input("Placeholder:0", "float32", (None, 784), "Placeholder")
ONE_HOT = Input("Placeholder_1:0", "float32", (None, 10), "Placeholder")
LEFT = Input("left:0", "float32", (None, 3), "Placeholder")
RIGHT = Input("right:0", "float32", (None, 3), "Placeholder")


@pytest.mark.parametrize(
    ("inputs", "data", "expected"),
    [
        (
            [X, Y],
            [info("features", (9, 4), "f4"), info("labels", (9,), "i8", 0, 2)],
            {"x:0": "features", "y:0": "labels"},
        ),
        ([X, Y], [info("a", (9, 4), "f8"), info("b", (9,), "i4", 0, 2)], {"x:0": "a", "y:0": "b"}),
        (
            [FLAT, ONE_HOT],
            [info("y", (50, 10), "f4"), info("x", (50, 28, 28), "u1", 0, 255)],
            {"Placeholder:0": "x", "Placeholder_1:0": "y"},
        ),
        ([X, KEEP, TRAINING, RATE], [info("x", (9, 4), "f4")], {"x:0": "x", "is_training:0": 1}),
        ([KEEP], [info("keep_prob", (), "f4")], {"keep_prob:0": "keep_prob"}),
        ([X], [info("x", (9, 5), "f4")], {}),
        (
            [LEFT, RIGHT],
            [info("right", (9, 3), "f4"), info("left", (9, 3), "f4")],
            {"left:0": "left", "right:0": "right"},
        ),
        # As `mnist.npz` has them: what is held out to test is no data for training.
        (
            [FLAT, Y],
            [info("x_test", (50, 28, 28), "u1", 0, 255), info("x_train", (60, 28, 28), "u1", 0, 255),
             info("y_test", (50,), "u1", 0, 9), info("y_train", (60,), "u1", 0, 9)],
            {"Placeholder:0": "x_train", "y:0": "y_train"},
        ),
        # Words and the words that come next could as well be the other way round.
        ([LEFT, RIGHT, X], [info("words", (9, 3), "f4"), info("next", (9, 3), "f4"), info("x", (9, 4), "f4")],
         {"x:0": "x"}),
        ([LEFT], [info("words", (9, 3), "f4"), info("next", (9, 3), "f4")], {}),
        ([Input("phase_train:0", "bool", None, "Placeholder")], [info("x", (9, 4), "f4")], {"phase_train:0": 1}),
        ([Input("next:0", "float32", (None, 4), "IteratorGetNext", optional=True)], [info("x", (9, 4), "f4")], {}),
    ],
)  # fmt: skip
def test_the_guess(inputs: list[Input], data: list[ArrayInfo], expected: dict[str, str | float]) -> None:
    assert guess_mapping(inputs, arrays(*data)) == expected


def test_what_fits_is_named_where_nothing_is_guessed() -> None:
    data = arrays(info("words", (9, 3), "f4"), info("next", (9, 3), "f4"), info("x", (9, 4), "f4"))
    (problem,) = check_mapping([LEFT], data, {})
    assert "left:0 (float32 [?, 3]) gets no data; map it to an array (words, next) or to a number." in problem
