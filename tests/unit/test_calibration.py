from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from live_classify.core.errors import SourceOpenError, UsageError
from live_classify.models.convert.calibration import Calibration
from media import index_of, photograph, write_clip

SIZE = (48, 64)


def write_picture(path: Path, level: int) -> Path:
    cv2.imwrite(str(path), np.full((*SIZE, 3), level, np.uint8))
    return path


def levels(rows: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> list[int]:
    """The grey of each picture, without the black and the white one at the end."""
    assert not rows[-2].any()
    assert (rows[-1] == 255).all()
    return [int(row.mean()) for row in rows[:-2]]


def test_without_files_the_shipped_clip_calibrates() -> None:
    rows = Calibration().pictures((8, 10))
    assert rows.shape[1:] == (8, 10, 3)
    assert rows.dtype == np.uint8
    assert 100 <= len(rows) <= 202
    assert np.abs(np.diff(levels(rows))).max() > 20  # several scenes


def test_pictures_are_rgb(tmp_path: Path) -> None:
    picture = tmp_path / "blue.png"
    cv2.imwrite(str(picture), np.full((*SIZE, 3), (200, 100, 0), np.uint8))
    rows = Calibration((picture,)).pictures(SIZE)
    np.testing.assert_array_equal(rows[0], np.full((*SIZE, 3), (0, 100, 200)))


@pytest.mark.parametrize("frames", [1, 50, 201, 450])
def test_a_recording_gives_pictures_from_all_of_it(frames: int, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=frames)
    rows = Calibration((clip,)).pictures(SIZE)[:-2]
    assert min(frames, 100) <= len(rows) <= 200
    if frames <= 50:  # beyond, the clip's greys come again
        assert [index_of(row) for row in rows] == list(range(frames))


@pytest.mark.parametrize(("files", "most"), [(3, 3), (100, 100), (150, 150), (250, 125)])
def test_a_folder_gives_pictures_from_all_of_it(files: int, most: int, tmp_path: Path) -> None:
    for number in range(files):
        write_picture(tmp_path / f"{number:03}.png", number)
    found = levels(Calibration((tmp_path,)).pictures(SIZE))
    assert len(found) == most
    assert found[0] == 0
    assert found[-1] >= files - 2


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", 7)
    (tmp_path / "b.png").write_bytes(b"no picture")
    (tmp_path / "c.mp4").write_bytes(b"no recording")
    write_picture(tmp_path / "d.png", 9)
    assert levels(Calibration((tmp_path,)).pictures(SIZE)) == [7, 9]


def test_nothing_that_can_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match="nothing to calibrate with: no picture or recording"):
        Calibration((tmp_path,)).pictures(SIZE)


@pytest.mark.parametrize("wrong", ["missing.png", "empty", "*.jpg"])
def test_a_name_that_stands_for_nothing_is_refused(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceOpenError, match=r"missing\.png: No such file|no .*file (in folder|matches)"):
        Calibration((tmp_path / wrong,)).digest()


def test_the_digest_is_of_what_files_hold(tmp_path: Path) -> None:
    one, other, same = (tmp_path / name for name in ("one.png", "other.png", "same.png"))
    cv2.imwrite(str(one), photograph())
    cv2.imwrite(str(other), photograph(32, 32))
    shutil.copy(one, same)
    digest = Calibration((one,)).digest()
    assert Calibration((same,)).digest() == digest
    others = [Calibration((other,)), Calibration((one, other)), Calibration((one,), "pad"), Calibration()]
    assert len({digest, *(calibration.digest() for calibration in others)}) == 1 + len(others)
