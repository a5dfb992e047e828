from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

from live_classify.assets import DEMO_SCENES, asset
from live_classify.outputs.clips import cut_clip
from program import run


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_without_a_display_it_says_so_and_goes_on_with_its_outputs(tmp_path: Path) -> None:
    done = run("watch", "synthetic:", "--duration", "2", "--log", "log.jsonl", "--output", "out.mp4", cwd=tmp_path)
    assert done.returncode == 0
    first, second, last = done.stderr.splitlines()
    assert "no display" in first
    assert "without a window" in first
    assert second.startswith("efficientnet-lite0 on litert")
    assert last.endswith("wrote out.mp4, log.jsonl")
    logged = rows(tmp_path / "log.jsonl")
    assert logged[0]["source"] == "synthetic:"
    numbers = [row["frame"] for row in logged]
    assert numbers == sorted(set(numbers))  # type: ignore[type-var]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(logged)


def test_a_file_plays_at_its_own_pace_and_then_ends(tmp_path: Path) -> None:
    end_s = 6.0  # within the second scene
    cut_clip(asset("demo.mp4"), 0.0, end_s, tmp_path / "clip.mp4")
    done = run(
        "watch",
        "clip.mp4",
        "--no-window",
        "--log",
        "log.jsonl",
        "--stats",
        "stats.json",
        "--quiet",
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    stats = json.loads((tmp_path / "stats.json").read_text(encoding="utf-8"))
    assert stats["elapsed_s"] >= end_s - 0.5
    assert stats["frames_captured"] == stats["frames_classified"] + stats["frames_dropped"]
    for row in rows(tmp_path / "log.jsonl"):
        names = [scene.names for scene in DEMO_SCENES if scene.start_s <= float(str(row["time_s"])) < scene.end_s]
        labels = row["labels"]
        assert isinstance(labels, list)
        assert labels[0]["name"] in names[0]


@pytest.mark.parametrize("pattern", ["?fps=20&size=320x240", "?size=64x48"])
def test_a_synthetic_camera_has_the_size_that_was_asked_for(pattern: str, tmp_path: Path) -> None:
    arguments = ["watch", f"synthetic:{pattern}", "--no-window", "--duration", "1", "--output", "out.mp4", "--quiet"]
    assert run(*arguments, cwd=tmp_path).returncode == 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        frame = next(container.decode(video=0))
    assert f"{frame.width}x{frame.height}" == pattern.rpartition("size=")[2]
