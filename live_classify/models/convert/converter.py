"""The process that converts a network to LiteRT; :mod:`live_classify.models.convert.cache` starts it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from live_classify.core.errors import LiveClassifyError
from live_classify.core.one_line import one_line
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.load import load_network
from live_classify.models.records.network import Network
from live_classify.models.records.preprocessing import Preprocessing


def convert(network: Network, pictures: npt.NDArray[np.uint8] | None) -> bytes:
    """Convert a network, preprocessing included.

    Args:
        network: with a Keras form; TensorFlow must be Keras's backend.
        pictures: ``(N, H, W, 3)`` RGB to calibrate an int8 file with; None makes a float32 file.

    Returns:
        The contents of a ``.tflite`` file.
    """
    import_keras()
    import tensorflow as tf

    model = network.build()
    function = tf.function(lambda image: model(_prepared(image, network.preprocessing), training=False))
    signature = function.get_concrete_function(tf.TensorSpec((1, *network.input_size, 3), tf.float32, name="image"))
    with tempfile.TemporaryDirectory() as folder:
        # By way of a SavedModel: calibration fails on a live Keras model (READ_VARIABLE). Keras's own export takes
        # four times as long.
        exported = tf.Module()
        exported.variables_of_the_model = [variable.value for variable in model.variables]
        tf.saved_model.save(exported, folder, signatures=signature)
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


def _prepared(image: Any, preprocessing: Preprocessing) -> Any:
    """Prepare pixels as :meth:`Preprocessing.apply` does, by a convolution of one pixel, which has a good 8-bit form.

    The converter (TensorFlow 2.21) takes a reversal of channels for one that keeps the scale of its numbers and gives
    its result another; and product and sum would be rounded one after the other.
    """
    if preprocessing.is_none:
        return image
    from keras import ops

    kernel = np.diag(preprocessing.scale)
    if preprocessing.colour == "bgr":
        kernel = kernel[::-1]
    weights = ops.convert_to_tensor(kernel[np.newaxis, np.newaxis], "float32")
    return ops.conv(image, weights) + ops.convert_to_tensor(preprocessing.offset, "float32")


def main() -> None:
    """Do the job that is named on the command line, in JSON; print one line that says why it can't be done."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _do(json.loads(sys.argv[1]))
    except Exception as error:  # noqa: BLE001 (the converter raises whatever there is)
        print(str(error) if isinstance(error, LiveClassifyError) else one_line(error))  # noqa: T201 (to the parent)
        sys.exit(1)


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # it has nothing to read: it ends when the parent does, however that ends
    os._exit(1)


def _do(job: dict[str, Any]) -> None:
    scale, offset, colour = job["preprocessing"]
    network = load_network(
        job["model"],
        weights=Path(job["weights"]),
        preprocessing=Preprocessing(tuple(scale), tuple(offset), colour),
    )
    pictures = np.load(job["pictures"]) if job["precision"] == "int8" else None
    Path(job["output"]).write_bytes(convert(network, pictures))
