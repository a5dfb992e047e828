from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from doubles import grey_frame
from live_classify.core.errors import OutputError
from live_classify.core.values import Answered, BgrImage, Label, Prediction
from live_classify.outputs.pictures import PictureSink, write_picture

PREDICTION = Prediction((Label(0, "", "grey", 1.0),), None, np.ones(1, np.float32), 0.0)


@pytest.fixture
def bgr() -> BgrImage:
    return np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".bmp", ".tiff"])
def test_a_lossless_picture_comes_back_as_it_was(tmp_path: Path, bgr: BgrImage, suffix: str) -> None:
    path = tmp_path / f"a b ü#%d{suffix}"
    write_picture(path, bgr)
    read = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert read is not None
    assert np.array_equal(read, bgr)


def test_the_ending_says_the_format(tmp_path: Path, bgr: BgrImage) -> None:
    for suffix, start in ((".jpg", b"\xff\xd8\xff"), (".jpeg", b"\xff\xd8\xff"), (".webp", b"RIFF")):
        write_picture(tmp_path / f"x{suffix}", bgr)
        assert (tmp_path / f"x{suffix}").read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["x.mp4", "x.txt", "x", "x."])
def test_an_ending_of_no_picture_format_is_refused(tmp_path: Path, bgr: BgrImage, name: str) -> None:
    with pytest.raises(OutputError, match=f"cannot write .*{name}: .* isn't a picture format; .png and .jpg are"):
        write_picture(tmp_path / name, bgr)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("suffix", "width"), [(".webp", 17_000), (".jpg", 66_000)])
def test_a_picture_too_large_for_its_format_is_refused(tmp_path: Path, suffix: str, width: int) -> None:
    with pytest.raises(OutputError, match=f"{width}x2 pixels are too many for this format"):
        write_picture(tmp_path / f"x{suffix}", np.zeros((2, width, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_reported(tmp_path: Path, bgr: BgrImage) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*nowhere/x.png: No such file or directory"):
        write_picture(tmp_path / "nowhere" / "x.png", bgr)


def test_a_full_disk_is_reported(tmp_path: Path, bgr: BgrImage) -> None:
    path = tmp_path / "x.png"
    path.symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"cannot write .*x.png: No space left on device"):
        write_picture(path, bgr)
    assert path.is_symlink()


def test_a_file_that_could_not_even_be_opened_is_left_alone(tmp_path: Path, bgr: BgrImage) -> None:
    """A program that runs can't be written to, not even by root."""
    path = Path(shutil.copy(shutil.which("cat") or "/bin/cat", tmp_path / "x.png"))
    before = path.read_bytes()
    with subprocess.Popen([path], stdin=subprocess.PIPE) as running:
        with pytest.raises(OutputError, match=r"cannot write .*x.png: Text file busy"):
            write_picture(path, bgr)
        assert running.stdin is not None
    assert path.read_bytes() == before


def test_each_picture_gets_a_copy_with_its_label_drawn_on(tmp_path: Path) -> None:
    def annotate(answered: Answered) -> BgrImage:
        assert answered.prediction is PREDICTION
        return np.asarray(answered.frame.bgr + 1, np.uint8)

    sink = PictureSink({"a": tmp_path / "1.png", "b": tmp_path / "2.png"}, annotate)
    for level, source in ((10, "a"), (20, "b")):
        sink.write(Answered(grey_frame(level, source=source), (PREDICTION,)))
    sink.close()
    sink.close()
    for level, name in ((10, "1.png"), (20, "2.png")):
        picture = cv2.imread(str(tmp_path / name))
        assert picture is not None
        assert (picture == level + 1).all()
