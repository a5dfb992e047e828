from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from desktop import Desktop
from live_classify.window.display import why_no_window
from program import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from live_classify.core.values import BgrImage

PROGRAM = Path(__file__).with_name("window_program.py")
OPEN_A_WINDOW = "from live_classify.window.window import Window; Window('test')"


def picture(width: int, height: int) -> BgrImage:
    """Return four fields of one colour, so that channels, orientation and size can be told from a screenshot."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    image[: height // 2, width // 2 :] = (0, 255, 0)
    image[height // 2 :, : width // 2] = (0, 0, 255)
    image[height // 2 :, width // 2 :] = (200, 200, 200)
    return image


@contextmanager
def window(display: str, folder: Path, image: BgrImage, title: str = "live test") -> Iterator[Desktop]:
    """Run a program that shows ``image``; what it says on standard error goes to ``folder/stderr``."""
    np.save(folder / "picture.npy", image)
    command = [sys.executable, str(PROGRAM), title, str(folder / "picture.npy")]
    with (
        (folder / "stderr").open("w") as stderr,
        subprocess.Popen(
            command, env=environment(DISPLAY=display), stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as program,
    ):
        try:
            desktop = Desktop(display, program, title)
            assert desktop.said() == "shown"
            yield desktop
        finally:
            program.kill()


def test_the_picture_is_on_the_screen_pixel_for_pixel(display: str, tmp_path: Path) -> None:
    image = picture(640, 480)
    with window(display, tmp_path, image) as desktop:
        assert desktop.sees(lambda screen: np.array_equal(screen[:480, :640], image) and not screen[480:].any())


@pytest.mark.parametrize(
    ("size", "shown"), [((3840, 2160), (1280, 720)), ((1080, 1920), (405, 720)), ((64, 48), (64, 48))]
)
def test_the_window_starts_at_a_size_that_fits_the_screen(
    display: str, tmp_path: Path, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    width, height = shown

    def as_expected(screen: BgrImage) -> bool:
        corners = screen[[0, 0, height - 1, height - 1], [0, width - 1, 0, width - 1]]
        return (
            corners.tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 200, 200]]
            and not screen[:, width:].any()
            and not screen[height:].any()
        )

    with window(display, tmp_path, picture(*size)) as desktop:
        assert desktop.sees(as_expected)


def test_keys_are_told_by_their_meaning(display: str, tmp_path: Path) -> None:
    with window(display, tmp_path, picture(320, 240)) as desktop:
        heard = []
        for key in ("space", "s", "S", "t", "T", "h", "H"):
            desktop.press(key)
            heard.append(desktop.said())
    assert heard == ["pause", "save", "save", "top", "top", "help", "help"]


@pytest.mark.parametrize("key", ["q", "Q", "Escape"])
def test_quitting_closes_the_window(display: str, tmp_path: Path, key: str) -> None:
    with window(display, tmp_path, picture(320, 240)) as desktop:
        desktop.press(key)
        assert [desktop.said() for _ in range(3)] == ["quit", "ended None True", ""]
        assert desktop.program.wait() == 0
        assert desktop.sees(lambda screen: not screen.any())


def test_other_keys_mean_nothing(display: str, tmp_path: Path) -> None:
    with window(display, tmp_path, picture(320, 240)) as desktop:
        for key in ("Left", "Right", "F1", "x", "Shift_L", "eacute"):  # in 8 bits, left is a "Q" and right an "S"
            desktop.press(key)
        desktop.press("h")
        assert desktop.said() == "help"


def test_the_close_button_ends_it_and_no_new_window_appears(display: str, tmp_path: Path) -> None:
    with window(display, tmp_path, picture(320, 240)) as desktop:
        desktop.press_close_button()
        assert [desktop.said() for _ in range(3)] == ["closed by the user", "ended None True", ""]
        assert desktop.program.wait() == 0


def test_nothing_is_printed_by_the_window_system(display: str, tmp_path: Path) -> None:
    with window(display, tmp_path, picture(320, 240)) as desktop:
        desktop.press("q")
        desktop.program.wait()
    assert (tmp_path / "stderr").read_text() == ""


def test_a_title_may_be_any_text(display: str, tmp_path: Path) -> None:
    with window(display, tmp_path, picture(320, 240), title="Käse · 日本語 & <b>%s") as desktop:
        desktop.press("q")
        assert desktop.said() == "quit"


def open_a_window(**display: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", OPEN_A_WINDOW], env=environment(**display), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("display_variables", [{}, {"DISPLAY": ""}, {"WAYLAND_DISPLAY": "wayland-0"}])
def test_no_display_is_an_error_not_the_end_of_the_process(display_variables: dict[str, str]) -> None:
    done = open_a_window(**display_variables)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "WindowError: no display: DISPLAY is not set (windows need X11, or XWayland)"
    )


@pytest.mark.parametrize("address", [":4711", "localhost:4711", "no display at all"])
def test_a_display_that_does_not_answer_is_an_error_too(address: str) -> None:
    done = open_a_window(DISPLAY=address)
    assert done.returncode == 1
    assert f"WindowError: no display: no X server answers at DISPLAY={address}" in done.stderr.splitlines()[-1]


def test_a_display_that_answers_is_no_reason_against_a_window(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", display)
    assert why_no_window() is None


def test_a_platform_that_opencv_does_not_ship_is_an_error_unless_the_program_is_prepared(
    display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Wayland desktop may name one for all programs; Qt would end the process."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "wayland")
    done = open_a_window(DISPLAY=display)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "WindowError: no window: OpenCV's Qt has no platform wayland; set QT_QPA_PLATFORM=xcb\n"
    )
    with window(display, tmp_path, picture(320, 240)) as desktop:
        desktop.press("q")
        assert desktop.said() == "quit"


def test_an_opencv_without_windows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "currentUIFramework", lambda: "")
    assert "opencv-python-headless" in (why_no_window() or "")
