"""The log: one row for each classified frame, with the network's own answers, as JSON Lines or CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from live_classify.core.errors import OutputError, UsageError
from live_classify.outputs.files import RowFile

if TYPE_CHECKING:
    from pathlib import Path

    from live_classify.core.protocols import Sink
    from live_classify.core.values import Answered, Frame, Prediction

_SECONDS_DIGITS = 6
_MILLISECONDS_DIGITS = 3
_PROBABILITY_DIGITS = 6
_JSON = json.JSONEncoder(ensure_ascii=False)


def open_log(path: Path, top: int) -> Sink:
    """Create a log of the kind that the file name asks for.

    Args:
        path: a ``.jsonl`` or ``.csv`` file; emptied if it exists.
        top: labels in a CSV row, since all its rows need the same columns. JSON takes what each frame has.

    Raises:
        UsageError: another suffix.
        OutputError: the file can't be created.
    """
    match path.suffix.lower():
        case ".jsonl":
            return JsonLinesSink(path)
        case ".csv":
            return CsvSink(path, top)
    raise UsageError(f"a log is a .jsonl or a .csv file, not {path}")


class JsonLinesSink:
    """Writes one JSON object a line: source, frame, time_s, latency_ms, labels (index, id, name, probability)."""

    def __init__(self, path: Path) -> None:
        """Create or empty the file.

        Raises:
            OutputError: it can't be created.
        """
        self._file = RowFile(path)

    def write(self, answered: Answered) -> None:
        """Take one classified frame.

        Raises:
            OutputError: the row could not be written; the rows before it are whole.
        """
        for prediction in answered.predictions:
            self._file.write_row(_JSON.encode(_row(answered.frame, prediction)) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _row(frame: Frame, prediction: Prediction) -> dict[str, object]:
    """One row: of a live frame with its wall-clock time, of a region with its name."""
    at = {} if frame.at is None else {"at": frame.at.isoformat(timespec="milliseconds")}
    region = {"region": prediction.region.name} if prediction.region.name else {}
    return {
        "source": frame.source,
        "frame": frame.index,
        "time_s": round(frame.time_s, _SECONDS_DIGITS),
        **at,
        **region,
        "latency_ms": _latency_ms(frame, prediction),
        "labels": [
            {
                "index": label.index,
                "id": label.id,
                "name": label.name,
                "probability": round(label.probability, _PROBABILITY_DIGITS),
            }
            for label in prediction.labels
        ],
    }


class CsvSink:
    """Writes a header and one row a frame: source,frame,time_s,latency_ms,index_1,id_1,name_1,probability_1,index_2...

    Lines end as RFC 4180 has it, with CR LF.
    """

    def __init__(self, path: Path, top: int) -> None:
        """Create or empty the file, and write the header.

        Args:
            path: the file.
            top: labels in a row; where a network has fewer, the rest stays empty.

        Raises:
            OutputError: it can't be created.
        """
        self._top = top
        self._line = io.StringIO(newline="")
        self._csv = csv.writer(self._line)
        self._file = RowFile(path)
        label_columns = [f"{name}_{rank + 1}" for rank in range(top) for name in ("index", "id", "name", "probability")]
        try:
            self._write_cells(["source", "frame", "time_s", "latency_ms", *label_columns])
        except OutputError:
            self._file.close()
            raise

    def write(self, answered: Answered) -> None:
        """Take one classified frame.

        Raises:
            OutputError: the row could not be written; the rows before it are whole.
        """
        for prediction in answered.predictions:
            self._write_cells(self._cells(answered.frame, prediction))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _cells(self, frame: Frame, prediction: Prediction) -> list[object]:
        cells: list[object] = [
            frame.source,
            frame.index,
            round(frame.time_s, _SECONDS_DIGITS),
            _latency_ms(frame, prediction),
        ]
        labels = prediction.labels[: self._top]
        for label in labels:
            cells += label.index, label.id, label.name, round(label.probability, _PROBABILITY_DIGITS)
        cells += [""] * 4 * (self._top - len(labels))
        return cells

    def _write_cells(self, cells: list[object]) -> None:
        self._line.seek(0)
        self._line.truncate()
        self._csv.writerow(cells)
        self._file.write_row(self._line.getvalue())


def _latency_ms(frame: Frame, prediction: Prediction) -> float:
    return round((prediction.finished_s - frame.captured_s) * 1000, _MILLISECONDS_DIGITS)
