"""A library leaves the process of whoever uses it as it is; only the program quietens other people's libraries."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from live_classify.assets import asset
from program import DEADLINE_S, environment

PROGRAM = Path(__file__).with_name("no_side_effects_program.py")


def changes(folder: Path, *uses: str, beside: str = "") -> dict[str, Any]:
    """What a process of its own finds changed in itself, by kind of change, after it has used the package.

    Args:
        folder: where it runs.
        uses: what it does.
        beside: modules whose own changes don't count.
    """
    done = subprocess.run(
        [sys.executable, str(PROGRAM), beside, *uses],
        env=environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=3 * DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clip, a damaged one, a picture and a damaged one, under the names by which the program knows them."""
    clip, picture = asset("demo.mp4").read_bytes(), cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    for name, contents in {
        "clip.mp4": clip,
        "damaged.mp4": clip[: len(clip) // 2],
        "picture.jpg": picture,
        "damaged.jpg": picture[: len(picture) // 2],
    }.items():
        (tmp_path / name).write_bytes(contents)
    return tmp_path


def test_what_python_programs_use_changes_nothing(folder: Path) -> None:
    assert changes(folder, "classify", "stream", "sources", "window") == {}


@pytest.mark.parametrize(
    ("use", "module", "beside"),
    [
        ("openvino", "openvino", "absl.flags"),
        ("keras", "keras", "tensorflow,keras"),
        ("report", "pygal", "importlib_metadata"),
        ("ray", "ray", "ray"),
    ],
)
def test_what_it_imports_late_changes_nothing_either(use: str, module: str, beside: str, folder: Path) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} isn't installed")
    assert changes(folder, use, beside=beside) == {}


def test_the_program_finds_changes_where_there_are_some(folder: Path) -> None:
    """Or the other tests would show nothing."""
    kinds = {"os.environ", "sys.meta_path", "signal handlers", "OpenCV's log level", "descriptor 2", "sys.modules"}
    assert set(changes(folder, "everything")) == kinds
