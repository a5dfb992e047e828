from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from live_classify.core.errors import OutputError, SourceOpenError, UsageError
from live_classify.jobs.folder import ENDINGS, plan
from live_classify.jobs.job import Job, Outcome
from live_classify.jobs.manifest import NAME, Manifest, require_kinds
from live_classify.outputs.factory import Answering

SETTINGS: Mapping[str, object] = {"model": "m", "smooth_s": None}


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


def remaining(
    jobs: list[Job],
    done: Iterable[Job] = (),
    failed: Iterable[Job] = (),
    *,
    overwrite: bool = False,
    settings: Mapping[str, object] = SETTINGS,
) -> list[str]:
    """What a run finds left to do, which then does some of it."""
    with Manifest(Path("out"), settings) as manifest:
        left = manifest.open(jobs, overwrite)
        for job in done:
            manifest.note(finished(job))
        for job in failed:
            manifest.note(finished(job, "it is broken"))
    return [job.source for job in left]


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
    assert remaining(jobs) == ["in/a.mp4", "in/sub/a.mp4", "in/sub/b.MKV"]
    remaining(jobs, done=jobs[:2], failed=jobs[2:])
    assert remaining(jobs) == ["in/sub/b.MKV"]
    (folder / "out/a.mp4.jsonl").unlink()
    (folder / "in/sub/a.mp4").write_text("changed")
    os.utime(folder / "in/sub/a.mp4", ns=(1, 1))
    assert remaining(jobs) == ["in/a.mp4", "in/sub/a.mp4", "in/sub/b.MKV"]
    assert remaining([*jobs, replace(jobs[0], source="other/c.mp4")], overwrite=True)[-1] == "other/c.mp4"


def test_a_row_that_was_cut_off_costs_that_row_alone(folder: Path) -> None:
    jobs = jobs_of("in")
    remaining(jobs, done=jobs)
    path = folder / "out" / NAME
    path.write_bytes(path.read_bytes()[:-20])
    assert remaining(jobs) == ["in/sub/b.MKV"]
    for line in path.read_text(encoding="utf-8").splitlines()[-1:]:
        assert json.loads(line) == {"source": "in/sub/b.MKV", "state": "planned"}


def test_other_settings_are_refused_by_name_unless_all_begins_anew(folder: Path) -> None:  # noqa: ARG001
    jobs = jobs_of("in")
    remaining(jobs, done=jobs[:1])
    other = {"model": "m", "smooth_s": 1.0}
    with pytest.raises(OutputError, match=r"out holds outputs made with other settings \(smooth_s\)"):
        remaining(jobs, settings=other)
    with pytest.raises(OutputError, match=r"made with other settings \(smooth_s\)"):
        remaining(jobs, settings={"model": "m"} | {"smooth_s": 0})
    with pytest.raises(OutputError, match=r"made with other settings \(weights\)"):
        remaining(jobs, settings={**SETTINGS, "weights": "a1"})
    assert len(remaining(jobs, overwrite=True, settings=other)) == 3


@pytest.mark.parametrize(
    ("first", "made_by"),
    [
        ({"settings": SETTINGS}, "an earlier version"),
        ({"version": 3, "settings": {**SETTINGS, "more": 1}}, "another version"),
        ({"version": "x", "settings": {}}, "another version"),
    ],
)
def test_the_manifest_of_another_version_is_refused_unless_all_begins_anew(
    first: Mapping[str, object], made_by: str, folder: Path
) -> None:
    (folder / "out").mkdir()
    (folder / "out" / NAME).write_text(json.dumps(first) + "\n")
    with pytest.raises(OutputError, match=f"out holds outputs made by {made_by} of this program; use another --out-"):
        remaining(jobs_of("in"))
    assert len(remaining(jobs_of("in"), overwrite=True)) == 3


@pytest.mark.parametrize("rare", ["\u2028", "\u2029", "\x85", "\x0b", "\x1e", "\r"])
def test_rows_are_parted_by_line_feeds_alone(rare: str, folder: Path) -> None:
    name = f"in/one{rare}two.mp4"
    (folder / name).touch()
    jobs = jobs_of(name)
    assert remaining(jobs, done=jobs) == [name]
    assert remaining(jobs) == []


def test_two_runs_never_share_a_folder(folder: Path) -> None:
    jobs = jobs_of("in")
    with Manifest(Path("out"), SETTINGS) as first:
        first.open(jobs, overwrite=False)
        before = (folder / "out" / NAME).read_bytes()
        for overwrite in (False, True):
            with pytest.raises(OutputError, match="another run is writing to out: wait for its end, or use another"):
                remaining(jobs, overwrite=overwrite)
        assert (folder / "out" / NAME).read_bytes() == before
    first.close()
    assert len(remaining(jobs)) == 3


def test_files_of_others_are_never_replaced_unasked(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "a.mp4.jsonl").write_text("precious")
    with pytest.raises(OutputError, match=r"out/a\.mp4\.jsonl exists already; --overwrite replaces it"):
        remaining(jobs_of("in"))
    (folder / "out" / NAME).write_text("precious, too")
    with pytest.raises(OutputError, match="isn't a manifest of this program"):
        remaining(jobs_of("in"))


def test_unknown_kinds_are_named() -> None:
    assert require_kinds("log, video,log", ENDINGS) == ("log", "video")
    for text in ("", "log,film", ","):
        with pytest.raises(UsageError, match="--write takes log, segments, video, subtitles, report"):
            require_kinds(text, ENDINGS)
