"""The report as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from live_classify.outputs.web_page import web_page

if TYPE_CHECKING:
    from live_classify.outputs.recording_report import LabelTime, RecordingReport

_GOLDEN_ANGLE = 137.508  # degrees: successive hues lie far apart, however many there are

_STYLE = """
.timeline { display: block; width: 100%; height: 2.6rem; margin-top: .6rem; border-radius: .3rem;
  background: var(--line) }
.axis { display: flex; justify-content: space-between; margin: .2rem 0; color: var(--muted); font-size: .8rem }
.picked rect { opacity: .15 } .picked rect.picked { opacity: 1 }
details { border-top: 1px solid var(--line) }
summary { display: flex; gap: .8rem; align-items: center; padding: .6rem 0; cursor: pointer; list-style: none }
summary::-webkit-details-marker { display: none }
summary img, .none { width: 6.5rem; height: 4.2rem; flex: none; object-fit: cover; border-radius: .3rem;
  background: var(--line) }
.name { flex: 1; min-width: 0; overflow-wrap: anywhere; font-weight: 600 }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: .2em; margin-right: .45em }
ul { columns: 14rem; margin: 0 0 .8rem; padding-left: 1.2rem; font-variant-numeric: tabular-nums; font-size: .9rem }
"""

_SCRIPT = """
for (const section of document.querySelectorAll("section"))
  section.addEventListener("toggle", event => {
    const timeline = section.querySelector(".timeline");
    if (event.target.open)
      for (const other of section.querySelectorAll("details[open]")) if (other !== event.target) other.open = false;
    const open = section.querySelector("details[open]");
    timeline.classList.toggle("picked", open !== null);
    for (const rect of timeline.querySelectorAll("rect"))
      rect.classList.toggle("picked", open !== null && rect.dataset.label === open.dataset.label);
  }, true);
for (const rect of document.querySelectorAll("rect"))
  rect.addEventListener("click", () => {
    const row = rect.closest("section").querySelector(`details[data-label="${rect.dataset.label}"]`);
    row.open = true;
    row.scrollIntoView({block: "nearest"});
  });
"""


def page(recordings: Sequence[RecordingReport]) -> str:
    """The page for some recordings. Names of files and labels are text, whatever they hold."""
    sections = "\n".join(_section(recording) for recording in recordings)
    return web_page("What the recordings show", sections, _STYLE, _SCRIPT)


def clock(seconds: float) -> str:
    """A time for people: ``1:02.5``, ``1:00:02.5``."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths // 10:02}.{tenths % 10}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"


def _section(recording: RecordingReport) -> str:
    labels = recording.label_times()
    colours = {
        label.label.index: f"hsl({number * _GOLDEN_ANGLE % 360:.0f} 62% 52%)" for number, label in enumerate(labels)
    }
    rows = "\n".join(_row(recording, label, colours[label.label.index]) for label in labels)
    return f"""<section>
<h2>{html.escape(recording.source)}</h2>
<p>{clock(recording.end_s)}, {recording.frames} frames, {len(recording.segments)} segments</p>
{_timeline(recording, colours)}
<div class="axis">{"".join(f"<span>{clock(part * recording.end_s)}</span>" for part in (0, 0.5, 1))}</div>
{rows or "<p>Not sure of anything.</p>"}
</section>"""


def _timeline(recording: RecordingReport, colours: dict[int, str]) -> str:
    whole_s = recording.end_s or 1.0
    bars = "\n".join(
        f'<rect x="{1000 * segment.start_s / whole_s:.3f}" y="0" height="40" '
        f'width="{max(1.0, 1000 * (segment.end_s - segment.start_s) / whole_s):.3f}" '
        f'fill="{colours[segment.label.index]}" data-label="{segment.label.index}"><title>'
        f"{html.escape(segment.label.text)}, {clock(segment.start_s)} to {clock(segment.end_s)}</title></rect>"
        for segment in recording.segments
    )
    name = html.escape(f"Timeline of {recording.source}", quote=True)
    return (
        f'<svg class="timeline" viewBox="0 0 1000 40" preserveAspectRatio="none" role="img" aria-label="{name}">'
        f"{bars}</svg>"
    )


def _row(recording: RecordingReport, label: LabelTime, colour: str) -> str:
    name = html.escape(label.label.text)
    best = recording.thumbnails.get(label.label.index)
    picture = (
        '<span class="none"></span>'
        if best is None
        else f'<img src="{best.data_uri}" alt="at {clock(best.time_s)}" title="at {clock(best.time_s)}">'
    )
    share = label.total_s / recording.end_s if recording.end_s > 0 else 1.0
    times = "".join(
        f"<li>{clock(segment.start_s)} to {clock(segment.end_s)}, {segment.label.probability:.0%}</li>"
        for segment in label.segments
    )
    return f"""<details data-label="{label.label.index}">
<summary>{picture}
<span class="name"><span class="swatch" style="background: {colour}"></span>{name}</span>
<span class="number">{label.total_s:.1f} s ({share:.0%})<br>{label.mean_probability:.0%} sure</span></summary>
<ul>{times}</ul>
</details>"""
