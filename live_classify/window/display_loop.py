"""The loop of the window: the newest frame with the newest label, at the camera's own rate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from live_classify.core.errors import OutputError
from live_classify.flow.pipeline import Pipeline
from live_classify.outputs.paths import free_path
from live_classify.outputs.pictures import write_picture
from live_classify.window.scene import Cards, Scene, scene_of
from live_classify.window.window import Key, Window

if TYPE_CHECKING:
    from live_classify.core.values import BgrImage

_KEYS_EVERY_S = 0.02
_REDRAW_EVERY_S = 0.2
_PATIENCE_S = 0.01
"""How long a new frame waits for its answer before it is shown: less than a frame period of most cameras."""
_NOTE_S = 2.0  # how long a short note stays on the picture


class DisplayLoop:
    """Shows a live pipeline in a window, and obeys its keys. For the main thread.

    Args:
        pipeline: what to show; it must be running.
        window: where; stays the caller's.
    """

    def __init__(self, pipeline: Pipeline, window: Window) -> None:
        self._pipeline = pipeline
        self._monitor = pipeline.monitor
        self._meter = self._monitor.display_meter()
        self._window = window
        self._scene: Scene = scene_of(self._monitor.snapshot())
        self._paused = self._ranking = self._help = False
        self._note, self._note_until_s = "", 0.0

    def run(self, until_s: float) -> None:
        """Show frames until the source ends, the user quits, or ``time.monotonic`` reaches ``until_s``."""
        seen, drawn_s, waiting = 0, 0.0, False
        while not (self._pipeline.wait(0) or self._window.closed or time.monotonic() >= until_s):
            newest = self._monitor.wait_for_frame(seen, _KEYS_EVERY_S)
            waiting, seen = waiting or newest != seen, newest
            fresh = waiting and time.monotonic() >= drawn_s + self._scene.least_s
            fresh = fresh and not (self._paused and self._scene.begun)
            if fresh:
                waiting = False
                self._scene.take_frames(self._monitor.snapshot())
                self._await_answer()
                self._meter.tick()
            key = self._window.poll_key()
            if key is Key.QUIT:
                return
            if key is not None:
                self._obey(key)
            now_s = time.monotonic()
            # Without a new frame the label's age and the notes still change.
            if fresh or key is not None or now_s > drawn_s + _REDRAW_EVERY_S:
                drawn_s = now_s
                with self._meter.busy():
                    self._show()

    def _await_answer(self) -> None:
        """Give a fast network the moment it needs, so that a label stands on the very frame it belongs to.

        A network that was slower with the last frame isn't waited for, nor is one that has several sources to answer.
        """
        seen, run = self._monitor.wait_for_answer(0, 0), self._monitor.snapshot()
        if run.newest is None or len(run.sources) > 1:
            return
        if run.newest.prediction.finished_s - run.newest.frame.captured_s < _PATIENCE_S:
            self._monitor.wait_for_answer(seen, _PATIENCE_S)

    def _obey(self, key: Key) -> None:
        if key is Key.PAUSE:
            self._paused = not self._paused
        elif key is Key.TOP:
            self._ranking = not self._ranking
        elif key is Key.HELP:
            self._help = not self._help
        elif key is Key.SAVE:
            picture = self._scene.picture(Cards(ranking=self._ranking, paused=self._paused))
            if picture is not None:
                self._save(picture)

    def _save(self, picture: BgrImage) -> None:
        path = free_path("live-classify", ".png")
        try:
            write_picture(path, picture)
            self._note = f"saved {path}"
        except OutputError as error:
            self._note = str(error)
        self._note_until_s = time.monotonic() + _NOTE_S

    def _show(self) -> None:
        if not self._paused:  # else the answers stay those of the pictures that are shown
            self._scene.take_answers(self._monitor.snapshot())
        message = self._note if time.monotonic() < self._note_until_s else "paused" if self._paused else None
        picture = self._scene.picture(Cards(self._ranking, self._paused, self._help, message))
        if picture is not None:
            self._window.show(picture)
