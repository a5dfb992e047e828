"""Streams from real servers on the loopback network."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cameras import PASSWORD, USER, MjpegCamera, RtspCamera, needs_rtsp, number_in
from doubles import GreyEngine, grey_classifier
from live_classify.core.errors import SourceOpenError, SourceReadError
from live_classify.core.values import Frame
from live_classify.flow.pipeline import Pipeline
from live_classify.sources.address import Address
from live_classify.sources.network import Kind, NetworkStream
from live_classify.sources.open import live_source
from media import RATE, index_of, write_clip
from program import DEADLINE_S

LOGIN = f"{USER}:{PASSWORD}@"
NEVER = threading.Event()


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    with MjpegCamera() as camera:
        yield camera


def open_stream(address: str, kind: Kind = "live", timeout_s: float = 10.0) -> tuple[NetworkStream, Iterator[Frame]]:
    stream = NetworkStream(Address(address), kind, timeout_s)
    return stream, stream.frames(NEVER)


def test_motion_jpeg_comes_picture_by_picture(camera: MjpegCamera) -> None:
    stream, frames = open_stream(camera.address("locked", LOGIN))
    seen = list(itertools.islice(frames, 10))
    numbers = [number_in(frame.bgr) for frame in seen]
    assert numbers == sorted(set(numbers))
    assert [frame.index for frame in seen] == list(range(10))
    assert stream.name == camera.address("locked", f"{USER}@")
    assert [frame.time_s for frame in seen] == sorted(frame.time_s for frame in seen)


def test_damaged_pictures_are_counted_and_the_stream_goes_on(camera: MjpegCamera) -> None:
    stream, frames = open_stream(camera.address())
    next(frames)
    camera.corrupt = True
    while stream.status().decode_errors < 3:
        threading.Timer(0.2, setattr, (camera, "corrupt", False)).start()
        next(frames)
        camera.corrupt = stream.status().decode_errors < 3
    after = [number_in(frame.bgr) for frame in itertools.islice(frames, 5)]
    assert after == sorted(set(after))
    assert camera.connections == 1


def pixels_of(jpeg: bytes) -> int:
    """Where a JPEG's pixels begin."""
    scan = jpeg.index(b"\xff\xda")
    return scan + 2 + int.from_bytes(jpeg[scan + 2 : scan + 4], "big")


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "half": lambda jpeg: jpeg[: len(jpeg) // 2],
    "half, and an end": lambda jpeg: jpeg[: len(jpeg) // 2] + b"\xff\xd9",
    "no pixels": lambda jpeg: jpeg[: jpeg.index(b"\xff\xda")] + b"\xff\xd9",
    "pixels overwritten": lambda jpeg: jpeg[: pixels_of(jpeg)] + b"\x55" * (len(jpeg) - pixels_of(jpeg)),
    "pixels missing": lambda jpeg: jpeg[: pixels_of(jpeg) + 20] + jpeg[pixels_of(jpeg) + 60 :],
    "all overwritten": lambda jpeg: jpeg[:2] + b"\x55" * (len(jpeg) - 2),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_damaged_picture_is_given_nor_an_older_one_in_its_place(damage: str, camera: MjpegCamera) -> None:
    stream, frames = open_stream(camera.address())
    seen = [next(frames)]
    camera.damage = DAMAGES[damage]
    sent = camera.sent
    mender = threading.Thread(target=mend, args=(camera, sent + 10), name="mender")
    mender.start()
    while camera.sent < sent + 15:
        seen.append(next(frames))
    mender.join()
    numbers = [number_in(frame.bgr) for frame in seen]
    assert numbers == sorted(set(numbers))
    assert stream.status().decode_errors >= 9  # the first one may have been made before


def mend(camera: MjpegCamera, until: int) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while camera.sent < until and time.monotonic() < deadline_s:
        NEVER.wait(0.01)
    camera.damage = None


def test_a_new_picture_size_is_taken_as_it_comes(camera: MjpegCamera) -> None:
    _, frames = open_stream(camera.address())
    assert next(frames).size == (192, 96)
    camera.size = (384, 192)
    assert any(frame.size == (384, 192) and number_in(frame.bgr) > 0 for frame in itertools.islice(frames, 30))


@pytest.mark.parametrize(
    ("path", "userinfo", "says"),
    [
        ("nothing", "", "there is no such stream or file on that host (404)"),
        ("locked", "user:wrong@", "wrong user or password, or none was given"),
        ("locked", "", "wrong user or password, or none was given"),
        ("broken", "", "the host failed, it says (5xx)"),
        ("text", "", "it isn't a video"),
        ("silent", "", "no answer within 0.3 s"),
    ],
)
def test_why_a_stream_cannot_be_opened_is_said_in_words(
    path: str, userinfo: str, says: str, camera: MjpegCamera, capfd: pytest.CaptureFixture[str]
) -> None:
    _, frames = open_stream(camera.address(path, userinfo), timeout_s=0.3)
    with pytest.raises(SourceOpenError) as raised:
        next(frames)
    shown = camera.address(path, "user@" if userinfo else "")
    assert str(raised.value) == f"cannot open {shown}: {says}"
    assert raised.value.__context__ is None  # FFmpeg's own error holds the address with its password
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_host_that_refuses_and_one_that_is_not_there(scheme: str) -> None:
    with MjpegCamera() as camera:
        free = camera.port
    with pytest.raises(SourceOpenError, match="the connection was refused: nothing listens at that port"):
        next(open_stream(f"{scheme}://127.0.0.1:{free}/x")[1])
    with pytest.raises(SourceOpenError, match=r"there is no host nowhere\.invalid"):
        next(open_stream(f"{scheme}://nowhere.invalid/x")[1])


def test_a_stream_that_falls_silent_or_ends_has_broken_off(camera: MjpegCamera) -> None:
    _, frames = open_stream(camera.address(), timeout_s=0.3)
    next(frames)
    camera.stall()
    with pytest.raises(SourceReadError, match=r"video broke off after \d+ frames: no answer within 0.3 s"):
        list(frames)
    camera.resume()
    _, frames = open_stream(camera.address())
    next(frames)
    camera.hang_up()
    with pytest.raises(SourceReadError, match=r"video(: the stream ended| broke off after \d+ frames: the connection)"):
        list(frames)


def test_a_file_on_the_web_is_a_recording(tmp_path: Path) -> None:
    with MjpegCamera(clip=write_clip(tmp_path / "clip.mp4", 30)) as camera:
        recorded, frames = open_stream(camera.address("clip"), "recorded")
        seen = list(frames)
        assert [index_of(frame.bgr) for frame in seen] == list(range(30))
        assert [frame.time_s for frame in seen] == pytest.approx([index / RATE for index in range(30)], abs=0.002)
        assert recorded.status().frame_count == 30
        played = list(open_stream(camera.address("clip"))[1])  # at its own pace, and then it has ended
        assert [frame.index for frame in played] == list(range(30))
        assert played[-1].captured_s - played[0].captured_s >= 29 / RATE - 0.01
        with pytest.raises(SourceOpenError, match="it is a live stream, to be watched"):
            next(open_stream(camera.address(), "recorded")[1])


def test_a_playlist_plays_its_parts_but_opens_no_file_of_this_machine(tmp_path: Path) -> None:
    part = write_clip(tmp_path / "part.ts", 25)
    with MjpegCamera(clip=part) as camera:
        for uri, plays in ((camera.address("clip.ts"), True), (part.as_uri(), False), (str(part), False)):
            camera.playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n{uri}\n#EXT-X-ENDLIST\n"
            _, frames = open_stream(camera.address("list.m3u8"), "recorded")
            if plays:
                assert [index_of(frame.bgr) for frame in frames] == list(range(25))
            else:
                with pytest.raises((SourceOpenError, SourceReadError)):
                    next(frames)


@needs_rtsp
def test_rtsp_gives_every_picture_and_its_password_stays_here() -> None:
    with RtspCamera(locked=True) as camera:
        stream, frames = open_stream(camera.address(userinfo=LOGIN))
        seen = list(itertools.islice(frames, 5, 25))  # the server begins with a few that it had kept
        numbers = [number_in(frame.bgr) for frame in seen]
        assert numbers == list(range(numbers[0], numbers[0] + 20))
        assert stream.name == camera.address(userinfo=f"{USER}@")
        assert stream.status().decode_errors == 0
        for userinfo in ("", "user:wrong@"):
            with pytest.raises(SourceOpenError, match="wrong user or password, or none was given"):
                next(open_stream(camera.address(userinfo=userinfo))[1])
        with pytest.raises(SourceOpenError, match="there is no such stream or file on that host"):
            next(open_stream(camera.address("nothing", LOGIN))[1])


def test_a_network_ten_times_slower_than_the_camera_makes_nothing_late() -> None:
    """Of a backlog, the newest picture would be as old as the run is long: 60 pictures."""
    answered = threading.Event()
    with MjpegCamera(fps=30) as camera:
        classifier = grey_classifier(GreyEngine(before=lambda _: wait_for(answered)))
        lags: list[int] = []
        with Pipeline([live_source(camera.address())], classifier, live=True) as pipeline:
            version = 0
            while len(lags) < 60:
                version = pipeline.monitor.wait_for_frame(version, DEADLINE_S)
                frame = pipeline.monitor.snapshot().sources[0].frame
                assert frame is not None
                lags.append(camera.newest() - number_in(frame.bgr))
            answered.set()
        run = pipeline.monitor.snapshot()
        assert run.dropped > run.classified
    assert min(lags[-10:]) < 10


def wait_for(answered: threading.Event) -> None:
    answered.wait(1 / 3)
