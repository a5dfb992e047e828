"""What the window shows: one source, or several side by side."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from live_classify.imaging.mosaic import Mosaic
from live_classify.imaging.overlay import Caption, draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from live_classify.core.values import Answered, BgrImage, Frame
    from live_classify.flow.monitor import RunSnapshot, SourceSnapshot


@dataclass(frozen=True, slots=True)
class Cards:
    """What the user wants to see on the picture."""

    ranking: bool = False
    paused: bool = False
    help: bool = False
    message: str | None = None


class Scene(Protocol):
    """Frames and answers that belong together, and the picture of them. For one thread."""

    least_s: float
    """Time between two pictures, at the least."""

    @property
    def begun(self) -> bool:
        """Whether there has been a frame."""

    def take_frames(self, run: RunSnapshot) -> None:
        """Go on to the newest frame of each source."""

    def take_answers(self, run: RunSnapshot) -> None:
        """Go on to the newest answer for each source, and to how each source is."""

    def picture(self, cards: Cards) -> BgrImage | None:
        """A picture of it; None where there is nothing to see yet."""


def scene_of(run: RunSnapshot) -> Scene:
    """The scene of a run's sources."""
    views = [_View(source) for source in run.sources]
    return SideBySide(views) if len(views) > 1 else Alone(views[0])


class Alone:
    """One source, in its own size."""

    least_s = 0.0

    def __init__(self, view: _View) -> None:
        self._view = view

    @property
    def begun(self) -> bool:
        """Whether there has been a frame."""
        return self._view.frame is not None

    def take_frames(self, run: RunSnapshot) -> None:
        """See :class:`Scene`."""
        self._view.take_frame(run.sources[0])

    def take_answers(self, run: RunSnapshot) -> None:
        """See :class:`Scene`."""
        self._view.take_answer(run.sources[0])

    def picture(self, cards: Cards) -> BgrImage | None:
        """See :class:`Scene`."""
        if self._view.frame is None:
            return None
        bgr: BgrImage = self._view.frame.bgr.copy()
        draw(bgr, self._view.caption(cards, cards.message or self._view.fault()))
        return bgr


class SideBySide:
    """Several sources as tiles, each with its name; one without a signal is dark, or keeps its last picture."""

    least_s = 0.03

    def __init__(self, views: Sequence[_View]) -> None:
        self._views = views
        self._mosaic = Mosaic(len(views))

    @property
    def begun(self) -> bool:
        """Whether there has been a frame."""
        return any(view.frame is not None for view in self._views)

    def take_frames(self, run: RunSnapshot) -> None:
        """See :class:`Scene`."""
        for view, source in zip(self._views, run.sources, strict=True):
            view.take_frame(source)

    def take_answers(self, run: RunSnapshot) -> None:
        """See :class:`Scene`."""
        for view, source in zip(self._views, run.sources, strict=True):
            view.take_answer(source)

    def picture(self, cards: Cards) -> BgrImage | None:
        """See :class:`Scene`."""
        for number, view in enumerate(self._views):
            tile = self._mosaic.fitted(None if view.frame is None else view.frame.bgr)
            parts = [cards.message if number == 0 else None, view.fault(), view.name]
            draw(tile, view.caption(cards, " · ".join(part for part in parts if part)))
            self._mosaic.put(number, tile)
        return self._mosaic.bgr


class _View:
    """One source: the frame that is shown, and the answer that is shown with it."""

    def __init__(self, source: SourceSnapshot) -> None:
        self._source = source
        self.name = source.name
        self.frame: Frame | None = None
        self._answered: Answered | None = None

    def take_frame(self, source: SourceSnapshot) -> None:
        self.frame = source.frame

    def take_answer(self, source: SourceSnapshot) -> None:
        self._source = source
        self._answered = source.answered

    def fault(self) -> str | None:
        """How long the signal has been gone, if it has."""
        since_s = self._source.status.silent_since_s
        return None if since_s is None else f"signal lost for {time.monotonic() - since_s:.0f} s"

    def caption(self, cards: Cards, message: str | None) -> Caption:
        source = self._source
        if self._answered is None:
            return Caption(None, starting=True, camera_fps=source.capture_fps, message=message, help=cards.help)
        prediction = self._answered.prediction
        return Caption(
            stable=prediction.stable,
            ranking=prediction.labels[:5] if cards.ranking else (),
            camera_fps=source.capture_fps,
            classifier_fps=source.answer_fps,
            classifier_mean_fps=source.answer_mean_fps,
            age_s=None if cards.paused else time.monotonic() - self._answered.frame.captured_s,
            message=message,
            help=cards.help,
        )
