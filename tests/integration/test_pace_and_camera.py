from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest

from doubles import ListSource, grey_frame
from live_classify.core.errors import SourceOpenError, SourceReadError, UsageError
from live_classify.core.protocols import Source, SourceStatus
from live_classify.core.values import BgrImage, Frame
from live_classify.sources.camera import Camera
from live_classify.sources.network import NetworkStream
from live_classify.sources.open import live_source, recorded_source
from live_classify.sources.pace import AtOwnPace
from live_classify.sources.reconnecting import Reconnecting
from live_classify.sources.recording import Recording
from live_classify.sources.still import Still
from live_classify.sources.synthetic import SyntheticCamera
from media import write_clip

DEADLINE_S = 20.0  # a test that waits this long has failed
CLOCK_S = 0.001  # how much earlier than asked a wait may end


def frames_at(*times_s: float) -> list[Frame]:
    return [grey_frame(index, index, time_s=time_s) for index, time_s in enumerate(times_s)]


def test_frames_come_at_their_own_time_but_not_before() -> None:
    times_s = [0.0, 0.01, 0.015, 0.06, 0.1]
    start_s = time.monotonic()
    played = list(AtOwnPace(ListSource(frames_at(*times_s))).frames(threading.Event()))
    assert [frame.index for frame in played] == list(range(5))
    assert [frame.time_s for frame in played] == times_s
    for frame, time_s in zip(played, times_s, strict=True):
        assert frame.captured_s - start_s >= time_s - CLOCK_S


def test_a_recording_that_starts_late_starts_at_once() -> None:
    (frame,) = AtOwnPace(ListSource(frames_at(1e6))).frames(threading.Event())
    assert frame.time_s == 1e6


def test_lost_time_is_not_made_up_for() -> None:
    """After a frame that was late by 0.1 s, the next is still 0.02 s away."""
    late_s = 0.0

    def slow() -> Iterator[Frame]:
        nonlocal late_s
        first, second, third = frames_at(0.0, 0.01, 0.03)
        yield first
        threading.Event().wait(0.1)  # time itself is what is tested
        late_s = time.monotonic()
        yield second
        yield third

    *_, third = AtOwnPace(ListSource(slow())).frames(threading.Event())
    assert third.captured_s - late_s >= 0.02 - CLOCK_S


def test_it_stops_at_once_while_it_waits_for_a_frames_time() -> None:
    stop, got_one = threading.Event(), threading.Event()
    source = ListSource(frames_at(0.0, 1e6))
    seen: list[int] = []

    def watch() -> None:
        for frame in AtOwnPace(source).frames(stop):
            seen.append(frame.index)
            got_one.set()

    watching = threading.Thread(target=watch)
    watching.start()
    assert got_one.wait(DEADLINE_S)
    stop.set()
    watching.join(DEADLINE_S)
    assert not watching.is_alive()
    assert seen == [0]
    assert source.released


def test_what_the_recording_says_of_itself_is_passed_on(tmp_path: Path) -> None:
    paced = AtOwnPace(Recording(write_clip(tmp_path / "clip.mp4", 3), "shown"))
    assert len(list(paced.frames(threading.Event()))) == 3
    assert (paced.name, paced.status()) == ("shown", SourceStatus(frame_rate=25, frame_count=3))


def test_a_failure_of_the_recording_comes_through() -> None:
    paced = AtOwnPace(ListSource(frames_at(0.0), then=SourceReadError("cut short")))
    with pytest.raises(SourceReadError, match="cut short"):
        list(paced.frames(threading.Event()))


class FakeCapture:
    """What OpenCV gives for a camera that delivers some pictures and then breaks off."""

    def __init__(self, pictures: list[BgrImage], opened: bool = True, fps: float = 30.0) -> None:
        self.released = False
        self._pictures = iter(pictures)
        self._opened = opened
        self._fps = fps

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return self._opened

    def get(self, what: int) -> float:
        assert what == cv2.CAP_PROP_FPS
        return self._fps

    def read(self) -> tuple[bool, BgrImage | None]:
        picture = next(self._pictures, None)
        return picture is not None, picture

    def release(self) -> None:
        self.released = True


def camera_with(capture: FakeCapture, device: int | str = 0) -> Camera:
    asked: list[int | str] = []

    def open_capture(wanted: int | str) -> cv2.VideoCapture:
        asked.append(wanted)
        assert asked == [device]
        return cast("cv2.VideoCapture", capture)

    return Camera(device, open_capture)


PICTURES = [np.full((6, 8, 3), level, np.uint8) for level in range(5)]


def test_a_camera_gives_its_pictures_until_it_breaks_off() -> None:
    capture = FakeCapture(PICTURES)
    camera = camera_with(capture)
    frames: list[Frame] = []
    with pytest.raises(SourceReadError, match="camera 0 stopped delivering frames after 5"):
        frames.extend(camera.frames(threading.Event()))
    assert capture.released
    assert camera.status().frame_rate == 30
    assert camera.status().frame_count is None


def test_frames_are_numbered_and_stamped_as_they_come() -> None:
    frames = camera_with(FakeCapture(PICTURES), "/dev/video3").frames(threading.Event())
    seen = [next(frames) for _ in PICTURES]
    frames.close()
    assert [frame.index for frame in seen] == list(range(5))
    assert [int(frame.bgr[0, 0, 0]) for frame in seen] == list(range(5))
    assert seen[0].time_s >= 0
    for one, other in itertools.pairwise(seen):
        assert other.captured_s - one.captured_s == pytest.approx(other.time_s - one.time_s)
        assert other.captured_s >= one.captured_s


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan")])
def test_a_rate_that_the_driver_does_not_know_is_none(fps: float) -> None:
    camera = camera_with(FakeCapture(PICTURES, fps=fps))
    next(camera.frames(threading.Event()))
    assert camera.status().frame_rate is None


def test_a_camera_stops_when_it_is_told_to_and_is_released() -> None:
    capture, stop = FakeCapture(PICTURES), threading.Event()
    frames = camera_with(capture).frames(stop)
    next(frames)
    stop.set()
    assert list(frames) == []
    assert capture.released


def test_a_camera_whose_reader_goes_away_is_released() -> None:
    capture = FakeCapture(PICTURES)
    frames = camera_with(capture).frames(threading.Event())
    next(frames)
    frames.close()
    assert capture.released


def test_a_camera_that_cannot_be_opened_is_released_too() -> None:
    capture = FakeCapture([], opened=False)
    with pytest.raises(SourceOpenError, match="cannot open camera 0: "):
        next(camera_with(capture).frames(threading.Event()))
    assert capture.released


@pytest.mark.parametrize("device", [57, "/dev/video57"])
def test_an_absent_camera_is_reported_in_one_line(device: int | str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceOpenError, match=f"^cannot open camera {device}: .*`synthetic:` for a camera made of.*$"):
        next(Camera(device).frames(threading.Event()))
    assert capfd.readouterr() == ("", "")


def test_what_a_user_may_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("0", "12", "/dev/video1", "rtsp://user@host/x", "http://host:8080/video?camera=1"):
        camera = live_source(text)
        assert isinstance(camera, Reconnecting)
        assert camera.name == text
    assert isinstance(live_source("synthetic:?fps=5"), SyntheticCamera)
    for text in ("clip.mp4", "x.png", "1.mp4", "²"):
        with pytest.raises(SourceOpenError, match="no such file"):  # said before a window or a network is opened
            live_source(text)
        Path(text).write_text("to be looked at when it is read")
        assert isinstance(live_source(text), AtOwnPace)
        assert live_source(text).name == text


def test_what_a_user_may_have_recorded() -> None:
    for text in ("clip.mp4", "no ending", "0"):
        assert isinstance(recorded_source(text), Recording)
    for text in ("x.png", "a/b.JPEG"):
        assert isinstance(recorded_source(text), Still)


@pytest.mark.parametrize("open_source", [live_source, recorded_source])
@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("file://user:secret@host/x", "file:// sources aren't supported; rtsp://, rtsps://, http://, https:// are"),
        ("HTTP://user:secret@", "HTTP://user@ names no host"),
        ("rtsp:///user:secret@", "names no host"),
    ],
)
def test_addresses_that_lead_nowhere_are_refused(open_source: Callable[[str], Source], address: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        open_source(address)
    assert "secret" not in str(raised.value)


def test_a_live_stream_is_no_recording() -> None:
    assert isinstance(recorded_source("https://user:secret@host/clip.mp4"), NetworkStream)
    with pytest.raises(UsageError, match=r"^rtsp://user@host/x is a live stream: `watch` it$"):
        recorded_source("rtsp://user:secret@host/x")
