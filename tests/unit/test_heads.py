from __future__ import annotations

import warnings
from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from live_classify.core.errors import EngineError
from live_classify.core.values import Activations
from live_classify.heads.softmax import SoftmaxHead, softmax
from live_classify.models.records.network import Output

OUTPUTS: tuple[Output, ...] = get_args(Output)


def probabilities(output: Output, scores: list[list[float]]) -> npt.NDArray[np.float32]:
    return SoftmaxHead(output).probabilities(Activations(np.array(scores, np.float32)))


def test_logits_become_probabilities() -> None:
    rows = probabilities("logits", [[0, np.log(3)], [1e4, 1e4]])
    np.testing.assert_allclose(rows, [[0.25, 0.75], [0.5, 0.5]], rtol=1e-6)


def test_probabilities_stay_what_they_are() -> None:
    rows = [[0.125, 0.875], [0.0, 1.0]]
    np.testing.assert_array_equal(probabilities("probabilities", rows), np.array(rows, np.float32))


def test_probabilities_that_do_not_add_up_are_made_to() -> None:
    rows = probabilities("probabilities", [[0.5, 0.25, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(rows, [[2 / 3, 1 / 3, 0], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)


def test_a_single_score_is_of_the_second_of_two_classes() -> None:
    np.testing.assert_allclose(probabilities("logits", [[np.log(3)]]), [[0.25, 0.75]], rtol=1e-6)
    np.testing.assert_allclose(probabilities("probabilities", [[0.75]]), [[0.25, 0.75]], rtol=1e-6)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(output: Output, wrong: float) -> None:
    with pytest.raises(EngineError, match=r"^the network gives scores that aren't finite: .*damaged$"):
        probabilities(output, [[0.5, 0.5], [0.5, wrong]])


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 3), st.integers(1, 5)),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_whatever_is_finite_gives_rows_that_sum_to_one(scores: npt.NDArray[np.float32]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = SoftmaxHead("logits").probabilities(Activations(scores))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    assert softmax(scores).shape == scores.shape
