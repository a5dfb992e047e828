"""The photographs of the self-check, and what is known about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from live_classify.assets import DEMO_SCENES, asset
from live_classify.core.values import BgrImage, Label
from live_classify.models.records.labels import Labels


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture whose answers are known."""

    path: Path
    names: tuple[str, ...]
    """The labels of ImageNet that are right."""
    answers: Mapping[str, tuple[Label, ...]]
    """By network, for those whose weights never change: its best labels, best first."""

    def read(self) -> BgrImage:
        """Its pixels, read with nothing of this package, so that the package's own reading can be compared."""
        return np.asarray(cv2.imread(str(self.path), cv2.IMREAD_COLOR), np.uint8)


def photographs() -> list[Photograph]:
    """The photographs that ship.

    Raises:
        ModelFileError: a shipped file is damaged.
    """
    # scripts/build_assets.py writes them in the order of the scenes.
    stored = json.loads(asset("reference.json").read_text(encoding="utf-8"))
    return [
        Photograph(
            path=asset(file),
            names=scene.names,
            answers={network: tuple(Label(**label) for label in labels) for network, labels in answers.items()},
        )
        for (file, answers), scene in zip(stored.items(), DEMO_SCENES, strict=True)
    ]


def label_fault(labels: Labels, known: list[Photograph]) -> str | None:
    """What is wrong with the labels of a network of ImageNet's classes; None if nothing is.

    Upper and lower case, and ``_`` in place of a space, don't matter.
    """
    stored = {label.index: label for one in known for best in one.answers.values() for label in best}
    wrong = [
        label
        for label in stored.values()
        if _plain(labels.names[label.index]) != _plain(label.name) or labels.ids[label.index] not in {"", label.id}
    ]
    if not wrong:
        return None
    first = wrong[0]
    return (
        f"{len(wrong)} of {len(stored)} names don't fit the network: "
        f"its class {first.index} is {first.name}, these labels say {labels.names[first.index]}"
    )


def _plain(name: str) -> str:
    return name.replace("_", " ").casefold()
