"""A web server on the loopback interface that publishes one file, well or badly."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

ETAG = '"version-1"'
DATE = "Sat, 01 Jan 2000 00:00:00 GMT"


class Handler(BaseHTTPRequestHandler):
    """Hands each request on to the answer whose turn it is."""

    server: WeightsServer
    timeout = 60.0

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        with contextlib.suppress(ConnectionError):  # the client has had enough
            self.server.next_answer()(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def start(self, status: int, **headers: object) -> None:
        """Send a status and headers; underscores in their names stand for hyphens."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


Answer: TypeAlias = Callable[[Handler], None]


class WeightsServer(ThreadingHTTPServer):
    """Serves ``body`` under any path.

    Attributes:
        answers: one for each request to come; when they are used up, the file is served.
        asked: headers of the requests so far.
        closing: set when the server is to end, and with it all answers that wait.
    """

    daemon_threads = False
    block_on_close = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = body
        self.answers: list[Answer] = []
        self.asked: list[dict[str, str]] = []
        self.closing = threading.Event()
        self._turn = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/weights.h5"

    @property
    def ranges(self) -> list[str | None]:
        """What each request asked for."""
        return [headers.get("Range") for headers in self.asked]

    def next_answer(self) -> Answer:
        with self._turn:
            return self.answers.pop(0) if self.answers else serve


@contextlib.contextmanager
def serving(body: bytes) -> Iterator[WeightsServer]:
    """A server in a thread of its own."""
    with WeightsServer(body) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="weights server")
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def _start_rest(handler: Handler, version: dict[str, str]) -> bytes:
    """Send the headers for what is asked for; the body that belongs to them."""
    body = handler.server.body
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    if asked is None or handler.headers["If-Range"] not in version.values():
        handler.start(200, Content_Length=len(body), **version)
        return body
    begin = int(asked[1])
    if begin >= len(body):
        handler.start(416, Content_Range=f"bytes */{len(body)}", Content_Length=0)
        return b""
    where = f"bytes {begin}-{len(body) - 1}/{len(body)}"
    handler.start(206, Content_Range=where, Content_Length=len(body) - begin, **version)
    return body[begin:]


def serve(handler: Handler) -> None:
    """The file, or the rest of it, as it should be."""
    handler.wfile.write(_start_rest(handler, {"ETag": ETAG, "Last_Modified": DATE}))


def sending(most: int, then: Answer = lambda _: None, version: dict[str, str] | None = None) -> Answer:
    """Announce all of it, send ``most`` bytes, do something, and break off."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(_start_rest(handler, {"ETag": ETAG} if version is None else version)[:most])
        handler.wfile.flush()
        then(handler)

    return answer


def stall(handler: Handler) -> None:
    """Be silent until the server ends."""
    handler.server.closing.wait()


def ignore_range(handler: Handler) -> None:
    """Send all of it, whatever was asked for."""
    handler.start(200, Content_Length=len(handler.server.body))
    handler.wfile.write(handler.server.body)


def text(words: bytes) -> Answer:
    """These bytes, as they are."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(words)

    return answer


def without_length(most: int | None = None) -> Answer:
    """Send the file up to ``most``, without saying how long it is."""

    def answer(handler: Handler) -> None:
        handler.start(200)
        handler.wfile.write(handler.server.body[:most])

    return answer


def endless(handler: Handler) -> None:
    """Send until the client goes."""
    handler.start(200)
    while True:
        handler.wfile.write(bytes(2**16))


def status(number: int, then: Answer = lambda _: None, **headers: object) -> Answer:
    """A status without a body, unless ``then`` sends one."""

    def answer(handler: Handler) -> None:
        handler.start(number, **headers)
        then(handler)

    return answer
