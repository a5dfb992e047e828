"""Of a config only what Keras's own layers need is taken; what would run code is refused."""

from __future__ import annotations

from typing import Any

import pytest

from keras_configs import DENSE
from live_classify.core.errors import ModelFileError
from live_classify.models.formats.keras_config import STORED, checked_config


def layer(class_name: object, module: object = "keras.layers", **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": {"name": "it", **config}, "registered_name": None}


def model_of(*layers: object) -> dict[str, Any]:
    return layer("Sequential", "keras", layers=list(layers))


def test_a_config_is_rebuilt_with_weights_to_be_overwritten() -> None:
    dense = layer(
        "Dense",
        units=3,
        dtype=layer("DTypePolicy", "keras") | {"config": {"name": "mixed_float16"}},
        kernel_initializer=layer("Mine", "evil"),
        kernel_regularizer=layer("Mine", "evil"),
        bias_constraint=layer("Mine", "evil"),
    )
    rebuilt = checked_config(model_of(dense) | {"compile_config": layer("Mine", "evil")}, "x")
    stored = {"class_name": STORED, "config": {}}
    assert "compile_config" not in rebuilt
    assert rebuilt["config"]["layers"][0]["config"] == {
        "name": "it",
        "units": 3,
        "dtype": "mixed_float16",
        "kernel_initializer": stored,
        "bias_initializer": stored,
    }


def lambda_of(code: str) -> dict[str, Any]:
    return {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            layer("Lambda", function=lambda_of("4wEAAAA=")),
            r"its layer it is Python code \(Lambda\), which is never run",
        ),
        (layer("Activation", activation=lambda_of("x")), r"a part of it is Python code \(__lambda__\)"),
        (layer("Dense", units={"deep": [lambda_of("x")]}), "is Python code"),
        (layer("TFSMLayer", filepath="/x"), "is of class keras.layers.TFSMLayer, which isn't one of Keras's layers"),
        (layer("TorchModuleWrapper"), "is of class keras.layers.TorchModuleWrapper"),
        (layer("JaxLayer"), "is of class keras.layers.JaxLayer"),
        (layer("StringLookup", vocabulary="/etc/hostname"), "is of class keras.layers.StringLookup"),
        (layer("Dense", "evil"), "its layer it is of class evil.Dense"),
        (layer("Dense", "keras_evil.layers"), "is of class keras_evil.layers.Dense"),
        (layer("Dense", "keras.layers\n"), "is of class keras.layers"),
        (layer("Dense", None), "is of class Dense"),
        (layer("Mine", None) | {"registered_name": "Custom>Mine"}, "is of class Mine"),
        (layer("Custom>Mine"), "is of class keras.layers.Custom>Mine"),
        (layer("system", "os"), "is of class os.system"),
        (layer("get_file", "keras.utils"), "is of class keras.utils.get_file"),
        (layer("Map", "keras.src.ops.core"), "is of class keras.src.ops.core.Map"),
        (layer("Add", "keras.src.ops.numpy.evil"), None),
        (layer("x.Add", "keras.src.ops.numpy"), "is of class keras.src.ops.numpy.x.Add"),
        (layer(["Dense"]), r"a class is named by \['Dense'\]"),
        (layer(None), "a class is named by None"),
        (layer("\x1b[2J"), r"is of class keras.layers.\?\[2J"),
        (layer("TFOpLambda", function="io.write_file"), "is a bare TensorFlow operation"),
        ({"class_name": "__typespec__", "config": []}, "is of class keras.__typespec__"),
        ({"class_name": "CompositeTensor", "spec": 1}, "is of class keras.CompositeTensor"),
        ({"class_name": "Dense", "config": "relu"}, "is of class keras.Dense"),
        (layer("LayerScale", "keras.src.applications.convnext", projection_dim=10**9), "has 1000000000 channels"),
    ],
)
def test_a_config_that_asks_for_something_else_is_refused(config: dict[str, Any], says: str | None) -> None:
    if says is None:
        # Only the name counts: the layer is taken from where Keras has it.
        assert checked_config(model_of(config), "x")["config"]["layers"][0]["module"] == "keras.layers"
        return
    for spoilt in (model_of(config), model_of(DENSE, model_of(config))):
        with pytest.raises(ModelFileError, match=f"^x.keras can't be used: .*{says}") as refusal:
            checked_config(spoilt, "x.keras")
        assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("config", [None, [], "Sequential", 5, {}, DENSE, {"class_name": ["Sequential"]}])
def test_what_is_no_model_s_config_is_refused(config: object) -> None:
    with pytest.raises(ModelFileError, match="x holds no whole Keras model"):
        checked_config(config, "x")


def test_a_config_nested_without_end_is_refused() -> None:
    config: dict[str, Any] = {}
    for _ in range(100_000):
        config = {"a": config}
    with pytest.raises(ModelFileError, match="its config is nested too deeply"):
        checked_config(model_of(config), "x")
