"""The loop of the window: the newest frame with the newest label, at the camera's own rate."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from live_classify.errors import OutputError
from live_classify.frames import Frame
from live_classify.outputs.paths import free_path
from live_classify.outputs.pictures import write_picture
from live_classify.pipeline.meter import Meter
from live_classify.pipeline.pipeline import Pipeline, Result
from live_classify.view.overlay import Caption, draw
from live_classify.view.window import Key, Window

if TYPE_CHECKING:
    from live_classify.frames import BgrImage

_KEYS_EVERY_S = 0.02
_REDRAW_EVERY_S = 0.2
_PATIENCE_S = 0.01
"""How long a new frame waits for its answer before it is shown: less than a frame period of most cameras."""
_NOTE_S = 2.0  # how long a short note stays on the picture


class DisplayLoop:
    """Shows a live pipeline with one source in a window, and obeys its keys. For the main thread.

    Args:
        pipeline: what to show; it must be running.
        window: where; stays the caller's.
    """

    def __init__(self, pipeline: Pipeline, window: Window) -> None:
        self._meter = pipeline.display_meter = Meter()
        self._pipeline = pipeline
        self._window = window
        self._paused = self._ranking = self._help = False
        self._note, self._note_until_s = "", 0.0
        self._shown: Frame | None = None
        self._result: Result | None = None

    def run(self, until_s: float) -> None:
        """Show frames until the source ends, the user quits, or ``time.monotonic`` reaches ``until_s``."""
        seen, frame, drawn_s = 0, None, 0.0
        while not (self._pipeline.wait(0) or self._window.closed or time.monotonic() >= until_s):
            newest, arrived = self._pipeline.newest_frame.wait(seen, _KEYS_EVERY_S)
            fresh = newest != seen and not (self._paused and frame is not None)
            seen = newest
            if fresh:
                frame = arrived
                self._await_answer()
                self._meter.tick()
            key = self._window.poll_key()
            if key is Key.QUIT:
                return
            if key is not None:
                self._obey(key)
            now_s = time.monotonic()
            # Without a new frame the label's age and the notes still change.
            if frame is not None and (fresh or key is not None or now_s > drawn_s + _REDRAW_EVERY_S):
                drawn_s = now_s
                with self._meter.busy():
                    self._show(frame)

    def _await_answer(self) -> None:
        """Give a fast network the moment it needs, so that a label stands on the very frame it belongs to.

        A network that was slower with the last frame isn't waited for.
        """
        seen, result = self._pipeline.newest_result.wait(0, 0)
        if result is not None and result[1].finished_s - result[0].captured_s < _PATIENCE_S:
            self._pipeline.newest_result.wait(seen, _PATIENCE_S)

    def _obey(self, key: Key) -> None:
        if key is Key.PAUSE:
            self._paused = not self._paused
        elif key is Key.TOP:
            self._ranking = not self._ranking
        elif key is Key.HELP:
            self._help = not self._help
        elif key is Key.SAVE and self._shown is not None:
            path = free_path("live-classify", ".png")
            try:
                write_picture(path, self._annotated(self._shown, replace(self._caption(), message=None, help=False)))
                self._note = f"saved {path}"
            except OutputError as error:
                self._note = str(error)
            self._note_until_s = time.monotonic() + _NOTE_S

    def _show(self, frame: Frame) -> None:
        self._shown = frame
        self._window.show(self._annotated(frame, self._caption()))

    @staticmethod
    def _annotated(frame: Frame, caption: Caption) -> BgrImage:
        picture: BgrImage = frame.bgr.copy()
        draw(picture, caption)
        return picture

    def _caption(self) -> Caption:
        now_s = time.monotonic()
        message = self._note if now_s < self._note_until_s else "paused" if self._paused else None
        if not self._paused:  # else the answer stays that of the picture that is shown
            self._result = self._pipeline.newest_result.get()
        result = self._result
        camera_fps = self._pipeline.capture_meters[0].fps
        if result is None:
            return Caption(None, starting=True, camera_fps=camera_fps, message=message, help=self._help)
        classified, prediction = result
        return Caption(
            stable=prediction.stable,
            ranking=prediction.labels[:5] if self._ranking else (),
            camera_fps=camera_fps,
            classifier_fps=self._pipeline.answer_meter.fps,
            age_s=None if self._paused else now_s - classified.captured_s,
            message=message,
            help=self._help,
        )
