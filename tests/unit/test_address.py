"""No password is shown, whatever form an address has, and only one place gets to see it."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest

import live_classify
from live_classify.sources.address import Address, scheme_of, shown_name, without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://user:s3cret@host:554/x", "rtsp://user@host:554/x"),
        ("rtsp://:s3cret@host/x", "rtsp://host/x"),
        ("rtsp://user:s3cret@[::1]:554/x", "rtsp://user@[::1]:554/x"),
        ("RTSP://user:s3cret@host", "RTSP://user@host"),
        ("rtsp://user:s3/c@r?e#t@host/x?y=1", "rtsp://user@host/x?y=1"),  # nobody escapes them
        ("rtsp://user:s3 cret\n@host", "rtsp://user@host"),
        ("http://host/video?user=me&pwd=s3cret&channel=1", "http://host/video?user=me&pwd=***&channel=1"),
        (
            "http://host/video?api_key=s3cret&X-Amz-Signature=s3cret",
            "http://host/video?api_key=***&X-Amz-Signature=***",
        ),
        ("rtsp://host/user=me_password=s3cret_channel=1", "rtsp://host/user=me_password=***"),
        ("user:s3cret@host/x", "user@host/x"),  # the scheme was forgotten
        ("rtsp://host:8554/x", "rtsp://host:8554/x"),
        ("http://host/a:b", "http://host/a:b"),
        ("a:b.mp4", "a:b.mp4"),
        ("clip.mp4", "clip.mp4"),
        ("caf\udce9 é.mp4", r"caf\xe9 é.mp4"),  # a byte that isn't UTF-8
        ("\ud800.mp4", r"\ud800.mp4"),
        ("synthetic:?fps=5", "synthetic:?fps=5"),
    ],
)
def test_what_is_shown_of_a_source(text: str, shown: str) -> None:
    assert shown_name(text) == shown
    if scheme_of(text) is not None:
        address = Address(text)
        assert address.reveal() == text
        for said in (str(address), repr(address), f"{address}", f"{[address]}", address.shown, address.host):
            assert "s3cret" not in said


def test_a_file_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a:b@c.mp4").touch()
    assert shown_name("a:b@c.mp4") == "a:b@c.mp4"


def test_a_text_loses_the_passwords_of_all_its_addresses() -> None:
    text = without_secrets("cannot open rtsp://a:s3cret@one/x or http://b:s3cret@two/y?token=s3cret: refused")
    assert "s3cret" not in text
    assert text.startswith("cannot open rtsp://a@")
    assert (
        without_secrets("cannot open http://h/y?token=s3cret: refused") == "cannot open http://h/y?token=***: refused"
    )
    assert without_secrets("no address: user@host") == "no address: user@host"


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="not an address on the network"):
        Address("clip.mp4")
    assert copy.copy(Address("rtsp://a:b@c")).shown == "rtsp://a@c"


def test_only_the_module_that_connects_sees_the_password() -> None:
    """The door is guarded: whoever asks for the whole address, or takes one apart, is named here."""
    package = Path(live_classify.__file__).parent
    sources = {path.relative_to(package).as_posix(): path.read_text(encoding="utf-8") for path in package.rglob("*.py")}

    def using(pattern: str) -> dict[str, int]:
        found = {name: len(re.findall(pattern, text)) for name, text in sources.items()}
        return {name: count for name, count in found.items() if count}

    assert using(r"\.reveal\(") == {"sources/network.py": 1}
    assert using(r"\burlsplit\(|\burlparse\(") == {
        "sources/address.py": 2,  # for the host and the port
        "models/weights/download.py": 1,  # of published weights: no user gave it
    }
    assert using(r"\bAddress\(") == {"sources/open.py": 1, "sources/address.py": 1}  # there, its own repr
