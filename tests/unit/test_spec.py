from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest

from live_classify import NetworkSpec, UsageError, load_classifier
from live_classify.assets import asset
from live_classify.models.catalogue.networks import DEFAULT
from live_classify.models.records.preprocessing import MODES
from live_classify.models.weights.origin import PackagedFile
from live_classify.spec import DEFAULT_MODEL
from media import photograph


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with weights and names in it; what is found out about models is remembered in it, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "w.h5").write_bytes(b"some weights")
    (tmp_path / "names.txt").write_text("\n".join(f"name {number}" for number in range(1000)))
    return tmp_path


def identity(spec: NetworkSpec) -> dict[str, Any]:
    return dict(spec.identity(spec.load()))


def differing(one: NetworkSpec, other: NetworkSpec) -> set[str]:
    before, after = identity(one), identity(other)
    assert set(before) == set(after)
    return {key for key in before if before[key] != after[key]}


def test_its_default_is_that_of_the_catalogue() -> None:
    assert DEFAULT_MODEL == DEFAULT
    assert NetworkSpec().model == DEFAULT


def test_it_is_a_value() -> None:
    spec = NetworkSpec("resnet50", Path("w.h5"), preprocessing=MODES["tf"], calibration=(Path("a"), Path("b")), top=3)
    assert pickle.loads(pickle.dumps(spec)) == spec  # noqa: S301 (its own)
    assert len({spec, replace(spec), replace(spec, top=4)}) == 2


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"top": 0}, "top and batch count from 1: top can't be 0"),
        ({"batch": -1}, "top and batch count from 1: batch can't be -1"),
        ({"resize": "stretch"}, "unknown resize stretch: crop, squash, pad are known"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused_wherever_it_comes_from(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        NetworkSpec(**wrong)
    with pytest.raises(UsageError, match=says):
        load_classifier(**wrong)


def test_options_of_the_function_are_its_fields(folder: Path) -> None:  # noqa: ARG001
    spec = NetworkSpec(labels=Path("names.txt"), top=3, resize="pad")
    for classifier in (spec.load(), load_classifier(labels="names.txt", top=3, resize="pad")):
        assert (classifier.network.name, classifier.top, classifier.resize) == (DEFAULT, 3, "pad")
        assert classifier.labels.names[7] == "name 7"


def test_the_files_it_reads_are_those_beside_the_model_too(folder: Path) -> None:
    (folder / "own").mkdir()
    for name in ("own/x.keras", "own/x.json", "own/labels.txt", "own/other.txt", "cal/a/b.png", "p.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    spec = NetworkSpec("own/x.keras", Path("w.h5"), Path("names.txt"), "p.json", calibration=(Path("cal"), Path("no")))
    names = {"own/x.keras", "own/x.json", "own/labels.txt", "w.h5", "names.txt", "cal/a/b.png", "p.json"}
    assert {str(path) for path in spec.files} == names
    assert NetworkSpec(preprocessing="tf").files == []


def test_a_saved_model_is_all_that_is_in_its_folder(folder: Path) -> None:
    (folder / "saved" / "variables").mkdir(parents=True)
    for name in ("saved/saved_model.pb", "saved/variables/v.index", "saved/model.json"):
        (folder / name).write_text("{}")
    names = {path.relative_to(folder.resolve()) for path in map(Path.resolve, NetworkSpec("saved").files)}
    assert names == {Path("saved/saved_model.pb"), Path("saved/variables/v.index"), Path("saved/model.json")}


def test_weights_are_known_by_what_is_in_them(folder: Path) -> None:
    spec = NetworkSpec("mobilenetv2", Path("w.h5"), engine="keras", device="cpu")
    before = identity(spec)
    shutil.copy("w.h5", "moved.h5")
    assert differing(spec, replace(spec, weights=Path("moved.h5"))) == set()
    (folder / "w.h5").write_bytes(b"the same network, trained again")
    assert {key for key, value in identity(spec).items() if value != before[key]} == {"weights"}


def test_names_are_known_by_what_they_are(folder: Path) -> None:
    spec = NetworkSpec(labels=Path("names.txt"))
    before = identity(spec)
    shutil.copy("names.txt", "moved.txt")
    assert differing(spec, replace(spec, labels=Path("moved.txt"))) == set()
    (folder / "names.txt").write_text((folder / "names.txt").read_text() + "x")
    assert {key for key, value in identity(spec).items() if value != before[key]} == {"labels"}


def test_a_model_of_the_users_is_known_by_its_contents_and_its_sidecar(folder: Path) -> None:
    shutil.copy(asset("efficientnet-lite0-float32.tflite"), "a.tflite")
    (folder / "moved").mkdir()
    shutil.copy("a.tflite", "moved/b.tflite")
    one, other = NetworkSpec("a.tflite"), NetworkSpec("moved/b.tflite")
    assert differing(one, other) == set()
    (folder / "moved" / "b.json").write_text('{"fit": "squash"}')
    assert differing(one, other) == {"fit"}
    (folder / "moved" / "b.json").write_text('{"scale": 0.5}')
    assert differing(one, other) == {"preprocessing"}


def test_what_it_was_adapted_to_counts_where_it_is_converted_to_int8(folder: Path) -> None:
    for number, name in enumerate(("a.png", "b.png")):
        cv2.imwrite(name, photograph() // (number + 1))
    spec = NetworkSpec("mobilenetv2", Path("w.h5"), engine="litert", precision="int8", calibration=(Path("a.png"),))
    assert differing(spec, replace(spec, calibration=(Path("b.png"),))) == {"calibration"}
    cv2.imwrite("b.png", photograph())
    assert (folder / "a.png").read_bytes() == (folder / "b.png").read_bytes()
    assert differing(spec, replace(spec, calibration=(Path("b.png"),))) == set()
    single = replace(spec, precision="float32")
    assert differing(single, replace(single, calibration=(Path("gone.png"),))) == set()


@pytest.mark.parametrize(
    ("other", "keys"),
    [
        ({"precision": "int8"}, {"precision", "litert"}),  # another file
        ({"engine": "keras"}, {"engine"}),
        ({"top": 3}, {"top"}),
        ({"resize": "pad"}, {"fit"}),
        ({"model": "efficientnet-lite1", "engine": "keras"}, {"model", "engine", "weights", "litert", "input_size"}),
        ({"batch": 4}, set()),
    ],
)
def test_what_changes_the_answers_is_said_and_nothing_else(other: dict[str, Any], keys: set[str]) -> None:
    spec = NetworkSpec(engine="litert", precision="float32", device="cpu")
    assert differing(spec, replace(spec, **other)) == keys


def test_what_auto_stands_for_is_what_counts() -> None:
    spec = NetworkSpec(device="cpu")
    settled = spec.settled(spec.load().network, "throughput")
    assert "auto" not in {settled.engine, settled.precision}
    assert differing(spec, settled) == set()


def test_published_weights_are_known_by_their_published_checksum() -> None:
    weights = NetworkSpec().load().network.weights
    assert isinstance(weights, PackagedFile)
    assert identity(NetworkSpec())["weights"] == weights.sha256
