"""Sources that have an end, and are read as fast as they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Protocol

from live_classify.core.protocols import Source
from live_classify.core.values import Frame


class RecordedSource(Source, Protocol):
    """A recording or a still picture: it gives frames and nothing else, and can be read again."""

    def frames(self, stop: threading.Event) -> Generator[Frame, None, None]:
        """Read it to its end; see :class:`~live_classify.core.protocols.Source`. Closing the iterator releases it."""
