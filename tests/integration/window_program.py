"""Shows a picture in a window and prints what happens to it; run by the window's tests, one process for each.

Arguments: the window's title, and an .npy file with the picture.
"""

# ruff: noqa: T201 - printing is how it talks to its test

from __future__ import annotations

import sys

import numpy as np

from live_classify.cli.quiet import prepare_windows
from live_classify.window.window import Key, Window

MOST_POLLS = 10_000  # about 20 s, so that a failing test ends


def main(title: str, picture: str) -> None:
    bgr = np.load(picture)
    prepare_windows()
    window = Window(title)
    for poll in range(MOST_POLLS):
        window.show(bgr)
        key = window.poll_key()
        if poll == 1:
            print("shown", flush=True)
        if key is not None:
            print(key.value, flush=True)
        if window.closed:
            print("closed by the user", flush=True)
            break
        if key is Key.QUIT:
            break
    window.close()
    window.show(bgr)
    print("ended", window.poll_key(), window.closed, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
