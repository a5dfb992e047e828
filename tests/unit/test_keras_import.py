from __future__ import annotations

import sys
from pathlib import Path

import pytest

from live_classify.core.errors import EngineError
from live_classify.models.formats.keras_import import import_keras


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        ("ImportError", "Keras can't be imported: ImportError"),
        ("ImportError('')", "Keras can't be imported: ImportError"),
        ("ImportError('no such\\nlibrary')", "Keras can't be imported: no such"),
    ],
)
def test_a_broken_keras_is_said_in_a_line_with_or_without_words(
    raised: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keras.py").write_text(f"raise {raised}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    with pytest.raises(EngineError, match=f"^{says}$"):
        import_keras()
