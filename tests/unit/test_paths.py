from __future__ import annotations

import os
from pathlib import Path

import pytest

from live_classify.core.errors import OutputError, UsageError
from live_classify.outputs.paths import check_output, check_outputs, free_path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.mp4").write_text("kept")
    (tmp_path / "link.mp4").symlink_to("there.mp4")
    (tmp_path / "twin.mp4").hardlink_to(tmp_path / "there.mp4")
    (tmp_path / "sub").mkdir()
    return tmp_path


def test_new_files_are_fine(folder: Path) -> None:
    check_outputs({"--log": Path("log.csv"), "--output": folder / "sub/out.mp4", "--stats": None}, [], overwrite=False)


def test_a_file_that_exists_is_refused_without_overwrite(folder: Path) -> None:
    with pytest.raises(OutputError, match=r"there.mp4 exists already; --overwrite replaces it"):
        check_output(folder / "there.mp4", overwrite=False)
    check_output(folder / "there.mp4", overwrite=True)
    assert (folder / "there.mp4").read_text() == "kept"


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_device_may_be_written_to(overwrite: bool) -> None:
    check_outputs({"--log": Path(os.devnull), "--stats": Path(os.devnull)}, [], overwrite)


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sub", "cannot write sub: it is a folder"),
        ("nowhere/log.csv", "cannot write nowhere/log.csv: there is no folder nowhere"),
        ("there.mp4/log.csv", "cannot write there.mp4/log.csv: there is no folder there.mp4"),
        ("x" * 5000, "cannot write x*: File name too long"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_refused(folder: Path, name: str, says: str, overwrite: bool) -> None:  # noqa: ARG001
    with pytest.raises(OutputError, match=says):
        check_output(Path(name), overwrite)


@pytest.mark.parametrize("output", ["there.mp4", "./there.mp4", "sub/../there.mp4", "link.mp4", "twin.mp4"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_an_input_is_never_an_output(folder: Path, output: str, overwrite: bool) -> None:
    with pytest.raises(UsageError, match=f"--output {Path(output)} is an input: it would be destroyed"):
        check_outputs({"--output": Path(output)}, [folder / "other.mp4", folder / "there.mp4"], overwrite)


@pytest.mark.parametrize(
    ("one", "other"),
    [("new.csv", "./new.csv"), ("there.mp4", "link.mp4"), ("there.mp4", "twin.mp4"), ("sub/../new.csv", "new.csv")],
)
def test_two_outputs_are_never_one_file(folder: Path, one: str, other: str) -> None:  # noqa: ARG001
    with pytest.raises(UsageError, match="--log and --stats are the same file"):
        check_outputs({"--log": Path(one), "--stats": Path(other)}, [], overwrite=True)


def test_a_thousand_outputs_are_checked_at_once(folder: Path) -> None:
    """Each is looked at once, not compared with every other."""
    outputs = {f"--output {number}": folder / f"new-{number}" for number in range(3000)}
    check_outputs(outputs, [folder / f"in-{number}" for number in range(3000)], overwrite=False)


def test_a_free_name_is_found_beside_those_that_are_taken(folder: Path) -> None:
    assert free_path("shot", ".png") == Path("shot.png")
    for expected in ("shot.png", "shot-2.png", "shot-3.png"):
        path = free_path("shot", ".png")
        assert path == Path(expected)
        (folder / path).touch()
