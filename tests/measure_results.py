"""A small result of ``measure``, built by hand."""

from __future__ import annotations

from typing import Any, cast

from live_classify.measure.engines import Row
from live_classify.measure.machine import Machine
from live_classify.measure.result import (
    Change,
    Limit,
    Limits,
    Result,
    Stages,
    Startup,
    Subject,
    Together,
)
from live_classify.measure.rounds import Ms, Rate, rate_of
from live_classify.measure.stages import StageFigures
from live_classify.measure.whole import LiveWhole, Whole
from live_classify.pipeline.stats import Latency


def steady(fps: float) -> Rate:
    """A rate of three rounds, 4% apart."""
    return rate_of([0.98 * fps, fps, 1.02 * fps])


def stage(ms: float) -> StageFigures:
    """A stage that takes some milliseconds."""
    return StageFigures(**steady(1000 / ms), ms=Ms(p50=ms, p95=1.5 * ms, p99=2 * ms), cpu_ms=ms, frames=20)


def row(**changes: Any) -> Row:
    """A line of the table of engines."""
    fps = changes.pop("fps", 160.0)
    return cast(
        "Row",
        {
            **Row(
                goal="throughput",
                model="efficientnet-lite0",
                engine="litert",
                precision="float32",
                device="cpu",
                batch=1,
                workers=1,
                ms=1000 / fps if fps else 0.0,
                agreement=1.0,
                best=False,
                **steady(fps),
            ),
            **changes,
        },
    )


def result(**changes: Any) -> Result:
    """Everything that is measured of a recording, with some of its parts replaced."""
    recorded = Whole(
        **steady(200),
        latency_ms=Latency(p50=14.0, p95=20.0, p99=22.0),
        cpu_s_per_frame=0.009,
        workers=2,
        busy={"capture": 0.4, "inference": 0.9},
    )
    live = cast("LiveWhole", {**recorded, **steady(30), "captured_fps": 30.1, "dropped": 0.01})
    whole = Result(
        live_classify="0.1.0",
        measured="2026-01-02T03:04:05+00:00",
        machine=Machine(
            processor="Some CPU",
            cores=2,
            memory_gb=8.0,
            gpus=[],
            system="Linux 6.1 x86_64",
            python="3.11.7",
            versions={"numpy": "2.4.6"},
            load=0.5,
        ),
        subject=Subject(
            source="demo.mp4",
            live=False,
            width=640,
            height=480,
            model="efficientnet-lite0",
            engine="litert",
            precision="int8",
            device="cpu",
        ),
        startup=Startup(process_s=0.3, ready_s=0.05, first_ms=4.0),
        stages=Stages(decode=stage(0.9), fit=stage(0.2), infer=stage(5.0), draw=stage(0.4), encode=stage(2.5)),
        together=Together(recorded=recorded, recorded_with_output={**recorded, **steady(120)}, live=live),
        latency_histogram=[(5.0, 3), (5.5, 20), (6.2, 9), (7.9, 2), (9.1, 1)],
        limit=Limits(
            recorded=Limit(
                stage="inference",
                text="limited by inference; `--every 2` would give 1.6 x",
                changes=[Change(option="--every 2", gain=1.6)],
            ),
            live=Limit(stage="camera", text="camera-limited: it delivers 30.1 fps", changes=[]),
        ),
        cameras={"fps": 30.0, "sustained": 6, "at_least": False, "runs": [{"cameras": 7, "share": 0.9}]},
        table=[row(goal="latency"), row(fps=150.0), row(fps=310.0, precision="int8", workers=2, best=True)],
    )
    return cast("Result", {**whole, **changes})
