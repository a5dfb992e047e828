"""What a run amounted to: the numbers of ``--stats``."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from live_classify.flow.feed import Feed
from live_classify.flow.meter import Meter
from live_classify.flow.pipeline import Pipeline

_IMPORTED_S = time.monotonic()


class Stage(TypedDict):
    """One stage of the pipeline."""

    fps: float
    """Frames over the whole run's time."""
    busy: float
    """Share of the run in which it worked, 0 to 1; for several threads their mean. A camera's wait counts as work."""


class Latency(TypedDict):
    """Milliseconds from capture to label; None when nothing was classified."""

    p50: float | None
    p95: float | None
    p99: float | None


class SourceStats(TypedDict):
    """One source of a run."""

    source: str
    frames_captured: int
    frames_classified: int
    frames_dropped: int
    decode_errors: int
    reconnects: int
    fps: float
    """Classified frames over the whole run's time."""
    fps_last_s: float
    """The same as the run's, of this source; of one that ended earlier it is near 0."""


class RunStats(TypedDict):
    """The ``--stats`` object."""

    command: str
    model: str
    engine: str
    device: str
    precision: str
    batch: int
    workers: int
    sources: list[str]
    frames_captured: int
    frames_classified: int
    frames_dropped: int
    """Captured, but never classified: live, newer ones took their place; else, the run was ended early."""
    frames_still: int
    """Answered with the answer of the last classified frame, which they look like."""
    decode_errors: int
    reconnects: int
    """How often a signal that was lost came back."""
    elapsed_s: float
    fps: float
    """Classified frames over the whole run's time, ``elapsed_s``."""
    fps_last_s: float
    """Classified frames a second over the last second of the run (the last two frames where they are further apart);
    towards 0 when none had come for long."""
    cpu_s_per_frame: float | None
    """Processor seconds of the whole process during the run, all threads together, over the classified frames; None
    when there are none. Loading the network is not part of it."""
    startup_s: float | None
    latency_ms: Latency
    stages: dict[str, Stage]
    by_source: list[SourceStats]
    peak_rss_mb: float | None


def run_stats(command: str, pipeline: Pipeline) -> RunStats:
    """Sum up a pipeline that has ended.

    Args:
        command: which command ran it.
        pipeline: the pipeline.
    """
    engine = pipeline.engines[0]
    elapsed_s = pipeline.ended_s - pipeline.started_s
    first_s = pipeline.first_answer_s
    by_source = [_source_stats(feed, elapsed_s, pipeline.ended_s) for feed in pipeline.feeds.values()]
    captures = [feed.capture_meter for feed in pipeline.feeds.values()]
    stages = {
        "capture": _stage(captures, elapsed_s, len(captures) if pipeline.live else 1),
        "inference": _stage(pipeline.engine_meters, elapsed_s, len(pipeline.engines)),
    }
    if pipeline.output_meter.frames:
        stages["output"] = _stage([pipeline.output_meter], elapsed_s, 1)
    if pipeline.display_meter is not None:
        stages["display"] = _stage([pipeline.display_meter], elapsed_s, 1)
    captured = sum(source["frames_captured"] for source in by_source)
    classified = pipeline.answer_meter.frames
    return RunStats(
        command=command,
        model=pipeline.classifier.network.name,
        engine=engine.name,
        device=engine.device,
        precision=engine.precision,
        batch=engine.batch,
        workers=len(pipeline.engines),
        sources=[source.name for source in pipeline.sources],
        frames_captured=captured,
        frames_classified=classified,
        frames_dropped=captured - classified,
        frames_still=pipeline.still.skipped if pipeline.still is not None else 0,
        decode_errors=sum(source["decode_errors"] for source in by_source),
        reconnects=sum(source["reconnects"] for source in by_source),
        elapsed_s=round(elapsed_s, 3),
        fps=_rate(classified, elapsed_s),
        fps_last_s=round(pipeline.answer_meter.fps_at(pipeline.ended_s), 2),
        cpu_s_per_frame=round(pipeline.cpu_s / classified, 6) if classified else None,
        startup_s=None if first_s is None else round(first_s - process_start_s(), 3),
        latency_ms=Latency(p50=_ms(pipeline, 50), p95=_ms(pipeline, 95), p99=_ms(pipeline, 99)),
        stages=stages,
        by_source=by_source,
        peak_rss_mb=peak_rss_mb(),
    )


def process_start_s() -> float:
    """When this process began, on ``time.monotonic``; where the system doesn't tell, when this was imported."""
    if platform.system() == "Linux":
        # Field 22 of stat(5) is the start in clock ticks since boot; the name in field 2 may hold blanks.
        ticks = int(
            Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
        )
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        return time.monotonic() - age_s
    return _IMPORTED_S


def peak_rss_mb() -> float | None:
    """The most memory this process has held so far, in MiB; None where the system doesn't tell (Windows)."""
    if platform.system() == "Windows":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if platform.system() == "Darwin" else 2**10), 1)


def _source_stats(feed: Feed, elapsed_s: float, ended_s: float) -> SourceStats:
    captured, classified = feed.capture_meter.frames, feed.answer_meter.frames
    status = feed.source.status()
    return SourceStats(
        source=feed.source.name,
        frames_captured=captured,
        frames_classified=classified,
        frames_dropped=captured - classified,
        decode_errors=status.decode_errors,
        reconnects=status.reconnects,
        fps=_rate(classified, elapsed_s),
        fps_last_s=round(feed.answer_meter.fps_at(ended_s), 2),
    )


def _stage(meters: Sequence[Meter], elapsed_s: float, threads: int) -> Stage:
    frames, busy_s = sum(meter.frames for meter in meters), sum(meter.busy_s for meter in meters)
    busy = busy_s / (elapsed_s * threads) if elapsed_s > 0 else 0.0
    return Stage(fps=_rate(frames, elapsed_s), busy=round(min(busy, 1.0), 3))


def _rate(frames: int, elapsed_s: float) -> float:
    return round(frames / elapsed_s, 2) if elapsed_s > 0 else 0.0


def _ms(pipeline: Pipeline, percent: float) -> float | None:
    seconds = pipeline.latency.percentile(percent)
    return None if seconds is None else round(seconds * 1000, 2)
