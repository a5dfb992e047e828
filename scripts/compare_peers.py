"""Compare the whole program with others that could do its work: same recording, same network, alternating rounds.

- bare loops around LiteRT, in both layouts, and OpenVINO's asynchronous queue: the least that could do the work;
- the tutorial's loop: `model.predict` for every frame, with the same network in Keras (over its first frames only);
- MediaPipe's ImageClassifier in video mode, with the same int8 file, in an environment that this script makes.

Answers are compared before times are believed.

    python scripts/compare_peers.py RECORDING [--rounds 3]
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from compare_bare import BareLoop, pipeline_run
from live_classify import load_classifier
from live_classify.assets import asset
from live_classify.engines.openvino import import_openvino
from live_classify.engines.processor import processor_name, usable_cores
from live_classify.models.fitting import fit
from live_classify.models.keras_import import import_keras
from live_classify.models.lite_weights import LITE0

PREDICTED_FRAMES = 60  # of the tutorial's loop: at its speed the whole clip would take minutes
MEDIAPIPE = "mediapipe>=0.10.30"


@dataclass(frozen=True)
class Round:
    """What one contender did in one round."""

    fps: float
    cpu_s: float
    """Processor seconds a frame, of all threads."""
    answers: list[int]


def in_process(run: Callable[[], list[int]]) -> Round:
    """Time a contender that runs in this process."""
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    answers = run()
    elapsed_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    return Round(len(answers) / elapsed_s, cpu_s / len(answers), answers)


def squares(recording: Path, most: int | None = None) -> Iterator[npt.NDArray[np.uint8]]:
    """The frames of a recording as ``(1, 224, 224, 3)`` RGB."""
    capture = cv2.VideoCapture(str(recording), cv2.CAP_FFMPEG)
    for _ in itertools.count() if most is None else range(most):
        read, bgr = capture.read()
        if not read:
            break
        rgb = np.empty((1, 224, 224, 3), np.uint8)
        fit(np.asarray(bgr, np.uint8), rgb[0])
        yield rgb
    capture.release()


def openvino_queue(precision: str) -> Callable[[Path], list[int]]:
    """OpenVINO's own way to keep a processor busy: an AsyncInferQueue under the throughput hint."""
    openvino = import_openvino()
    core = openvino.Core()
    settings = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(asset(f"efficientnet-lite0-{precision}.tflite")), "CPU", settings)
    dtype = np.uint8 if precision == "int8" else np.float32
    queue = openvino.AsyncInferQueue(compiled)

    def run(recording: Path) -> list[int]:
        answers: dict[int, int] = {}

        def keep(request: Any, number: int) -> None:
            answers[number] = int(request.get_output_tensor(0).data[0].argmax())

        queue.set_callback(keep)
        for number, rgb in enumerate(squares(recording)):
            queue.start_async([rgb.astype(dtype, copy=False)], number)
        queue.wait_all()
        return [answers[number] for number in range(len(answers))]

    return run


@cache
def keras_network() -> Any:
    """The default network in Keras."""
    import_keras()
    return LITE0.build()


def predict_loop(recording: Path) -> list[int]:
    """What tutorials do: `predict` for every frame."""
    model = keras_network()
    return [
        int(model.predict(rgb.astype(np.float32), verbose=0)[0].argmax())
        for rgb in squares(recording, PREDICTED_FRAMES)
    ]


def mediapipe_python(folder: Path) -> Path:
    """Make an environment with MediaPipe; returns its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if platform.system() == "Windows" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", MEDIAPIPE], check=True)
    return python


def mediapipe_round(python: Path, recording: Path) -> Round:
    """One round of MediaPipe, in a process of its own; its start isn't counted."""
    peer = Path(__file__).with_name("_mediapipe_peer.py")
    command = [python, peer, asset("efficientnet-lite0-int8.tflite"), recording]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return Round(**json.loads(done.stdout))


def main() -> None:
    """Print a table of rates, processor time and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-mediapipe", action="store_true", help="it installs half a gigabyte")
    options = parser.parse_args()
    recording, cores = options.recording, usable_cores()

    bare: dict[str, Callable[[], Round]] = {}
    programs: dict[str, Callable[[], Round]] = {}
    for precision in ("float32", "int8"):
        file = asset(f"efficientnet-lite0-{precision}.tflite")
        for workers, threads in ((cores, 1), (1, cores)):
            loop = BareLoop(file, workers, threads)
            name = f"bare LiteRT {precision}, {workers} x {threads} threads"
            bare[name] = partial(in_process, partial(loop.run, recording))
        queue = openvino_queue(precision)
        bare[f"bare OpenVINO {precision}, async queue"] = partial(in_process, partial(queue, recording))
        for engine in ("litert", "openvino"):
            classifier = load_classifier(engine=engine, precision=precision)
            run = partial(pipeline_run, recording, classifier, None)
            programs[f"live_classify, {engine} {precision}"] = partial(in_process, run)
    peers = {"tutorial: model.predict, float32": partial(in_process, partial(predict_loop, recording))}
    if not options.without_mediapipe:
        python = mediapipe_python(Path(tempfile.mkdtemp(prefix="mediapipe-")))
        peers["MediaPipe int8, video mode"] = partial(mediapipe_round, python, recording)

    contenders = bare | programs | peers
    rounds: dict[str, list[Round]] = {name: [] for name in contenders}
    for name, run_once in contenders.items():  # warms up, and shows that all do the same work
        warm = run_once()
        rounds[name].append(warm)
    reference = next(iter(rounds.values()))[0].answers
    for name, (first,) in list(rounds.items()):
        same = np.mean([one == other for one, other in zip(first.answers, reference, strict=False)])
        print(f"{name}: {len(first.answers)} frames, {same:.0%} of answers as the first", file=sys.stderr)
        rounds[name].clear()
    for _ in range(options.rounds):
        for name, run_once in contenders.items():
            rounds[name].append(run_once())

    rates = {name: statistics.median(one.fps for one in done) for name, done in rounds.items()}
    best_bare, best = max(bare, key=rates.__getitem__), max(programs, key=rates.__getitem__)
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("ai-edge-litert", "openvino", "tensorflow"))
    print(f"{recording.name}, {len(reference)} frames; {processor_name()}, {cores} cores; {versions}\n")
    print("| | frames a second | spread | CPU ms a frame | live_classify's best is |")
    print("|---|---|---|---|---|")
    for name, done in rounds.items():
        ratio = statistics.median(ours.fps / theirs.fps for ours, theirs in zip(rounds[best], done, strict=True))
        spread = (max(one.fps for one in done) - min(one.fps for one in done)) / rates[name]
        cpu_ms = 1000 * statistics.median(one.cpu_s for one in done)
        mark = "**" if name in (best, best_bare) else ""
        print(f"| {mark}{name}{mark} | {rates[name]:.1f} | {spread:.0%} | {cpu_ms:.1f} | {ratio:.2f} x |")


if __name__ == "__main__":
    main()
