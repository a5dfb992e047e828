from __future__ import annotations

from typing import Any, cast

import pytest

from live_classify.measure.limit import limit_live, limit_recorded
from live_classify.measure.result import Change
from live_classify.measure.rounds import rate_of
from live_classify.measure.whole import LiveWhole, Whole
from live_classify.outputs.stats import Latency

LATENCY = Latency(p50=10.0, p95=12.0, p99=14.0)


def recorded(**changes: Any) -> Whole:
    whole: dict[str, Any] = {
        **rate_of([100.0]),
        "latency_ms": LATENCY,
        "cpu_s_per_frame": 0.019,
        "workers": 2,
        "busy": {"capture": 0.2, "inference": 0.98},
    }
    return cast("Whole", whole | changes)


def live(fps: float, captured_fps: float, dropped: float) -> LiveWhole:
    busy = {"capture": 0.9, "inference": 0.95}
    return LiveWhole(
        **recorded(**rate_of([fps]), busy=busy), captured_fps=captured_fps, dropped=dropped, latency_rounds=[10.0]
    )


def test_the_stage_that_always_works_is_the_limit_and_what_helps_is_named() -> None:
    changes = [Change(option="--every 2", gain=2.0), Change(option="--precision int8", gain=1.6)]
    limit = limit_recorded(recorded(), 2, changes)
    assert limit["stage"] == "inference"
    assert limit["text"] == (
        "limited by inference: it works 9.8 of 10.0 ms a frame, 2 frames at a time; 2 cores are busy 95% of the time; "
        "`--every 2` would give 2.0 x, `--precision int8` 1.6 x"
    )
    assert limit["changes"] == changes


def test_what_gains_nothing_is_not_advised() -> None:
    limit = limit_recorded(recorded(), 2, [Change(option="--engine openvino", gain=1.02)])
    assert limit["changes"] == []
    assert "openvino" not in limit["text"]


@pytest.mark.parametrize(("stage", "name"), [("capture", "decoding"), ("output", "writing")])
def test_other_stages_can_be_the_limit(stage: str, name: str) -> None:
    busy = {"capture": 0.3, "inference": 0.4, "output": 0.3} | {stage: 0.96}
    limit = limit_recorded(recorded(busy=busy, cpu_s_per_frame=0.008), 4, [])
    assert limit["stage"] == name
    assert limit["text"] == f"limited by {name}: it works 9.6 of 10.0 ms a frame; 4 cores are busy 20% of the time"


def test_where_no_stage_always_works_but_every_core_does_the_processor_is_the_limit() -> None:
    busy = {"capture": 0.5, "inference": 0.7}
    limit = limit_recorded(recorded(busy=busy, cpu_s_per_frame=0.0098), 1, [])
    assert limit["text"].startswith("limited by the processor, most of all by inference: it works 7.0 of 10.0 ms")
    assert "1 core is busy 98% of the time" in limit["text"]


def test_a_camera_that_is_kept_up_with_is_the_limit() -> None:
    limit = limit_live(live(15.0, 15.0, 0.0), 210.4, [Change(option="--precision int8", gain=1.6)])
    assert limit["stage"] == "camera"
    assert limit["text"] == "camera-limited: it delivers 15.0 fps, the network could do 210"
    assert limit["changes"] == []


def test_a_network_that_does_not_keep_up_is_the_limit() -> None:
    limit = limit_live(live(14.0, 30.0, 0.53), 14.2, [Change(option="--precision int8", gain=1.6)])
    assert limit["stage"] == "inference"
    assert limit["text"] == (
        "limited by inference: it works 67.9 of 71.4 ms a frame; of the 30.0 fps that the camera delivers 14.0 are "
        "classified; `--precision int8` would give 1.6 x"
    )


def test_cores_that_others_take_are_said() -> None:
    assert limit_recorded(recorded(cpu_s_per_frame=0.010), 2, [])["text"].endswith(
        "2 cores are busy 50% of the time, the rest was taken by other programs or the host"
    )
