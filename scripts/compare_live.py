"""Measure a live run: the time from capture to label, and the rate of the window when the network is slow.

Capture to label is compared with bare inference in the same process, in alternating rounds: once in a tight loop (what
benchmarks usually quote) and once paced like the camera (a processor that idles between frames answers later). The
second part gives the pipeline a network ten times slower than the camera and counts the frames that reach the window's
thread.

    python scripts/compare_live.py [--fps 30] [--size 1280x720] [--seconds 5] [--rounds 3] [--precision auto]
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time

import numpy as np
import numpy.typing as npt

from live_classify import Classifier, SyntheticCamera, load_classifier
from live_classify.core.protocols import Engine, Head
from live_classify.core.values import Activations
from live_classify.flow.pipeline import Pipeline


class Slow:
    """An engine that takes a fixed time more."""

    def __init__(self, engine: Engine, seconds: float) -> None:
        self._engine, self._seconds = engine, seconds
        self.name, self.precision, self.device = engine.name, engine.precision, engine.device
        self.input_size, self.batch = engine.input_size, engine.batch

    def run(self, rgb: npt.NDArray[np.uint8]) -> Activations:
        """As the engine does, later."""
        time.sleep(self._seconds)
        return self._engine.run(rgb)

    def close(self) -> None:
        """The engine stays its owner's."""


def bare_ms(engine: Engine, head: Head, seconds: float, period_s: float) -> float:
    """Median milliseconds of one call, calls being ``period_s`` apart."""
    rgb = np.random.default_rng(0).integers(0, 255, (1, *engine.input_size, 3), np.uint8)
    times, wait = [], threading.Event()
    end_s = time.perf_counter() + seconds
    while (start_s := time.perf_counter()) < end_s:
        head.probabilities(engine.run(rgb))
        times.append(time.perf_counter() - start_s)
        wait.wait(max(0.0, period_s - times[-1]))
    return statistics.median(times) * 1000


def live_ms(camera: SyntheticCamera, classifier: Classifier, seconds: float) -> tuple[float, int, int]:
    """Median milliseconds from capture to label, frames captured and frames that the window's thread saw."""
    with Pipeline([camera], classifier, live=True, smooth_s=0.3) as pipeline:
        seen = version = 0
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            newest = pipeline.monitor.wait_for_frame(version, 0.02)
            seen += newest != version
            version = newest
    run = pipeline.monitor.snapshot()
    return (run.latency.percentile(50) or 0) * 1000, run.captured, seen


def main() -> None:
    """Print the figures of each round and their medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fps", type=float, default=30)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=["auto", "float32", "int8"], default="auto")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    camera = SyntheticCamera(fps=options.fps, size=(width, height))
    classifier = load_classifier(engine="litert", precision=options.precision)
    (engine,) = classifier.engines("latency")
    print(f"{classifier.describe('latency')}, camera {options.size} at {options.fps:g} fps")

    rounds = []
    for _ in range(options.rounds):
        tight = bare_ms(engine, classifier.head, options.seconds, 0)
        paced = bare_ms(engine, classifier.head, options.seconds, 1 / options.fps)
        live, _, _ = live_ms(camera, classifier, options.seconds)
        rounds.append((tight, paced, live))
        print(f"bare inference {tight:.2f} ms, paced {paced:.2f} ms; capture to label {live:.2f} ms (medians)")
    tight, paced = (statistics.median(live / base for *bases, live in rounds for base in [bases[i]]) for i in (0, 1))
    print(
        f"capture to label is {tight:.2f} x bare inference in a tight loop, {paced:.2f} x bare inference at this pace"
    )

    slow = Slow(engine, 10 / options.fps)
    slowed = Classifier(classifier.network, classifier.labels, lambda _: [slow])
    _, captured, seen = live_ms(camera, slowed, 2 * options.seconds)
    print(
        f"network ten times slower than the camera: the window saw {seen} of {captured} frames ({seen / captured:.0%})"
    )


if __name__ == "__main__":
    main()
