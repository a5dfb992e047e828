"""Measure how cost grows with the picture's size, the number of cameras, the workers and the size of the network.

Prints Markdown tables and writes a plot of each. Figures are the median of three rounds, run in turns; after each
stands how far the rounds lie apart, as a part of it.

    python scripts/measure_growth.py [resolution] [cameras] [workers] [models] [--clip FILE] [--plots FOLDER]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from compare_engines import plain_keras
from live_classify import Classifier, load_classifier
from live_classify.assets import asset
from live_classify.core.cores import usable_cores
from live_classify.core.values import Answered, Frame, Label, Prediction
from live_classify.engines.processor import processor_name
from live_classify.engines.select import open_workers
from live_classify.engines.stored import Choice
from live_classify.measure.cameras import FPS
from live_classify.measure.engines import worker_counts
from live_classify.measure.plots import logarithmic_points, vertical_bars
from live_classify.measure.rounds import Clocks, Rate, in_turns, rate_of
from live_classify.measure.stages import Stage, inferring
from live_classify.measure.whole import Live, Recorded, Repeated
from live_classify.models.catalogue.networks import find_network
from live_classify.models.convert.calibration import Calibration
from live_classify.models.records.labels import Labels
from live_classify.models.records.network import Network
from live_classify.outputs.video import VideoSink
from live_classify.sources.recording import Recording
from live_classify.sources.synthetic import SyntheticCamera

ROUNDS, FRAMES = 3, 150
ROUND_S, LIVE_S = 0.3, 1.5
SIZES = ((640, 360), (1280, 720), (1920, 1080), (3840, 2160))
CAMERAS = (1, 2, 4, 8, 16)
NETWORKS = ("mobilenetv3small", "efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "resnet50", "vgg16")
_NOTHING = Prediction((Label(0, "", "", 1.0),), Label(0, "", "", 1.0), np.ones(1, np.float32), 0.0)


def resolution(clip: Path, folder: Path) -> str:
    """Recorded frames a second by the size of the picture, with and without an annotated video to write."""
    with load_classifier(engine="litert") as classifier:
        classifier.engines("throughput")
        runs: dict[str, list[Recorded]] = {"recorded": [], "with --output": []}
        for size in SIZES:
            scaled = scale(clip, size, folder / f"{size[1]}.mp4")
            for name, video in (("recorded", False), ("with --output", True)):
                runs[name].append(Recorded(partial(Recording, scaled), classifier, FRAMES, folder, video))
        in_turns([run.run_round for group in runs.values() for run in group], ROUNDS, lambda: None)
    labels = [f"{width}x{height}" for width, height in SIZES]
    rates: dict[str, Sequence[Rate]] = {name: [run.figures() for run in group] for name, group in runs.items()}
    print_table("size", labels, rates)
    return vertical_bars("Frames a second by resolution", labels, rates, "pixels", "frames a second")


def scale(clip: Path, size: tuple[int, int], path: Path) -> Path:
    """Write the clip, repeated or cut to a number of frames, at another size as H.264; returns ``path``."""
    sink = VideoSink(path, lambda answered: answered.frame.bgr, FPS)
    try:
        for frame in Repeated(Recording(clip), FRAMES).frames(threading.Event()):
            bgr = np.asarray(cv2.resize(frame.bgr, size), np.uint8)
            sink.write(Answered(Frame(bgr, frame.index, 0.0, frame.index / FPS, frame.source), (_NOTHING,)))
    finally:
        sink.close()
    return path


def cameras(clip: Path, _: Path) -> str:
    """Frames classified a second by the number of cameras, in all and of the camera that fares worst."""
    with load_classifier(engine="litert") as classifier:
        classifier.engines("latency")
        classifier.engines("throughput")
        runs = [Live(partial(open_cameras, clip, count), classifier, LIVE_S) for count in CAMERAS]
        in_turns([run.run_round for run in runs], ROUNDS, lambda: None)
    labels = [str(count) for count in CAMERAS]
    rates = {
        "all cameras": [rate_of(run.rates) for run in runs],
        "the slowest camera": [rate_of(run.slowest) for run in runs],
    }
    print_table(f"cameras of {FPS:.0f} fps", labels, rates)
    return vertical_bars("Frames a second by cameras", labels, rates, f"cameras of {FPS:.0f} fps", "frames a second")


def open_cameras(clip: Path, count: int) -> list[SyntheticCamera]:
    """Some cameras that show the clip."""
    return [SyntheticCamera(clip, FPS, name=f"camera {number}") for number in range(1, count + 1)]


def workers(clip: Path, folder: Path) -> str:
    """Recorded frames a second by the number of frames that are classified at a time."""
    counts = worker_counts(usable_cores())
    network = find_network("efficientnet-lite0")
    with ExitStack() as stack:
        runs = []
        for count in counts:
            classifier = stack.enter_context(on_litert(network, count))
            classifier.engines("throughput")
            runs.append(Recorded(partial(Recording, clip), classifier, 2 * FRAMES, folder))
        in_turns([run.run_round for run in runs], ROUNDS, lambda: None)
    labels, rates = [str(count) for count in counts], {"recorded": [run.figures() for run in runs]}
    print_table("workers", labels, rates)
    return vertical_bars("Frames a second by workers", labels, rates, "frames at a time", "frames a second")


def on_litert(network: Network, count: int | None = None) -> Classifier:
    """A network in float32 on LiteRT, with a number of workers; None for as many as usual."""
    choice = Choice("litert", "float32", "cpu", 1, count)
    return Classifier(
        network,
        Labels(("",) * network.classes, tuple(map(str, range(network.classes)))),
        lambda goal: open_workers(network, choice, goal, Calibration()),
    )


def models(clip: Path, folder: Path) -> str:
    """Frames a second by parameters, one picture at a time and recorded."""
    networks = [with_weights(name, folder) for name in NETWORKS]
    frames = list(Repeated(Recording(clip), 16).frames(threading.Event()))
    with ExitStack() as stack:
        single, recorded = [], []
        for network in networks:
            classifier = stack.enter_context(on_litert(network))
            (engine,) = classifier.engines("latency")
            begin = partial(inferring, engine, classifier.head, frames, classifier.resize)
            trial = Stage(begin, ROUND_S, Clocks())  # its round isn't in turns with the others: it only tells how fast
            trial.run_round()
            count = max(8, round(3 * ROUND_S * trial.figures()["fps"]))
            single.append(Stage(begin, ROUND_S, Clocks()))
            classifier.engines("throughput")
            recorded.append(Recorded(partial(Recording, clip), classifier, count, folder))
        works = [*(stage.run_round for stage in single), *(run.run_round for run in recorded)]
        in_turns(works, ROUNDS, lambda: None)
    rates: dict[str, Sequence[Rate]] = {
        "one at a time": [stage.figures() for stage in single],
        "recorded": [run.figures() for run in recorded],
    }
    millions = [network.parameters / 1e6 for network in networks]
    labels = [f"{network.name}, {size:.1f} million" for network, size in zip(networks, millions, strict=True)]
    print_table("network, parameters", labels, rates)
    points = {name: [*zip(millions, (rate["fps"] for rate in group), strict=True)] for name, group in rates.items()}
    return logarithmic_points("Frames a second by parameters", points, "million parameters", "frames a second")


def with_weights(name: str, folder: Path) -> Network:
    """A network whose weights are on this machine, or one with random weights."""
    network = find_network(name)
    if network.weights.find() is not None:
        return network
    pictures = Calibration().pictures(network.input_size)[:8]
    return plain_keras(network, pictures, folder / f"{name}.weights.h5")[0]


def print_table(what: str, labels: Sequence[str], rates: Mapping[str, Sequence[Rate]]) -> None:
    """Print frames a second, and how far the rounds lie apart."""
    print(f"\n| {what} | {' | '.join(f'{name}, frames a second' for name in rates)} |")
    print(f"|---|{'---|' * len(rates)}")
    for label, row in zip(labels, zip(*rates.values(), strict=True), strict=True):
        cells = [f"{rate['fps']:.1f} ({rate['spread']:.0%})" for rate in row]
        print(f"| {label} | {' | '.join(cells)} |", flush=True)


PARTS: dict[str, Callable[[Path, Path], str]] = {
    "resolution": resolution,
    "cameras": cameras,
    "workers": workers,
    "models": models,
}


def main() -> int:
    """Measure the parts named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all without any")
    parser.add_argument("--clip", type=Path, default=asset("demo.mp4"), help="a recording instead of the shipped one")
    parser.add_argument("--plots", type=Path, help="the folder for the plots")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(PARTS)}")
    print(f"{processor_name()}, {usable_cores()} cores")
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            plot = PARTS[name](options.clip, Path(folder))
        if options.plots is not None:
            options.plots.mkdir(parents=True, exist_ok=True)
            (options.plots / f"growth-{name}.svg").write_text(plot, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
