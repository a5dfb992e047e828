"""What the window shows: one source, or several side by side."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from live_classify.flow.feed import Feed
from live_classify.imaging.mosaic import Mosaic
from live_classify.imaging.overlay import Caption, draw

if TYPE_CHECKING:
    from live_classify.core.values import BgrImage, Frame
    from live_classify.flow.feed import Result
    from live_classify.flow.pipeline import Pipeline


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

    def take_frames(self) -> None:
        """Go on to the newest frame of each source."""

    def take_answers(self) -> None:
        """Go on to the newest answer for each source."""

    def picture(self, cards: Cards) -> BgrImage | None:
        """A picture of it; None where there is nothing to see yet."""


def scene_of(pipeline: Pipeline) -> Scene:
    """The scene of a pipeline's sources."""
    views = [_View(feed) for feed in pipeline.feeds.values()]
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

    def take_frames(self) -> None:
        """See :class:`Scene`."""
        self._view.take_frame()

    def take_answers(self) -> None:
        """See :class:`Scene`."""
        self._view.take_answer()

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

    def __init__(self, views: list[_View]) -> None:
        self._views = views
        self._mosaic = Mosaic(len(views))

    @property
    def begun(self) -> bool:
        """Whether there has been a frame."""
        return any(view.frame is not None for view in self._views)

    def take_frames(self) -> None:
        """See :class:`Scene`."""
        for view in self._views:
            view.take_frame()

    def take_answers(self) -> None:
        """See :class:`Scene`."""
        for view in self._views:
            view.take_answer()

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

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.name = feed.source.name
        self.frame: Frame | None = None
        self._result: Result | None = None

    def take_frame(self) -> None:
        self.frame = self._feed.frame

    def take_answer(self) -> None:
        self._result = self._feed.result

    def fault(self) -> str | None:
        """How long the signal has been gone, if it has."""
        since_s = self._feed.source.status().silent_since_s
        return None if since_s is None else f"signal lost for {time.monotonic() - since_s:.0f} s"

    def caption(self, cards: Cards, message: str | None) -> Caption:
        camera_fps = self._feed.capture_meter.fps
        if self._result is None:
            return Caption(None, starting=True, camera_fps=camera_fps, message=message, help=cards.help)
        classified, prediction = self._result
        return Caption(
            stable=prediction.stable,
            ranking=prediction.labels[:5] if cards.ranking else (),
            camera_fps=camera_fps,
            classifier_fps=self._feed.answer_meter.fps,
            classifier_mean_fps=self._feed.answer_meter.mean_fps,
            age_s=None if cards.paused else time.monotonic() - classified.captured_s,
            message=message,
            help=cards.help,
        )
