"""Who takes part in the comparison, and how one round of each is run: always in a process of its own.

Nothing here imports what needs much memory: the peak that a process is told begins with that of the one that made it.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias

from _console import SetupError, say
from _peer_environments import environment, onnx_file
from live_classify import __version__
from live_classify.assets import asset
from live_classify.core.cores import usable_cores
from live_classify.engines.processor import lacks_int8

# The slow ones get the first frames only: with the whole recording they would take most of the time.
PREDICTED_FRAMES = 64
ONNX_FRAMES = 400
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"  # PyTorch without gigabytes of libraries for GPUs

Options: TypeAlias = Mapping[str, str | int]
"""Of a loop in ``_peers.py``."""


@dataclass(frozen=True)
class Contender:
    """One that is to be measured."""

    name: str
    precision: str
    run: Callable[[Path], dict[str, Any]]
    """Goes over a recording; returns what a round holds, and ``versions``. Raises SetupError if it fails."""
    most: int | None = None
    """How many frames it is given; None for all."""
    ours: bool = False


def contenders(folder: Path, with_ultralytics: bool) -> Iterator[Contender]:
    """All that can be had, the references first; who can't is said on standard error.

    Args:
        folder: where environments and conversions are kept.
        with_ultralytics: whether to install PyTorch for it.
    """
    for precision in ("float32", "int8"):
        yield from _both_layouts(f"bare LiteRT {precision}", precision, "litert", _model(precision))
    for precision in ("float32", "int8"):
        refused = precision == "int8" and lacks_int8()  # OpenVINO's answers are wrong there
        for engine in ("litert",) if refused else ("litert", "openvino"):
            run = partial(_run_program, engine, precision)
            yield Contender(f"live_classify, {engine} {precision}", precision, run, ours=True)
        yield _peer(f"bare OpenVINO {precision}, async queue", precision, "openvino", {"model": _model(precision)})
    folder.mkdir(parents=True, exist_ok=True)
    for precision in ("float32", "int8"):
        yield from _available(f"ONNX Runtime {precision}", partial(_onnx_runtime, folder, precision))
    yield from _available("MediaPipe", partial(_mediapipe, folder))
    if with_ultralytics:
        yield from _available("Ultralytics", partial(_ultralytics, folder))
    for method, batch in (("predict", 1), ("predict_on_batch", 1), ("predict_on_batch", 8)):
        name = f"tutorial: {method}, batch of {batch}, float32"
        yield _peer(name, "float32", "keras", {"method": method, "batch": batch}, most=PREDICTED_FRAMES)


def _available(name: str, make: Callable[[], list[Contender]]) -> list[Contender]:
    try:
        return make()
    except SetupError as error:
        say(f"{name} is left out: {error}")
        return []


def _onnx_runtime(folder: Path, precision: str) -> list[Contender]:
    python = environment(folder / "onnxruntime", ["onnxruntime", _same("opencv-python")])
    file = onnx_file(Path(_model(precision)), folder)
    return _both_layouts(f"bare ONNX Runtime {precision}", precision, "onnxruntime", str(file), python, ONNX_FRAMES)


def _mediapipe(folder: Path) -> list[Contender]:
    opencv = f"opencv-contrib-python=={metadata.version('opencv-python')}"  # it depends on this build
    python = environment(folder / "mediapipe", ["mediapipe>=0.10.30", opencv])
    return [_peer("MediaPipe int8, video mode", "int8", "mediapipe", {"model": _model("int8")}, python)]


def _ultralytics(folder: Path) -> list[Contender]:
    # Without --retries, a network that doesn't reach them is waited for at every package, for ten minutes in all.
    without_gpus = ["--extra-index-url", CPU_WHEELS, "--retries", "1"] if platform.system() == "Linux" else []
    packages = ["ultralytics", _same("opencv-python"), _same("ai-edge-litert")]
    python = environment(folder / "ultralytics", ["torch", "torchvision", *without_gpus], packages)
    options: Options = {"model": _model("int8"), "workers": usable_cores(), "threads": 1}
    loaders = {"LoadStreams": "ultralytics_streams", "LoadImagesAndVideos": "ultralytics_videos"}
    return [
        _peer(f"Ultralytics {loader} + LiteRT int8", "int8", "litert", options, python, source)
        for loader, source in loaders.items()
    ]


def _same(package: str) -> str:
    """The requirement of the version that this environment has."""
    return f"{package}=={metadata.version(package)}"


def _model(precision: str) -> str:
    """The LiteRT file of the default network."""
    return str(asset(f"efficientnet-lite0-{precision}.tflite"))


def _both_layouts(
    name: str, precision: str, loop: str, model: str, python: Path | None = None, most: int | None = None
) -> list[Contender]:
    """A worker a core with one thread each, and one worker with all cores."""
    cores = usable_cores()
    both = []
    for workers, threads in ((cores, 1), (1, cores)):
        options: Options = {"model": model, "workers": workers, "threads": threads}
        both.append(_peer(f"{name}, {workers} x {threads} threads", precision, loop, options, python, most=most))
    return both


def _peer(
    name: str,
    precision: str,
    loop: str,
    options: Options,
    python: Path | None = None,
    source: str = "recording",
    most: int | None = None,
) -> Contender:
    """A contender from ``_peers.py``.

    Args:
        name: as the table calls it.
        precision: of the network that it runs.
        loop: which loop.
        options: of the loop.
        python: of its environment; None for this one.
        source: what reads the recording.
        most: how many frames it is given; None for all.
    """
    peers = Path(__file__).with_name("_peers.py")
    command: list[str | Path] = [python or sys.executable, peers, loop, json.dumps(options), source]
    frames = [] if most is None else [str(most)]
    name += "" if most is None else f" (first {most} frames)"

    def run(recording: Path) -> dict[str, Any]:
        printed = _output([*command, recording, *frames])
        return dict(json.loads(printed.splitlines()[-1]))  # libraries print, too

    return Contender(name, precision, run, most)


def _run_program(engine: str, precision: str, recording: Path) -> dict[str, Any]:
    """Run `live-classify video` as users do."""
    with tempfile.TemporaryDirectory() as folder:
        log, stats_file = Path(folder, "log.jsonl"), Path(folder, "stats.json")
        command: list[str | Path] = [sys.executable, "-m", "live_classify", "video", recording, "--quiet"]
        _output([*command, "--log", log, "--stats", stats_file, "--engine", engine, "--precision", precision])
        stats = json.loads(stats_file.read_text(encoding="utf-8"))
        rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return {
        "fps": stats["fps"],
        "latency_p50_ms": stats["latency_ms"]["p50"],
        "latency_p95_ms": stats["latency_ms"]["p95"],
        "cpu_s_per_frame": stats["cpu_s_per_frame"],
        "peak_mb": stats["peak_rss_mb"],
        "answers": [row["labels"][0]["index"] for row in rows],
        "versions": {"live_classify": __version__},
    }


def _output(command: Sequence[str | Path]) -> str:
    """What a program prints.

    Raises:
        SetupError: it failed; the message is the last line that it said.
    """
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise SetupError(said[-1])
    return done.stdout
