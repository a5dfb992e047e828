"""`watch` and `demo` in a real window on a virtual screen, with real keys."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop import Desktop
from live_classify.core.values import BgrImage
from live_classify.sources.still import read_image
from program import DEADLINE_S, only_line, start

WIDTH, HEIGHT = 640, 480
CAMERA = "synthetic:photograph.png?fps=30&size=640x480"  # a still scene: only the caption changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the program runs, with a smooth picture in it on which white text stands out."""
    shades = np.linspace(40, 90, WIDTH, dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "photograph.png"), np.dstack([np.tile(shades, (HEIGHT, 1))] * 3))
    return tmp_path


@contextmanager
def watching(display: str, folder: Path, *options: str, camera: str = CAMERA) -> Iterator[Desktop]:
    arguments = ["watch", camera, "--stats", "stats.json", *options]
    with start(*arguments, cwd=folder, DISPLAY=display) as program:
        yield Desktop(display, program, re.escape(f"{camera} - live_classify"))


def ended(program: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = program.communicate(timeout=DEADLINE_S)
    return program.returncode, said


def test_the_newest_frame_and_its_caption_are_on_the_screen(display: str, folder: Path) -> None:
    original = read_image(folder / "photograph.png", "photograph")
    with watching(display, folder) as desktop:

        def as_expected(screen: BgrImage) -> bool:
            shown = screen[:HEIGHT, :WIDTH]
            undrawn = np.array_equal(shown[: HEIGHT // 2], original[: HEIGHT // 2])
            return bool(undrawn and (shown[HEIGHT // 2 :] > 200).any())

        assert desktop.sees(as_expected)
        desktop.press("q")
        assert ended(desktop.program)[0] == 0
    stats = json.loads((folder / "stats.json").read_text(encoding="utf-8"))
    assert stats["stages"]["display"]["fps"] > 0
    assert stats["frames_classified"] > 0


@pytest.mark.parametrize("how", ["q", "Escape", "close button"])
def test_quitting_ends_the_run_as_done(how: str, display: str, folder: Path) -> None:
    with watching(display, folder, "--quiet") as desktop:
        if how == "close button":
            desktop.press_close_button()
        else:
            desktop.press(how)
        assert ended(desktop.program) == (0, "")


@pytest.mark.parametrize("key", ["t", "h", "space"])
def test_a_key_changes_the_picture_and_changes_it_back(key: str, display: str, folder: Path) -> None:
    with watching(display, folder, "--min-confidence", "0") as desktop:
        plain = settled(desktop)
        desktop.press(key)
        assert desktop.sees(lambda screen: changed(screen, plain))
        desktop.press(key)
        assert desktop.sees(lambda screen: not changed(screen, plain))
        desktop.press("q")
        assert ended(desktop.program)[0] == 0


def test_a_picture_can_be_saved(display: str, folder: Path) -> None:
    with watching(display, folder) as desktop:
        settled(desktop)
        desktop.press("s")
        desktop.press("s")
        desktop.press("q")
        assert ended(desktop.program)[0] == 0
    saved = sorted(path.name for path in folder.glob("live-classify*.png"))
    assert "live-classify.png" in saved
    assert read_image(folder / saved[0], saved[0]).shape == (HEIGHT, WIDTH, 3)


def test_the_duration_ends_the_window(display: str, folder: Path) -> None:
    with watching(display, folder, "--duration", "1.5", "--quiet") as desktop:
        assert ended(desktop.program) == (0, "")


def settled(desktop: Desktop) -> BgrImage:
    """The screen once the first answer is on it."""
    screens: list[BgrImage] = []

    def same_twice(screen: BgrImage) -> bool:
        screens.append(screen)
        drawn = (screen[HEIGHT // 2 : HEIGHT, :WIDTH] > 200).any()
        return bool(
            drawn and len(screens) > 2 and not changed(screen, screens[-2]) and not changed(screen, screens[-3])
        )

    assert desktop.sees(same_twice)
    return screens[-1]


def changed(screen: BgrImage, reference: BgrImage) -> bool:
    """Whether more has changed than the figures that always do."""
    return bool((screen != reference).any(axis=2).sum() > 2500)


def test_a_paused_picture_keeps_its_own_answer(display: str, folder: Path) -> None:
    """The demo's scene changes every four seconds; what is said of the paused picture must not."""
    log = folder / "log.jsonl"
    with watching(display, folder, "--log", str(log), camera="synthetic:?size=640x480") as desktop:
        assert desktop.sees(lambda screen: bool((screen[HEIGHT // 2 : HEIGHT, :WIDTH] > 240).any()))
        desktop.press("space")
        looks: list[BgrImage] = []

        def stands_still(screen: BgrImage) -> bool:
            looks.append(screen)
            return len(looks) > 2 and np.array_equal(looks[-1][:240], looks[-2][:240])

        assert desktop.sees(stands_still)
        label = (slice(390, 440), slice(20, 300))
        paused, said = looks[-1][label], logged_names(log)[-1]
        while logged_names(log)[-1] == said:  # until the camera shows something else
            assert desktop.program.poll() is None
        assert np.array_equal(desktop.screen()[label], paused)
        desktop.press("q")
        assert ended(desktop.program)[0] == 0


def logged_names(path: Path) -> list[str]:
    """The best label of each frame that has been logged so far."""
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0]  # a row may just be on its way
    return [json.loads(line)["labels"][0]["name"] for line in whole.splitlines()]


def test_several_cameras_are_side_by_side_and_a_dead_one_is_said_to_be(display: str, folder: Path) -> None:
    sources = [CAMERA, CAMERA, "rtsp://user:s3cret@127.0.0.1:1/x"]
    title = f"{CAMERA}, {CAMERA} (2), rtsp://user@127.0.0.1:1/x - live_classify"
    with start("watch", *sources, "--quiet", "--stats", "stats.json", cwd=folder, DISPLAY=display) as program:
        desktop = Desktop(display, program, re.escape(title))

        def two_alive_one_dark(screen: BgrImage) -> bool:
            tiles = [screen[y : y + 360, x : x + 640] for x, y in ((0, 0), (640, 0), (0, 360))]
            middles = [float(tile[100:200, 200:400].mean()) for tile in tiles]
            said = [bool((tile[:60] > 200).any()) for tile in tiles]  # its name, and what is wrong
            return middles[0] > 40 and middles[1] > 40 and middles[2] < 10 and all(said)

        assert desktop.sees(two_alive_one_dark)
        desktop.press("q")
        status, said = ended(program)
    assert status == 1
    assert only_line(said).startswith(
        "live-classify: cannot open rtsp://user@127.0.0.1:1/x: the connection was refused"
    )
    by_source = json.loads((folder / "stats.json").read_text(encoding="utf-8"))["by_source"]
    assert [source["frames_classified"] > 0 for source in by_source] == [True, True, False]
