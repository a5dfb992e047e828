"""The config of an export of Teachable Machine, as Keras 2 wrote it."""

from __future__ import annotations

from typing import Any

from keras_models import SIZE


def layer(name: str, kind: str, links: list[Any] | None = None, **config: Any) -> dict[str, Any]:
    """A layer as Keras 2 wrote it; within a functional network with the links to it."""
    made = {"class_name": kind, "config": {"name": name, "trainable": True, "dtype": "float32", **config}}
    return made if links is None else {**made, "name": name, "inbound_nodes": links}


def entry(name: str, *shape: int, links: list[Any] | None = None) -> dict[str, Any]:
    made = layer(name, "InputLayer", links, batch_input_shape=[None, *shape], sparse=False, ragged=False)
    del made["config"]["trainable"]
    return made


def operation(name: str, of: str, **constant: Any) -> dict[str, Any]:
    """Arithmetic outside of any layer, on what layer ``of`` gives."""
    return layer(name, "TFOpLambda", [[of, 0, 0, {**constant, "name": None}]], function=name.removeprefix("tf."))


def sequential(name: str, *within: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(within)}}


ZEROS = {"class_name": "Zeros", "config": {}}
DEPTHWISE = {
    "kernel_size": [3, 3],
    "strides": [1, 1],
    "padding": "valid",
    "data_format": "channels_last",
    "dilation_rate": [1, 1],
    "groups": 1,
    "activation": "linear",
    "use_bias": False,
    "depth_multiplier": 2,
    "depthwise_initializer": ZEROS,
    "depthwise_regularizer": {"class_name": "L2", "config": {"l2": 0.1}},
}
NORMALISATION = {"axis": [3], "epsilon": 0.001, "center": True, "scale": True, "gamma_initializer": ZEROS}
TEACHABLE_MACHINE = sequential(
    "sequential_4",
    entry("input_3", *SIZE, 3),
    sequential(
        "sequential_1",
        entry("input_2", *SIZE, 3),
        {
            "class_name": "Functional",
            "config": {
                "name": "model1",
                "layers": [
                    entry("input_1", *SIZE, 3, links=[]),
                    operation("tf.math.truediv", "input_1", y=127.5),
                    operation("tf.math.subtract", "tf.math.truediv", y=1.0),
                    layer("a/depthwise", "DepthwiseConv2D", [[["tf.math.subtract", 0, 0, {}]]], **DEPTHWISE),
                    layer("a/norm", "BatchNormalization", [[["a/depthwise", 0, 0, {}]]], **NORMALISATION),
                    layer("relu", "ReLU", [[["a/norm", 0, 0, {}]]], max_value=6.0, negative_slope=0.0, threshold=0.0),
                ],
                "input_layers": [["input_1", 0, 0]],
                "output_layers": [["relu", 0, 0]],
            },
        },
        layer("pool", "GlobalAveragePooling2D", data_format="channels_last", keepdims=False),
    ),
    sequential(
        "sequential_3",
        layer("dense_1", "Dense", batch_input_shape=[None, 6], units=5, activation="relu", use_bias=True),
        layer("dense_2", "Dense", units=3, activation="softmax", use_bias=True, kernel_initializer=ZEROS),
    ),
)
