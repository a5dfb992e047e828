"""Write ``live_classify/models/catalogue/keras_applications.tsv`` from what Keras knows of its own networks.

Run it when Keras has gained a network or republished weights, and review the difference:
``python scripts/build_catalogue.py``. Nothing is downloaded: the request for the weights is what is looked at.
"""

from __future__ import annotations

import csv
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import keras

TABLE = Path(__file__).parents[1] / "live_classify" / "models" / "catalogue" / "keras_applications.tsv"
DEFAULT_SIZE = 224  # where Keras leaves the input open
# The mode that each module's preprocess_input names; those that aren't here prepare pixels in the network itself.
MODES = {
    "densenet": "torch",
    "inception_resnet_v2": "tf",
    "inception_v3": "tf",
    "mobilenet": "tf",
    "mobilenet_v2": "tf",
    "nasnet": "tf",
    "resnet": "caffe",
    "resnet_v2": "tf",
    "vgg16": "caffe",
    "vgg19": "caffe",
    "xception": "tf",
}
# Of the weights, as https://keras.io/api/applications and the authors' pages say; the rest is Google's, Apache-2.0.
LICENCES = {"convnext": "MIT", "densenet": "BSD-3-Clause", "resnet": "MIT", "vgg16": "CC-BY-4.0", "vgg19": "CC-BY-4.0"}
ORDER = (
    *("vgg16", "vgg19", "resnet", "resnet_v2", "densenet", "inception_v3", "inception_resnet_v2", "xception"),
    *("mobilenet", "mobilenet_v2", "mobilenet_v3", "nasnet", "efficientnet", "efficientnet_v2", "convnext"),
)


class _AskedForError(Exception):
    """Raised in place of a download, carrying what was asked for."""


def _ask(fname: str, origin: str, **options: Any) -> None:
    raise _AskedForError(fname, origin, options.get("file_hash") or "")


def rows() -> Iterator[tuple[Any, ...]]:
    """Yield a row for each classification network of ``keras.applications``."""
    for function, construct in inspect.getmembers(keras.applications, inspect.isfunction):
        module = construct.__module__.rpartition(".")[2]
        try:
            with mock.patch("keras.src.utils.file_utils.get_file", _ask):
                construct(weights="imagenet")
        except _AskedForError as asked:
            file, url, digest = asked.args
        model = construct(weights=None)
        size = model.input_shape[1] or DEFAULT_SIZE
        mode, licence = MODES.get(module, "none"), LICENCES.get(module, "Apache-2.0")
        yield ORDER.index(module), model.count_params(), function, size, mode, licence, file, digest, url
        keras.backend.clear_session()


def main() -> None:
    """Write the table."""
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(("function", "size", "parameters", "preprocessing", "licence", "file", "digest", "url"))
        for _, parameters, function, size, *rest in sorted(rows()):
            writer.writerow((function, size, parameters, *rest))
    sys.stdout.write(f"{TABLE} written\n")


if __name__ == "__main__":
    main()
