from __future__ import annotations

import itertools
import threading
from pathlib import Path

import numpy as np
import pytest

from live_classify.core.errors import SourceOpenError, SourceReadError, UsageError
from live_classify.core.values import Frame
from live_classify.sources.synthetic import SyntheticCamera
from media import EACH_FOR_ITSELF, encoded, index_of, packets, photograph, write_clip

DEADLINE_S = 20.0  # a test that waits this long has failed
CLOCK_S = 0.001  # how much earlier than asked a wait may end


def first_frames(camera: SyntheticCamera, count: int) -> list[Frame]:
    frames = camera.frames(threading.Event())
    try:
        return list(itertools.islice(frames, count))
    finally:
        frames.close()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4")


def test_without_a_path_it_shows_what_ships_with_the_package() -> None:
    camera = SyntheticCamera(fps=200)
    first, second = first_frames(camera, 2)
    assert first.size == second.size == (640, 480)
    assert camera.name == "synthetic:"
    assert first.index == 0


def test_no_frame_comes_before_its_time(clip: Path) -> None:
    camera = SyntheticCamera(clip, fps=250)
    assert camera.status().frame_rate == 250
    for frame in first_frames(camera, 25):
        assert frame.time_s >= frame.index / 250 - CLOCK_S


def test_a_clip_gives_one_frame_for_each_of_the_cameras_over_and_over(clip: Path) -> None:
    frames = first_frames(SyntheticCamera(clip, fps=500, size=(64, 48)), 110)
    assert [index_of(frame.bgr) for frame in frames] == [frame.index % 50 for frame in frames]
    indices = [frame.index for frame in frames]
    assert indices == sorted(set(indices))
    assert indices[-1] > 100


def test_frames_that_are_not_read_in_time_are_lost_with_their_numbers(clip: Path) -> None:
    frames = SyntheticCamera(clip, fps=500, size=(64, 48)).frames(threading.Event())
    first = next(frames)
    threading.Event().wait(0.1)  # time itself is what is tested
    second = next(frames)
    frames.close()
    assert first.index == 0
    assert second.index >= 49
    assert index_of(second.bgr) == second.index % 50


def test_decoding_that_is_too_slow_slows_the_camera_and_no_more(tmp_path: Path) -> None:
    """If what was lost to decoding had to be decoded too, the camera would fall behind ever further."""
    clip = write_clip(tmp_path / "clip.mp4", 10, (1920, 1080), options={"preset": "ultrafast"})
    camera = SyntheticCamera(clip, fps=1000, size=(1920, 1080)).frames(threading.Event())
    indices = [0]
    while len(indices) < 15 and indices[-1] < 2000:
        indices.append(next(camera).index)
    camera.close()
    assert indices[-1] < 2000


def test_photographs_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, grey in enumerate((10, 110, 210)):
        (tmp_path / f"{number}.png").write_bytes(encoded(".png", np.full((30, 50, 3), grey, np.uint8)))
    (tmp_path / "notes.txt").write_text("not shown")
    monkeypatch.setattr("live_classify.sources.synthetic._SECONDS_A_PHOTOGRAPH", 0.02)  # nobody waits for 9 seconds
    frames = first_frames(SyntheticCamera(tmp_path, fps=500, size=(32, 24)), 50)
    assert {frame.size for frame in frames} == {(32, 24)}
    assert [int(frame.bgr[0, 0, 0]) for frame in frames] == [10 + 100 * (frame.index // 10 % 3) for frame in frames]
    assert frames[-1].index > 30


def test_what_is_shown_is_cropped_to_the_cameras_shape_not_squashed(tmp_path: Path) -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 200
    (tmp_path / "wide.png").write_bytes(encoded(".png", wide))
    (frame,) = first_frames(SyntheticCamera(tmp_path / "wide.png", size=(40, 40)), 1)
    assert (frame.bgr == 200).all()


@pytest.mark.parametrize("shows", ["clip", "photograph"])
def test_it_stops_at_once_while_it_waits_for_a_frame(shows: str, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(encoded(".png", photograph()))
    path = write_clip(tmp_path / "clip.mp4", 3) if shows == "clip" else tmp_path / "x.png"
    stop, got_one = threading.Event(), threading.Event()
    seen: list[Frame] = []

    def watch() -> None:
        for frame in SyntheticCamera(path, fps=0.001).frames(stop):  # the second frame would come after 17 minutes
            seen.append(frame)
            got_one.set()

    watching = threading.Thread(target=watch)
    watching.start()
    assert got_one.wait(DEADLINE_S)
    stop.set()
    watching.join(DEADLINE_S)
    assert not watching.is_alive()
    assert len(seen) == 1


def test_stopped_from_the_start_it_gives_nothing(clip: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert list(SyntheticCamera(clip).frames(stop)) == []


def test_what_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    for path, says in (
        (tmp_path / "missing.mp4", "missing.mp4: no such file"),
        (tmp_path / "missing.png", "missing.png: no such file"),
        (tmp_path, "no jpg/.* file in folder"),
    ):
        with pytest.raises(SourceOpenError, match=says):
            first_frames(SyntheticCamera(path), 1)


def test_a_clip_that_is_cut_short_breaks_the_camera_off(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", options=EACH_FOR_ITSELF)
    position, _ = packets(clip)[10]
    clip.write_bytes(clip.read_bytes()[:position])
    with pytest.raises(SourceReadError, match="cut short"):
        first_frames(SyntheticCamera(clip, fps=1000), 50)


@pytest.mark.parametrize(
    ("text", "rate", "size"),
    [
        ("synthetic:", 30, (640, 480)),
        ("synthetic:?fps=5", 5, (640, 480)),
        ("synthetic:PATH?size=64x48&fps=12.5", 12.5, (64, 48)),
        ("synthetic:PATH", 30, (640, 480)),
    ],
)
def test_what_a_user_writes_is_understood(text: str, rate: float, size: tuple[int, int], clip: Path) -> None:
    camera = SyntheticCamera.parse(text.replace("PATH", str(clip)))
    assert camera.name == text.replace("PATH", str(clip))
    assert camera.status().frame_rate == rate
    (frame,) = first_frames(camera, 1)
    assert frame.size == size
    assert (index_of(frame.bgr) == 0) == ("PATH" in text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("synthetic:?fps=fast", r"cannot make out synthetic:\?fps=fast: write synthetic:PATH\?fps=30&size=640x480"),
        ("synthetic:?fps", "cannot make out"),
        ("synthetic:?size=640", "cannot make out"),
        ("synthetic:?size=640x480x3", "cannot make out"),
        ("synthetic:?size=axb", "cannot make out"),
        ("synthetic:?speed=3&zoom=2", "a synthetic camera has no speed, zoom: write"),
        ("synthetic:?fps=0", "a camera of 0 frames a second isn't possible"),
        ("synthetic:?fps=-3", "a camera of -3 frames a second"),
        ("synthetic:?fps=1001", "a camera of 1001 frames a second"),
        ("synthetic:?fps=nan", "a camera of nan frames a second"),
        ("synthetic:?size=0x480", "a camera of 0x480 pixels isn't possible"),
        ("synthetic:?size=640x-480", "a camera of 640x-480 pixels"),
        ("synthetic:?size=9000x480", "a camera of 9000x480 pixels"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        SyntheticCamera.parse(text)
