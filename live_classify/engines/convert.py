"""The process that converts a network to LiteRT: ``python -m live_classify.engines.convert``.

:mod:`live_classify.engines.conversion` starts it, and gives it its job on standard input. It answers with its exit
status, and one line on standard error.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from live_classify.errors import LiveClassifyError
from live_classify.models.keras_import import import_keras
from live_classify.models.load import load_network
from live_classify.models.network import Network
from live_classify.models.preprocessing import Preprocessing


def convert(network: Network, pictures: npt.NDArray[np.uint8] | None) -> bytes:
    """Convert a network, preprocessing included.

    Args:
        network: with a Keras form; TensorFlow must be Keras's backend.
        pictures: ``(N, H, W, 3)`` RGB to calibrate an int8 file with; None makes a float32 file.

    Returns:
        The contents of a ``.tflite`` file.
    """
    keras = import_keras()
    import tensorflow as tf

    model = network.build()
    image = keras.Input((*network.input_size, 3), name="image")
    exported = keras.Model(image, model(network.preprocessing.apply(image)))
    with tempfile.TemporaryDirectory() as folder:
        # By way of a SavedModel: calibration fails on a live Keras model (READ_VARIABLE).
        signature = tf.TensorSpec((1, *network.input_size, 3), tf.float32, name="image")
        exported.export(folder, verbose=False, input_signature=[signature])
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if pictures is not None:

            def samples() -> Iterator[list[npt.NDArray[np.float32]]]:
                for picture in pictures:
                    yield [picture[np.newaxis].astype(np.float32)]

            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = samples
            # An operation that has no int8 form stays in float32.
            converter.target_spec.supported_ops = [
                tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
                tf.lite.OpsSet.TFLITE_BUILTINS,
            ]
            converter.inference_input_type = tf.uint8
            converter.inference_output_type = tf.float32
        return bytes(converter.convert())


def _do(job: dict[str, Any]) -> None:
    scale, offset, colour = job["preprocessing"]
    network = load_network(
        job["model"],
        weights=Path(job["weights"]),
        preprocessing=Preprocessing(tuple(scale), tuple(offset), colour),
    )
    pictures = np.load(job["pictures"]) if job["precision"] == "int8" else None
    Path(job["output"]).write_bytes(convert(network, pictures))


if __name__ == "__main__":
    try:
        _do(json.load(sys.stdin))
    except LiveClassifyError as failure:
        sys.exit(str(failure))
    except Exception as failure:  # noqa: BLE001 (the converter raises whatever there is)
        sys.exit(str(failure).strip().split("\n", 1)[0] or type(failure).__name__)
