"""One file fetched over HTTP, into a part file that a later attempt goes on with."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, responses
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

_CHUNK = 2**18
_BETWEEN_S = 0.1
"""Between two words of progress: a bar that moves ten times a second is smooth."""
_TOLERANCE = 1.5
"""A file so many times larger or smaller than expected is another one: a log-in page, or a body without an end."""
_PASSING = {408, 429, *range(500, 600)}
"""HTTP statuses that may be gone a moment later."""


class TransferError(Exception):
    """Why a file can't be had, in a few words.

    Args:
        passing: another attempt may do better.
    """

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing


@dataclass(frozen=True)
class Transfer:
    """Where a file comes from and where it is put."""

    url: str
    part: Path
    """What has come in so far. Which version of the file it belongs to is kept beside it."""
    size: int
    """Bytes, about."""
    stall_s: float
    """A server that is silent for so long is given up."""
    pauses_s: Sequence[float]
    """Before each further attempt."""
    progress: Callable[[int, int], None]
    """Told how many bytes there are, of how many."""

    def run(self) -> None:
        """Bring the whole file into :attr:`part`. Whatever ends it early leaves there what came in.

        Raises:
            TransferError: the server can't be reached, or doesn't send the file.
            OSError: the part can't be written.
        """
        before, _ = self.held()
        for pause_s in (*self.pauses_s, None):
            try:
                self._attempt()
            except TransferError as error:  # noqa: PERF203 (a network is slower)
                # Once something has come in, whatever is wrong now was right a moment ago.
                begun = self.held()[0] > before
                if pause_s is None or not (error.passing or begun):
                    raise
                time.sleep(pause_s)
            else:
                return

    def forget(self) -> None:
        """Remove what came in."""
        self.part.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)

    @property
    def _version(self) -> Path:
        return self.part.with_name(f"{self.part.name}.version")

    def held(self) -> tuple[int, str]:
        """How many bytes another attempt will go on from, and of which version of the file they are."""
        try:
            held = self.part.stat().st_size
            version = self._version.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return 0, ""
        sendable = version.isascii() and version.isprintable() and 0 < len(version) < 256
        return (held, version) if sendable else (0, "")

    def _attempt(self) -> None:
        held, version = self.held()
        with closing(self._ask({"Range": f"bytes={held}-", "If-Range": version} if held else {})) as response:
            done, total = self._extent(response, held)
            if total is not None and not self.size / _TOLERANCE <= total <= self.size * _TOLERANCE:
                raise TransferError(f"what the server has there is another file, of {total} bytes")
            end = total or int(self.size * _TOLERANCE) + 1
            said_s = time.monotonic()
            self.progress(done, total or self.size)
            with self.part.open("ab" if done else "wb") as part:
                if not done:
                    self._version.write_text(_version_of(response), encoding="utf-8")
                while done < end and (chunk := self._read(response, end - done)):
                    part.write(chunk)
                    part.flush()  # a killed process loses nothing
                    done += len(chunk)
                    if time.monotonic() - said_s >= _BETWEEN_S:
                        said_s = time.monotonic()
                        self.progress(done, total or self.size)
        if total is None and done == end:
            self.forget()
            raise TransferError("the server sends without end")
        if done < (total or self.size / _TOLERANCE):
            raise TransferError(f"cut short at {done / (total or self.size):.0%}", passing=True)
        self.progress(done, done)

    def _ask(self, headers: dict[str, str]) -> HTTPResponse | HTTPError:
        try:
            asked = Request(self.url, headers=headers)  # noqa: S310 (the opener knows no other scheme)
            response: HTTPResponse = _opener().open(asked, timeout=self.stall_s)
        except HTTPError as answer:
            return answer
        except URLError as error:
            reason = getattr(error.reason, "strerror", None) or error.reason
            raise TransferError(f"no connection ({reason})") from error
        except OSError as error:
            raise self._broken(error) from error
        except (HTTPException, ValueError) as error:
            raise TransferError("the server's answer makes no sense") from error
        return response

    def _extent(self, response: HTTPResponse | HTTPError, held: int) -> tuple[int, int | None]:
        """Where in the file the answer begins, and how long the whole file is, if the server says so."""
        if response.status == 200:
            return 0, response.length
        given = response.headers.get("Content-Range", "")
        rest = re.fullmatch(rf"bytes {held}-(\d{{1,18}})/(\d{{1,18}})", given)
        if response.status == 206 and rest and int(rest[1]) + 1 == int(rest[2]):
            return held, int(rest[2])
        if response.status == 416 and given == f"bytes */{held}":  # there is nothing beyond what is here
            return held, held
        if response.status in {206, 416}:
            self.forget()
            raise TransferError("the server doesn't send the rest of it", passing=True)
        phrase = responses.get(response.status or 0, "unknown")
        raise TransferError(f"HTTP status {response.status} ({phrase})", passing=response.status in _PASSING)

    def _read(self, response: HTTPResponse | HTTPError, most: int) -> bytes:
        try:
            return response.read1(min(_CHUNK, most))  # what is there: a stall loses nothing that came before it
        except OSError as error:
            raise self._broken(error) from error
        except (HTTPException, ValueError) as error:
            raise TransferError("the connection broke off", passing=True) from error

    def _broken(self, error: OSError) -> TransferError:
        if isinstance(error, TimeoutError):
            return TransferError(f"stalled, nothing came for {self.stall_s:g} s", passing=True)
        return TransferError("the connection broke off", passing=True)


def _version_of(response: HTTPResponse | HTTPError) -> str:
    """What If-Range takes (RFC 9110, 13.1.5): a strong ETag, or a date."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


class _ErrorProcessor(HTTPErrorProcessor):
    def http_response(self, request: Request, response: HTTPResponse) -> HTTPResponse:
        if response.status >= 300:
            response.close()  # the body of a redirect is read to its end otherwise, which may never come
        processed: HTTPResponse = super().http_response(request, response)
        return processed

    https_response = http_response


def _opener() -> OpenerDirector:
    """Opens http and https, through the user's proxy if there is one; the usual opener takes file: and ftp: as well."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler,
        UnknownHandler,
        HTTPHandler,
        HTTPSHandler,
        HTTPDefaultErrorHandler,
        HTTPRedirectHandler,
        _ErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener
