"""Runs the default network on the Keras backend of this process, and says in JSON what came of it.

It classifies four pictures of the demo, and a part of it on two logical devices that stand in for two GPUs. One process
does both: to start and import a backend takes seconds.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from live_classify import Classifier, load_classifier
from live_classify.assets import asset
from live_classify.engines.keras import open_on
from live_classify.flow.pipeline import Pipeline
from live_classify.models.catalogue.lite_weights import LITE0
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.records.preprocessing import Preprocessing
from live_classify.sources.excerpt import Part
from live_classify.sources.open import recorded_source

PART = Part(start_s=3.8, end_s=4.2)  # a cut in its middle


class CountedPreprocessing(Preprocessing):
    """None, but it counts how often a backend asks for it: once for each trace."""

    traces = 0

    def apply(self, rgb: Any) -> Any:
        """Take note of a trace."""
        type(self).traces += 1
        return rgb


def answers() -> dict[str, Any]:
    """Classify batches of several sizes."""
    frames = [frame.bgr for frame in recorded_source(str(asset("demo.mp4")), Part(every=120)).frames(threading.Event())]
    with load_classifier(engine="keras", device="cpu", batch=4, preprocessing=CountedPreprocessing()) as classifier:
        rows = [prediction.probabilities.tolist() for prediction in classifier.classify(frames)]
        traces = CountedPreprocessing.traces
        for count in (1, 3, 2, 4):
            classifier.classify(frames[:count])
    return {"rows": rows, "traces_in_a_run": CountedPreprocessing.traces - traces, "imported": [*sys.modules]}


def devices() -> dict[str, Any]:
    """Classify a recording on two devices, two calls at a time on each."""
    weights: list[list[str]] = []

    def construct(path: Path) -> Any:
        model = LITE0.construct(path)  # type: ignore[misc]
        weights.append(sorted({str(variable.value.device) for variable in model.variables}))
        return model

    engines = open_on(replace(LITE0, construct=construct), ["cpu:0", "cpu:1"], batch=1, calls=2)
    labels = LITE0.read_labels()
    seen: list[tuple[int, str]] = []

    class Keep:
        def write(self, answered: Any) -> None:
            seen.append((answered.frame.index, answered.prediction.top.name))

        def close(self) -> None:
            pass

    classifier = Classifier(LITE0, labels, lambda _: [*engines])
    with Pipeline([recorded_source(str(asset("demo.mp4")), PART)], classifier, live=False, sinks=[Keep()]) as pipeline:
        pipeline.wait()
    same = np.zeros((1, 224, 224, 3), np.uint8)
    difference = float(np.abs(engines[0].run(same).scores - engines[1].run(same).scores).max())
    return {
        "devices": [engine.device for engine in engines],
        "weights": weights,
        "frames": [worker.frames for worker in pipeline.monitor.snapshot().workers],
        "seen": seen,
        "difference": difference,
    }


def main() -> None:
    """Do both."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        import tensorflow as tf

        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    found: dict[str, Any] = {"answers": answers()}
    found["backend"] = import_keras().backend.backend()
    if found["backend"] != "torch":  # which has one processor
        found["devices"] = devices()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
