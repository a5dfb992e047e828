"""An RTSP camera (GStreamer's server), for the system's own Python, which alone sees GStreamer.

    rtsp_server.py PORT [USER PASSWORD]

H.264 access units come on standard input, each after its length (4 bytes, big-endian), with start codes. A line on
standard output says the port once the server listens.
"""

from __future__ import annotations

import struct
import sys
import threading

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402

CAPS = "video/x-h264,stream-format=byte-stream,alignment=au"
PIPELINE = f"appsrc name=camera is-live=true format=time do-timestamp=true caps={CAPS} ! rtph264pay name=pay0 pt=96"


class Camera:
    """Hands access units on to whoever watches; nobody gets older ones."""

    def __init__(self) -> None:
        self._sources: list[object] = []

    def attach(self, _factory: object, media: object) -> None:
        self._sources = [media.get_element().get_by_name_recurse_up("camera")]  # type: ignore[attr-defined]

    def feed(self) -> None:
        while len(head := sys.stdin.buffer.read(4)) == 4:
            unit = sys.stdin.buffer.read(struct.unpack(">I", head)[0])
            for source in self._sources:
                source.emit("push-buffer", Gst.Buffer.new_wrapped(unit))  # type: ignore[attr-defined]
        loop.quit()


Gst.init(None)
loop = GLib.MainLoop()
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(f"( {PIPELINE} )")
factory.set_shared(True)
camera = Camera()
factory.connect("media-configure", camera.attach)
if len(sys.argv) > 2:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(sys.argv[2], sys.argv[3]), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_role("viewer")
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/camera", factory)
server.attach(None)
sys.stdout.write(f"{server.get_bound_port()}\n")
sys.stdout.flush()
threading.Thread(target=camera.feed, daemon=True).start()
loop.run()
