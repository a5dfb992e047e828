"""A Keras network, resident on its device.

Frames go up as uint8, once a batch; cast, normalisation, network and softmax run in one compiled graph; only
probabilities come back.
"""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from live_classify.engines.base import EngineName
from live_classify.engines.quiet import native_stderr_silenced
from live_classify.errors import EngineError, UsageError
from live_classify.models.catalogue import Network


class KerasEngine:
    """A network of the catalogue in TensorFlow. Calls of several threads overlap.

    Args:
        network: what to run.
        device: ``cpu``, ``gpu`` (the first) or ``gpu:N``.
        batch: the size of every call; smaller batches are filled up, so that nothing is traced anew in a run.

    Raises:
        UsageError: there is no such device.
        EngineError: TensorFlow can't be used.
        ModelFileError: the weights are missing or damaged.
    """

    name: EngineName = "keras"
    precision = "float32"

    def __init__(self, network: Network, device: str = "cpu", batch: int = 1) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # or TensorFlow's start-up fills the terminal
        try:
            with native_stderr_silenced():
                import keras
                import tensorflow as tf

                self._device = _find_device(device)
        except ImportError as error:
            raise EngineError(f"TensorFlow can't be imported: {error}") from error
        if keras.backend.backend() != "tensorflow":
            raise EngineError(f"the keras engine runs on TensorFlow, not on KERAS_BACKEND={keras.backend.backend()}")
        self.device = device
        self.batch = batch
        self.input_size = network.input_size
        with tf.device(self._device):
            model = network.build()

            def probabilities(rgb: tf.Tensor) -> tf.Tensor:
                logits = model(tf.cast(rgb, tf.float32), training=False)
                return tf.nn.softmax(tf.cast(logits, tf.float32))

            signature = tf.TensorSpec((batch, *network.input_size, 3), tf.uint8)
            self._run = tf.function(probabilities).get_concrete_function(signature)
        self._model = model  # the graph holds its variables only weakly
        self.classify(np.zeros((1, *self.input_size, 3), np.uint8))  # the first run plans the graph

    def classify(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Run the network; see :class:`~live_classify.engines.base.Engine`."""
        import tensorflow as tf

        count = len(rgb)
        if count < self.batch:
            rgb = np.concatenate([rgb, np.zeros((self.batch - count, *rgb.shape[1:]), np.uint8)])
        try:
            with tf.device(self._device):
                return np.asarray(self._run(tf.constant(rgb)).numpy()[:count], dtype=np.float32)
        except tf.errors.OpError as error:
            raise EngineError(f"TensorFlow failed: {str(error).splitlines()[0]}") from error

    def close(self) -> None:
        """Let the network go; see :class:`~live_classify.engines.base.Engine`."""
        del self._run, self._model


def _find_device(device: str) -> str:
    """TensorFlow's name of a device.

    Raises:
        UsageError: there is no such device.
    """
    import tensorflow as tf

    if device == "cpu":
        return "/CPU:0"
    number = int(device.partition(":")[2] or "0")
    gpus = tf.config.list_logical_devices("GPU")
    if number >= len(gpus):
        raise UsageError(f"there is no device {device}: TensorFlow sees {len(gpus)} GPU(s); use --device cpu")
    return str(gpus[number].name)
