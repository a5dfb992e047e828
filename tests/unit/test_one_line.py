from __future__ import annotations

import pytest

from live_classify.core.one_line import one_line


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("plain", "plain"),
        ("\n  first \nsecond", "first "),
        (ValueError("first\nsecond"), "first"),
        (MemoryError(), "MemoryError"),
        ("\x1b[2Jgone\x07", "?[2Jgone?"),
        ("x" * 300, "x" * 197 + "..."),
    ],
)
def test_foreign_words_become_one_line_without_control_characters(what: object, line: str) -> None:
    assert one_line(what) == line
