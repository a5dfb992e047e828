"""Keras on each of its backends, in processes of their own: a process has one backend, and one count of devices."""

from __future__ import annotations

import functools
import importlib.util
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import program
from live_classify import load_classifier
from live_classify.assets import asset
from live_classify.sources.excerpt import Part
from live_classify.sources.open import recorded_source
from media import photograph

PROGRAM = Path(__file__).parents[1] / "backend_program.py"


@functools.cache
def run(backend: str) -> dict[str, Any]:
    """What the backend's process found; one serves all tests."""
    if importlib.util.find_spec(backend) is None:
        assert backend == "torch", f"{backend} belongs to the test dependencies"
        pytest.skip("torch isn't installed; it takes gigabytes")
    done = subprocess.run(
        [sys.executable, PROGRAM],
        env=program.environment(KERAS_BACKEND=backend, XLA_FLAGS="--xla_force_host_platform_device_count=2"),
        capture_output=True,
        text=True,
        timeout=240,  # two minutes for each of its tasks
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["backend"] == backend
    return found


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_every_backend_answers_as_litert_does(backend: str) -> None:
    demo = recorded_source(str(asset("demo.mp4")), Part(every=120))
    frames = [frame.bgr for frame in demo.frames(threading.Event())]
    with load_classifier(engine="litert", precision="float32") as classifier:
        expected = [prediction.probabilities for prediction in classifier.classify(frames)]
    found = run(backend)["answers"]
    assert len(found["rows"]) == 4
    np.testing.assert_allclose(found["rows"], expected, atol=1e-4)
    if backend != "torch":  # which has no graph
        assert found["traces_in_a_run"] == 0
    # Each takes seconds and hundreds of megabytes. JAX is imported by TensorFlow itself, and by Keras beside Torch.
    unwanted = {"tensorflow", "torch"} - {backend}
    assert not unwanted.intersection(found["imported"])


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_are_two_workers_with_two_calls_each(backend: str) -> None:
    found = run(backend)["devices"]
    assert found["devices"] == ["cpu", "cpu:1", "cpu", "cpu:1"]
    (first_place,), (second_place,) = found["weights"]
    assert (first_place[-1], second_place[-1]) == ("0", "1")
    assert found["difference"] == 0
    indices = [index for index, _ in found["seen"]]
    assert indices == list(range(114, 126))  # each once, in order
    assert [name for _, name in found["seen"]] == ["espresso"] * 6 + ["Egyptian_cat"] * 6
    assert sum(found["frames"]) == 12
    first, second = found["frames"][0] + found["frames"][2], found["frames"][1] + found["frames"][3]
    assert min(first, second) > 0


@pytest.mark.parametrize(
    ("backend", "options", "status", "says"),
    [
        ("jax", ["--device", "gpu"], 2, "there is no device gpu: jax sees 0 GPU(s); use --device cpu"),
        ("jax", ["--device", "gpu:1"], 2, "there is no device gpu:1: jax sees 0 GPU(s); use --device cpu"),
        ("abacus", ["--engine", "keras"], 1, "Keras can't be imported: Unable to import backend : abacus"),
        ("openvino", ["--engine", "keras"], 1, "KERAS_BACKEND=openvino isn't supported: tensorflow, jax, torch are"),
    ],
)
def test_what_keras_cannot_do_is_said_in_a_line(
    backend: str, options: list[str], status: int, says: str, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.png"
    cv2.imwrite(str(picture), photograph())
    done = program.run("image", picture, *options, cwd=tmp_path, KERAS_BACKEND=backend, JAX_PLATFORMS="cpu")
    assert program.only_line(done.stderr) == f"live-classify: {says}"
    assert done.returncode == status
    assert not done.stdout
