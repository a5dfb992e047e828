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
    from live_classify.core.events import (
        Event,
        LabelBegan,
        LabelChanged,
        LabelEnded,
        OutletFailed,
        SignalLost,
        SignalRestored,
        SourceFailed,
    )
    from live_classify.core.protocols import Engine, EventSink, Head, Sink, Source, SourceStatus
    from live_classify.core.values import Activations, Answered, Frame, Label, Prediction, Region
    from live_classify.flow.outlet import EventOutlet, Outlet
    from live_classify.sources.synthetic import SyntheticCamera
    from live_classify.spec import NetworkSpec, load_classifier
    from live_classify.streaming import stream

__version__ = "0.1.0"

__all__ = [
    "Activations",
    "Answered",
    "Classifier",
    "Engine",
    "EngineError",
    "Event",
    "EventOutlet",
    "EventSink",
    "Frame",
    "Head",
    "Label",
    "LabelBegan",
    "LabelChanged",
    "LabelEnded",
    "LiveClassifyError",
    "ModelError",
    "ModelFileError",
    "NetworkSpec",
    "Outlet",
    "OutletFailed",
    "OutputError",
    "Prediction",
    "Region",
    "SignalLost",
    "SignalRestored",
    "Sink",
    "Source",
    "SourceError",
    "SourceFailed",
    "SourceOpenError",
    "SourceReadError",
    "SourceStatus",
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
    "Event": "core.events",
    "LabelBegan": "core.events",
    "LabelChanged": "core.events",
    "LabelEnded": "core.events",
    "OutletFailed": "core.events",
    "SignalLost": "core.events",
    "SignalRestored": "core.events",
    "SourceFailed": "core.events",
    "Engine": "core.protocols",
    "EventSink": "core.protocols",
    "Head": "core.protocols",
    "Sink": "core.protocols",
    "Source": "core.protocols",
    "SourceStatus": "core.protocols",
    "Activations": "core.values",
    "Answered": "core.values",
    "EventOutlet": "flow.outlet",
    "Outlet": "flow.outlet",
    "Frame": "core.values",
    "Label": "core.values",
    "Prediction": "core.values",
    "Region": "core.values",
    "SyntheticCamera": "sources.synthetic",
    "stream": "streaming",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'core.errors')}"), name)
