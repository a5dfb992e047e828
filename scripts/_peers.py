"""Other programs that could do live_classify's work: the least that each needs to classify every frame of a recording.

``compare_peers.py`` runs each in a process of its own, some in an environment without live_classify, so nothing here
imports it at the top, nor any runtime but the one that is asked for:

    python _peers.py LOOP OPTIONS SOURCE RECORDING [FRAMES]

OPTIONS are the keyword arguments of the loop, in JSON. One JSON object is the last line on standard output: ``fps``,
``latency_p50_ms`` and ``latency_p95_ms`` (from a decoded frame to its answer), ``cpu_s_per_frame`` (all threads),
``peak_mb`` (of the whole process), ``answers`` (the best class of each frame) and ``versions``.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from importlib import metadata
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

SIZE = 224
WARM_UP_FRAMES = 8

Picture: TypeAlias = npt.NDArray[np.uint8]
Frames: TypeAlias = Generator[Picture, None, None]
"""``(H, W, 3)`` uint8 BGR; whoever closes it releases the decoder."""
NumberedFrames: TypeAlias = Iterator[tuple[int, Picture]]
Answer: TypeAlias = Callable[[int, int], None]
"""Takes a frame's number and its best class."""
Loop: TypeAlias = Callable[[NumberedFrames, Answer], None]
"""Classifies every frame; returns when all are answered."""


class Record:
    """When each frame was there, and when its answer was known."""

    def __init__(self) -> None:
        self._decoded_s: list[float] = []
        self._answers: dict[int, tuple[int, float]] = {}

    def numbered(self, frames: Iterator[Picture]) -> NumberedFrames:
        """Pass frames on with their numbers."""
        for number, bgr in enumerate(frames):
            self._decoded_s.append(time.perf_counter())
            yield number, bgr

    def answer(self, number: int, best: int) -> None:
        """Take an answer, from any thread and in any order."""
        self._answers[number] = best, time.perf_counter()

    @property
    def answers(self) -> list[int]:
        """The best class of each frame."""
        return [self._answers[number][0] for number in range(len(self._decoded_s))]

    @property
    def latencies_ms(self) -> list[float]:
        """How long each frame waited for its answer."""
        return [1000 * (self._answers[number][1] - start_s) for number, start_s in enumerate(self._decoded_s)]


def recording(path: str) -> Frames:
    """The frames of a recording, read by OpenCV."""
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    try:
        while (read := capture.read())[0]:
            yield np.asarray(read[1], np.uint8)
    finally:
        capture.release()


def ultralytics_videos(path: str) -> Frames:
    """The frames of a recording from the loader that Ultralytics takes for recordings."""
    yield from _loaded("LoadImagesAndVideos", path)


def ultralytics_streams(path: str) -> Frames:
    """The frames of a recording from the loader that Ultralytics takes for streams, told to drop none."""
    yield from _loaded("LoadStreams", f"file:{path}", buffer=True)  # a plain path would be a file that lists streams


def _loaded(loader_name: str, path: str, **options: bool) -> Frames:
    os.environ["YOLO_CONFIG_DIR"] = sys.prefix  # it writes its settings down when it is imported
    from ultralytics.data import loaders

    loader = getattr(loaders, loader_name)(path, **options)
    try:
        for _, (bgr,), _ in loader:
            yield bgr
    finally:
        loader.close()


def centre(bgr: Picture) -> Picture:
    """The square in the middle; a view."""
    height, width = bgr.shape[:2]
    side = min(height, width)
    y, x = (height - side) // 2, (width - side) // 2
    return bgr[y : y + side, x : x + side]


def square(bgr: Picture) -> Picture:
    """``(1, 224, 224, 3)`` RGB, cropped to the centre as live_classify does."""
    return np.asarray(cv2.cvtColor(cv2.resize(centre(bgr), (SIZE, SIZE)), cv2.COLOR_BGR2RGB), np.uint8)[np.newaxis]


def pooled(workers: int, open_network: Callable[[], Callable[[Picture], int]]) -> Loop:
    """One thread decodes, a thread pool crops and classifies: with a network for each of its threads."""
    own = threading.local()

    def prepare() -> None:
        own.classify = open_network()

    def classify(number: int, bgr: Picture, answer: Answer) -> None:
        answer(number, own.classify(square(bgr)))

    pool = ThreadPoolExecutor(workers, initializer=prepare)

    def run(frames: NumberedFrames, answer: Answer) -> None:
        waiting: deque[Future[None]] = deque()
        for number, bgr in frames:
            waiting.append(pool.submit(classify, number, bgr, answer))
            if len(waiting) > 2 * workers:
                waiting.popleft().result()
        for future in waiting:
            future.result()

    return run


def litert(model: str, workers: int, threads: int) -> Loop:
    """LiteRT, an interpreter for each worker."""
    from ai_edge_litert.interpreter import Interpreter

    def open_network() -> Callable[[Picture], int]:
        interpreter = Interpreter(model_path=model, num_threads=threads)
        interpreter.allocate_tensors()
        (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()

        def classify(rgb: Picture) -> int:
            interpreter.set_tensor(source["index"], rgb.astype(source["dtype"], copy=False))
            interpreter.invoke()
            return int(interpreter.get_tensor(target["index"])[0].argmax())

        return classify

    return pooled(workers, open_network)


def onnxruntime(model: str, workers: int, threads: int) -> Loop:
    """ONNX Runtime, one session that all workers share."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    dtype = np.uint8 if source.type == "tensor(uint8)" else np.float32

    def classify(rgb: Picture) -> int:
        return int(session.run(None, {source.name: rgb.astype(dtype, copy=False)})[0][0].argmax())

    return pooled(workers, lambda: classify)


def openvino(model: str) -> Loop:
    """OpenVINO's own way to keep a processor busy: an AsyncInferQueue under the throughput hint."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # it would report to its maker
    import openvino as ov

    core = ov.Core()
    settings = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(model), "CPU", settings)
    dtype = compiled.input(0).get_element_type().to_dtype()
    queue = ov.AsyncInferQueue(compiled)

    def run(frames: NumberedFrames, answer: Answer) -> None:
        queue.set_callback(lambda request, number: answer(number, int(request.get_output_tensor(0).data[0].argmax())))
        for number, bgr in frames:
            queue.start_async([square(bgr).astype(dtype, copy=False)], number)
        queue.wait_all()

    return run


def keras(method: str, batch: int) -> Loop:
    """What tutorials do: ``predict`` or ``predict_on_batch`` in the loop that reads."""
    from live_classify.models.catalogue.lite_weights import LITE0  # this one runs in live_classify's environment

    model = LITE0.build()
    options: dict[str, Any] = {"verbose": 0} if method == "predict" else {}

    def run(frames: NumberedFrames, answer: Answer) -> None:
        while group := list(itertools.islice(frames, batch)):
            pictures = np.concatenate([square(bgr) for _, bgr in group]).astype(np.float32)
            scores = np.asarray(getattr(model, method)(pictures, **options))
            for (number, _), row in zip(group, scores, strict=True):
                answer(number, int(row.argmax()))

    return run


def mediapipe(model: str) -> Loop:
    """MediaPipe's ImageClassifier in video mode; it scales by itself."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.ImageClassifierOptions(
        base_options=BaseOptions(model_asset_path=model), running_mode=vision.RunningMode.VIDEO, max_results=1
    )
    classifier = vision.ImageClassifier.create_from_options(options)
    times_ms = itertools.count(step=33)  # they must rise as long as the classifier lives

    def run(frames: NumberedFrames, answer: Answer) -> None:
        for number, bgr in frames:
            rgb = cv2.cvtColor(centre(bgr), cv2.COLOR_BGR2RGB)
            image = mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb)
            result = classifier.classify_for_video(image, next(times_ms))
            answer(number, result.classifications[0].categories[0].index)

    return run


LOOPS: dict[str, Callable[..., Loop]] = {one.__name__: one for one in (litert, onnxruntime, openvino, keras, mediapipe)}
SOURCES: dict[str, Callable[[str], Frames]] = {
    one.__name__: one for one in (recording, ultralytics_videos, ultralytics_streams)
}
PACKAGES = {"ai_edge_litert": "ai-edge-litert", "tensorflow": "tensorflow"} | {
    name: name for name in ("mediapipe", "onnxruntime", "openvino", "ultralytics")
}
"""Module and distribution of every runtime."""


def run_over(loop: Loop, frames: Frames, most: int | None = None) -> Record:
    """Classify all frames, or the first ones."""
    record = Record()
    with closing(frames):
        loop(record.numbered(itertools.islice(frames, most)), record.answer)
    return record


def versions() -> dict[str, str]:
    """Of the runtimes that have been imported, and OpenCV's."""
    found = {package: metadata.version(package) for module, package in PACKAGES.items() if module in sys.modules}
    return found | {"OpenCV": cv2.__version__}


def peak_mb() -> float | None:
    """The most memory this process has held so far, in MiB; None where the system doesn't tell (Windows)."""
    if platform.system() == "Windows":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if platform.system() == "Darwin" else 2**10)


def main() -> None:
    """Warm up over a few frames, then time the recording."""
    loop_name, options, source_name, path, *most = sys.argv[1:]
    read, loop = SOURCES[source_name], LOOPS[loop_name](**json.loads(options))
    run_over(loop, read(path), WARM_UP_FRAMES)
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    record = run_over(loop, read(path), int(most[0]) if most else None)
    elapsed_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    answers = record.answers
    if not answers:
        sys.exit(f"{path}: no frame can be read")
    p50_ms, p95_ms = np.percentile(record.latencies_ms, [50, 95])
    result = {
        "fps": len(answers) / elapsed_s,
        "latency_p50_ms": p50_ms,
        "latency_p95_ms": p95_ms,
        "cpu_s_per_frame": cpu_s / len(answers),
        "peak_mb": peak_mb(),
        "answers": answers,
        "versions": versions(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
