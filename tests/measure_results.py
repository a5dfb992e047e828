"""A result of ``measure``, as small as one can be."""

from __future__ import annotations

from typing import Any, cast

from live_classify.measure.cameras import CameraRun, Cameras
from live_classify.measure.engines import Row
from live_classify.measure.machine import Machine
from live_classify.measure.result import Limit, Limits, Measurement, Stages, Startup, Subject, Together
from live_classify.measure.rounds import Ms, rate_of
from live_classify.measure.stages import StageFigures
from live_classify.measure.whole import LiveWhole, Whole
from live_classify.outputs.stats import Latency


def stage(fps: float) -> StageFigures:
    """A stage that takes the same time in every round."""
    ms = 1000 / fps
    return StageFigures(**rate_of([fps] * 3), ms=Ms(p50=ms, p95=1.5 * ms, p99=2 * ms), cpu_ms=ms, frames=20)


def whole(*rounds: float) -> Whole:
    """A run with so many frames a second in each round."""
    return Whole(
        **rate_of(rounds),
        latency_ms=Latency(p50=6.0, p95=8.0, p99=9.5),
        cpu_s_per_frame=0.006,
        workers=2,
        busy={"capture": 0.3, "inference": 0.95},
    )


def row(fps: float = 160.0, **changes: Any) -> Row:
    """A line of the table."""
    facts: dict[str, Any] = {
        "goal": "throughput",
        "model": "efficientnet-lite0",
        "engine": "litert",
        "precision": "int8",
        "device": "cpu",
        "batch": 1,
        "workers": 1,
        "ms": 1000 / fps if fps else 0.0,
        "agreement": 1.0,
        "best": False,
        **rate_of([fps] * 3),
    }
    return cast("Row", facts | changes)


def result(**changes: Any) -> Measurement:
    """All that ``measure`` finds, with what is to be different."""
    made = Measurement(
        live_classify="0.1.0",
        measured="2026-11-24T20:00:00+00:00",
        machine=Machine(
            processor="A processor",
            cores=2,
            memory_gb=16.0,
            gpus=[],
            system="Linux 6.1 x86_64",
            python="3.11.7",
            versions={"ai-edge-litert": "2.3.0"},
            load=0.1,
        ),
        subject=Subject(
            source="clip.mp4",
            live=False,
            width=640,
            height=480,
            model="efficientnet-lite0",
            engine="litert",
            precision="int8",
            device="cpu",
        ),
        startup=Startup(process_s=0.3, ready_s=0.05, first_ms=3.0),
        stages=Stages(decode=stage(1000), fit=stage(5000), infer=stage(400), draw=stage(2500), encode=stage(450)),
        together=Together(
            recorded=whole(300),
            recorded_with_output=whole(180),
            live=LiveWhole(**whole(30), captured_fps=30.0, dropped=0.01, latency_rounds=[6.0, 6.1, 5.9]),
        ),
        latency_histogram=[(5.5, 20), (6.0, 50), (7.0, 18), (9.0, 2)],
        limit=Limits(
            recorded=Limit(stage="inference", text="limited by inference; `--every 2` would give 1.6 x", changes=[]),
            live=Limit(stage="camera", text="camera-limited: it delivers 30.0 fps", changes=[]),
        ),
        cameras=Cameras(
            fps=30.0,
            sustained=7,
            at_least=False,
            runs=[CameraRun(cameras=7, share=0.99), CameraRun(cameras=8, share=0.9)],
        ),
        table=[
            row(390, goal="latency", best=True),
            row(200, precision="float32"),
            row(410, workers=2, best=True),
        ],
    )
    return cast("Measurement", made | changes)


def nothing_measured() -> Measurement:
    """A result at its beginning."""
    return result(
        startup=None,
        stages=Stages(decode=None, fit=None, infer=None, draw=None, encode=None),
        together=Together(recorded=None, recorded_with_output=None, live=None),
        latency_histogram=[],
        limit=Limits(recorded=None, live=None),
        cameras=None,
        table=[],
    )
