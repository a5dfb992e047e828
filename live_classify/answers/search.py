"""Which labels a person means by a few words."""

from __future__ import annotations

import re


def matches(wanted: str, label_id: str, name: str) -> bool:
    """Whether a label is meant: by its id, or by words of its name, ``bottle`` for ``water_bottle``.

    Args:
        wanted: what was asked for; case doesn't count, nor whether words are parted by blanks or underscores.
        label_id: the label's WordNet id, or nothing.
        name: the label's name.
    """
    words, of_name = _words(wanted), _words(name)
    if not words:
        return False
    if label_id and wanted.strip().lower() == label_id.lower():
        return True
    return any(of_name[at : at + len(words)] == words for at in range(len(of_name) - len(words) + 1))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
