"""A result as one page: what was measured, what limits it, plots, and the tables that are printed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from live_classify.measure.figures import latency_plot, stages_plot, throughput_plots
from live_classify.measure.text import Section, noise_warning, sections
from live_classify.outputs.web_page import web_page

if TYPE_CHECKING:
    from live_classify.measure.result import Measurement

_STYLE = """
dl { margin: 0 } dt { font-weight: 600 } dt::first-letter { text-transform: uppercase }
dd { margin: 0 0 .5rem; overflow-wrap: anywhere } code { white-space: nowrap }
.remark { color: var(--ink); border-left: .25rem solid #e08a2e; padding-left: .6rem; margin: .6rem 0 0 }
.plots { columns: 2 22rem; column-gap: 1rem } .plots section { break-inside: avoid; margin: 0 0 1rem }
.plots svg { display: block; width: 100%; max-width: 32rem; margin-top: .6rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem }
th, td { padding: .25rem .7rem .25rem 0; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--line) }
th { color: var(--muted); font-weight: 400 } th.number, td.number { text-align: right }
tr:last-child td { border-bottom: 0 } td:last-child { white-space: normal; min-width: 8rem }
"""


def page(result: Measurement) -> str:
    """The page; what isn't measured isn't on it. Names from outside are text, whatever they hold."""
    parts = [part for part in sections(result) if part.rows]
    words = [_words(part) for part in parts if not part.headings]
    warning = noise_warning(result)
    if words and warning is not None:
        words[0] += f'<p class="remark">{html.escape(warning[0].upper() + warning[1:])}.</p>'
    tables = [_table(part) for part in parts if part.headings]
    plots = "\n".join(_card(*plot) for plot in _plots(result))
    body = [*map(_section, words), f'<div class="plots">\n{plots}\n</div>', *map(_section, tables), _origin(result)]
    return web_page("How fast this machine is", "\n".join(body), _STYLE)


def _plots(result: Measurement) -> Iterator[tuple[str, str, str]]:
    """Title, explanation and picture of each."""
    latency = latency_plot(result["latency_histogram"])
    if latency is not None:
        why = "Live, from capture to label, of all rounds together; the table has the median round of each percentile."
        yield "Latency", why, latency
    stages = stages_plot(result)
    if stages is not None:
        yield "Each stage alone", "The bar ends at the median frame, the whisker at p95.", stages
    for model, plot in throughput_plots(result["table"]):
        why = (
            "Of each the best number of workers; whiskers from the slowest round to the fastest. Green is recommended."
        )
        yield f"Throughput of {model}", why, plot


def _card(title: str, explanation: str, picture: str) -> str:
    return f"<section><h2>{html.escape(title)}</h2>\n<p>{html.escape(explanation)}</p>\n{picture}</section>"


def _section(body: str) -> str:
    return f"<section>{body}</section>"


def _words(part: Section) -> str:
    """Sentences, each under its name."""
    rows = "\n".join(f"<dt>{html.escape(name)}</dt><dd>{_with_code(text)}</dd>" for name, text in part.rows)
    return f"<dl>\n{rows}\n</dl>"


def _with_code(text: str) -> str:
    """Text in which what stands in backticks is code."""
    return re.sub("`([^`]*)`", r"<code>\1</code>", html.escape(text))


def _table(part: Section) -> str:
    columns = [*zip(*part.rows, strict=True)]
    kinds = [' class="number"' if all(not cell or cell[0].isdigit() for cell in column) else "" for column in columns]
    head = "".join(f"<th{kind}>{html.escape(cell)}</th>" for kind, cell in zip(kinds, part.headings, strict=True))
    rows = "\n".join(
        f"<tr>{''.join(f'<td{kind}>{html.escape(cell)}</td>' for kind, cell in zip(kinds, row, strict=True))}</tr>"
        for row in part.rows
    )
    return f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>'


def _origin(result: Measurement) -> str:
    versions = [("live-classify", result["live_classify"]), *result["machine"]["versions"].items()]
    names = ", ".join(f"{name} {version}" for name, version in versions)
    measured = result["measured"]
    return f"<p>{html.escape(f'{measured}, {names}')}</p>"
