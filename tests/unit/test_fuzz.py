"""Whatever bytes and words come in: the parsers that are ours give a value or one of the package's errors."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_classify.core.errors import ModelFileError, SourceError, UsageError
from live_classify.models.records.labels import read_labels
from live_classify.models.weights.torch_pickle import read_state_dict
from live_classify.sources.address import Address, shown_name, without_secrets
from live_classify.sources.files import expand
from live_classify.sources.open import live_source, recorded_source
from live_classify.sources.picture_size import picture_size
from live_classify.sources.synthetic import PREFIX, SyntheticCamera

bounded = settings(max_examples=150, deadline=None, database=None, derandomize=True)

PICKLE_PIECES = (
    b"\x80\x02",
    b"cos\nsystem\n",
    b"cbuiltins\neval\n",
    b"(",
    b"X\x02\0\0\0hi",
    b"tR",
    b".",
    b"q\0",
    b"h\0",
)
PICTURE_STARTS = (
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"RIFF\0\0\0\0WEBPVP8X",
    b"BM",
    b"II*\0",
    b"MM\0+",
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "labels.txt"


@bounded
@given(contents=st.binary(max_size=200) | st.text(max_size=100).map(str.encode), classes=st.integers(1, 4))
def test_labels(contents: bytes, classes: int, path: Path) -> None:
    path.write_bytes(contents)
    with contextlib.suppress(ModelFileError):
        labels = read_labels(path, classes)
        assert len(labels) == classes


@bounded
@given(st.binary(max_size=300) | st.lists(st.sampled_from(PICKLE_PIECES), max_size=30).map(b"".join))
def test_weights(contents: bytes) -> None:
    with pytest.raises(ModelFileError):
        read_state_dict(contents)


@bounded
@given(st.sampled_from(PICTURE_STARTS), st.binary(max_size=100))
def test_picture_headers(start: bytes, rest: bytes) -> None:
    size = picture_size(io.BytesIO(start + rest))
    assert size is None or len(size) == 2


@bounded
@given(st.text(max_size=40))
def test_synthetic_cameras(text: str) -> None:
    with contextlib.suppress(UsageError):
        SyntheticCamera.parse(PREFIX + text)


@bounded
@given(st.text(max_size=40) | st.from_regex(r"\A(rtsp|http|file|x)://[ -~]{0,30}\Z"))
def test_sources(text: str) -> None:
    for open_source in (live_source, recorded_source):
        with contextlib.suppress(SourceError, UsageError):
            assert open_source(text).name == shown_name(text)
    if "\0" not in text:
        with contextlib.suppress(SourceError):
            expand([text], (".mp4",))


WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)


@bounded
@given(user=WORDS.filter(lambda text: not set(text) & set(":@/?#[] ")), secret=WORDS, path=WORDS)
def test_no_password_is_shown(user: str, secret: str, path: str) -> None:
    """However it is written: the marks around it show that all of it is gone."""
    address = Address(f"rtsp://{user}:<{secret}>@host/{path.replace('@', '')}")
    for shown in (address.shown, without_secrets(f"cannot open {address.reveal()}")):
        assert f"<{secret}>" not in shown
        assert f"{user}@host/" in shown
