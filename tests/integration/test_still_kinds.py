"""Animations, names that aren't text, broken headers: stills as they are found, not as they are taken."""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from gifs import LEVELS, colours, gif
from live_classify.assets import asset
from live_classify.core.errors import SourceOpenError
from live_classify.sources.still import read_image
from media import encoded, jpeg_turned, photograph
from program import run

LEVELS_SHOWN = (np.arange(30 * 40).reshape(30, 40) // 10 % LEVELS).astype(np.uint8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "picture"


def test_a_gif_gives_its_first_picture(path: Path) -> None:
    for pictures in ([LEVELS_SHOWN], [LEVELS_SHOWN, LEVELS - 1 - LEVELS_SHOWN]):
        path.write_bytes(gif(pictures))
        assert np.array_equal(read_image(path, "it"), colours(LEVELS_SHOWN))


@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 0.9, 0.99])
def test_a_gif_that_is_cut_short_is_refused(path: Path, part: float) -> None:
    whole = gif([LEVELS_SHOWN])
    path.write_bytes(whole[: max(1, int(part * len(whole)))])
    with pytest.raises(SourceOpenError, match=r"^cannot read it: (not a picture|the picture is damaged or cut short)"):
        read_image(path, "it")


def test_a_gif_that_claims_to_be_huge_is_refused_before_it_is_decoded(path: Path) -> None:
    path.write_bytes(gif([LEVELS_SHOWN], screen=(60_000, 60_000)))
    with pytest.raises(SourceOpenError, match="60000x60000 pixels are too many"):
        read_image(path, "it")


def chunk(kind: bytes, contents: bytes) -> bytes:
    return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", zlib.crc32(kind + contents))


def test_an_animated_png_gives_its_first_picture(path: Path) -> None:
    first = encoded(".png", photograph())
    second = encoded(".png", 255 - photograph())
    data = second.index(b"IDAT")
    (length,) = struct.unpack(">I", second[data - 4 : data])
    control = struct.pack(">5IHHBB", 0, 64, 48, 0, 0, 1, 10, 0, 0)
    header = first.index(b"IHDR") + 4 + 13 + 4
    animated = (
        first[:header]
        + chunk(b"acTL", struct.pack(">II", 2, 0))
        + chunk(b"fcTL", control)
        + first[header:-12]
        + chunk(b"fcTL", struct.pack(">I", 1) + control[4:])
        + chunk(b"fdAT", struct.pack(">I", 2) + second[data + 4 : data + 4 + length])
        + first[-12:]
    )
    path.write_bytes(animated)
    assert np.array_equal(read_image(path, "it"), photograph())


def test_a_webp_is_turned_as_its_exif_orientation_says(path: Path) -> None:
    webp = encoded(".webp", photograph(), cv2.IMWRITE_WEBP_QUALITY, 101)
    turned = jpeg_turned(encoded(".jpg", photograph()), 6)
    exif = turned[turned.index(b"Exif\0\0") + 6 :][:26]
    exif_chunk = b"EXIF" + struct.pack("<I", len(exif)) + exif
    extended = b"VP8X" + struct.pack("<IB3x", 10, 0x08) + struct.pack("<I", 63)[:3] + struct.pack("<I", 47)[:3]
    body = b"WEBP" + extended + webp[12:] + exif_chunk
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert np.array_equal(read_image(path, "it"), np.rot90(photograph(), -1))


@pytest.mark.parametrize(
    "contents",
    [
        b"II*\0" + bytes(12),
        b"II*\0\x08\0\0\0" + bytes(8),
        b"MM\0*" + b"\xff" * 12,
        b"II+\0\x08\0\0\0" + b"\xff" * 8,  # BigTIFF, with an offset of 2 to the 64th
    ],
)
def test_a_tiff_that_is_hardly_more_than_its_name_is_refused(path: Path, contents: bytes) -> None:
    path.write_bytes(contents)
    with pytest.raises(SourceOpenError, match=r"^cannot read it: (not a picture|the picture is damaged)"):
        read_image(path, "it")


@pytest.mark.skipif(sys.platform != "linux", reason="such a name can't be given to a file there")
def test_files_whose_names_are_not_text_are_read_and_shown_with_escapes(tmp_path: Path) -> None:
    picture, clip = (Path(os.fsdecode(os.fsencode(tmp_path) + name)) for name in (b"/caf\xe9.gif", b"/caf\xe9.mp4"))
    picture.write_bytes(gif([LEVELS_SHOWN]))
    shutil.copy(asset("demo.mp4"), clip)
    done = run("image", picture, "--log", "image.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = run("video", clip.name, "--log", "video.jsonl", "--end", "1", cwd=tmp_path)
    assert (done.returncode, "caf\\xe9.mp4" in done.stdout) == (0, True), done.stderr
    for kind, name in (("image", f"{tmp_path}/caf\\xe9.gif"), ("video", "caf\\xe9.mp4")):
        row = json.loads((tmp_path / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()[0])
        assert row["source"] == name
    done = run("video", f"{clip.name}.missing", cwd=tmp_path)
    assert done.stderr == "live-classify: cannot open caf\\xe9.mp4.missing: no such file\n"
