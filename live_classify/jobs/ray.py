"""Jobs on a Ray cluster: the same jobs, each a task, with one resident network in every worker.

What can't be read is an outcome like any other, and isn't tried again; a task whose worker is lost is.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import shutil
import socket
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from live_classify.core.errors import EngineError
from live_classify.core.one_line import one_line
from live_classify.jobs.job import Job, Outcome, run_job
from live_classify.outputs.factory import Outputs
from live_classify.sources.container import opened
from live_classify.sources.excerpt import Part
from live_classify.sources.packets import PacketIndex

if TYPE_CHECKING:
    from live_classify.classifier import Classifier
    from live_classify.spec import NetworkSpec

_PATIENCE_S = 10.0
_RETRIES = 3  # of a task whose worker was lost
_MOST_CORES = 8  # of one task; a network on a CPU makes use of no more


def connect(address: str) -> None:
    """Connect to a cluster.

    Args:
        address: ``local`` starts one on this machine, which ends with the program; ``auto`` takes the one this machine
            belongs to; anything else is where its head is, ``HOST:PORT``.

    Raises:
        EngineError: Ray isn't installed, or no such cluster answers.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise  # a broken installation, not a missing one
        raise EngineError("--ray needs Ray: pip install 'live_classify[ray]'") from error
    if address not in {"local", "auto"}:
        _require_listener(address)  # Ray would try for minutes, and talk
    try:
        ray.init(address=address, log_to_driver=False, include_dashboard=None, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        reason = " ".join(str(error).split())
        raise EngineError(f"cannot connect to a Ray cluster at {address}: {reason}") from error


def _require_listener(address: str) -> None:
    """Raise EngineError unless something listens at ``HOST:PORT``."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE_S).close()
    except (OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "an address is HOST:PORT"
        raise EngineError(f"cannot connect to a Ray cluster at {address}: {reason}") from error


def run_ray(
    jobs: Sequence[Job], spec: NetworkSpec, answers_folder: Path, split_s: float, on_gpu: bool
) -> Generator[Outcome, None, None]:
    """Run jobs on the connected cluster, and disconnect.

    The folders of recordings and outputs must be the same on all machines.

    Args:
        jobs: what to do.
        spec: which network each worker makes ready, and how.
        answers_folder: a folder on shared storage for what the parts of long recordings give.
        split_s: recordings longer than this are divided at key frames into parts of about this length.
        on_gpu: each task takes a GPU.

    Yields:
        Outcomes, as they come.
    """
    import ray

    cores = min(_MOST_CORES, *(int(node["Resources"].get("CPU", 1)) for node in ray.nodes() if node["Alive"]))  # type: ignore[no-untyped-call]
    task = ray.remote(num_cpus=max(1, cores), num_gpus=1 if on_gpu else 0, max_retries=_RETRIES, retry_exceptions=False)
    run, merge = task(_run), task(_merge)
    here = os.getcwd()  # noqa: PTH109 (as a string, for the worker)
    waiting: dict[Future[Outcome], Job] = {}
    try:
        for number, job in enumerate(jobs):
            parts = _divided(job, answers_folder / str(number), split_s)
            if parts:
                reference = merge.remote(job, spec, here, *[run.remote(part, spec, here) for part in parts])
            else:
                reference = run.remote(job, spec, here)
            waiting[reference.future()] = job
        for future in as_completed(waiting):  # unlike ray.wait, it lets an interruption through
            yield outcome_of(future, waiting[future])
    finally:
        ray.shutdown()
        shutil.rmtree(answers_folder, ignore_errors=True)


def outcome_of(future: Future[Outcome], job: Job) -> Outcome:
    """What came of a task; whatever it died of is the recording's failure, and not the folder's."""
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 (Ray's errors are of many kinds; a fault of one mustn't end the others)
        last = str(error).strip().rpartition("\n")[2]  # after the worker's traceback
        reason = one_line(last or type(error).__name__)
        return Outcome(job, error=f"{job.source}: the cluster couldn't do it: {reason}")


def _divided(job: Job, answers_folder: Path, split_s: float) -> list[Job]:
    """Jobs for the answers of a long recording's parts; none where it had better stay whole.

    Each part begins at a key frame, and ends before the one with which the next begins.
    """
    whole = job.answering.part
    if job.answering.skip_still:  # which frames are still depends on those before
        return []
    try:
        with opened(Path(job.source), job.source) as video:
            if video.promised_s is not None and video.promised_s <= split_s:
                return []
        index = PacketIndex(Path(job.source), job.source, whole.end_s)
    except Exception:  # noqa: BLE001 (FFmpeg's errors are of many kinds)
        return []  # the job will say what is wrong with it
    starts_s = [whole.start_s]
    for key_s in (key_s for key_s in index.key_times_s() if key_s < whole.end_s):
        if key_s >= starts_s[-1] + split_s:
            starts_s.append(key_s)
    if len(starts_s) == 1:
        return []
    ends_s = [*starts_s[1:], whole.end_s]
    return [
        Job(
            job.source,
            Outputs(answers=answers_folder / f"{number}.npy"),
            replace(job.answering, part=Part(start_s, end_s, whole.every)),
        )
        for number, (start_s, end_s) in enumerate(zip(starts_s, ends_s, strict=True))
    ]


def _run(job: Job, spec: NetworkSpec, folder: str) -> Outcome:
    """Body of a task: one job, in the driver's folder."""
    os.chdir(folder)
    return run_job(job, _resident(spec), threading.Event())


def _merge(job: Job, spec: NetworkSpec, folder: str, *parts: Outcome) -> Outcome:
    """Body of a task: one recording out of the answers of its parts, which are finished and given in order."""
    os.chdir(folder)
    answers = tuple(path for part in parts for path in part.written)
    classifier = _resident(spec)
    try:
        if all(part.error is None for part in parts):
            outcome = run_job(replace(job, answered=answers), classifier, threading.Event())
            if outcome.error is None and outcome.frames == sum(part.frames for part in parts):
                return outcome
        # Of a damaged recording the parts needn't add up to the whole.
        return run_job(job, classifier, threading.Event())
    finally:
        for path in answers:
            with contextlib.suppress(OSError):  # the folder is removed at the end
                path.unlink()


@functools.lru_cache(maxsize=1)
def _resident(spec: NetworkSpec) -> Classifier:
    """The network of this worker, made ready once."""
    return spec.load()
