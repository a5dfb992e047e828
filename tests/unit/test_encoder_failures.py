"""What becomes of a video whose encoder can't be had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from doubles import grey_frame
from live_classify.core.errors import OutputError
from live_classify.core.values import Answered, Label, Prediction
from live_classify.outputs import video
from live_classify.outputs.encoders import Encoder


class Watched:
    """A container that counts how often it is closed."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self.closed = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def close(self) -> None:
        self.closed += 1
        self._container.close()


def test_an_encoder_that_is_missing_is_said_and_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Watched] = []
    real = av.open

    def watched(*arguments: Any, **options: Any) -> Watched:
        opened.append(Watched(real(*arguments, **options)))
        return opened[-1]

    monkeypatch.setattr(av, "open", watched)
    monkeypatch.setattr(video, "working_encoder", lambda *_: Encoder("h264_of_nobody"))
    path = tmp_path / "clip.mp4"
    sink = video.VideoSink(path, lambda answered: answered.frame.bgr.copy(), 25.0)
    answer = Prediction((Label(0, "", "a", 1.0),), None, np.ones(1, np.float32), 0.0)
    with pytest.raises(OutputError, match=r"cannot write .*clip\.mp4: this FFmpeg has no encoder h264_of_nobody"):
        sink.write(Answered(grey_frame(50), (answer,)))
    assert [container.closed for container in opened] == [1]
    assert not path.exists()
    sink.close()
