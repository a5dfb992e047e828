"""What the program says, drawn on the picture it says it about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from live_classify.imaging.drawing import (
    ACCENT,
    MUTED,
    WHITE,
    Box,
    Style,
    draw_bar,
    draw_glass,
    put_text,
    put_text_right,
    shorten,
    text_width,
)

if TYPE_CHECKING:
    from live_classify.core.values import BgrImage, Label

KEYS = (("q, Esc", "quit"), ("space", "pause"), ("s", "save picture"), ("t", "top 5"), ("h", "help"))
"""The keys of the window and what they do, as the help card lists them."""

_SMALLEST_TEXT = 9  # pixels: below it letters can't be told apart
_LARGEST_TEXT = 120
_MOST_OF_HEIGHT = 0.6  # of the picture, that the card may take


@dataclass(frozen=True, slots=True)
class Caption:
    """What the picture says."""

    stable: Label | None
    """The smoothed answer; ``None`` is shown as "not sure"."""
    starting: bool = False
    """Nothing has been classified yet: shown as "starting", whatever ``stable`` is."""
    ranking: tuple[Label, ...] = ()
    """The rank-5 list, best first; drawn with bars when not empty."""
    camera_fps: float | None = None
    classifier_fps: float | None = None
    classifier_mean_fps: float | None = None
    """Over the whole run; shown beside ``classifier_fps``."""
    age_s: float | None = None
    """How long ago the frame was captured that the label belongs to."""
    message: str | None = None
    """One short line at the top: ``paused``, ``signal lost for 4 s``."""
    help: bool = False
    """Show what the keys do."""


def draw(bgr: BgrImage, caption: Caption) -> None:
    """Draw ``caption`` on a picture of any size.

    The label is on a card at the lower left, sized by the picture. What would leave too little of a small picture is
    left out: the ranking first, then the frame rates, below about 50 pixels everything. The help card takes the place
    of the ranking, and on a small picture of everything else.

    Args:
        bgr: ``(H, W, 3)`` uint8, writable; drawn on in place, and untouched outside the cards.
        caption: What to say.
    """
    layout = _Layout.of(bgr)
    help_box = _help_box(layout) if caption.help else None
    if help_box is not None:
        _draw_help(bgr, help_box, layout)
        if help_box.height > layout.height / 2:
            return
        caption = replace(caption, ranking=())
    _draw_card(bgr, caption, layout)
    if caption.message:
        _draw_message(bgr, caption.message, layout)


class _Layout(NamedTuple):
    """Measures in pixels that follow from the picture's size."""

    width: int
    height: int
    large: int
    """Text size of the label."""
    small: int
    """Text size of everything else."""
    margin: int
    """From the picture's edge to a card."""
    padding: int
    """From a card's edge to its text."""

    @classmethod
    def of(cls, bgr: BgrImage) -> _Layout:
        height, width = bgr.shape[:2]
        large = min(max(round(0.055 * min(height, 0.75 * width)), _SMALLEST_TEXT), _LARGEST_TEXT)
        small = max(round(0.5 * large), min(large, 11))
        return cls(width, height, large, small, margin=max(2, round(0.5 * large)), padding=max(3, round(0.5 * large)))

    @property
    def radius(self) -> int:
        return max(2, round(0.35 * self.large))

    @property
    def row(self) -> int:
        """Height of a line of small text with the space around it."""
        return round(1.6 * self.small)

    @property
    def key(self) -> Style:
        """How the help card writes a key."""
        return Style(self.small, 600, ACCENT)

    @property
    def text(self) -> Style:
        """How messages, help and the ranking are written."""
        return Style(self.small, 500, WHITE)


def _draw_card(bgr: BgrImage, caption: Caption, layout: _Layout) -> None:
    """Draw label, probability, ranking and frame rates at the lower left."""
    width = min(layout.width - 2 * layout.margin, max(17 * layout.large, 26 * layout.small))
    inner = width - 2 * layout.padding
    headline, bar = round(1.2 * layout.large), max(2, layout.large // 8)
    footer = _frame_rates(caption, inner, layout)
    ranking = caption.ranking

    gap = layout.padding // 2 + 1
    most = _MOST_OF_HEIGHT * layout.height
    height = headline + bar + 2 * layout.padding
    ranking_height = gap + len(ranking) * layout.row if ranking else 0
    footer_height = gap + round(1.2 * layout.small) if footer else 0
    if height + footer_height + ranking_height > most:
        ranking, ranking_height = (), 0
    if height + footer_height > most:
        footer, footer_height = "", 0
    if height > most or inner < 4 * layout.large:
        return
    height += ranking_height + footer_height

    x, y = layout.margin + layout.padding, layout.height - layout.margin - height
    draw_glass(bgr, Box(layout.margin, y, width, height), layout.radius)
    y += layout.padding
    _draw_headline(bgr, caption, Box(x, y, inner, headline), layout)
    y += headline
    known = None if caption.starting else caption.stable
    draw_bar(bgr, Box(x, y, inner, bar), known.probability if known else 0, ACCENT)
    y += bar
    if ranking:
        y += gap
        for label in ranking:
            _draw_ranked(bgr, label, Box(x, y, inner, layout.row), layout)
            y += layout.row
    if footer:
        y += gap
        put_text(bgr, footer, x, y + 0.6 * layout.small, Style(layout.small, 400, MUTED))


def _draw_headline(bgr: BgrImage, caption: Caption, box: Box, layout: _Layout) -> None:
    """Draw the label, and its probability at the right."""
    middle = box.y + 0.45 * box.height
    if caption.starting or caption.stable is None:
        style = Style(layout.large, 400, MUTED)
        put_text(bgr, shorten("starting…" if caption.starting else "not sure", style, box.width), box.x, middle, style)
        return
    room = box.width
    probability = Style(layout.large, 400, ACCENT)
    beside = box.width - text_width("100%", probability) - layout.padding
    if beside > 5 * layout.large:
        room = beside
        put_text_right(bgr, _percent(caption.stable.probability), box.x + box.width, middle, probability)
    name = Style(layout.large, 600, WHITE)
    needed = text_width(caption.stable.text, name)
    if needed > room:  # smaller letters first, then fewer
        fitting = int(0.97 * layout.large * room / needed)
        name = name._replace(size=max(fitting, round(0.7 * layout.large), layout.small))
    put_text(bgr, shorten(caption.stable.text, name, room), box.x, middle, name)


def _draw_ranked(bgr: BgrImage, label: Label, box: Box, layout: _Layout) -> None:
    """Draw one line of the ranking on its bar."""
    draw_bar(bgr, box._replace(height=box.height - max(1, box.height // 8)), label.probability, ACCENT, opacity=0.3)
    middle = box.y + 0.44 * box.height
    indent = max(2, layout.small // 3)
    style = layout.text
    room = box.width - 2 * indent - text_width("100%", style) - layout.padding
    put_text(bgr, shorten(label.text, style, room), box.x + indent, middle, style)
    put_text_right(bgr, _percent(label.probability), box.x + box.width - indent, middle, style)


def _draw_message(bgr: BgrImage, message: str, layout: _Layout) -> None:
    """Draw one line in the middle of the upper edge."""
    text = shorten(message, layout.text, layout.width - 2 * layout.margin - 2 * layout.padding)
    height = layout.row + layout.padding
    if not text or height > _MOST_OF_HEIGHT / 2 * layout.height:
        return
    width = text_width(text, layout.text) + 2 * layout.padding
    x = (layout.width - width) // 2
    draw_glass(bgr, Box(x, layout.margin, width, height), height // 2)
    put_text(bgr, text, x + layout.padding, layout.margin + 0.48 * height, layout.text)


def _help_box(layout: _Layout) -> Box | None:
    """Return where the help card goes, ``None`` where it doesn't fit."""
    actions = max(text_width(action, layout.text) for _key, action in KEYS)
    width = _keys_width(layout) + actions + 4 * layout.padding
    height = len(KEYS) * layout.row + 3 * layout.padding
    if width > layout.width or height > layout.height:
        return None
    return Box((layout.width - width) // 2, (layout.height - height) // 2, width, height)


def _keys_width(layout: _Layout) -> int:
    """Return the width of the help card's first column."""
    return max(text_width(key, layout.key) for key, _action in KEYS) + layout.padding


def _draw_help(bgr: BgrImage, box: Box, layout: _Layout) -> None:
    """Draw the list of keys."""
    draw_glass(bgr, box, layout.radius)
    x = box.x + 2 * layout.padding
    middle = box.y + 1.5 * layout.padding + 0.5 * layout.row
    for key, action in KEYS:
        put_text(bgr, key, x, middle, layout.key)
        put_text(bgr, action, x + _keys_width(layout), middle, layout.text)
        middle += layout.row


def _frame_rates(caption: Caption, width: int, layout: _Layout) -> str:
    """Return what is known of rates and age, as much of it as fits into ``width`` pixels."""
    style = Style(layout.small, 400, MUTED)
    parts = _rates_and_age(caption)
    if text_width(" · ".join(parts), style) > width:  # the mean first: it says least about now
        parts = _rates_and_age(replace(caption, classifier_mean_fps=None))
    while parts and text_width(" · ".join(parts), style) > width:
        parts.pop()
    return " · ".join(parts)


def _rates_and_age(caption: Caption) -> list[str]:
    parts = []
    if caption.camera_fps is not None:
        parts.append(f"camera {_number(caption.camera_fps)} fps")
    if caption.classifier_fps is not None:
        mean = caption.classifier_mean_fps
        beside = "" if mean is None else f", mean {_number(mean)}"
        parts.append(f"classifier {_number(caption.classifier_fps)} fps{beside}")
    if caption.age_s is not None:
        parts.append(f"{_number(caption.age_s)} s old" if caption.age_s >= 1 else f"{caption.age_s * 1000:.0f} ms old")
    return parts


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def _percent(probability: float) -> str:
    return f"{probability:.0%}" if probability >= 0.005 else "<1%"
