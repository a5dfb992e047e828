"""Folders of recordings, and what becomes of a run that is interrupted."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import av
import pytest

from live_classify.assets import asset
from live_classify.jobs.manifest import Manifest
from media import write_clip
from program import DEADLINE_S, only_line, run, start

MANIFEST_FILES = {"manifest.jsonl", "manifest.lock"}
ALL = "log,segments,video,subtitles,report"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two short recordings, a longer one and one that is none."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    write_clip(tmp_path / "in" / "a.mp4", sound_s=2.0)
    write_clip(tmp_path / "in" / "sub" / "b.mp4", 10)
    shutil.copy(asset("demo.mp4"), tmp_path / "in" / "z.mp4")
    (tmp_path / "in" / "broken.mp4").write_text("not a video")
    return tmp_path


def outputs(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def expected(*stems: str) -> set[str]:
    endings = (".jsonl", ".segments.csv", ".labelled.mp4", ".srt", ".html")
    return MANIFEST_FILES | {stem + ending for stem in stems for ending in endings}


def manifest(folder: Path) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    return {row["source"]: row for row in rows[1:]}


def logged(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) | {"latency_ms": 0} for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_recording_has_outputs_of_its_own_and_a_broken_one_stops_nobody(folder: Path) -> None:
    arguments = ("video", "in", "--out-dir", "out", "--write", ALL, "--jobs", "3", "--every", "5")
    done = run(*arguments, cwd=folder)
    assert done.returncode == 1
    assert "cannot read in/broken.mp4 as video" in done.stderr
    assert done.stderr.splitlines()[-1] == "3 recordings done, 1 failed; outputs and manifest in out"
    assert outputs(folder / "out") == expected("a.mp4", "sub/b.mp4", "z.mp4")
    assert {source: row["state"] for source, row in manifest(folder / "out").items()} == {
        "in/a.mp4": "done",
        "in/broken.mp4": "failed",
        "in/sub/b.mp4": "done",
        "in/z.mp4": "done",
    }
    assert run("video", "in/z.mp4", "--log", "alone.jsonl", "--every", "5", cwd=folder).returncode == 0
    assert logged(folder / "out" / "z.mp4.jsonl") == logged(folder / "alone.jsonl")
    with av.open(str(folder / "out" / "a.mp4.labelled.mp4")) as container:
        assert len(list(container.decode(video=0))) == 10
        assert container.streams.audio

    before = {name: (folder / "out" / name).stat().st_mtime_ns for name in outputs(folder / "out")}
    (folder / "in" / "broken.mp4").unlink()
    (folder / "out" / "a.mp4.srt").unlink()
    again = run(*arguments, cwd=folder)
    assert again.returncode == 0
    assert again.stderr.splitlines()[-1] == "1 recording done, 2 done before; outputs and manifest in out"
    after = {name: (folder / "out" / name).stat().st_mtime_ns for name in outputs(folder / "out")}
    assert {name for name in after if after[name] != before.get(name)} == expected("a.mp4") - {"manifest.lock"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_leaves_nothing_half_written_and_is_finished_by_the_next(
    number: signal.Signals, folder: Path
) -> None:
    (folder / "in" / "broken.mp4").unlink()
    arguments = ("video", "in", "--out-dir", "out", "--write", "log,report")
    with start(*arguments, cwd=folder) as program:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("in/a.mp4: 50 frames")
        program.send_signal(number)
        program.communicate(timeout=DEADLINE_S)
    assert program.returncode == (130 if number == signal.SIGINT else -number)
    unfinished = {name for name in outputs(folder / "out") if Path(name).name.startswith(".part-")}
    there = outputs(folder / "out") - unfinished
    assert {"a.mp4.jsonl", "a.mp4.html"} <= there
    assert not {"z.mp4.jsonl", "z.mp4.html"} & there
    if number == signal.SIGINT:
        assert not unfinished
        return
    finished = run(*arguments, cwd=folder)
    assert finished.returncode == 0
    assert "done before" in finished.stderr
    names = {f"{stem}{ending}" for stem in ("a.mp4", "sub/b.mp4", "z.mp4") for ending in (".jsonl", ".html")}
    assert outputs(folder / "out") == MANIFEST_FILES | names
    assert len(logged(folder / "out" / "z.mp4.jsonl")) == 480


def test_a_second_run_in_the_same_folder_is_told_so(folder: Path) -> None:
    with Manifest(folder / "out", {}) as held:
        held.open([], overwrite=False)
        done = run("video", "in", "--out-dir", "out", cwd=folder)
    assert done.returncode == 1
    assert only_line(done.stderr) == (
        "live-classify: another run is writing to out: wait for its end, or use another --out-dir"
    )


def test_what_is_done_is_known_by_what_it_was_made_with_not_where_that_lies(folder: Path) -> None:
    names = [f"name {number}" for number in range(1000)]
    (folder / "names.txt").write_text("\n".join(names))
    recording = ("video", "in/sub/b.mp4", "--out-dir", "out")
    assert run(*recording, "--labels", "names.txt", cwd=folder).returncode == 0
    (folder / "names.txt").rename(folder / "moved.txt")
    again = run(*recording, "--labels", "moved.txt", cwd=folder)
    assert (again.returncode, again.stdout) == (0, "")
    assert only_line(again.stderr) == "0 recordings done, 1 done before; outputs and manifest in out"
    (folder / "moved.txt").write_text("\n".join(reversed(names)))
    changed = run(*recording, "--labels", "moved.txt", cwd=folder)
    assert changed.returncode == 1
    assert "out holds outputs made with other settings (labels); use another --out-dir" in only_line(changed.stderr)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--out-dir", "out", "--log", "l.jsonl"), "--log is for a single set of outputs; with --out-dir say --write"),
        (("--write", "log"), "--write goes with --out-dir"),
        (("--jobs", "2"), "--jobs goes with --out-dir"),
        (("--ray", "local"), "--ray goes with --out-dir"),
        (("--out-dir", "out", "--split", "1"), "--split goes with --ray"),
        (("--out-dir", "out", "--write", "film"), "--write takes log, segments, video, subtitles, report"),
        (("--start", "5", "--end", "4"), "a part from 5 s to 4 s holds no frame"),
        (("--subtitles", "x.txt"), "--subtitles x.txt: its name must end in .srt or .vtt"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: tuple[str, ...], says: str, folder: Path) -> None:
    done = run("video", "in/a.mp4", *arguments, cwd=folder)
    assert done.returncode == 2
    assert says in only_line(done.stderr)
    assert not (folder / "out").exists()
