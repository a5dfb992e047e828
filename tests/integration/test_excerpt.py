"""Parts of recordings are, frame by frame, what the whole holds there."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from live_classify.core.errors import SourceOpenError, SourceReadError, UsageError
from live_classify.core.values import Frame
from live_classify.sources.excerpt import WHOLE, Excerpt, Part
from live_classify.sources.recording import Recording
from media import EACH_FOR_ITSELF, SIZE, damaged, turned, write_clip

RECORDINGS: dict[str, dict[str, Any]] = {
    "clip.mp4": {"options": {"bf": "3", "g": "12"}},
    "open gop.mp4": {"options": {"x264-params": "open-gop=1:bframes=3:keyint=8:scenecut=0"}},
    "clip.ts": {"options": {"bf": "2", "g": "10"}},
    "clip.mkv": {"options": {"g": "10"}},
    "variable.mkv": {"times_ms": [0, 40, 50, 60, 500, 520, 1900, 2000, 2001, 5000], "options": {"bf": "0"}},
    "clip.webm": {"codec": "libvpx"},
    "clip.avi": {"codec": "mpeg4", "options": {"g": "10"}},
    "full range.mp4": {"pixels": "yuvj420p"},
}
PARTS = [WHOLE, Part(0.5, 1.3), Part(every=7), Part(every=20), Part(0.4, every=3)]


def frames(source: Recording | Excerpt) -> list[Frame]:
    return list(source.frames(threading.Event()))


def assert_same(path: Path, part: Part) -> None:
    whole = [
        frame
        for frame in frames(Recording(path))
        if frame.index % part.every == 0 and part.start_s <= frame.time_s < part.end_s
    ]
    excerpt = frames(Excerpt(path, part))
    assert [frame.index for frame in excerpt] == [frame.index for frame in whole]
    assert [frame.time_s for frame in excerpt] == pytest.approx([frame.time_s for frame in whole], abs=1e-9)
    for one, other in zip(excerpt, whole, strict=True):
        assert np.array_equal(one.bgr, other.bgr)


@pytest.mark.parametrize("part", PARTS, ids=str)
@pytest.mark.parametrize("name", RECORDINGS)
def test_a_part_holds_the_very_frames_of_the_whole(name: str, part: Part, tmp_path: Path) -> None:
    assert_same(write_clip(tmp_path / name, **RECORDINGS[name]), part)


def test_a_part_is_turned_as_the_whole(tmp_path: Path) -> None:
    assert_same(turned(write_clip(tmp_path / "clip.mp4"), SIZE[1]), Part(0.5))


def test_adjoining_parts_make_the_whole(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", options={"g": "12"})
    cuts = [0.0, 0.48, 0.96, 1.44, 9.0]
    parts = [Excerpt(path, Part(start, end)) for start, end in itertools.pairwise(cuts)]
    assert [frame.index for part in parts for frame in frames(part)] == list(range(50))


def test_damaged_frames_are_counted_and_the_others_come(tmp_path: Path) -> None:
    path = damaged(write_clip(tmp_path / "clip.mp4", options=EACH_FOR_ITSELF), [10, 20])
    excerpt = Excerpt(path, Part(0.2, 1.2))
    assert [frame.index for frame in frames(excerpt)] == [index for index in range(5, 30) if index not in {10, 20}]


def test_a_recording_that_is_cut_gives_what_it_has_and_then_fails(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", options=EACH_FOR_ITSELF)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    seen: list[int] = []
    with pytest.raises(SourceReadError, match="is cut short"):
        seen.extend(frame.index for frame in Excerpt(path, Part(0.4)).frames(threading.Event()))
    assert seen
    assert seen == list(range(10, 10 + len(seen)))


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4")
    with pytest.raises(SourceReadError, match=r"no frame there: from 100 s on, and it ends at 2\.0 s"):
        frames(Excerpt(path, Part(100)))
    with pytest.raises(SourceOpenError, match="no such file"):
        frames(Excerpt(tmp_path / "gone.mp4", Part(1)))
    with pytest.raises(UsageError, match="from 3 s to 3 s"):
        Part(3, 3)
    (tmp_path / "text.mp4").write_text("no video\n" * 100)
    with pytest.raises(SourceOpenError, match="not a video file"):
        frames(Excerpt(tmp_path / "text.mp4", Part(1)))
