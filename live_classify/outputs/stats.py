"""What a run amounted to: the numbers of ``--stats``."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from live_classify.flow.monitor import RunSnapshot, SourceSnapshot, StageSnapshot
from live_classify.flow.pipeline import goal_of
from live_classify.outputs.factory import AND

if TYPE_CHECKING:
    from live_classify.classifier import Classifier

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


class OutputStats(TypedDict):
    """One outlet of a run that writes files: a log, a video, or what is made of segments."""

    output: str
    taken: int
    lost: int
    """Answers it never took: live, newer ones took their place; else, it failed, or the run was ended early."""


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
    """Captured, and never to be classified: live, newer ones took their place; else, the run was ended early."""
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
    """``output`` is the outlet that had most to do."""
    outputs: list[OutputStats]
    by_source: list[SourceStats]
    peak_rss_mb: float | None


def run_stats(command: str, classifier: Classifier, run: RunSnapshot, written: Iterable[Path] = ()) -> RunStats:
    """Sum up a run that has ended.

    Args:
        command: which command ran it.
        classifier: what was run.
        run: the run, as its monitor shows it.
        written: the files that its outlets write.
    """
    engines, names = classifier.engines(goal_of(len(run.sources), run.live)), set(map(str, written))
    engine = engines[0]
    capture = StageSnapshot(
        run.captured,
        sum(source.capture_busy_s for source in run.sources),
        len(run.sources) if run.live else 1,
    )
    stages = {"capture": _stage(capture, run.elapsed_s), "inference": _stage(run.inference, run.elapsed_s)}
    if run.outlets:
        busiest = max(run.outlets, key=lambda outlet: outlet.busy_s)
        stages["output"] = _stage(StageSnapshot(busiest.taken, busiest.busy_s), run.elapsed_s)
    if run.display is not None:
        stages["display"] = _stage(run.display, run.elapsed_s)
    return RunStats(
        command=command,
        model=classifier.network.name,
        engine=engine.name,
        device=engine.device,
        precision=engine.precision,
        batch=engine.batch,
        workers=len(engines),
        sources=[source.name for source in run.sources],
        frames_captured=run.captured,
        frames_classified=run.classified,
        frames_dropped=run.dropped,
        frames_still=run.still or 0,
        decode_errors=sum(source.status.decode_errors for source in run.sources),
        reconnects=sum(source.status.reconnects for source in run.sources),
        elapsed_s=round(run.elapsed_s, 3),
        fps=_rate(run.classified, run.elapsed_s),
        fps_last_s=round(run.answer_fps, 2),
        cpu_s_per_frame=round(run.cpu_s / run.classified, 6) if run.classified else None,
        startup_s=None if run.first_answer_s is None else round(run.first_answer_s - process_start_s(), 3),
        latency_ms=Latency(p50=_ms(run, 50), p95=_ms(run, 95), p99=_ms(run, 99)),
        stages=stages,
        outputs=[
            OutputStats(output=one.name, taken=one.taken, lost=one.lost)
            for one in run.outlets
            if not names.isdisjoint(one.name.split(AND))
        ],
        by_source=[_source_stats(source, run.elapsed_s) for source in run.sources],
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


def _source_stats(source: SourceSnapshot, elapsed_s: float) -> SourceStats:
    return SourceStats(
        source=source.name,
        frames_captured=source.captured,
        frames_classified=source.classified,
        frames_dropped=source.dropped,
        decode_errors=source.status.decode_errors,
        reconnects=source.status.reconnects,
        fps=_rate(source.classified, elapsed_s),
        fps_last_s=round(source.answer_fps, 2),
    )


def _stage(stage: StageSnapshot, elapsed_s: float) -> Stage:
    busy = stage.busy_s / (elapsed_s * stage.threads) if elapsed_s > 0 else 0.0
    return Stage(fps=_rate(stage.frames, elapsed_s), busy=round(min(busy, 1.0), 3))


def _rate(frames: int, elapsed_s: float) -> float:
    return round(frames / elapsed_s, 2) if elapsed_s > 0 else 0.0


def _ms(run: RunSnapshot, percent: float) -> float | None:
    seconds = run.latency.percentile(percent)
    return None if seconds is None else round(seconds * 1000, 2)
