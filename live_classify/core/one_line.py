"""Foreign words in a message: an error of a library, a name out of a file."""

from __future__ import annotations


def one_line(what: object, longest: int = 200) -> str:
    """The first line of a text or an error, without control characters, cut where it gets long.

    Returns:
        At least something: an error without words gives its class's name.
    """
    text = str(what).strip() or type(what).__name__
    line = "".join(letter if letter.isprintable() else "?" for letter in text.splitlines()[0])
    return line if len(line) <= longest else f"{line[: longest - 3]}..."
