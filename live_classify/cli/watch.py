"""``live-classify watch``: what a camera shows, now."""

from __future__ import annotations

from typing import Any

import click

from live_classify.cli.options import (
    ModelOptions,
    answer_options,
    duration_option,
    model_options,
    no_window_option,
    output_options,
    quiet_option,
)


@click.command()
@click.argument("source", default="0")
@duration_option
@model_options
@answer_options(0.3, "Time over which answers are averaged; 0 is none.")
@output_options
@no_window_option
@quiet_option
def watch(source: str, model_options: ModelOptions, **options: Any) -> None:
    """Classify live what SOURCE shows.

    SOURCE is a camera number (0 by default), a device file (/dev/video2), a video file, which plays at its own pace, or
    `synthetic:`, a camera made of photographs.

    The window shows the newest frame with the newest answer. Keys: q or Esc quit, space pause, s save a picture, t rank
    the best five, h help.

    `synthetic:PATH?fps=30&size=640x480` is a camera that shows the photographs of a folder, or a clip, over and over.
    """
    from live_classify.cli.live import LiveOptions, run_live
    from live_classify.sources.open import files_read, live_source

    run_live("watch", live_source(source), files_read(source), model_options, LiveOptions(**options))
