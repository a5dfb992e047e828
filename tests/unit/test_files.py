from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from live_classify.core.errors import SourceOpenError
from live_classify.sources.files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, expand, require_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("b.MP4", "a b.mp4", "notes.txt", "mp4", "sub/deep/c.mkv", "sub/d.png", "only text/x.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path


def test_a_plain_name_stays_as_it_is_there_or_not(folder: Path) -> None:  # noqa: ARG001 (the working directory)
    names = ["notes.txt", "missing.mp4", "./a b.mp4", "rtsp://somewhere/"]
    assert expand(names, VIDEO_SUFFIXES) == names


def test_a_folder_stands_for_all_files_of_the_kind_below_it(folder: Path) -> None:
    assert expand([str(folder)], VIDEO_SUFFIXES) == [str(folder / n) for n in ("a b.mp4", "b.MP4", "sub/deep/c.mkv")]
    assert expand(["sub"], IMAGE_SUFFIXES) == [os.path.join("sub", "d.png")]  # noqa: PTH118 (it is text that comes back)


def test_a_glob_stands_for_the_files_it_matches_sorted(folder: Path) -> None:
    assert expand(["*.[mM]*4"], VIDEO_SUFFIXES) == ["a b.mp4", "b.MP4"]
    assert expand([f"{folder}/**/*.mkv"], VIDEO_SUFFIXES) == [str(folder / "sub/deep/c.mkv")]


def test_the_order_of_the_names_is_kept(folder: Path) -> None:  # noqa: ARG001 (the working directory)
    assert expand(["z.mp4", "sub", "*.MP4", "a.mp4"], VIDEO_SUFFIXES) == ["z.mp4", "sub/deep/c.mkv", "b.MP4", "a.mp4"]


def test_a_file_whose_name_looks_like_a_glob_is_meant_itself(folder: Path) -> None:
    (folder / "[1].mp4").write_text("x")
    (folder / "1.mp4").write_text("x")
    assert expand(["[1].mp4"], VIDEO_SUFFIXES) == ["[1].mp4"]


def test_a_glob_never_gives_folders(folder: Path) -> None:  # noqa: ARG001 (the working directory)
    assert expand(["*"], VIDEO_SUFFIXES) == ["a b.mp4", "b.MP4", "mp4", "notes.txt"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("only text", "no mp4/.*/3gp file in folder only text"),
        ("*.nothing", r"no file matches \*.nothing"),
        ("sub?", r"no file matches sub\?"),
    ],
)
def test_a_folder_or_glob_without_any_is_an_error(folder: Path, name: str, says: str) -> None:  # noqa: ARG001
    with pytest.raises(SourceOpenError, match=says):
        expand([name], VIDEO_SUFFIXES)


def test_a_name_longer_than_any_file_has_is_left_for_opening(tmp_path: Path) -> None:
    name = f"{tmp_path}/{'x' * 5000}.mp4"
    assert expand([name], VIDEO_SUFFIXES) == [name]
    with pytest.raises(SourceOpenError, match="cannot open it: File name too long"):
        require_file(Path(name), "it")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.mp4", "cannot open shown: no such file$"),
        ("broken_link.mp4", r"cannot open shown: no such file \(a link to nothing\)"),
        ("sub", "cannot open shown: it is a folder"),
        ("empty.mp4", "cannot open shown: the file is empty"),
        ("notes.txt/clip.mp4", "cannot open shown: Not a directory"),
        ("nul\0.mp4", "cannot open shown: .*null"),
    ],
)
def test_what_is_no_readable_file_is_refused(folder: Path, name: str, says: str) -> None:
    (folder / "broken_link.mp4").symlink_to("nowhere")
    (folder / "empty.mp4").touch()
    with pytest.raises(SourceOpenError, match=says):
        require_file(folder / name, "shown")


@pytest.mark.skipif(sys.platform != "linux", reason="such a name can't be given to a file there")
def test_a_file_whose_name_is_not_text_is_accepted(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4"))
    path.write_text("x")
    require_file(path, "shown")


def test_a_file_with_contents_is_accepted_whatever_they_are(folder: Path) -> None:
    require_file(folder / "notes.txt", "notes")
