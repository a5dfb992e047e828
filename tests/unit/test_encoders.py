from __future__ import annotations

import pytest

from live_classify.outputs.encoders import HARDWARE, LIBX264, Encoder, working_encoder

STAND_IN = Encoder("mpeg4", {"bf": "0"})  # an encoder that works everywhere, in the place of a graphics card's


def test_the_first_that_works_is_taken() -> None:
    absent = Encoder("h264_of_another_world")
    assert working_encoder(64, 48, [absent, STAND_IN, LIBX264]) is STAND_IN


def test_without_hardware_it_is_libx264() -> None:
    assert working_encoder(64, 48, []) is LIBX264
    assert working_encoder(64, 48, [Encoder("h264_of_another_world")]) is LIBX264


def test_an_option_that_an_encoder_refuses_counts_as_not_working() -> None:
    assert working_encoder(64, 48, [Encoder("libx264", {"preset": "instantly"}), STAND_IN]) is STAND_IN


@pytest.mark.parametrize("encoder", [LIBX264, *HARDWARE])
def test_none_makes_b_frames(encoder: Encoder) -> None:
    assert encoder.options["bf"] == "0"
