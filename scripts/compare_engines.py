"""Time every engine and precision of this machine on several networks, and compare the answers with plain Keras.

Plain Keras is the function of keras.applications, its `preprocess_input` and `predict`. Networks whose weights aren't
on this machine get random ones, with scores spread as a trained network's: speed doesn't depend on them.

    python scripts/compare_engines.py [NETWORK ...]
"""

from __future__ import annotations

import argparse
import inspect
import sys
import tempfile
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from live_classify.core.cores import usable_cores
from live_classify.core.protocols import Engine, Goal
from live_classify.engines.processor import processor_name
from live_classify.engines.select import Wishes, open_workers
from live_classify.engines.stored import Choice
from live_classify.heads.softmax import SoftmaxHead
from live_classify.measure.engines import Timing, candidates, classify_all, measure
from live_classify.models.catalogue.networks import find_network
from live_classify.models.convert.calibration import Calibration
from live_classify.models.formats.keras_import import import_keras
from live_classify.models.records.network import Network
from live_classify.models.weights.origin import LocalFile, no_progress

NETWORKS = (
    *("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "mobilenetv2", "mobilenetv3small"),
    *("efficientnetb0", "resnet50", "densenet121", "vgg16"),
)
PICTURES = 32
SPREAD = 2.0  # of the scores of a network with random weights
ROUND_S = 0.5
GOALS: tuple[Goal, ...] = ("latency", "throughput")

Rows = npt.NDArray[np.float32]


def plain_keras(network: Network, pictures: npt.NDArray[np.uint8], weights: Path) -> tuple[Network, Rows]:
    """Run plain Keras; returns the network with the weights used, and ``(N, classes)`` probabilities."""
    keras = import_keras()
    keras.utils.set_random_seed(1)
    functions = {name.lower(): one for name, one in inspect.getmembers(keras.applications, inspect.isfunction)}
    function = functions.get(network.name)
    if function is None:  # EfficientNet-Lite isn't in keras.applications
        model = network.build()
        scores = model.predict(pictures.astype(np.float32), verbose=0)
        return network, np.asarray(keras.ops.softmax(scores), np.float32)
    inputs = sys.modules[function.__module__].preprocess_input(pictures.astype(np.float32))
    if network.weights.find() is not None:
        return network, np.asarray(function().predict(inputs, verbose=0), np.float32)
    model = function(weights=None, input_shape=(*network.input_size, 3))
    model.compile(jit_compile=False)
    spread_scores(model, inputs)
    model.save_weights(weights)
    return replace(network, weights=LocalFile(weights)), np.asarray(model.predict(inputs, verbose=0), np.float32)


def spread_scores(model: Any, inputs: npt.NDArray[np.float32]) -> None:
    """Scale the last kernel until the scores differ: signals vanish or explode in a network that wasn't trained."""
    last = [layer for layer in model.layers if getattr(layer, "kernel", None) is not None][-1]
    for _ in range(8):
        spread = np.log(model.predict(inputs, verbose=0).astype(np.float64) + 1e-30).std()
        if 0.5 * SPREAD < spread < 2 * SPREAD:
            return
        last.kernel.assign(last.kernel * (SPREAD / max(spread, 1e-5) if spread < 3 else 1e-3))


def compare(name: str, folder: Path) -> None:
    """Print the rows of one network."""
    network, calibration = find_network(name), Calibration()
    every = calibration.pictures(network.input_size)
    pictures = every[:: -(-len(every) // PICTURES)]
    network, expected = plain_keras(network, pictures, folder / f"{name}.weights.h5")
    answers: dict[tuple[str, str, str], Rows] = {}
    head = SoftmaxHead(network.output)

    def open_engines(goal: Goal, choice: Choice) -> list[Engine]:
        engines = open_workers(network, choice, goal, calibration, no_progress)
        answers[choice.engine, choice.precision, choice.device] = classify_all(engines[0], head, pictures)
        return engines

    choices = [(goal, choice) for goal in GOALS for choice in candidates(network, Wishes(), goal)]
    measured = measure(
        choices, open_engines, head, pictures, ROUND_S, progress=lambda what, *_: print(what, file=sys.stderr)
    )
    for key, rows in answers.items():
        mine = [one for one in measured if (one.choice.engine, one.choice.precision, one.choice.device) == key]
        fastest = {goal: min((one for one in mine if one.goal == goal), key=lambda one: one.ms) for goal in GOALS}
        same = np.mean(rows.argmax(1) == expected.argmax(1))
        worst = np.abs(rows - expected).max()
        layout = layout_of(fastest["throughput"])
        times = f"{fastest['latency'].ms:.1f} | {fastest['throughput'].ms:.1f} ({layout})"
        print(f"| {name} | {' '.join(key[:2])} {key[2]} | {times} | {same:.0%} | {worst:.1e} |", flush=True)


def layout_of(timing: Timing) -> str:
    """Batch and workers in words."""
    return f"batch {timing.choice.batch}, {timing.choice.workers} at a time"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    names = parser.parse_args().networks
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("ai-edge-litert", "tensorflow", "keras"))
    print(f"{processor_name()}, {usable_cores()} cores; {versions}\n")
    print("| network | engine | ms, one picture | ms a picture, best layout | same top label | largest difference |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            compare(name, Path(folder))


if __name__ == "__main__":
    main()
