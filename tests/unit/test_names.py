from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_classify.core.names import numbered


@pytest.mark.parametrize(
    ("names", "told_apart"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["a", "a", "b", "a"], ["a", "a (2)", "b", "a (3)"]),
        (["a", "a", "a (2)"], ["a", "a (3)", "a (2)"]),
        (["a (2)", "a", "a", "a (2)"], ["a (2)", "a", "a (3)", "a (2) (2)"]),
        (["", ""], ["", " (2)"]),
    ],
)
def test_a_name_that_occurs_again_gets_a_number(names: list[str], told_apart: list[str]) -> None:
    assert numbered(names) == told_apart


@given(st.lists(st.sampled_from(["a", "b", "a (2)", "a (3)", "a (2) (2)", "b (2)"])))
def test_no_two_are_alike_and_the_first_of_each_keeps_its_name(names: list[str]) -> None:
    told_apart = numbered(names)
    assert len(set(told_apart)) == len(names) == len(told_apart)
    for name in set(names):
        assert told_apart[names.index(name)] == name
    assert numbered(told_apart) == told_apart
