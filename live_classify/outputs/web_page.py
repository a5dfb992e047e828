"""The frame of the pages that this program writes: self-contained, light or dark, readable on a phone, no network."""

from __future__ import annotations

import html

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --muted: #60666d; --paper: #f6f7f8; --card: #fff; --line: #d9dde1 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eceef0; --muted: #9ba1a8; --paper: #15181b; --card: #1f2327; --line: #383e44 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 16px/1.45 system-ui, sans-serif; color: var(--ink);
  background: var(--paper) }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin: 0; overflow-wrap: anywhere }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; margin: 1rem 0 }
p { color: var(--muted); margin: .2rem 0 }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; font-size: .9rem }
"""


def web_page(title: str, body: str, style: str, script: str = "") -> str:
    """A whole page.

    Args:
        title: what it is called, as text.
        body: what stands below the title, as HTML.
        style: CSS of its own.
        script: JavaScript of its own, run when the body is there.
    """
    scripts = f"<script>{script}</script>\n" if script else ""
    name = html.escape(title)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<style>{_STYLE}{style}</style>
</head>
<body>
<h1>{name}</h1>
{body}
{scripts}</body>
</html>
"""
