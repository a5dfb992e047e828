"""A password in an address appears nowhere: every output of every command is searched for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cameras import PASSWORD, USER, MjpegCamera
from desktop import Desktop
from live_classify import LiveClassifyError, load_classifier, stream
from media import write_clip
from program import run, start

LOGIN = f"{USER}:{PASSWORD}@"


def searched(folder: Path) -> bytes:
    """All that lies in a folder."""
    return b"".join(path.name.encode() + path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "arguments",
    [
        "watch {}/nothing --no-window --log log.jsonl",
        "watch {}/locked?token=s3cret-pass --no-window --duration 1 --log log.csv --output out.mp4 --stats s.json",
        "watch {}/locked {}/text rtsp://user:s3cret-pass@127.0.0.1:1 --no-window --duration 1 --log log.jsonl",
        "watch {}/locked --output {}/out.mp4",
        "watch ftp://user:s3cret-pass@host/x",
        "watch user:s3cret-pass@host/x",
        "watch rtsp://user:s3/@cret-pass@127.0.0.1:1/x --no-window --log log.jsonl",
        "video {}/clip --log log.jsonl --stats s.json --output out.mp4",
        "video {}/video?x=[1]",
        "video rtsp://user:s3cret-pass@127.0.0.1/?channel=*",
        "image {}/x.jpg",
        "image user:s3cret-pass@host/x.jpg",
        "video clip.mp4 --labels {}/labels",
        "{}/video",
    ],
)
def test_no_output_holds_the_password(arguments: str, tmp_path: Path) -> None:
    with MjpegCamera(clip=write_clip(tmp_path / "clip.mp4", 10)) as camera:
        address = camera.address("", LOGIN).rstrip("/")
        done = run(*(part.replace("{}", address) for part in arguments.split()), cwd=tmp_path)
    said = done.stdout.encode() + done.stderr.encode() + searched(tmp_path)
    assert b"cret-pass" not in said
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_no_exception_holds_the_password() -> None:
    classifier = load_classifier()
    for address in (f"http://{LOGIN}127.0.0.1:1/x", f"rtsp://{LOGIN}127.0.0.1:1/x", f"ftp://{LOGIN}host/x"):
        with pytest.raises(LiveClassifyError) as raised:
            next(stream(address, classifier, live=True))
        error: BaseException | None = raised.value
        while error is not None:
            assert PASSWORD not in f"{error!s}{error!r}{error.args}"
            error = error.__cause__ or error.__context__


def test_the_title_of_the_window_has_no_password_and_its_picture_says_that_the_signal_is_lost(
    display: str, tmp_path: Path
) -> None:
    with MjpegCamera() as camera:
        camera.size = (384, 192)
        shown = camera.address("locked", f"{USER}@")
        arguments = ["watch", camera.address("locked", LOGIN), "--stall", "0.5", "--quiet"]
        with start(*arguments, cwd=tmp_path, DISPLAY=display) as program:
            desktop = Desktop(display, program, re.escape(f"{shown} - live_classify"))
            middle = slice(24, 30), slice(120, 260)  # below the number's blocks, in the message's card
            assert desktop.sees(lambda screen: abs(float(screen[middle].mean()) - 128) < 3)
            camera.stall()
            assert desktop.sees(lambda screen: float(screen[middle].mean()) < 110)
            camera.resume()
            assert desktop.sees(lambda screen: abs(float(screen[middle].mean()) - 128) < 3)
            desktop.press("q")
            assert program.wait() == 0
