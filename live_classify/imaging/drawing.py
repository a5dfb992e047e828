"""The strokes the overlay is made of: text that fits, panels of dark glass, bars.

Every function draws in place, clips at the edge of the picture and keeps no state, so any thread may call it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import cv2
import numpy as np

if TYPE_CHECKING:
    from live_classify.core.values import BgrImage

Colour: TypeAlias = tuple[int, int, int]
"""Blue, green, red, 0 to 255."""

WHITE: Colour = (255, 255, 255)
MUTED: Colour = (208, 204, 200)
ACCENT: Colour = (168, 224, 110)

ELLIPSIS = "…"
_LONGEST_TEXT = 200  # characters; more never fits, and measuring costs time
_GLASS_GAIN = 0.24  # white turns to grey 80: white text on it still has a contrast of 8 to 1
_GLASS_OFFSET = 18


class Style(NamedTuple):
    """How a text looks."""

    size: int
    """Height of a line above its base line, in pixels; capitals are 0.7 of it."""
    weight: int
    """400 is regular, 600 semibold."""
    colour: Colour


class Box(NamedTuple):
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int


def printable(text: str) -> str:
    """Return ``text`` as one line that is safe to draw.

    OpenCV starts a new line at a control character and crashes on half a surrogate pair, which is what Python makes of
    a file name that isn't UTF-8.
    """
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST_TEXT])


def text_width(text: str, style: Style) -> int:
    """Return the width of ``text`` in pixels."""
    _x, _y, width, _height = cv2.getTextSize((0, 0), printable(text), (0, 0), _font(), style.size, style.weight)
    return width


def shorten(text: str, style: Style, width: int) -> str:
    """Return ``text``, or as much of its beginning as fits into ``width`` pixels with an ellipsis."""
    text = printable(text)
    if text_width(text, style) <= width:
        return text
    lengths = range(len(text))
    kept = bisect_right(lengths, width, key=lambda length: text_width(text[:length].rstrip() + ELLIPSIS, style)) - 1
    return text[:kept].rstrip() + ELLIPSIS if kept > 0 else ""


def put_text(bgr: BgrImage, text: str, x: int, middle: float, style: Style) -> None:
    """Draw ``text`` from ``x`` to the right, its capitals centred on the height ``middle``."""
    baseline = round(middle + 0.35 * style.size)
    cv2.putText(bgr, printable(text), (x, baseline), style.colour, _font(), style.size, style.weight)


def put_text_right(bgr: BgrImage, text: str, right: int, middle: float, style: Style) -> None:
    """Draw ``text`` so that it ends at ``right``, its capitals centred on the height ``middle``."""
    put_text(bgr, text, right - text_width(text, style), middle, style)


def draw_glass(bgr: BgrImage, box: Box, radius: int) -> None:
    """Turn ``box`` into dark frosted glass with rounded corners: calm behind text, whatever the picture is."""
    picture = bgr[box.y : box.y + box.height, box.x : box.x + box.width]
    height, width = picture.shape[:2]
    # Blurring and darkening a thumbnail, then enlarging it, costs a tenth of doing either at full size.
    grain = max(4, radius)
    thumbnail = cv2.resize(picture, (-(-width // grain), -(-height // grain)), interpolation=cv2.INTER_AREA)
    thumbnail = cv2.convertScaleAbs(cv2.blur(thumbnail, (3, 3)), alpha=_GLASS_GAIN, beta=_GLASS_OFFSET)
    glass = np.empty_like(picture)
    cv2.resize(thumbnail, (width, height), dst=glass, interpolation=cv2.INTER_LINEAR)
    _keep_corners(glass, picture, min(radius, height // 2, width // 2))
    picture[:] = glass


def draw_bar(bgr: BgrImage, box: Box, fraction: float, colour: Colour, opacity: float = 1.0) -> None:
    """Draw a bar, filled from the left to ``fraction`` (0 to 1) with ``colour``, on a faint track."""
    track = bgr[box.y : box.y + box.height, box.x : box.x + box.width]
    cv2.convertScaleAbs(track, dst=track, alpha=0.85, beta=28)
    filled = track[:, : round(box.width * fraction)]
    if filled.size:
        below = filled.copy()
        cv2.rectangle(filled, (0, 0), filled.shape[1::-1], colour, cv2.FILLED)
        cv2.addWeighted(below, 1 - opacity, filled, opacity, 0, dst=filled)


def _keep_corners(glass: BgrImage, picture: BgrImage, radius: int) -> None:
    """Let ``picture`` show outside the arcs of ``radius`` pixels at the four corners of ``glass``."""
    if radius < 2:
        return
    from_centre = radius - 0.5 - np.arange(radius, dtype=np.float32)
    outside = np.clip(np.hypot(from_centre[:, None], from_centre) - radius + 0.5, 0, 1)[..., None]
    first, last = slice(None, radius), slice(None, -radius - 1, -1)
    for corner in ((first, first), (first, last), (last, first), (last, last)):
        # Views that count inwards from the corner, so that one mask serves all four.
        glass[corner] = glass[corner] * (1 - outside) + picture[corner] * outside


def _font() -> cv2.FontFace:
    """Return the built-in sans-serif, made anew (0.2 us): threads that share one draw in each other's weight."""
    return cv2.FontFace("sans")
