from __future__ import annotations

import pytest

from live_classify.measure.cameras import find_sustained


@pytest.mark.parametrize("capacity", [0.4, 1.0, 2.5, 5.0, 7.9, 16.3, 60.0])
@pytest.mark.parametrize("error", [0.7, 1.0, 1.3])
def test_the_most_that_are_kept_up_with_are_found(capacity: float, error: float) -> None:
    found = find_sustained(lambda cameras: min(1.0, capacity / cameras), round(capacity * error))
    most = int(capacity / 0.95)
    if found["at_least"]:  # the tries were used up
        assert found["sustained"] <= most
        assert found["sustained"] >= 0.8 * most
    else:
        assert found["sustained"] == most
    assert [run["cameras"] for run in found["runs"]] == sorted({run["cameras"] for run in found["runs"]})


def test_what_was_tried_is_reported() -> None:
    found = find_sustained(lambda cameras: min(1.0, 4 / cameras), 4)
    assert found == {
        "fps": 30.0,
        "sustained": 4,
        "at_least": False,
        "runs": [{"cameras": 4, "share": 1.0}, {"cameras": 5, "share": 0.8}],
    }


def test_not_even_one_camera() -> None:
    found = find_sustained(lambda cameras: 0.2 / cameras, 3)
    assert found["sustained"] == 0
    assert not found["at_least"]
    assert found["runs"][0] == {"cameras": 1, "share": 0.2}
