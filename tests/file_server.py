"""An HTTP server for files, one that can send parts of them and one that can't."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from live_classify.sources.address import Address


class FileServer:
    """Serves the files of the whole machine to this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    def address(self, path: Path, ranges: bool = True, broken: bool = False) -> Address:
        """Where a file is.

        Args:
            path: the file.
            ranges: whether parts of it can be asked for.
            broken: whether the connection breaks off two thirds through.
        """
        kind = "broken" if broken else "parts" if ranges else "whole"
        return Address(f"http://127.0.0.1:{self._port}/{kind}{quote(str(path.absolute()))}")


@contextlib.contextmanager
def file_server() -> Iterator[FileServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="file server")
    thread.start()
    try:
        yield FileServer(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        _, kind, name = unquote(self.path).split("/", 2)
        contents = Path("/", name).read_bytes()
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(asked[1]) if asked and kind == "parts" else None
        with contextlib.suppress(ConnectionError):  # whoever has read enough hangs up
            self.send_response(200 if first is None else 206)
            if first is not None:
                self.send_header("Content-Range", f"bytes {first}-{len(contents) - 1}/{len(contents)}")
            self.send_header("Content-Length", str(len(contents) - (first or 0)))
            self.end_headers()
            self.wfile.write(contents[first or 0 : len(contents) * 2 // 3 if kind == "broken" else None])

    def log_message(self, *_: object) -> None:
        """Say nothing."""
