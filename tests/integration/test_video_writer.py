from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import pytest

from live_classify.core.errors import OutputError
from live_classify.core.values import Answered, BgrImage, Frame, Label, Prediction
from live_classify.outputs.video import VideoSink

if TYPE_CHECKING:
    from collections.abc import Sequence

PREDICTION = Prediction((Label(0, "", "x", 1.0),), None, np.ones(1, np.float32), finished_s=0.0)
COLOURS = {
    "red": (0, 0, 255),
    "green": (0, 255, 0),
    "blue": (255, 0, 0),
    "grey": (128, 128, 128),
    "orange": (0, 128, 255),
}


def plain(width: int, height: int, bgr: Sequence[int] = (128, 128, 128)) -> BgrImage:
    return np.full((height, width, 3), bgr, np.uint8)


def unchanged(answered: Answered) -> BgrImage:
    return answered.frame.bgr


def write(path: Path, pictures: Sequence[BgrImage], times: Sequence[float] | None = None, fps: float = 30) -> None:
    sink = VideoSink(path, unchanged, fps)
    for index, picture in enumerate(pictures):
        time_s = index / 30 if times is None else times[index]
        sink.write(Answered(Frame(picture, index, captured_s=0.0, time_s=time_s, source="clip"), (PREDICTION,)))
    sink.close()


def read(path: Path) -> tuple[list[float], list[BgrImage]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [frame.time for frame in frames], [frame.to_ndarray(format="bgr24").astype(np.uint8) for frame in frames]


def test_frames_keep_their_own_times(tmp_path: Path) -> None:
    times = [2.0, 2.04, 2.05, 2.5, 4.0, 4.033, 9.25]
    write(tmp_path / "a.mp4", [plain(64, 48)] * len(times), times)
    assert read(tmp_path / "a.mp4")[0] == pytest.approx(times, abs=1e-5)


def test_times_that_repeat_or_step_back_are_pushed_up_by_a_tick(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.1, 0.05, 0.2]
    write(tmp_path / "a.mp4", [plain(64, 48)] * len(times), times)
    assert read(tmp_path / "a.mp4")[0] == pytest.approx([0.0, 0.1, 0.1 + 1 / 90_000, 0.1 + 2 / 90_000, 0.2], abs=1e-6)


@pytest.mark.parametrize("fps", [0, -1, 1e6, float("nan"), float("inf"), 29.97])
def test_any_announced_frame_rate_will_do(tmp_path: Path, fps: float) -> None:
    write(tmp_path / "a.mp4", [plain(64, 48)] * 5, [0.0, 0.5, 0.6, 0.7, 2.0], fps)
    assert read(tmp_path / "a.mp4")[0] == pytest.approx([0.0, 0.5, 0.6, 0.7, 2.0], abs=1e-5)


@pytest.mark.parametrize("size", [(640, 480), (1280, 720)])
@pytest.mark.parametrize("colour", COLOURS)
def test_colours_come_back(tmp_path: Path, size: tuple[int, int], colour: str) -> None:
    path = tmp_path / "a.mp4"
    write(path, [plain(*size, COLOURS[colour])] * 2)
    _, opencv = cv2.VideoCapture(str(path)).read()
    for picture in (read(path)[1][0], opencv):
        assert picture.shape == (size[1], size[0], 3)
        assert np.abs(picture.astype(int) - COLOURS[colour]).max() <= 4


def test_players_are_told_the_colours(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [plain(64, 48)])
    with av.open(str(tmp_path / "a.mp4")) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
        # ITU-T H.273: primaries and transfer of BT.709 (those of sRGB), matrix of BT.601 (625 lines), limited range.
        assert (codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range) == (1, 1, 5, 1)


def test_an_odd_size_is_padded_with_its_last_row_and_column(tmp_path: Path) -> None:
    picture = plain(101, 75, (60, 60, 60))
    picture[-1] = picture[:, -1] = (200, 200, 200)
    write(tmp_path / "a.mp4", [picture])
    (result,) = read(tmp_path / "a.mp4")[1]
    assert result.shape == (76, 102, 3)
    assert np.abs(result[:74, :100].astype(int) - 60).mean() < 4
    for edge in (result[-2:], result[:, -2:]):
        assert np.abs(edge.astype(int) - 200).mean() < 8


def test_a_frame_of_another_size_is_scaled_to_the_first_one(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [plain(64, 48), plain(161, 99, COLOURS["orange"]), plain(64, 48)])
    pictures = read(tmp_path / "a.mp4")[1]
    assert [picture.shape for picture in pictures] == [(48, 64, 3)] * 3
    assert np.abs(pictures[1].astype(int) - COLOURS["orange"]).mean() < 8


def test_each_frame_is_annotated_with_its_own_prediction(tmp_path: Path) -> None:
    seen: list[tuple[Frame, Prediction]] = []

    def annotate(answered: Answered) -> BgrImage:
        seen.append((answered.frame, answered.prediction))
        return plain(64, 48, (200, 200, 200))

    sink = VideoSink(tmp_path / "a.mp4", annotate, 30)
    frames = [Frame(plain(64, 48, (0, 0, 0)), index, 0.0, index / 30, "clip") for index in range(3)]
    for frame in frames:
        sink.write(Answered(frame, (PREDICTION,)))
    sink.close()
    assert seen == [(frame, PREDICTION) for frame in frames]
    assert all(abs(picture.mean() - 200) < 3 for picture in read(tmp_path / "a.mp4")[1])
    assert all(frame.bgr.max() == 0 for frame in frames)


def test_a_closed_file_is_an_ordinary_mp4_with_a_key_frame_each_half_second(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [plain(64, 48)] * 60)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.frames == 60
        keys = [packet.pts for packet in container.demux(stream) if packet.is_keyframe]
        assert stream.time_base is not None
        gaps = [(after - before) * stream.time_base for before, after in itertools.pairwise(keys)]
    assert max(gaps) <= 0.5


def test_closing_twice_changes_nothing(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "a.mp4", unchanged, 30)
    sink.write(Answered(Frame(plain(64, 48), 0, 0.0, 0.0, "clip"), (PREDICTION,)))
    sink.close()
    contents = (tmp_path / "a.mp4").read_bytes()
    sink.close()
    assert (tmp_path / "a.mp4").read_bytes() == contents


def test_a_file_without_frames_is_removed(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "a.mp4", unchanged, 30)
    assert (tmp_path / "a.mp4").exists()
    sink.close()
    sink.close()
    assert not (tmp_path / "a.mp4").exists()


def test_a_device_is_never_removed(tmp_path: Path) -> None:
    link = tmp_path / "a.mp4"
    link.symlink_to("/dev/null")
    VideoSink(link, unchanged, 30).close()
    assert link.is_symlink()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot create .*gone.*a\.mp4: No such file or directory"):
        VideoSink(tmp_path / "gone" / "a.mp4", unchanged, 30)


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot create .*: Is a directory"):
        VideoSink(tmp_path, unchanged, 30)


def test_a_file_that_is_removed_meanwhile_is_an_error(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "a.mp4", unchanged, 30)
    sink.write(Answered(Frame(plain(64, 48), 0, 0.0, 0.0, "clip"), (PREDICTION,)))
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(OutputError, match=r"cannot finish .*a\.mp4: it was removed while it was being written"):
        sink.close()
    sink.close()


WRITER = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from live_classify.core.errors import OutputError
from live_classify.core.values import Answered, Frame, Label, Prediction
from live_classify.outputs.video import VideoSink

path, frames, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
answer = Prediction((Label(0, "", "x", 1.0),), None, np.ones(1, np.float32), 0.0)
sink = VideoSink(path, lambda answered: answered.frame.bgr, 30)
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    for index in range(frames):
        frame = Frame(np.roll(noise, index, 1), index, 0.0, index / 30, "clip")
        sink.write(Answered(frame, (answer,)))
    print("written", flush=True)
    sys.stdin.read()
    sink.close()
except OutputError as error:
    print(error)
sink.close()
sink.close()
"""


def writer(path: Path, frames: int, limit: int = 0) -> list[str]:
    return [sys.executable, "-B", "-c", WRITER, str(path), str(frames), str(limit)]


def write_elsewhere(path: Path, frames: int, limit: int = 0) -> list[str]:
    """Write in a process in which files can't grow beyond a limit, as on a full disk; return what it says."""
    command = writer(path, frames, limit)
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    ).stdout.splitlines()


@pytest.fixture(scope="module")
def whole_size(tmp_path_factory: pytest.TempPathFactory) -> int:
    path = tmp_path_factory.mktemp("whole") / "a.mp4"
    assert write_elsewhere(path, 90) == ["written"]
    assert len(read(path)[0]) == 90
    return path.stat().st_size


def test_a_full_disk_is_named_and_leaves_a_playable_file(tmp_path: Path, whole_size: int) -> None:
    path = tmp_path / "a.mp4"
    assert write_elsewhere(path, 90, whole_size // 2) == [f"cannot write {path}: File too large"]
    times, _ = read(path)
    assert len(times) >= 15
    assert times == pytest.approx([index / 30 for index in range(len(times))], abs=1e-5)


@pytest.mark.parametrize("missing_bytes", [1, 500, 1000])
def test_a_disk_that_fills_while_closing_leaves_a_playable_file(
    tmp_path: Path, whole_size: int, missing_bytes: int
) -> None:
    path = tmp_path / "a.mp4"
    said = write_elsewhere(path, 90, whole_size - missing_bytes)
    assert said == ["written", f"cannot finish {path}: File too large"]
    assert len(read(path)[0]) >= 60


def test_a_disk_without_room_for_a_fragment_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    assert write_elsewhere(path, 90, 300) == [f"cannot write {path}: File too large"]
    assert not path.exists()


def test_a_killed_process_leaves_a_playable_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with subprocess.Popen(writer(path, 90), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.kill()
    times, _ = read(path)
    # The last half second is not in the file yet, nor what the encoder looks ahead.
    assert len(times) >= 60
    assert times == pytest.approx([index / 30 for index in range(len(times))], abs=1e-5)
