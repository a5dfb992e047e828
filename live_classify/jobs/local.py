"""Jobs on this machine: several at a time, into one network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from live_classify.jobs.job import Job, Outcome, run_job

if TYPE_CHECKING:
    from live_classify.classifier import Classifier


def run_local(
    jobs: Sequence[Job],
    classifier: Classifier,
    at_a_time: int,
    on_progress: Callable[[Job, float], None] = lambda *_: None,
) -> Generator[Outcome, None, None]:
    """Run jobs side by side; whoever leaves the loop ends them. What goes wrong with one is its own outcome.

    Args:
        jobs: what to do.
        classifier: the network that all share.
        at_a_time: how many recordings are decoded at a time.
        on_progress: told, on any thread, how much of a job is done, 0 to 1.

    Yields:
        Outcomes, as they come.
    """
    stop = threading.Event()

    def run(job: Job) -> Outcome:
        return run_job(job, classifier, stop, lambda part: on_progress(job, part))

    with ThreadPoolExecutor(at_a_time, thread_name_prefix="job") as pool:
        futures = [pool.submit(run, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            stop.set()
            for future in futures:
                future.cancel()
