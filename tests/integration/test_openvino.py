"""What the OpenVINO engine says where it is missing, broken or refuses a file."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from live_classify import EngineError
from live_classify.engines.openvino import open_requests
from live_classify.engines.registry import find_engine
from live_classify.engines.stored import Choice
from live_classify.models.catalogue.lite_weights import LITE0
from live_classify.models.convert.calibration import Calibration
from live_classify.models.records.network import Precision
from live_classify.models.weights.origin import no_progress


def open_engines(precision: Precision) -> None:
    choice = Choice("openvino", precision, "cpu", 1, 1)
    find_engine("openvino").open_engines(LITE0, choice, "latency", Calibration(), no_progress)


def test_without_openvino_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(EngineError, match=r"^OpenVINO isn't installed: pip install 'live_classify\[openvino\]'$"):
        open_engines("float32")


def test_an_openvino_that_is_broken_is_not_taken_for_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "openvino.py").write_text("raise ImportError('libopenvino.so: cannot open')", encoding="utf-8")
    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineError, match=r"^OpenVINO is broken: libopenvino.so: cannot open; reinstall it$"):
        open_engines("float32")


def test_openvino_refuses_float16_where_it_would_compute_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    class OldProcessor:
        def get_property(self, device: str, name: str) -> list[str]:
            assert (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES")
            return ["FP32", "INT8"]

    module = ModuleType("openvino")
    module.Core = OldProcessor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "openvino", module)
    with pytest.raises(EngineError, match="doesn't compute in 16 bits; use --precision float32"):
        open_requests(LITE0.litert["float32"](), "float16", 1, 1, 1)


def test_openvino_says_in_a_line_which_file_it_refuses(tmp_path: Path) -> None:
    damaged = tmp_path / "network.tflite"
    damaged.write_bytes(LITE0.litert["int8"]().read_bytes()[:100_000])
    with pytest.raises(EngineError, match=r"^OpenVINO can't use network\.tflite: .*corrupt.*$"):
        open_requests(damaged, "int8", 1, 1, 1)
