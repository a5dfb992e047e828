"""What is converted answers as Keras does, within what 8 bits can hold."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from keras_models import layers, saved, some_pixels
from keras_models import network as small_network
from live_classify.assets import asset
from live_classify.core.errors import EngineError
from live_classify.core.protocols import Engine
from live_classify.engines.keras import KerasEngine
from live_classify.engines.litert import LiteRTEngine
from live_classify.heads.softmax import SoftmaxHead
from live_classify.imaging.resize import resize_into
from live_classify.models.catalogue.lite_weights import LITE1
from live_classify.models.convert.cache import cache_folder, converted
from live_classify.models.convert.calibration import Calibration
from live_classify.models.load import load_network
from live_classify.models.records.network import Network, Precision
from live_classify.models.records.preprocessing import MODES, Preprocessing
from live_classify.sources.recording import Recording
from plain_keras import pictures, plain_network, save_weights, sharpened

Pixels = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.float32]

LOGITS = SoftmaxHead("logits")

# As ImageNet's networks of Caffe take pixels, and in the other order.
BGR = MODES["caffe"]
RGB = Preprocessing(BGR.scale, BGR.offset[::-1])


@pytest.fixture(scope="module", autouse=True)
def empty_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def from_the_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """MobileNetV2 with random weights, which takes -1..1."""
    model, preprocess_input = plain_network("mobilenetv2")
    rgb = pictures("mobilenetv2").astype(np.float32)
    sharpened(model, np.concatenate([preprocess_input(rgb.copy()), preprocess_input(rgb[..., ::-1].copy())]))
    path = tmp_path_factory.mktemp("weights") / "mobilenetv2.weights.h5"
    save_weights(model, path)
    return load_network("mobilenetv2", weights=path)


@pytest.fixture(scope="module")
def of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """A small network that takes BGR less its mean; its file's name is one that TensorFlow takes for a pattern."""
    path = tmp_path_factory.mktemp("own") / "network [1].keras"
    return load_network(str(saved(small_network(layers.Dense(5)), path)), preprocessing=BGR)


@pytest.fixture(scope="module")
def files(
    from_the_catalogue: Network, of_the_user: Network, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """All the conversions, some at a time, in a folder where a file is named as a module that Python would import."""
    wanted: list[tuple[Network, Precision]] = [
        (LITE1, "int8"),
        (from_the_catalogue, "float32"),
        (of_the_user, "int8"),
    ]
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "random.py").write_text("raise ImportError('imported from the current folder')", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.chdir(folder)
        made = list(pool.map(lambda pair: converted(pair[0], pair[1], Calibration()), wanted))
    return {network.name: path for (network, _), path in zip(wanted, made, strict=True)}


def answers(engine: Engine, pixels: Pixels) -> Rows:
    return np.concatenate([LOGITS.probabilities(engine.run(picture[np.newaxis])) for picture in pixels])


def demo_pixels(size: tuple[int, int]) -> Pixels:
    """Some pictures of each scene of the demo."""
    frames = [frame.bgr for frame in Recording(asset("demo.mp4")).frames(threading.Event()) if frame.index % 40 == 20]
    rows = np.empty((len(frames), *size, 3), np.uint8)
    for frame, row in zip(frames, rows, strict=True):
        resize_into(frame, row)
    return rows


def test_float32_answers_as_keras_does(from_the_catalogue: Network, files: dict[str, Path]) -> None:
    engine = LiteRTEngine(files[from_the_catalogue.name], "float32", 2)
    rgb = pictures("mobilenetv2")
    pixels = np.concatenate([rgb, rgb[..., ::-1], rgb // 2])
    rows = answers(engine, pixels)
    np.testing.assert_allclose(rows, answers(KerasEngine(from_the_catalogue), pixels), atol=1e-4)
    for other in rows[1:]:  # a mistake of colour or scale would show
        assert np.abs(rows[0] - other).max() > 1e-3


def test_int8_answers_nearly_as_keras_does(files: dict[str, Path]) -> None:
    """With weights of which the answers make sense."""
    pixels = demo_pixels(LITE1.input_size)
    right = answers(KerasEngine(LITE1), pixels)
    engine = LiteRTEngine(files[LITE1.name], "int8", 2)
    rows = answers(engine, pixels)
    assert engine.input_size == LITE1.input_size
    np.testing.assert_array_equal(rows.argmax(1), right.argmax(1))
    np.testing.assert_allclose(rows, right, atol=0.15)


def test_the_order_of_colours_survives_8_bits(of_the_user: Network, files: dict[str, Path]) -> None:
    pixels = some_pixels()
    rows = answers(LiteRTEngine(files[of_the_user.name], "int8", 1), pixels)
    right = answers(KerasEngine(of_the_user), pixels)
    np.testing.assert_allclose(rows, right, atol=0.05)
    wrong = answers(KerasEngine(load_network(of_the_user.name, preprocessing=RGB)), pixels)
    assert np.abs(wrong - right).max() > 0.2


def test_what_cannot_be_converted_is_said_in_a_line(tmp_path: Path) -> None:
    import keras

    picture = keras.Input((8, 10, 3))
    scores = layers.Dense(5)(keras.ops.erfinv(layers.GlobalAveragePooling2D()(picture) / 256))
    network = load_network(str(saved(keras.Model(picture, scores), tmp_path / "own.keras")))
    before = set(cache_folder().iterdir())
    with pytest.raises(EngineError, match=r"^\S+own.keras can't be converted to LiteRT float32: .*$"):
        converted(network, "float32", Calibration())
    assert {path.suffix for path in set(cache_folder().iterdir()) - before} == {".lock"}
