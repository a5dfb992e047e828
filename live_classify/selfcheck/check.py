"""The self-check: every route and engine of this machine, on photographs whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from live_classify.classifier import Classifier
from live_classify.core.errors import LiveClassifyError
from live_classify.engines.select import Wishes
from live_classify.engines.stored import Choice
from live_classify.imaging.resize import resize_into
from live_classify.models.catalogue.keras_applications import imagenet_labels
from live_classify.models.catalogue.networks import NETWORKS
from live_classify.models.convert.calibration import Calibration
from live_classify.models.records.labels import Labels
from live_classify.models.records.network import Network
from live_classify.models.weights.origin import Progress, no_progress
from live_classify.selfcheck.diagnosis import explain, is_swapped
from live_classify.selfcheck.expected import (
    Expected,
    PlainNetwork,
    Rows,
    published_preprocessing,
    stored_answers,
    whole_rows,
)
from live_classify.selfcheck.finding import Finding, judged
from live_classify.selfcheck.reference import label_fault, photographs
from live_classify.selfcheck.routes import Answers, by_file, by_frame, pixel_fault
from live_classify.selfcheck.runs import Runs

Basis: TypeAlias = Literal["stored answers", "plain Keras", "each other"]

_COARSE = 0.1
"""What probabilities may differ by in int8 and float16, and on a GPU, which may round as float16 does (TF32)."""
_SAME = 1e-4
"""The same engine's answers to the same pixels."""
_INSENSITIVE = "it says the same of every photograph: mistakes of colour or scale can't be seen"
_MOST_WRONG = 1  # of four photographs: a good network may see something else in one


class SelfCheck:
    """The check of one network.

    Args:
        network: what to check.
        labels: the names that its answers would get.
        calibration: what it would be converted to int8 with; its fit is that of the pictures.
        wishes: the engine and the precision to check; ``auto`` means all that there are.
        progress: told of weights that are fetched, and of a conversion.

    Raises:
        ModelFileError: a shipped file is damaged.
        UsageError: the engine can't run the network, or not in that precision.
    """

    def __init__(
        self,
        network: Network,
        labels: Labels,
        calibration: Calibration,
        wishes: Wishes,
        progress: Progress = no_progress,
    ) -> None:
        wishes.check(network)
        self._network = network
        self._labels = labels
        self._resize = calibration.resize
        self._runs = Runs(network, labels, calibration, wishes, progress)
        self._progress = progress
        self._photographs = photographs()
        self._pictures = [photograph.read() for photograph in self._photographs]
        catalogued = NETWORKS.get(network.name)
        self.published = catalogued is not None and catalogued.weights == network.weights
        """Whether its weights are those of the catalogue. Of others nobody knows what they should answer."""
        self.basis: Basis = "each other"
        """What the engines' answers are compared with."""
        if self.published and network.name in self._photographs[0].answers:
            self.basis = "stored answers"
        elif network.construct is not None:
            self.basis = "plain Keras"

    @property
    def pictures(self) -> int:
        """How many photographs are shown to each engine."""
        return len(self._pictures)

    def findings(self) -> Iterator[Finding]:
        """Check one thing after the other.

        Raises:
            ModelFileError: the weights can't be had, so that nothing can be checked.
            EngineError: Keras can't be imported.
        """
        if self.published:
            yield judged("labels", label_fault(self._labels, self._photographs))
        expected = self._expected()
        if expected is not None and self.basis == "plain Keras":
            if self.published:
                yield self._names(expected.probabilities)
            elif not expected.tells_apart():
                yield Finding("sensitivity", "skipped", _INSENSITIVE)
        agreeing: list[Rows] = []
        for choice in self._runs.choices():
            name = f"{choice.engine} {choice.precision}" + (" gpu" if choice.device == "gpu" else "")
            reason = self._runs.refusal(choice)
            if reason is not None:
                yield Finding(name, "skipped", f"not supported here: {reason}")
                continue
            if self._runs.is_unconverted(choice):
                yield Finding(name, "skipped", "not converted yet: a run with --precision int8 does it")
                continue
            try:
                with self._runs.open(choice) as classifier:
                    answers = by_frame(classifier, self._pictures)
                    if expected is None:
                        expected = whole_rows(answers.rows)
                        if not expected.tells_apart():
                            yield Finding("sensitivity", "skipped", _INSENSITIVE)
                    findings = self._routes(name, choice, classifier, answers, expected)
            except LiveClassifyError as error:
                yield Finding(name, "fault", str(error))
                continue
            yield from findings
            if _is_exact(choice) and all(finding.outcome == "ok" for finding in findings):
                agreeing.append(answers.rows)
        if self.basis == "stored answers" and len(agreeing) > 1:
            # These know five classes of each photograph; among each other the engines must agree on all.
            yield _agreement(agreeing)

    def _expected(self) -> Expected | None:
        if self.basis == "stored answers":
            return stored_answers(self._network.name, self._photographs)
        if self.basis == "plain Keras":
            plain = PlainNetwork(self._network, self._progress)
            return whole_rows(plain.rows(self._rgb, published_preprocessing(self._network)))
        return None

    def _routes(
        self, name: str, choice: Choice, classifier: Classifier, answers: Answers, expected: Expected
    ) -> list[Finding]:
        """Judge an engine's answers to pixels in memory, and then to files."""
        allowed = expected.tolerance if _is_exact(choice) else _COARSE
        swapped = by_frame(classifier, [picture[..., ::-1].copy() for picture in self._pictures])
        fault = self._fault(choice, answers.rows, swapped.rows, allowed, expected)
        of_files, pixels = by_file(classifier, [photograph.path for photograph in self._photographs])
        fault_of_files = pixel_fault(pixels, self._pictures)
        if fault_of_files is None:
            same = np.abs(of_files.rows - answers.rows).max() <= _SAME
            fault_of_files = fault if same else "it answers otherwise than to the same pixels in memory"
        return [
            judged(f"{name}, {route}", why, expected.distance(found.rows), allowed, found.ms)
            for route, why, found in (("frame", fault, answers), ("file", fault_of_files, of_files))
        ]

    def _fault(
        self, choice: Choice, rows: Rows, rows_of_swapped: Rows, allowed: float, expected: Expected
    ) -> str | None:
        if is_swapped(expected, rows, rows_of_swapped):
            return "red and blue are swapped"
        if expected.distance(rows) <= allowed:
            return None
        return explain(self._network, self._rgb, expected, rows, choice.precision, self._runs.file(choice))

    @cached_property
    def _rgb(self) -> npt.NDArray[np.uint8]:
        """``(N, H, W, 3)``: the photographs at the network's size."""
        rgb = np.empty((len(self._pictures), *self._network.input_size, 3), np.uint8)
        for picture, row in zip(self._pictures, rgb, strict=True):
            resize_into(picture, row, self._resize)
        return rgb

    def _names(self, rows: Rows) -> Finding:
        names = imagenet_labels().names
        best = [names[int(row.argmax())] for row in rows]
        right = sum(name in photograph.names for name, photograph in zip(best, self._photographs, strict=True))
        told = f"{right} of {len(best)} photographs named rightly"
        if right >= len(best) - _MOST_WRONG:
            return Finding("names", "ok", told)
        return Finding("names", "fault", f"{told}, not {', '.join(best)}: other weights, or damaged ones")


def _is_exact(choice: Choice) -> bool:
    return choice.precision == "float32" and choice.device == "cpu"


def _agreement(rows: list[Rows]) -> Finding:
    difference = float(np.ptp(np.stack(rows), axis=0).max())
    allowed = whole_rows(rows[0]).tolerance
    fault = None if difference <= allowed else "the engines differ in classes that no answers are stored of"
    return judged("float32 engines agree", fault, difference, allowed)
