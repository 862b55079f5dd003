"""The helper that runs stock TensorFlow must itself be right: results, errors, a process that dies."""

from __future__ import annotations

import pytest

from tests.helpers.tensorflow_child import TensorFlowChild, TensorFlowError


def test_returns_what_the_script_assigned(tensorflow_child: TensorFlowChild) -> None:
    answer = tensorflow_child("result = (tf.constant([1.5, 2.5]) * args[0]).numpy()", 2)
    assert answer == [3.0, 5.0]


def test_error_of_a_script_is_told_and_the_process_lives_on(tensorflow_child: TensorFlowChild) -> None:
    with pytest.raises(TensorFlowError, match="no such thing"):
        tensorflow_child("raise ValueError('no such thing')")
    assert tensorflow_child("result = 1") == 1


def test_death_of_the_process_is_told_and_the_next_call_starts_another() -> None:
    child = TensorFlowChild()
    with pytest.raises(TensorFlowError, match="exit status 3"):
        child("import os; os._exit(3)")
    assert child("result = len(args)", "a", "b") == 2
    child.close()
