from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from live_classify.core.errors import OutputError, SourceOpenError, UsageError
from live_classify.jobs.folder import ENDINGS, plan
from live_classify.jobs.job import Job, Outcome
from live_classify.jobs.manifest import NAME, Manifest, require_kinds
from live_classify.outputs.factory import Answering

SETTINGS = {"model": "m", "smooth_s": None}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.mp4", "in/sub/a.mp4", "in/sub/b.MKV", "other/c.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def jobs_of(*names: str) -> list[Job]:
    return plan(names, Path("out"), ["log", "segments"], Answering())


def finished(job: Job, error: str | None = None) -> Outcome:
    for path in job.outputs.paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("done")
    return Outcome(job, frames=1, written=tuple(job.outputs.paths), error=error)


def opened(jobs: list[Job], overwrite: bool = False, **settings: object) -> tuple[Manifest, list[str]]:
    manifest = Manifest(Path("out"), {**SETTINGS, **settings})
    return manifest, [job.source for job in manifest.open(jobs, overwrite)]


def test_outputs_keep_the_path_below_the_folder(folder: Path) -> None:  # noqa: ARG001
    jobs = plan(["in", "other/c.mp4"], Path("out"), list(ENDINGS), Answering())
    assert [job.source for job in jobs] == ["in/a.mp4", "in/sub/a.mp4", "in/sub/b.MKV", "other/c.mp4"]
    assert {str(path) for path in jobs[1].outputs.paths} == {
        f"out/sub/a.mp4{ending}" for ending in (".jsonl", ".segments.csv", ".labelled.mp4", ".srt", ".html")
    }
    assert str(jobs[3].outputs.log) == "out/c.mp4.jsonl"


def test_two_recordings_never_share_outputs(folder: Path) -> None:  # noqa: ARG001
    with pytest.raises(UsageError, match=r"in/a\.mp4 and in/sub/a\.mp4 would both be written to out/a\.mp4\.\*"):
        jobs_of("in/a.mp4", "in/sub/a.mp4")
    assert len(jobs_of("in/a.mp4", "in", "in/a.mp4")) == 3


def test_outputs_of_an_earlier_run_are_no_inputs(folder: Path) -> None:
    (folder / "in" / "out").mkdir()
    (folder / "in" / "out" / "a.mp4.labelled.mp4").touch()
    assert len(plan(["in"], Path("in/out"), ["video"], Answering())) == 3
    with pytest.raises(SourceOpenError, match="no recording to classify, but for those in in/out"):
        plan(["in/out"], Path("in/out"), ["video"], Answering())


def test_only_what_is_missing_remains(folder: Path) -> None:
    jobs = jobs_of("in")
    manifest, remaining = opened(jobs)
    assert remaining == ["in/a.mp4", "in/sub/a.mp4", "in/sub/b.MKV"]
    manifest.note(finished(jobs[0]))
    manifest.note(finished(jobs[1]))
    manifest.note(finished(jobs[2], "it is broken"))
    assert opened(jobs)[1] == ["in/sub/b.MKV"]
    (folder / "out/a.mp4.jsonl").unlink()
    (folder / "in/sub/a.mp4").write_text("changed")
    os.utime(folder / "in/sub/a.mp4", ns=(1, 1))
    assert opened(jobs)[1] == ["in/a.mp4", "in/sub/a.mp4", "in/sub/b.MKV"]
    assert opened([*jobs, replace(jobs[0], source="other/c.mp4")], overwrite=True)[1][-1] == "other/c.mp4"


def test_a_row_that_was_cut_off_costs_that_row_alone(folder: Path) -> None:
    jobs = jobs_of("in")
    manifest, _ = opened(jobs)
    for job in jobs:
        manifest.note(finished(job))
    path = folder / "out" / NAME
    path.write_bytes(path.read_bytes()[:-20])
    assert opened(jobs)[1] == ["in/sub/b.MKV"]
    for line in path.read_text(encoding="utf-8").splitlines()[-1:]:
        assert json.loads(line) == {"source": "in/sub/b.MKV", "state": "planned"}


def test_other_settings_are_refused_by_name_unless_all_begins_anew(folder: Path) -> None:  # noqa: ARG001
    jobs = jobs_of("in")
    manifest, _ = opened(jobs)
    manifest.note(finished(jobs[0]))
    with pytest.raises(OutputError, match=r"out holds outputs made with other settings \(smooth_s\)"):
        opened(jobs, smooth_s=1.0)
    assert len(opened(jobs, overwrite=True, smooth_s=1.0)[1]) == 3


def test_files_of_others_are_never_replaced_unasked(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "a.mp4.jsonl").write_text("precious")
    with pytest.raises(OutputError, match=r"out/a\.mp4\.jsonl exists already; --overwrite replaces it"):
        opened(jobs_of("in"))
    (folder / "out" / NAME).write_text("precious, too")
    with pytest.raises(OutputError, match="isn't a manifest of this program"):
        opened(jobs_of("in"))


def test_unknown_kinds_are_named() -> None:
    assert require_kinds("log, video,log", ENDINGS) == ("log", "video")
    for text in ("", "log,film", ","):
        with pytest.raises(UsageError, match="--write takes log, segments, video, subtitles, report"):
            require_kinds(text, ENDINGS)
