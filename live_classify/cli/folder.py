"""``live-classify video --out-dir``: many recordings, a set of outputs for each."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from live_classify.cli.console import counted, note, say
from live_classify.cli.options import loading_bar
from live_classify.cli.progress import progress_of_jobs
from live_classify.spec import NetworkSpec

if TYPE_CHECKING:
    from live_classify.classifier import Classifier
    from live_classify.jobs.job import Job, Outcome
    from live_classify.jobs.manifest import Manifest
    from live_classify.outputs.factory import Answering

_SPLIT_MINUTES = 10.0


@dataclass(frozen=True, slots=True)
class FolderOptions:
    """Where the outputs go, and how the work is done."""

    out_dir: Path
    write: str | None
    at_a_time: int | None
    ray: str | None
    split_minutes: float | None
    overwrite: bool
    quiet: bool


def run_folder(paths: Sequence[str], spec: NetworkSpec, answering: Answering, options: FolderOptions) -> int:
    """Classify recordings into a folder, leaving out what an earlier run has done.

    Returns:
        The exit status: 1 when a recording failed; all that did are reported at the end.

    Raises:
        LiveClassifyError: nothing could be begun, or the manifest could not be written.
    """
    from live_classify.jobs.folder import DEFAULT_KINDS, ENDINGS, plan
    from live_classify.jobs.job import remove_leftovers
    from live_classify.jobs.manifest import Manifest, require_kinds

    kinds = DEFAULT_KINDS if options.write is None else require_kinds(options.write, ENDINGS)
    jobs = plan(paths, options.out_dir, kinds, answering)
    classifier = spec.load(loading_bar())
    settings = {**spec.identity(classifier, loading_bar()), **_settings(answering, kinds)}
    with Manifest(options.out_dir, settings) as manifest:
        remaining = manifest.open(jobs, options.overwrite)
        remove_leftovers(remaining)
        failed = _run(remaining, classifier, spec, manifest, options) if remaining else []
        remove_leftovers(remaining)  # of workers that were lost
    for outcome in failed:
        note(f"live-classify: {outcome.error}")
    if not options.quiet:
        done, before = len(remaining) - len(failed), len(jobs) - len(remaining)
        note(
            f"{counted(done, 'recording')} done"
            + (f", {before} done before" if before else "")
            + (f", {len(failed)} failed" if failed else "")
            + f"; outputs and manifest in {options.out_dir}"
        )
    return 1 if failed else 0


def _run(
    jobs: Sequence[Job], classifier: Classifier, spec: NetworkSpec, manifest: Manifest, options: FolderOptions
) -> list[Outcome]:
    """Do the jobs, print and note what comes of each, and return those that failed."""
    from live_classify.jobs.local import run_local

    failed: list[Outcome] = []
    if not options.quiet:
        note(classifier.describe("throughput"))
    with progress_of_jobs(jobs, options.quiet) as show_progress:
        if options.ray is None:
            outcomes = run_local(jobs, classifier, options.at_a_time or 1, show_progress)
        else:
            outcomes = _on_cluster(jobs, classifier, spec, options)
        with contextlib.closing(outcomes):
            for outcome in outcomes:
                manifest.note(outcome)
                show_progress(outcome.job, 1.0)
                if outcome.frames:
                    say(_line(outcome))
                if outcome.error is not None:
                    failed.append(outcome)
    return failed


def _on_cluster(
    jobs: Sequence[Job], classifier: Classifier, spec: NetworkSpec, options: FolderOptions
) -> Generator[Outcome, None, None]:
    from live_classify.cli import interruption
    from live_classify.jobs.ray import connect, run_ray

    connect(options.ray or "local")
    interruption.install()  # Ray has put a handler of its own in its place
    settled = spec.settled(classifier.network, "throughput")  # so that all machines answer alike
    split_s = 60 * (options.split_minutes or _SPLIT_MINUTES)
    on_gpu = classifier.engines("throughput")[0].device.startswith("gpu")
    return run_ray(jobs, settled, options.out_dir / ".answers", split_s, on_gpu)


def _settings(answering: Answering, kinds: Sequence[str]) -> dict[str, Any]:
    """What the outputs depend on, but for the network and the recordings."""
    part = answering.part
    return {
        "smooth_s": answering.smooth_s,
        "min_confidence": answering.min_confidence,
        "start_s": part.start_s,
        "end_s": None if math.isinf(part.end_s) else part.end_s,
        "every": part.every,
        "skip_still": answering.skip_still,
        "write": sorted(kinds),
    }


def _line(outcome: Outcome) -> str:
    """``clip.mp4: 480 frames, 16.0 s; espresso 25%, tripod 25%``."""
    seen = ", ".join(f"{name or 'not sure'} {share:.0%}" for name, share in outcome.seen)
    return f"{outcome.job.source}: {counted(outcome.frames, 'frame')}, {outcome.media_s:.1f} s; {seen}"
