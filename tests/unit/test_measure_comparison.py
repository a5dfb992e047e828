from __future__ import annotations

import re

import pytest

from live_classify.core.errors import UsageError
from live_classify.measure.comparison import ComparedFigure, Comparison
from live_classify.measure.result import Measurement, Subject
from measure_results import result, whole


def with_recorded(*rounds: float) -> Measurement:
    changed = result()
    changed["together"]["recorded"] = whole(*rounds)
    return changed


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ([100, 102, 98], [130, 128, 133], "faster"),
        ([130, 128, 133], [100, 102, 98], "slower"),
        ([100, 102, 98], [101, 99, 104], "within the noise"),
        ([100, 140, 60], [130, 128, 133], "within the noise"),  # one round was as fast before
        ([100, 108, 96], [115, 122, 112], "within the noise"),  # no round was, but rounds differ by nearly as much
        ([100.0, 100.1, 100.2], [100.3, 100.4, 100.5], "within the noise"),  # apart, but by a trifle
    ],
)
def test_what_changed_is_told_from_noise(before: list[float], after: list[float], verdict: str) -> None:
    assert ComparedFigure("recorded", before, after).verdict == verdict


def test_fewer_milliseconds_are_faster() -> None:
    figure = ComparedFigure("live latency, ms", [10.0, 10.1, 9.9], [5.0, 5.1, 4.9], of_time=True)
    assert figure.ratio == pytest.approx(2)
    assert figure.verdict == "faster"


def test_the_lines_name_every_figure() -> None:
    text = "\n".join(Comparison(result(), with_recorded(150, 151, 149)).lines())
    assert "recorded" in text
    assert re.search(r"^recorded +300\.0 +150\.0 +0\.50 +slower$", text, re.MULTILINE)
    for name in ("decode alone", "encode alone", "recorded with output", "live latency, ms"):
        assert name in text
    assert "throughput: efficientnet-lite0 on litert int8, cpu, batch 1, 2 workers" in text
    assert text.endswith("1 of 12 figures changed beyond the noise")


def test_the_whole_is_what_fails() -> None:
    slow = with_recorded(200, 201, 199)
    slow["stages"]["decode"] = None
    comparison = Comparison(result(), slow)
    assert [figure.name for figure in comparison.slower_than(0.9)] == ["recorded"]
    assert comparison.slower_than(0.6) == []


def test_other_machines_engines_and_versions_are_said() -> None:
    other = result()
    other["machine"] |= {"processor": "Another", "versions": {"ai-edge-litert": "3.0.0"}}
    other["subject"] |= {"precision": "float32", "source": "other.mp4"}
    assert Comparison(result(), other).different == [
        "on another machine: A processor, 2 cores before, Another, 2 cores after",
        "of another source: clip.mp4 before, other.mp4 after",
        "on another engine: litert int8 cpu before, litert float32 cpu after",
        "ai-edge-litert 2.3.0 before, 3.0.0 after",
    ]


def test_a_noisy_machine_is_said() -> None:
    (said,) = Comparison(result(), with_recorded(300, 200, 400)).different
    assert said.startswith("after, the machine was busy or noisy")


@pytest.mark.parametrize("change", [{"model": "resnet50"}, {"width": 1280}])
def test_other_work_is_not_compared(change: dict[str, str]) -> None:
    other = result()
    other["subject"] = Subject(**(other["subject"] | change))  # type: ignore[typeddict-item]
    with pytest.raises(UsageError, match="only the same network and picture size can be compared"):
        Comparison(result(), other)
