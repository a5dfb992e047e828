"""Cameras on the loopback network, with faults on command, whose pictures carry their number in their pixels."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import av
import cv2
import numpy as np
import pytest

from _system import RTSP_TESTS
from live_classify.core.values import BgrImage

Itself = TypeVar("Itself", bound="Camera")  # typing.Self needs Python 3.11

BITS = 24
SYSTEM_PYTHON = "/usr/bin/python3"  # which sees the system's GStreamer
needs_rtsp = pytest.mark.skipif(
    os.environ.get("CI") != "true" and not all(need.is_met() for need in RTSP_TESTS),
    reason="there is no GStreamer with its RTSP server here",
)
RTSP_SERVER = Path(__file__).with_name("rtsp_server.py")
USER, PASSWORD = "user", "s3cret-pass"


def numbered(number: int, size: tuple[int, int] = (192, 96)) -> BgrImage:
    """A grey picture with a row of black (0) and white (1) blocks at its upper edge, the highest bit first.

    Args:
        number: below 2 to the 24th.
        size: width and height; at least 4 pixels a bit and 32 high.
    """
    width, height = size
    bgr = np.full((height, width, 3), 128, np.uint8)
    block = width // BITS
    for place in range(BITS):
        bit = number >> (BITS - 1 - place) & 1
        bgr[:16, place * block : (place + 1) * block] = 255 * bit
    return bgr


def number_in(bgr: BgrImage) -> int:
    """Which number a picture carries."""
    block = bgr.shape[1] // BITS
    bits = bgr[4:12, block // 2 : BITS * block : block].mean(axis=(0, 2)) > 127
    return int("".join("1" if bit else "0" for bit in bits), 2)


class Camera(ABC):
    """A camera with a clock of its own.

    Args:
        fps: pictures a second.
    """

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self._began_s = time.monotonic()
        self._flowing, self._closing = threading.Event(), threading.Event()
        self._flowing.set()

    def newest(self) -> int:
        """The number of the newest picture by the camera's clock."""
        return int((time.monotonic() - self._began_s) * self.fps)

    def stall(self) -> None:
        """Send nothing more, and keep the connections."""
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    @abstractmethod
    def close(self) -> None:
        """End the server, and its threads."""

    def __enter__(self: Itself) -> Itself:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class MjpegCamera(Camera):
    """An HTTP server with a camera at ``/video`` (Motion JPEG), and other things that an address may lead to.

    ``/locked`` is the camera behind a password, ``/text`` no video, ``/silent`` never answers, ``/clip`` a file,
    ``/list.m3u8`` a playlist.

    Args:
        fps: pictures a second, of its own clock; one that can't be sent in time is lost.
        port: 0 takes a free one.
        clip: what ``/clip`` gives.
    """

    def __init__(self, fps: float = 30.0, port: int = 0, clip: Path | None = None) -> None:
        super().__init__(fps)
        self.size = (192, 96)
        self.clip = clip
        self.playlist = ""
        """What ``/list.m3u8`` gives."""
        self.corrupt = False
        """While it is set, pictures are damaged."""
        self.damage: Callable[[bytes], bytes] | None = None
        """While it is set, what becomes of each picture's JPEG."""
        self.connections = 0
        self.sent = 0
        self._epoch = 0
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.camera = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="camera server")
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    def address(self, path: str = "video", userinfo: str = "") -> str:
        return f"http://{userinfo}127.0.0.1:{self.port}/{path}"

    def hang_up(self) -> None:
        """Close the connections there are; new ones are welcome."""
        self._epoch += 1

    def close(self) -> None:
        self._closing.set()
        self._flowing.set()
        self._server.shutdown()
        self._server.server_close()  # waits for the connections' threads
        self._thread.join()

    def stream_to(self, handler: _Handler) -> None:
        """Send pictures over one connection until it, or the camera, is closed."""
        self.connections += 1
        epoch, number = self._epoch, self.newest()
        while not self._closing.wait(max(0.0, self._began_s + number / self.fps - time.monotonic())):
            while not self._flowing.wait(0.02):
                if self._epoch != epoch:
                    return
            if self._epoch != epoch or self._closing.is_set():
                return
            jpeg = cv2.imencode(".jpg", numbered(number, self.size))[1].tobytes()
            if self.corrupt:
                jpeg = jpeg[:2] + b"\x55" * (len(jpeg) - 2)
            if (damage := self.damage) is not None:
                jpeg = damage(jpeg)
            handler.wfile.write(
                b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg)
            )
            self.sent += 1
            number = max(number + 1, self.newest())

    def wait_to_close(self) -> None:
        self._closing.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    camera: MjpegCamera

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        camera, path = self.server.camera, self.path.partition("?")[0]
        expected = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if path == "/video" or (path == "/locked" and self.headers["Authorization"] == expected):
            self._say(200, "multipart/x-mixed-replace; boundary=frame")
            camera.stream_to(self)
        elif path == "/locked":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
        elif path == "/text":
            self._say(200, "text/html", b"<html>this is no video</html>" * 200)
        elif path == "/silent":
            camera.wait_to_close()
        elif path == "/broken":
            self._say(500, "text/plain", b"")
        elif path.startswith("/clip") and camera.clip is not None:
            self._say(200, "application/octet-stream", camera.clip.read_bytes())
        elif path == "/list.m3u8":
            self._say(200, "application/vnd.apple.mpegurl", camera.playlist.encode())
        else:
            self._say(404, "text/plain", b"")

    def _say(self, status: int, kind: str, contents: bytes | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if contents is not None:
            self.send_header("Content-Length", str(len(contents)))
        self.end_headers()
        if contents is not None:
            self.wfile.write(contents)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class RtspCamera(Camera):
    """A real RTSP server with an H.264 camera at ``/camera``, in a process of its own.

    Args:
        fps: pictures a second.
        port: 0 takes a free one.
        locked: whether it asks for :data:`USER` and :data:`PASSWORD`.
        size: width and height of its pictures.
    """

    def __init__(
        self, fps: float = 25.0, port: int = 0, locked: bool = False, size: tuple[int, int] = (192, 96)
    ) -> None:
        super().__init__(fps)
        self._size = size
        command = [SYSTEM_PYTHON, str(RTSP_SERVER), str(port), *([USER, PASSWORD] if locked else [])]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._server.stdout is not None
        self.port = int(self._server.stdout.readline())
        self._thread = threading.Thread(target=self._film, name="RTSP camera")
        self._thread.start()

    def address(self, path: str = "camera", userinfo: str = "") -> str:
        return f"rtsp://{userinfo}127.0.0.1:{self.port}/{path}"

    def close(self) -> None:
        self._closing.set()
        self._flowing.set()
        self._server.kill()
        self._thread.join()
        self._server.communicate()

    def _film(self) -> None:
        codec = av.CodecContext.create("libx264", "w")
        assert isinstance(codec, av.VideoCodecContext)
        codec.width, codec.height = self._size
        codec.pix_fmt, codec.time_base, codec.gop_size = "yuv420p", Fraction(1, 90_000), 10
        codec.options = {"preset": "ultrafast", "tune": "zerolatency"}
        number, pipe = 0, self._server.stdin
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError):  # the server was killed
            while not self._closing.wait(max(0.0, self._began_s + number / self.fps - time.monotonic())):
                self._flowing.wait()
                frame = av.VideoFrame.from_ndarray(numbered(number, self._size), "bgr24")
                frame.pts, frame.time_base = round(number * 90_000 / self.fps), Fraction(1, 90_000)
                for packet in codec.encode(frame):
                    pipe.write(struct.pack(">I", packet.size) + bytes(packet))
                    pipe.flush()
                number = max(number + 1, self.newest())
