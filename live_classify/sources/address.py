"""Addresses on the network, which may hold a password: the one door between what a user typed and what is shown."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)

# To the last @, since people write passwords with / and @ in them as they are.
_USER = r"([^:@\s]*):.*@"
_PASSWORD = re.compile(r"(:/{1,2})" + _USER, re.DOTALL)  # one slash: what becomes of an address taken for a path
_BARE_PASSWORD = re.compile("()" + _USER, re.DOTALL)

# As cameras and services name them: ?password=, &api_key=, _pwd=, X-Amz-Signature=.
_SECRET = re.compile(
    r"((?:[\w.-]*(?:pass|pwd|psw|token|key|secret|auth|sig|cred|session)[\w.-]*|\b(?:p|pw|sid))=)[^&;#\s]*?(?=:?(?:[&;#\s]|$))",
    re.IGNORECASE,
)


class Address:
    """An address on the network. Whatever prints it shows no password.

    Args:
        text: as the user gave it, ``rtsp://user:password@host/path``.
    """

    __slots__ = ("_text", "scheme", "shown")

    def __init__(self, text: str) -> None:
        scheme = scheme_of(text)
        if scheme is None:
            raise ValueError("not an address on the network")
        self._text = text
        self.scheme = scheme
        self.shown = shown_name(text)

    def reveal(self) -> str:
        """The address with its password: for the library that connects, and for nothing else."""
        return self._text

    @property
    def host(self) -> str:
        """The host's name, empty where there is none; of what is shown, since it is shown too."""
        try:
            return urlsplit(self.shown).hostname or ""
        except ValueError:
            return ""

    @property
    def port(self) -> int | None:
        """The port, None where none is named that could be one."""
        try:
            return urlsplit(self.shown).port
        except ValueError:
            return None

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"

    def __str__(self) -> str:
        return self.shown


def scheme_of(text: str) -> str | None:
    """The scheme of an address on the network in lower case, None where a text is none."""
    found = _SCHEME.match(text)
    return found[1].lower() if found else None


def shown_name(text: str) -> str:
    r"""What a source is called wherever it is named: as the user gave it, without a password.

    Every name of a source passes here. A name of a file that exists is changed only where it isn't valid UTF-8: bytes
    that are no text become ``\xff``.
    """
    if scheme_of(text) is None and (":" not in text or os.path.lexists(text)):
        return _escaped(text)
    if scheme_of(text) is None:  # an address whose scheme was forgotten, perhaps
        return _BARE_PASSWORD.sub(_user, text, count=1)
    return without_secrets(text)


def _escaped(text: str) -> str:
    """A name that can be printed and written to a log: Python keeps bytes that are no text as lone surrogates."""
    try:
        return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
    except UnicodeEncodeError:  # other surrogates: names on Windows may hold any
        return text.encode(errors="backslashreplace").decode()


def without_secrets(text: str) -> str:
    """Take the passwords out of all addresses in a text: the last guard before it is printed."""
    before, mark, rest = text.partition(":/")
    if not mark:
        return text
    return before + _SECRET.sub(r"\1***", _PASSWORD.sub(_user, mark + rest))


def _user(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}@" if found[2] else found[1]
