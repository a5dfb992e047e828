"""``live-classify watch``: what a camera shows, now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from live_classify.cli.options import (
    FiniteRange,
    answer_options,
    duration_option,
    network_options,
    no_window_option,
    output_options,
    quiet_option,
)
from live_classify.spec import NetworkSpec


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE ...]")
@duration_option
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=FiniteRange(0, 600, min_open=True),
    default=10.0,
    show_default=True,
    help="How long a stream may take to answer, and to send more.",
)
@click.option(
    "--stall",
    metavar="SECONDS",
    type=FiniteRange(0, 600, min_open=True),
    default=5.0,
    show_default=True,
    help="After so long without a frame a camera or stream is connected again.",
)
@network_options
@answer_options(0.3, "Time over which answers are averaged; 0 is none.")
@output_options
@no_window_option
@quiet_option
def watch(sources: Sequence[str], timeout: float, stall: float, spec: NetworkSpec, quiet: bool, **options: Any) -> None:
    """Classify live what SOURCE shows.

    SOURCE is a camera number (0 by default), a device file (/dev/video2), a stream (rtsp://, http://, https://), a
    video file, which plays at its own pace, or `synthetic:`, a camera made of photographs. Several are shown side by
    side.

    The window shows the newest frame with the newest answer. Keys: q or Esc quit, space pause, s save a picture, t rank
    the best five, h help.

    A camera or stream whose signal is lost is connected again. One that can't be reached at first is an error, unless
    there are others.

    `synthetic:PATH?fps=30&size=640x480` is a camera that shows the photographs of a folder, or a clip, over and over.
    """
    from live_classify.cli.live import LiveOptions, run_live
    from live_classify.sources.open import files_read, live_source
    from live_classify.sources.reconnecting import Patience

    texts = sources or ["0"]
    patience = Patience(timeout, stall, unopened=len(texts) > 1)
    watched = [live_source(text, patience) for text in texts]
    inputs = [path for text in texts for path in files_read(text)]
    run_live("watch", watched, inputs, spec, LiveOptions(quiet=quiet, **options))
