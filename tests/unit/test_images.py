from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from doubles import CLASSES, GreyEngine, grey_classifier
from live_classify import EngineError, LiveClassifyError, SourceOpenError, UsageError
from live_classify.core.values import Activations
from live_classify.sources.images import Colour, pictures

BGR = np.zeros((2, 3, 3), np.uint8)
BGR[0, 0] = 10, 20, 30  # one corner, so that turning shows
BGR[1, 2] = 200, 100, 50
RGB = np.ascontiguousarray(BGR[..., ::-1])


class PilPicture:
    """As PIL's pictures are: pixels come out by ``convert`` and NumPy's interface, tags by ``getexif``."""

    def __init__(self, rgb: npt.NDArray[np.uint8], orientation: int | None = None, mode: str = "RGB") -> None:
        self.mode = mode
        self.size = rgb.shape[1::-1]
        self._rgb = rgb
        self._tags = {} if orientation is None else {0x0112: orientation}

    def convert(self, mode: str) -> PilPicture:
        assert mode == "RGB"
        return PilPicture(self._rgb, self._tags.get(0x0112))

    def getexif(self) -> dict[int, int]:
        return self._tags

    @property
    def __array_interface__(self) -> Any:
        assert self.mode == "RGB"
        return self._rgb.__array_interface__


def one(image: object, colour: Colour = "bgr") -> npt.NDArray[np.uint8]:
    given, several = pictures(image, colour)
    assert not several
    (bgr,) = given
    return bgr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), BGR)
    return path


def test_arrays_are_bgr_unless_it_is_said_otherwise() -> None:
    np.testing.assert_array_equal(one(BGR), BGR)
    np.testing.assert_array_equal(one(RGB, "rgb"), BGR)
    np.testing.assert_array_equal(one(RGB[..., ::-1]), BGR)  # a view that goes backwards


@pytest.mark.parametrize("colour", ["bgr", "rgb"])
def test_grey_and_alpha_are_taken(colour: Colour) -> None:
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    for array in (grey, grey[..., np.newaxis]):
        np.testing.assert_array_equal(one(array, colour), np.repeat(grey[..., np.newaxis], 3, axis=2))
    pixels = BGR if colour == "bgr" else RGB
    np.testing.assert_array_equal(one(np.dstack([pixels, np.full((2, 3), 9, np.uint8)]), colour), BGR)


def test_files_are_read_whatever_colour_is_said(file: Path) -> None:
    for colour in ("bgr", "rgb"):
        for path in (file, str(file)):
            np.testing.assert_array_equal(one(path, colour), BGR)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_pictures_of_pil_are_converted(mode: str) -> None:
    np.testing.assert_array_equal(one(PilPicture(RGB, mode=mode)), BGR)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_of_pil_are_turned_as_the_same_file_is(orientation: int, tmp_path: Path) -> None:
    large = cv2.resize(BGR, (48, 32), interpolation=cv2.INTER_NEAREST)
    encoded = cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    plain = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    tag = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00" + bytes([orientation]) + b"\x00\x00"
    exif = b"Exif\0\0MM\0*\0\0\0\x08\x00\x01" + tag + b"\0\0\0\0"
    path = tmp_path / "turned.jpg"
    path.write_bytes(encoded[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + encoded[2:])
    upright = one(path)
    assert (upright.shape == (48, 32, 3)) == (orientation >= 5)
    rgb = np.ascontiguousarray(np.asarray(plain, np.uint8)[..., ::-1])
    np.testing.assert_array_equal(one(PilPicture(rgb, orientation)), upright)


def test_several_may_be_mixed(file: Path) -> None:
    given, several = pictures([BGR, file, PilPicture(RGB), np.stack([BGR, BGR])])
    assert several
    rows = list(given)
    assert len(rows) == 5
    for bgr in rows:
        np.testing.assert_array_equal(bgr, BGR)


def test_files_are_read_when_their_turn_comes(file: Path) -> None:
    given, _ = pictures([file, file.with_name("missing.png")])
    np.testing.assert_array_equal(next(given), BGR)
    with pytest.raises(SourceOpenError, match=r"missing\.png: no such file"):
        next(given)


WRONG: list[Any] = [
    None,
    3,
    b"picture.png",
    {"picture": BGR},
    (image for image in [BGR]),
    object(),
    [None],
    [[BGR]],
    np.zeros((4, 4), np.float32),
    np.zeros((4, 4, 3)),
    np.zeros((4, 4, 2), np.uint8),
    np.zeros((3, 8, 8), np.uint8),
    np.zeros((0, 4, 3), np.uint8),
    np.zeros((1, 2, 4, 4, 3), np.uint8),
    np.zeros(4, np.uint8),
    np.array("picture"),
    PilPicture(RGB, mode="I;16"),
    PilPicture(RGB, mode="F"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=[f"{type(one).__name__}-{number}" for number, one in enumerate(WRONG)])
def test_what_is_no_picture_is_wrong_usage(wrong: Any) -> None:
    classifier = grey_classifier()
    for use in (classifier.classify, classifier.features):
        with pytest.raises(UsageError, match=r"^expected ") as caught:
            use(wrong)
        assert isinstance(caught.value, (LiveClassifyError, ValueError))
        assert "\n" not in str(caught.value)


def test_an_unknown_order_of_channels_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown colour gbr: bgr, rgb are known"):
        grey_classifier().classify(BGR, colour="gbr")  # type: ignore[call-overload]


def test_what_pil_cannot_read_is_a_source_that_cannot_be_opened() -> None:
    class Truncated(PilPicture):
        def convert(self, mode: str) -> PilPicture:  # noqa: ARG002
            raise OSError("image file is truncated (3 bytes not processed)")

    with pytest.raises(SourceOpenError, match="cannot read the picture of PIL: image file is truncated"):
        one(Truncated(RGB))


def level(value: int) -> npt.NDArray[np.uint8]:
    return np.full((6, 8, 3), value, np.uint8)


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_one_gives_a_prediction_and_several_give_a_list(batch: int) -> None:
    classifier = grey_classifier(GreyEngine(batch))
    assert classifier.classify(level(3)).top.index == 3
    for several in ([level(3), level(4), level(5)], tuple(level(value) for value in (3, 4, 5))):
        assert [prediction.top.index for prediction in classifier.classify(several)] == [3, 4, 5]
    batched: Any = classifier.classify(np.stack([level(3), level(4), level(5)]))
    assert [prediction.top.index for prediction in batched] == [3, 4, 5]
    assert classifier.classify([]) == []
    nothing: Any = classifier.classify(np.zeros((0, 6, 8, 3), np.uint8))
    assert nothing == []


class FeatureEngine(GreyEngine):
    """Gives each picture's level as its only feature."""

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        return Activations(super().run(rgb).scores, rgb[:, 0, 0, :1].astype(np.float32))


def test_features_are_those_of_the_engine() -> None:
    classifier = grey_classifier(FeatureEngine(batch=2))
    np.testing.assert_array_equal(classifier.features(level(3)), [[3]])
    np.testing.assert_array_equal(classifier.features([level(3), level(4), level(5)]), [[3], [4], [5]])
    with pytest.raises(UsageError, match="expected at least one picture, received none"):
        classifier.features([])
    prediction = classifier.classify(level(6))
    assert prediction.probabilities.shape == (CLASSES,)
    np.testing.assert_array_equal(np.asarray(prediction.features), [6])


def test_an_engine_without_features_says_so() -> None:
    with pytest.raises(EngineError, match=r"^efficientnet-lite0 on litert float32, cpu, .* gives no features$"):
        grey_classifier().features(level(3))
    assert grey_classifier().classify(level(3)).features is None


def test_scores_that_are_not_finite_are_an_error_of_the_engine() -> None:
    class Damaged(GreyEngine):
        def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
            return Activations(super().run(rgb).scores * np.float32(np.nan))

    with pytest.raises(EngineError, match="gives scores that aren't finite"):
        grey_classifier(Damaged()).classify(level(3))
