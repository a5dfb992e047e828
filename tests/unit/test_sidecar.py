from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from live_classify.core.errors import ModelFileError, UsageError
from live_classify.models.records.labels import Labels
from live_classify.models.records.preprocessing import MODES, NONE, Preprocessing
from live_classify.models.records.sidecar import Sidecar, find_sidecar, parse_preprocessing, read_sidecar


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flowers.json"


def said(path: Path, **values: Any) -> Sidecar:
    path.write_text(json.dumps(values))
    return read_sidecar(path)


def test_it_may_say_everything(path: Path) -> None:
    sidecar = said(
        path, size=[200, 300], scale=[1, 2, 0.5], offset=-1, colour="bgr", labels=["rose", "daisy"], fit="pad"
    )
    assert sidecar.size == (200, 300)
    assert sidecar.preprocessing == Preprocessing((1.0, 2.0, 0.5), (-1.0, -1.0, -1.0), "bgr")
    assert sidecar.read_labels(2) == Labels(("", ""), ("rose", "daisy"))
    assert sidecar.resize == "pad"


def test_it_may_say_nothing(path: Path) -> None:
    assert said(path) == Sidecar(path)
    assert Sidecar(path).read_labels(3) is None


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_stands_for_scale_offset_and_colour(path: Path, mode: str) -> None:
    assert said(path, preprocessing=mode).preprocessing == MODES[mode]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"scale": 2}, Preprocessing(scale=(2.0, 2.0, 2.0))),
        ({"offset": [0, 1, 2]}, Preprocessing(offset=(0.0, 1.0, 2.0))),
        ({"colour": "bgr"}, Preprocessing(colour="bgr")),
        ({"scale": 1, "offset": 0, "colour": "rgb"}, NONE),
    ],
)
def test_what_is_left_out_changes_nothing(path: Path, values: dict[str, Any], expected: Preprocessing) -> None:
    assert said(path, **values).preprocessing == expected


def test_one_number_is_the_side_of_a_square(path: Path) -> None:
    assert said(path, size=224).size == (224, 224)


def test_labels_may_be_a_file_beside_it(path: Path) -> None:
    (path.parent / "names").mkdir()
    (path.parent / "names" / "flowers.txt").write_text("rose\ndaisy\n")
    assert said(path, labels="names/flowers.txt").read_labels(2) == Labels(("", ""), ("rose", "daisy"))


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["rose"], "flowers.json doesn't fit the network: it names 1 classes, the network has 2"),
        (["rose", " "], "flowers.json, label 2: the name is missing"),
        (["rose", "\x1b[2J"], "flowers.json, label 2: tabs or control characters in a name"),
        ("missing.txt", "there is no labels file .*missing.txt"),
    ],
)
def test_labels_that_do_not_fit_are_refused(path: Path, labels: object, says: str) -> None:
    with pytest.raises(ModelFileError, match=says):
        said(path, labels=labels).read_labels(2)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"colors": "rgb"}, "colors is unknown; known are size, scale, offset, colour, preprocessing, labels, fit"),
        ({"class_name": "Sequential", "config": {}}, "class_name is unknown"),
        ({"\x1b[2J": 1}, r"\?\[2J is unknown"),
        ({"size": 0}, "size must be one whole number or"),
        ({"size": 5000}, "from 1 to 4096"),
        ({"size": 224.5}, "size must be"),
        ({"size": True}, "size must be"),
        ({"size": "224"}, "size must be"),
        ({"size": [224]}, "size must be"),
        ({"size": [224, 224, 3]}, "size must be"),
        ({"size": None}, "size must be"),
        ({"scale": "1/255"}, "scale must be a number, or a list of three"),
        ({"scale": [1, 2]}, "scale must be a number"),
        ({"scale": True}, "scale must be a number"),
        ({"scale": 0}, "scale must not be 0"),
        ({"offset": float("nan")}, "offset must be a number"),
        ({"offset": float("inf")}, "offset must be a number"),
        ({"offset": 1e300}, "offset must be a number"),
        ({"offset": 10**400}, "offset must be a number"),
        ({"colour": "RGB"}, "colour must be one of rgb, bgr"),
        ({"colour": ["rgb"]}, "colour must be one of rgb, bgr"),
        ({"preprocessing": "vgg"}, "preprocessing must be one of none, unit, tf, torch, caffe"),
        ({"preprocessing": ["tf"]}, "preprocessing must be one of"),
        ({"preprocessing": "tf", "scale": 2}, "preprocessing and scale exclude each other"),
        ({"fit": "stretch"}, "fit must be one of crop, squash, pad"),
        ({"fit": {}}, "fit must be one of"),
        ({"labels": 5}, "labels must be the name of a file or a list of names"),
        ({"labels": ""}, "labels must be the name"),
        ({"labels": "a\0b"}, "labels must be the name"),
        ({"labels": ["rose", 2]}, "labels must be the name"),
        ({"labels": "/etc/hostname"}, "labels must name a file in the sidecar's own folder"),
        ({"labels": "../labels.txt"}, "labels must name a file in the sidecar's own folder"),
    ],
)
def test_what_makes_no_sense_is_refused(path: Path, values: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelFileError, match=says) as refusal:
        said(path, **values)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        (b"", "flowers.json is no JSON"),
        (b"{'size': 224}", "is no JSON"),
        (b"\xff\xfe{}", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"[1]", "it must hold an object"),
        (b'"tf"', "it must hold an object"),
        (b" " * (2**20 + 1), "is too large for a sidecar"),
    ],
)
def test_what_is_no_sidecar_is_refused(path: Path, contents: bytes, says: str) -> None:
    path.write_bytes(contents)
    with pytest.raises(ModelFileError, match=says):
        read_sidecar(path)


def test_a_missing_one_is_refused(path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"cannot read .*flowers.json: No such file"):
        read_sidecar(path)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["x.keras", "x.keras.json", "x.json", "model.json"], "x.keras.json"),
        (["x.keras", "x.json", "model.json"], "x.json"),
        (["x.keras", "model.json"], "model.json"),
        (["x.keras", "model.json", "labels.txt"], "model.json"),
        (["x.keras", "model.json", "y.tflite"], None),
        (["x.keras", "model.json", "y/saved_model.pb"], None),
        (["x.keras", "y.json"], None),
        (["x.keras"], None),
    ],
)
def test_it_carries_the_model_s_name(tmp_path: Path, files: list[str], found: str | None) -> None:
    touch(tmp_path, *files)
    assert find_sidecar(tmp_path / "x.keras") == (tmp_path / found if found else None)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["m/saved_model.pb", "m/model.json", "m.json"], "m/model.json"),
        (["m/saved_model.pb", "m.json"], "m.json"),
        (["m/saved_model.pb", "model.json"], None),
    ],
)
def test_that_of_a_folder_is_in_it_or_beside_it(tmp_path: Path, files: list[str], found: str | None) -> None:
    touch(tmp_path, *files)
    assert find_sidecar(tmp_path / "m") == (tmp_path / found if found else None)


def test_the_option_takes_a_mode_or_a_file(path: Path) -> None:
    assert parse_preprocessing("caffe") == MODES["caffe"]
    said(path, scale=2)
    assert parse_preprocessing(str(path)) == Preprocessing(scale=(2.0, 2.0, 2.0))
    said(path, size=224)
    assert parse_preprocessing(str(path)) == NONE


def test_the_option_refuses_what_is_neither(path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown preprocessing vgg: none, unit, tf, torch, caffe and \.json files"):
        parse_preprocessing("vgg")
    with pytest.raises(ModelFileError, match="No such file"):
        parse_preprocessing(str(path))
