"""Uses the package as other programs do and prints, as JSON, what that has changed in the process.

Arguments: modules whose own changes don't count, with commas between them; what to use, each the name of a function.
"""

# ruff: noqa: T201 - printing is how it talks to its test

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import cv2  # sets variables of its own
import numpy as np

duplicated: list[tuple[int, int]] = []
"""What was put in the place of a file descriptor."""


def state() -> dict[str, Any]:
    """All that belongs to the process, by name."""
    standard_error = os.fstat(2)
    return {
        "os.environ": dict(os.environ),
        "sys.meta_path": [str(finder) for finder in sys.meta_path],
        "signal handlers": {name: str(signal.getsignal(name)) for name in signal.valid_signals()},
        "OpenCV's log level": cv2.utils.logging.getLogLevel(),
        "descriptor 2": [duplicated.copy(), standard_error.st_dev, standard_error.st_ino],
        "threads": [thread.name for thread in threading.enumerate()],
        "sys.modules": [name for name, module in sys.modules.items() if module is None],
    }


@contextlib.contextmanager
def failing() -> Iterator[None]:
    """Pass over what is wrong with a source: it has been opened."""
    from live_classify import SourceError

    with contextlib.suppress(SourceError):
        yield


def classify() -> None:
    from live_classify import load_classifier

    with load_classifier() as classifier:
        classifier.classify(np.zeros((48, 64, 3), np.uint8))


def stream() -> None:
    from live_classify import load_classifier
    from live_classify import stream as classified

    with load_classifier() as classifier:
        assert sum(1 for _ in classified("clip.mp4", classifier)) > 0
        with failing():
            next(classified("damaged.mp4", classifier))


def sources() -> None:
    from live_classify.sources.open import live_source, recorded_source

    opened = [live_source(text) for text in ("57", "clip.mp4", "synthetic:clip.mp4", "synthetic:", "picture.jpg")]
    opened += [live_source("rtsp://127.0.0.1:9/"), live_source("http://127.0.0.1:9/clip.mp4")]
    opened += [recorded_source(name) for name in ("clip.mp4", "damaged.mp4", "picture.jpg", "damaged.jpg")]
    for source in opened:
        frames = iter(source.frames(threading.Event()))
        with failing():
            next(frames)
        frames.close()  # type: ignore[attr-defined]


def window() -> None:
    from live_classify import WindowError
    from live_classify.window.window import Window

    with contextlib.suppress(WindowError):
        Window("test")


def openvino() -> None:
    from live_classify import load_classifier

    with load_classifier(engine="openvino") as classifier:
        classifier.classify(np.zeros((48, 64, 3), np.uint8))


def keras() -> None:
    from live_classify.models.formats.keras_import import import_keras

    import_keras()


def report() -> None:
    from live_classify.measure.plots import _import_pygal

    _import_pygal()


def ray() -> None:
    from live_classify import EngineError
    from live_classify.jobs.ray import connect

    with contextlib.suppress(EngineError):
        connect("127.0.0.1:9")


def everything() -> None:
    """Change each thing, to show that it would be seen."""
    os.environ["SOMETHING"] = "else"
    sys.meta_path.append(object())  # type: ignore[arg-type]
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    os.dup2(os.dup(2), 2)
    sys.modules["something"] = None  # type: ignore[assignment]


def main(modules: str, *uses: str) -> None:
    for module in filter(None, modules.split(",")):
        importlib.import_module(module)
    really = os.dup2

    def dup2(fd: int, fd2: int, inheritable: bool = True) -> int:
        duplicated.append((fd, fd2))
        return really(fd, fd2, inheritable)

    os.dup2 = dup2
    functions: dict[str, Callable[[], None]] = globals()
    before = state()
    for use in uses:
        functions[use]()
    after = state()
    changed = {kind: [before[kind], after[kind]] for kind in before if before[kind] != after[kind]}
    print(json.dumps(changed, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
