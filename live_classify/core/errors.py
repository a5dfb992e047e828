"""Everything that live_classify raises on purpose.

LiveClassifyError
├── UsageError            options that contradict each other or name what doesn't exist   (exit status 2)
├── SourceError           a camera, file or stream
│   ├── SourceOpenError       can't be opened
│   └── SourceReadError       opened, but broke off or is cut short
├── ModelError            a network
│   ├── UnknownModelError     no such name or file
│   ├── ModelFileError        a weights, model or labels file that can't be used
│   └── EngineError           the runtime is missing, refused the network, or failed in a run
├── OutputError           a file that was to be written
└── WindowError           no display, or no window system
"""

from __future__ import annotations


class LiveClassifyError(Exception):
    """Base of all errors of this package. The message is one line that says what is wrong and what to do."""

    exit_status = 1


class UsageError(LiveClassifyError, ValueError):
    """Options or arguments that make no sense, alone or together."""

    exit_status = 2


class SourceError(LiveClassifyError, OSError):
    """A camera, a file or a stream gave no frames."""


class SourceOpenError(SourceError):
    """The camera, file or stream could not be opened."""


class SourceReadError(SourceError):
    """The source was opened, but ended before its time or delivered something unusable."""


class ModelError(LiveClassifyError):
    """A network can't be used."""


class UnknownModelError(ModelError, ValueError):
    """There is no network of that name, nor a file."""

    exit_status = 2


class ModelFileError(ModelError, ValueError):
    """A file of weights, labels or a network is missing, damaged, or not what it was taken for."""


class EngineError(ModelError, RuntimeError):
    """A runtime isn't installed, refused the network, or failed while classifying."""


class OutputError(LiveClassifyError, OSError):
    """A file could not be created or written."""


class WindowError(LiveClassifyError, RuntimeError):
    """There is no display, or OpenCV was built without windows."""
