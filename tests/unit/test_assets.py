from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import av
import pytest

from live_classify.assets import DEMO_SCENES, FOLDER, asset, read_sums
from live_classify.core.errors import ModelFileError

if TYPE_CHECKING:
    from pathlib import Path

LABELS = "imagenet_labels.tsv"
SHIPPED = [
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "demo.mp4",
    "efficientnet-lite0-float32.tflite",
    "efficientnet-lite0-int8.tflite",
    LABELS,
    "reference.json",
    "rocket.png",
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (LABELS, "SHA256SUMS"):
        shutil.copyfile(FOLDER / name, tmp_path / name)
    return tmp_path


def test_every_shipped_file_has_a_sum() -> None:
    documents = {"README.md", "SHA256SUMS", "__init__.py", "__pycache__"}
    assert sorted(path.name for path in FOLDER.iterdir() if path.name not in documents) == SHIPPED
    assert sorted(read_sums(FOLDER)) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_whole_file_is_found(name: str) -> None:
    assert asset(name) == FOLDER / name


def test_one_changed_bit_is_refused(copy: Path) -> None:
    contents = bytearray((copy / LABELS).read_bytes())
    contents[1000] ^= 1
    (copy / LABELS).write_bytes(contents)
    with pytest.raises(ModelFileError, match=r"imagenet_labels\.tsv is damaged: reinstall live_classify"):
        asset(LABELS, copy)


def test_a_file_cut_short_is_refused(copy: Path) -> None:
    (copy / LABELS).write_bytes((FOLDER / LABELS).read_bytes()[:-1])
    with pytest.raises(ModelFileError, match="is damaged"):
        asset(LABELS, copy)


@pytest.mark.parametrize("gone", [LABELS, "SHA256SUMS"])
def test_a_missing_file_is_named(copy: Path, gone: str) -> None:
    (copy / gone).unlink()
    with pytest.raises(ModelFileError, match=rf"can't be read .*{gone}.*: reinstall live_classify"):
        asset(LABELS, copy)


def test_a_file_without_a_sum_is_refused(copy: Path) -> None:
    (copy / "stray.tflite").write_bytes(b"?")
    with pytest.raises(ModelFileError, match=r"stray\.tflite is damaged"):
        asset("stray.tflite", copy)


def test_the_labels_are_the_thousand_of_imagenet_in_order() -> None:
    rows = [line.split("\t") for line in asset(LABELS).read_text(encoding="utf-8").splitlines()]
    indices, ids, names = zip(*rows, strict=True)
    assert [int(index) for index in indices] == list(range(1000))
    assert list(ids) == sorted(ids)
    assert len(set(ids)) == 1000
    assert (names[0], names[967], names[999]) == ("tench", "espresso", "toilet_tissue")
    known = set(names)
    assert all(known.issuperset(scene.names) for scene in DEMO_SCENES)


def test_the_demo_scenes_follow_each_other_without_a_gap() -> None:
    assert DEMO_SCENES[0].start_s == 0
    assert all(scene.start_s < scene.end_s for scene in DEMO_SCENES)
    assert [scene.end_s for scene in DEMO_SCENES[:-1]] == [scene.start_s for scene in DEMO_SCENES[1:]]


def test_the_demo_clip_is_small_and_as_long_as_its_scenes() -> None:
    clip = asset("demo.mp4")
    assert clip.stat().st_size < 3_000_000
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.profile) == ("h264", "High")
        frames = [(frame.time, frame.width, frame.height, frame.format.name) for frame in container.decode(stream)]
    assert len(frames) == 480
    assert {frame[1:] for frame in frames} == {(640, 480, "yuv420p")}
    assert [time for time, *_ in frames] == pytest.approx([number / 30 for number in range(480)])
    assert DEMO_SCENES[-1].end_s == 480 / 30
