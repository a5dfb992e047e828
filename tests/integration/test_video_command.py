from __future__ import annotations

import csv
import json
from pathlib import Path

import av
import pytest

from live_classify.assets import DEMO_SCENES, asset
from media import write_clip
from program import only_line, run


def demo_times() -> list[float]:
    with av.open(str(asset("demo.mp4"))) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


@pytest.mark.parametrize("batch", ["1", "5"])
def test_every_frame_is_logged_once_with_its_own_time_and_is_right(batch: str, tmp_path: Path) -> None:
    clip = asset("demo.mp4")
    done = run("video", clip, "--log", "log.jsonl", "--stats", "s.json", "--batch", batch, "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    times = demo_times()
    assert [row["frame"] for row in rows] == list(range(len(times)))
    assert [row["time_s"] for row in rows] == pytest.approx(times, abs=1e-3)
    for row in rows:
        (scene,) = (scene for scene in DEMO_SCENES if scene.start_s <= row["time_s"] < scene.end_s)
        assert row["labels"][0]["name"] in scene.names
        assert len(row["labels"]) == 5
    stats = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert stats["frames_captured"] == stats["frames_classified"] == len(times)
    assert stats["frames_dropped"] == stats["decode_errors"] == 0
    assert stats["fps"] == pytest.approx(len(times) / stats["elapsed_s"], rel=0.01)
    assert set(stats["latency_ms"]) == {"p50", "p95", "p99"}
    assert {"capture", "inference"} <= set(stats["stages"])


def test_what_was_seen_is_summed_up_on_standard_output(tmp_path: Path) -> None:
    done = run("video", asset("demo.mp4"), cwd=tmp_path)
    first, *labels = done.stdout.splitlines()
    assert first.startswith(f"{asset('demo.mp4')}: {len(demo_times())} frames")
    assert {"espresso", "tripod", "missile"} <= {line.split()[1] for line in labels}
    assert "\x1b" not in done.stderr
    assert done.stderr.startswith("efficientnet-lite0 on litert")


def test_the_csv_log_has_a_row_for_each_frame(tmp_path: Path) -> None:
    part = ("--end", "2")
    assert run("video", asset("demo.mp4"), *part, "--log", "log.csv", "--top", "2", cwd=tmp_path).returncode == 0
    with (tmp_path / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == list(range(sum(time_s < 2 for time_s in demo_times())))
    assert rows[0]["name_1"] == "espresso"
    assert float(rows[0]["probability_1"]) > float(rows[0]["probability_2"])


def test_the_annotated_video_has_every_frame_at_its_time_with_its_own_label(tmp_path: Path) -> None:
    assert run("video", asset("demo.mp4"), "--output", "out.mp4", cwd=tmp_path).returncode == 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        pictures = [(float(frame.time or 0), frame.to_ndarray(format="gray")) for frame in container.decode(stream)]
    assert [time_s for time_s, _ in pictures] == pytest.approx(demo_times(), abs=1e-3)

    # The first frame of a scene says what the scene shows, not what the last one did: its caption is the one of the
    # frame after it, and another than that of the frame before.
    def caption_change(one: int, other: int) -> float:
        left_below = (slice(-90, None), slice(0, 250))  # where the overlay is on a 640x480 frame
        return float(abs(pictures[one][1][left_below].astype(int) - pictures[other][1][left_below]).mean())

    for scene in DEMO_SCENES[1:]:
        first = next(number for number, (time_s, _) in enumerate(pictures) if time_s >= scene.start_s - 1e-3)
        assert caption_change(first, first - 1) > 3 * caption_change(first, first + 1)


def test_a_folder_is_searched_to_its_bottom_and_logged_together(tmp_path: Path) -> None:
    (tmp_path / "clips" / "deeper").mkdir(parents=True)
    for name in ("clips/a.mp4", "clips/deeper/b.mp4"):
        write_clip(tmp_path / name, 30)
    (tmp_path / "clips" / "notes.txt").write_text("not a video")
    assert run("video", "clips", "--log", "log.jsonl", cwd=tmp_path).returncode == 0
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["source"] for row in rows] == ["clips/a.mp4"] * 30 + ["clips/deeper/b.mp4"] * 30
    assert [row["frame"] for row in rows] == 2 * list(range(30))


def test_a_recording_that_is_cut_short_keeps_what_could_be_read(tmp_path: Path) -> None:
    whole = asset("demo.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    write_clip(tmp_path / "whole.mp4", 30)
    done = run("video", "cut.mp4", "whole.mp4", "--log", "log.jsonl", "--quiet", cwd=tmp_path)
    assert done.returncode == 1
    assert "cut.mp4 is cut short" in only_line(done.stderr)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    of_cut = [row["frame"] for row in rows if row["source"] == "cut.mp4"]
    assert of_cut == list(range(len(of_cut)))
    assert 100 < len(of_cut) < len(demo_times())
    assert len(rows) - len(of_cut) == 30


def test_smoothing_changes_the_caption_but_not_the_log(tmp_path: Path) -> None:
    part = ("--start", "2", "--end", "6")  # a cut in its middle
    for smooth, log in (("0", "raw.jsonl"), ("2", "smooth.jsonl")):
        assert run("video", asset("demo.mp4"), *part, "--smooth", smooth, "--log", log, cwd=tmp_path).returncode == 0

    def labels(log: str) -> list[object]:
        return [json.loads(line)["labels"] for line in (tmp_path / log).read_text(encoding="utf-8").splitlines()]

    assert labels("raw.jsonl") == labels("smooth.jsonl")


def test_a_name_neither_breaks_a_line_nor_commands_the_terminal(tmp_path: Path) -> None:
    good, bad = tmp_path / "a\nb\x1b[2J.mp4", tmp_path / "c\nd\x1b[2J.mp4"
    write_clip(good, 5)
    bad.write_text("no video")
    done = run("video", good.name, bad.name, "--log", "log.jsonl", "--quiet", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "a b [2J.mp4: 5 frames, 0.2 s"
    assert only_line(done.stderr).startswith("live-classify: cannot read c d [2J.mp4 as video: not a video file")
    first = json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["source"] == good.name
