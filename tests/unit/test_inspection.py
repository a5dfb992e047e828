from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from live_classify.core.errors import ModelFileError
from live_classify.models.formats.inspection import Facts, class_count, image_size, remembered
from live_classify.models.formats.probing import output_of, probes

FACTS = Facts((224, 160), 5, "logits", 4_000_000, "float32")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "x.keras"
    path.write_bytes(b"some network")
    return path


def found_again() -> Facts:
    raise AssertionError("it was looked at once more")


def test_what_was_found_is_remembered(model: Path) -> None:
    assert remembered(model, None, lambda: FACTS) == FACTS
    assert remembered(model, None, found_again) == FACTS


def test_the_same_contents_are_the_same_model(model: Path) -> None:
    remembered(model, None, lambda: FACTS)
    assert remembered(model.rename(model.with_name("y.keras")), None, found_again) == FACTS


def test_a_changed_model_and_another_size_are_looked_at(model: Path) -> None:
    other = replace(FACTS, classes=9)
    remembered(model, None, lambda: FACTS)
    assert remembered(model, (64, 64), lambda: other) == other
    model.write_bytes(b"another network")
    assert remembered(model, None, lambda: other) == other


def test_a_refusal_is_not_remembered(model: Path) -> None:
    def refuse() -> Facts:
        raise ModelFileError("no network")

    with pytest.raises(ModelFileError, match="no network"):
        remembered(model, None, refuse)
    assert remembered(model, None, lambda: FACTS) == FACTS


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"\xff",
        b"[]",
        b"5",
        b"{}",
        b"[" * 100_000,
        {"format": 0},
        {"input_size": [1]},
        {"input_size": 5},
        {"input_size": [1, None]},
        {"classes": "9"},
        {"classes": True},
        {"parameters": -1},
        {"output": "odds"},
        {"output": []},
        {"precision": "int4"},
        {"more": 1},
    ],
)
def test_a_damaged_memory_is_made_anew(model: Path, cache: Path, entry: bytes | dict[str, Any]) -> None:
    remembered(model, None, lambda: FACTS)
    (memory,) = cache.rglob("*.json")
    good = memory.read_bytes()
    memory.write_bytes(entry if isinstance(entry, bytes) else json.dumps({**json.loads(good), **entry}).encode())
    assert remembered(model, None, lambda: FACTS) == FACTS
    assert memory.read_bytes() == good
    assert list(memory.parent.iterdir()) == [memory]


def test_without_a_place_to_remember_nothing_fails(model: Path, cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    assert remembered(model, None, lambda: FACTS) == FACTS


@pytest.mark.parametrize(
    ("shape", "wanted", "size"),
    [
        ((None, 224, 160, 3), None, (224, 160)),
        ((1, 224, 160, 3), (64, 64), (224, 160)),
        ((None, None, None, 3), (64, 48), (64, 48)),
        ((None, 224, None, 3), (64, 48), (224, 48)),
    ],
)
def test_the_size_is_the_model_s_or_the_wanted_one(
    shape: tuple[int | None, ...], wanted: tuple[int, int] | None, size: tuple[int, int]
) -> None:
    assert image_size(shape, "x", wanted) == size


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((None, 224, 224), r"x takes \? x 224 x 224: no pictures, which are batch, height, width, 3"),
        ((), "x takes a single number: no pictures"),
        ((None, 224, 224, 1), r"224 x 1: grey pictures; only models for colour can be used"),
        ((None, 3, 224, 224), "channels first; export it with its channels last"),
        ((None, 224, 224, 4), "no RGB pictures, which have 3 channels"),
        ((None, 224, 224, None), r"x takes \? x 224 x 224 x \?: no RGB pictures"),
        ((None, None, 224, 3), "takes pictures of any size: put the one it was trained on into its sidecar"),
        ((None, 224, 100_000, 3), "x takes pictures of 224 x 100000, which is more than 4096"),
    ],
)
def test_what_takes_no_pictures_is_refused(shape: tuple[int | None, ...], says: str) -> None:
    with pytest.raises(ModelFileError, match=says):
        image_size(shape, "x")


def test_classes_are_counted_by_the_output() -> None:
    assert class_count((None, 5), "x") == 5
    assert class_count((1, 1), "x") == 2


@pytest.mark.parametrize("shape", [(None,), (None, 7, 7, 5), (None, None), (), (1, 0)])
def test_what_gives_no_scores_is_refused(shape: tuple[int | None, ...]) -> None:
    with pytest.raises(ModelFileError, match=r"x gives .*: it is no classifier, which gives batch, classes"):
        class_count(shape, "x")


@pytest.mark.parametrize(
    ("rows", "output"),
    [
        ([[0.25, 0.75], [1, 0]], "probabilities"),
        ([[0.25, 0.755], [1, 0]], "probabilities"),
        ([[0.25, 0.75], [1, 0.1]], "logits"),
        ([[1.5, -0.5], [1, 0]], "logits"),
        ([[0.25, 0.75], [np.nan, 0]], "logits"),
        ([[np.inf, 0]], "logits"),
        ([[0.2], [0.9]], "probabilities"),
        ([[0.2], [1.1]], "logits"),
        ([[0.2], [-0.1]], "logits"),
    ],
)
def test_probabilities_are_recognised(rows: list[list[float]], output: str) -> None:
    assert output_of(np.array(rows)) == output


@pytest.mark.parametrize("shape", [(8, 8, 3), (1, 1, 3), (13, 300, 3)])
def test_probes_are_pictures_that_differ(shape: tuple[int, int, int]) -> None:
    pictures = list(probes(shape))
    assert all(picture.shape == shape and picture.dtype == np.uint8 for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
