from __future__ import annotations

import pytest

from live_classify.answers.search import matches


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        *(("bottle", True), ("Water Bottle", True), ("water_bottle", True), ("n04557648", True), ("N04557648", True)),
        *(("water", True), ("bot", False), ("bottle water", False), ("beer bottle", False), ("", False), ("_", False)),
    ],
)
def test_a_label_is_found_by_its_words_or_its_id(wanted: str, found: bool) -> None:
    assert matches(wanted, "n04557648", "water_bottle") is found


def test_names_of_every_alphabet_have_words() -> None:
    assert matches("ÜBER", "", "über_alles")
    assert matches("日本", "", "日本")
