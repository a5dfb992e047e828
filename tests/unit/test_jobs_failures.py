"""A fault of one recording is that recording's alone."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from doubles import GreyEngine, grey_classifier
from live_classify.jobs.folder import plan
from live_classify.jobs.job import Job, Outcome, failure_of, run_job
from live_classify.jobs.local import run_local
from live_classify.jobs.ray import outcome_of
from live_classify.outputs.factory import Answering
from media import write_clip

DEADLINE_S = 30.0


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Of a recording that becomes light, and of two that stay dark."""
    monkeypatch.chdir(tmp_path)
    write_clip(Path("long.mp4"), 50)
    write_clip(Path("a.mp4"), 5)
    write_clip(Path("b.mp4"), 5)
    return plan(["long.mp4", "a.mp4", "b.mp4"], Path("out"), ["log", "segments"], Answering())


def failing_with(error: BaseException) -> GreyEngine:
    """An engine that fails on what is light."""

    def fail(rgb: npt.NDArray[np.uint8]) -> None:
        if rgb.mean() > 150:
            raise error

    return GreyEngine(before=fail)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ZeroDivisionError("of pixels\nand more"), "long.mp4: unexpected ZeroDivisionError: of pixels"),
        (MemoryError(), "long.mp4: unexpected MemoryError"),
        (AssertionError("\x1b[2J"), "long.mp4: unexpected AssertionError: ?[2J"),
    ],
)
def test_what_nobody_foresaw_is_said_with_its_class_and_the_others_go_on(
    error: Exception, says: str, jobs: list[Job]
) -> None:
    with grey_classifier(failing_with(error)) as classifier:
        outcomes = {outcome.job.source: outcome for outcome in run_local(jobs, classifier, at_a_time=1)}
    assert {source: outcome.error for source, outcome in outcomes.items()} == {
        "long.mp4": says,
        "a.mp4": None,
        "b.mp4": None,
    }
    assert outcomes["a.mp4"].frames == outcomes["b.mp4"].frames == 5
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(
        path.name for job in jobs[1:] for path in job.outputs.paths
    )


def waiting_for(told: threading.Event) -> GreyEngine:
    """An engine that answers two pictures, and more once somebody was told of progress."""
    answered = itertools.count()

    def wait(rgb: npt.NDArray[np.uint8]) -> None:
        if next(answered) >= 2:
            assert told.wait(DEADLINE_S), f"nobody was told of progress, at a batch of {len(rgb)}"

    return GreyEngine(before=wait)


def test_a_fault_of_what_watches_a_job_is_that_jobs_as_well(jobs: list[Job]) -> None:
    told = threading.Event()

    def fail(job: Job, part: float) -> None:
        told.set()
        raise KeyError(job.source, part)

    with grey_classifier(waiting_for(told)) as classifier:
        outcomes = list(run_local(jobs, classifier, 1, fail))
    assert len(outcomes) == 3
    failed = next(outcome for outcome in outcomes if outcome.job.source == "long.mp4")
    assert (failed.error or "").startswith("long.mp4: unexpected KeyError: ('long.mp4', ")


class EndOfProgram(BaseException):
    """Like Interruption and KeyboardInterrupt."""


def test_an_interruption_ends_all(jobs: list[Job]) -> None:
    told = threading.Event()

    def interrupt(part: float) -> None:
        told.set()
        raise EndOfProgram(part)

    with grey_classifier(waiting_for(told)) as classifier, pytest.raises(EndOfProgram, match=r"\d"):
        run_job(jobs[0], classifier, threading.Event(), interrupt)
    assert not [path for path in Path("out").iterdir() if path.is_file()]


def test_an_error_on_purpose_is_said_in_its_own_words(jobs: list[Job]) -> None:
    Path("a.mp4").write_text("not a video")
    with grey_classifier() as classifier:
        outcome = run_job(jobs[1], classifier, threading.Event())
    assert outcome.error == "cannot read a.mp4 as video: not a video file, or damaged at its start"
    assert isinstance(outcome, Outcome)
    assert failure_of(jobs[1], OSError(28, "No space left on device")) == (
        "a.mp4: unexpected OSError: [Errno 28] No space left on device"
    )


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ZeroDivisionError(), "ZeroDivisionError"),
        (ValueError("Traceback of a worker\n  line\nOSError: no such folder\n"), "OSError: no such folder"),
        (KeyError("\n"), r"'\n'"),
    ],
)
def test_whatever_a_task_on_a_cluster_dies_of_is_its_recordings_failure(
    error: Exception, says: str, jobs: list[Job]
) -> None:
    future: Future[Outcome] = Future()
    future.set_exception(error)
    assert outcome_of(future, jobs[0]).error == f"long.mp4: the cluster couldn't do it: {says}"
