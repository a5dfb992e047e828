"""Why a file or a stream can't be read, in plain words."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.error import FFmpegError

    from live_classify.sources.address import Address

_NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


def why_unreadable(error: Exception) -> str:
    """Put in words why a file can't be opened.

    Args:
        error: as PyAV raised it.
    """
    import av.error

    if not isinstance(error, av.error.FFmpegError):
        return str(error)
    strerror = error.strerror
    if strerror is None or strerror.startswith("Invalid data found"):
        return "not a video file, or damaged at its start"
    if strerror == "End of file":
        return "it is cut short, before its first frame"
    return strerror[:1].lower() + strerror[1:]


def why_broken_off(error: FFmpegError, address: Address, timeout_s: float) -> str:
    """Put FFmpeg's error in words for a stream that has begun; see :func:`why_unreachable`."""
    import av.error

    if error.errno == errno.EIO or isinstance(error, av.error.InvalidDataError):
        return "the connection was lost"
    return why_unreachable(error, address, timeout_s)


def why_unreachable(error: FFmpegError, address: Address, timeout_s: float) -> str:
    """Put FFmpeg's error in words, without the address, which may hold a password.

    It may ask the name service, and so take some seconds.

    Args:
        error: as PyAV raised it.
        address: what was to be read.
        timeout_s: how long an answer was waited for.
    """
    import av.error

    words: list[tuple[type[FFmpegError] | tuple[type[FFmpegError], ...], str]] = [
        (av.error.HTTPUnauthorizedError, "wrong user or password, or none was given"),
        (av.error.HTTPForbiddenError, "this user isn't allowed to see it (403)"),
        (av.error.HTTPNotFoundError, "there is no such stream or file on that host (404)"),
        (av.error.HTTPTooManyRequestsError, "the host has too many requests at the moment (429)"),
        (av.error.HTTPClientError, "the host refuses the request (4xx)"),
        (av.error.HTTPServerError, "the host failed, it says (5xx)"),
        (av.error.ConnectionRefusedError, "the connection was refused: nothing listens at that port"),
        ((av.error.ConnectionResetError, av.error.BrokenPipeError), "the host closed the connection"),
        ((av.error.ExitError, av.error.TimeoutError), f"no answer within {timeout_s:g} s"),
        (av.error.InvalidDataError, "no pictures came" if address.scheme.startswith("rtsp") else "it isn't a video"),
        (av.error.EOFError, "it ended before its first frame"),
        ((av.error.ProtocolNotFoundError, av.error.DemuxerNotFoundError), f"{address.scheme}:// isn't known"),
        (av.error.ArgumentError, "the address makes no sense, or what answers there"),
    ]
    for kinds, text in words:
        if isinstance(error, kinds):
            return text
    if error.errno in _NO_ROUTE:
        return "the host can't be reached from here"
    if error.errno == errno.EIO:
        if not _is_known(address.host):
            return f"there is no host {address.host}"
        return "it isn't a video, or the connection was lost"
    strerror = error.strerror or "FFmpeg gives no reason"
    return strerror[:1].lower() + strerror[1:]


def _is_known(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return True
