"""Say what a camera or a video shows, live.

    from live_classify import load_classifier, stream

    classifier = load_classifier()
    for frame, prediction in stream("clip.mp4", classifier):
        print(frame.time_s, prediction.top.name)

Names are imported when first used: OpenCV alone takes a tenth of a second, which ``live-classify --help`` needn't
wait for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from live_classify.classifier import Classifier
    from live_classify.core.errors import (
        EngineError,
        LiveClassifyError,
        ModelError,
        ModelFileError,
        OutputError,
        SourceError,
        SourceOpenError,
        SourceReadError,
        UnknownModelError,
        UsageError,
        WindowError,
    )
    from live_classify.core.values import Frame, Label, Prediction
    from live_classify.sources.synthetic import SyntheticCamera
    from live_classify.spec import NetworkSpec, load_classifier
    from live_classify.streaming import stream

__version__ = "0.1.0"

__all__ = [
    "Classifier",
    "EngineError",
    "Frame",
    "Label",
    "LiveClassifyError",
    "ModelError",
    "ModelFileError",
    "NetworkSpec",
    "OutputError",
    "Prediction",
    "SourceError",
    "SourceOpenError",
    "SourceReadError",
    "SyntheticCamera",
    "UnknownModelError",
    "UsageError",
    "WindowError",
    "load_classifier",
    "stream",
]

_HOMES = {
    "Classifier": "classifier",
    "NetworkSpec": "spec",
    "load_classifier": "spec",
    "Frame": "core.values",
    "Label": "core.values",
    "Prediction": "core.values",
    "stream": "streaming",
    "SyntheticCamera": "sources.synthetic",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'core.errors')}"), name)
