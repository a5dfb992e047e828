from __future__ import annotations

import pytest

from _peer_table import LEAST_AGREEMENT, Result, Round, agreement, table

REFERENCE = [7] * 100


def answering(wrong: int, fps: float = 100.0, peak_mb: float | None = 200.0) -> Round:
    """A round over 100 frames in which the last ``wrong`` answers differ from the reference's."""
    return Round(fps, 5.0, 9.0, 0.01, peak_mb, [7] * (100 - wrong) + [8] * wrong)


def result(name: str, *rounds: Round, ours: bool = False) -> Result:
    """Of a float32 contender."""
    made = Result(name, "float32", ours)
    for one in rounds:
        made.add(one, REFERENCE, REFERENCE)
    return made


def row(name: str, *results: Result) -> list[str]:
    """The cells after the name in the one row that begins with it."""
    (line,) = (line for line in table(results).splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_agreement_is_the_share_of_frames_with_the_same_class() -> None:
    assert agreement([1, 2, 3, 4], [1, 2, 3, 5]) == 0.75


@pytest.mark.parametrize(("answers", "reference"), [([1, 2, 3], [1, 2, 3, 4]), ([1, 2, 3, 4], [1, 2, 3])])
def test_a_frame_that_one_of_them_lacks_is_no_agreement(answers: list[int], reference: list[int]) -> None:
    assert agreement(answers, reference) == 0.75


@pytest.mark.parametrize(("wrong", "believed"), [(10, True), (11, False)])
def test_times_are_believed_from_nine_in_ten_answers_on(wrong: int, believed: bool) -> None:
    assert LEAST_AGREEMENT == 0.9
    assert result("peer", answering(wrong)).believed is believed


def test_one_bad_round_is_enough_to_be_disbelieved() -> None:
    assert not result("peer", answering(0), answering(50), answering(0)).believed


def test_who_differs_from_float32_but_not_from_its_own_precision_is_believed() -> None:
    int8 = Result("peer", "int8")
    int8.add(answering(20), REFERENCE, answering(20).answers)
    assert int8.believed
    assert row("peer", int8)[5] == "80%"


def test_a_row_tells_medians_spread_and_the_highest_peak() -> None:
    rounds = [answering(0, fps, peak) for fps, peak in [(90, 210.0), (100, 205.0), (120, 200.0)]]
    assert row("peer", result("peer", *rounds)) == ["100.0", "30%", "5.0 / 9.0", "10.0", "210", "100%", ""]


def test_no_times_are_told_of_who_answers_otherwise() -> None:
    assert row("peer", result("peer", answering(60, fps=9999))) == [
        *("answers differ", "", "", "", ""),
        *("40%; 40% with LiteRT float32", ""),
    ]


def test_no_peak_is_told_where_the_system_tells_none() -> None:
    assert row("peer", result("peer", answering(0, peak_mb=None)))[4] == ""


def test_everyone_is_compared_with_the_fastest_of_ours_round_by_round() -> None:
    slow = result("slow", answering(0, 50), answering(0, 50), answering(0, 50), ours=True)
    fast = result("fast", answering(0, 100), answering(0, 60), answering(0, 80), ours=True)
    wrong = result("wrong", answering(60, 900), answering(60, 900), answering(60, 900), ours=True)
    peer = result("peer", answering(0, 50), answering(0, 60), answering(0, 20))
    everyone = (slow, fast, wrong, peer)
    assert row("peer", *everyone)[-1] == "2.00 x"
    assert row("**fast**", *everyone)[-1] == "1.00 x"
