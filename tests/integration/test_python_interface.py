from __future__ import annotations

import contextlib
import itertools
import threading

import cv2
import numpy as np
import pytest

from live_classify import EngineError, SourceOpenError, SyntheticCamera, UsageError, load_classifier, stream
from live_classify.assets import DEMO_SCENES, asset


def test_a_recording_gives_every_frame_in_order() -> None:
    classifier = load_classifier()
    seen = [
        (frame.index, frame.time_s, prediction.top.name) for frame, prediction in stream(asset("demo.mp4"), classifier)
    ]
    assert [index for index, _, _ in seen] == list(range(len(seen)))
    assert seen[-1][1] == pytest.approx(DEMO_SCENES[-1].end_s, abs=0.1)
    for _, time_s, name in seen:
        (scene,) = (scene for scene in DEMO_SCENES if scene.start_s <= time_s < scene.end_s)
        assert name in scene.names


def test_a_camera_gives_newer_frames_until_the_loop_is_left() -> None:
    classifier = load_classifier()
    with contextlib.closing(stream("synthetic:?fps=60", classifier, live=True)) as frames:
        numbers = [frame.index for frame, _ in itertools.islice(frames, 20)]
    assert numbers == sorted(set(numbers))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("capture", "inference"))]


def test_threads_and_streams_may_share_a_classifier() -> None:
    """A live loop that classifies parts of its frames uses one interpreter from two threads at a time."""
    classifier = load_classifier()
    with contextlib.closing(stream("synthetic:?fps=200", classifier, live=True)) as frames:
        for frame, prediction in itertools.islice(frames, 40):
            again = classifier.classify(frame.bgr)
            np.testing.assert_allclose(again.probabilities, prediction.probabilities, atol=1e-6)


def test_a_source_object_can_be_given() -> None:
    camera = SyntheticCamera(fps=100, size=(320, 240))
    frame, prediction = next(iter(stream(camera, load_classifier(top=2), live=True)))
    assert frame.size == (320, 240)
    assert len(prediction.labels) == 2


def test_a_source_that_cannot_be_opened_raises() -> None:
    with pytest.raises(SourceOpenError, match=r"missing\.mp4: no such file"):
        next(iter(stream("missing.mp4", load_classifier())))


@pytest.mark.parametrize("wrong", [None, [None]])
def test_what_is_no_picture_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match=r"expected a picture: .*; received NoneType"):
        load_classifier().classify(wrong)  # type: ignore[call-overload]


def test_a_picture_may_be_a_path_or_pixels_of_either_order() -> None:
    path = asset("coffee.png")
    bgr = np.asarray(cv2.imread(str(path)), np.uint8)
    with load_classifier(engine="litert") as classifier:
        right = classifier.classify(bgr)
        assert right.top.name == "espresso"
        for image in (path, str(path)):
            np.testing.assert_array_equal(classifier.classify(image).probabilities, right.probabilities)
        again = classifier.classify(np.ascontiguousarray(bgr[..., ::-1]), colour="rgb")
        np.testing.assert_array_equal(again.probabilities, right.probabilities)
        with pytest.raises(SourceOpenError, match=r"cannot open picture\.png: no such file"):
            classifier.classify("picture.png")
        with pytest.raises(EngineError, match="gives no features"):
            classifier.features(bgr)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"top": 0}, "top can't be 0"),
        ({"top": "5"}, "top can't be '5'"),
        ({"batch": 1.5}, "batch can't be 1.5"),
        ({"resize": "stretch"}, "unknown resize stretch"),
        ({"labels": 7}, "labels names a file, which 7 doesn't"),
        ({"calibration": "a.png"}, "calibration is a list of files, not 'a.png'"),
        ({"preprocessing": 7}, "preprocessing is a name, a sidecar file or a Preprocessing, not 7"),
        ({"engine": None}, "unknown engine None"),
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_classifier(**wrong)  # type: ignore[arg-type]
