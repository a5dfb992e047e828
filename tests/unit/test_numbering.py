"""Which packets hold a picture that is shown, as the bitstreams say; the decoders' side is in the decoding contract."""

from __future__ import annotations

from typing import Any

import av
import pytest

from live_classify.sources.numbering import is_shown


def packet(contents: bytes) -> av.Packet[Any]:
    return av.Packet(contents)


@pytest.mark.parametrize(
    ("codec", "contents", "shown"),
    [
        ("vp8", b"\x10\0\0\x9d", True),
        ("vp8", b"\x01\0\0", False),
        ("vp9", bytes([0b10_00_0_0_1_0, 0x49]), True),  # a key frame
        ("vp9", bytes([0b10_00_0_1_0_0, 0x49]), False),  # a hidden frame by itself
        ("vp9", bytes([0b10_00_1_000]), True),  # shows a frame that was hidden
        ("vp9", bytes([0b10_00_0_1_0_0, 0x49, 0xC1, 9, 0xC1]), True),  # a superframe: a hidden frame, and a shown one
        ("vp9", bytes([0b10_11_0_0_1_0, 0b0_0000000]), False),  # profile 3 has one bit more
        ("vp9", bytes([0b10_11_0_0_1_1, 0b1_0000000]), True),
        ("libvpx-vp9", bytes([0b10_00_0_1_0_0, 0x49]), False),
        ("h264", b"\0\0\0\1\x65", True),
        ("h264", b"", False),
    ],
)
def test_what_is_shown(codec: str, contents: bytes, shown: bool) -> None:
    assert is_shown(packet(contents), codec) is shown
