"""The clip of ``live-classify demo``: photographs with a slow move over each."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter
from av.video.reformatter import ColorRange, Colorspace

from _assets_pictures import centre_square, read_photograph, rgb_batch, softmax
from live_classify.assets import DEMO_SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from live_classify.core.values import BgrImage

CLIP_SIZE = (640, 480)
CLIP_FPS = 30
CLIP_MIN_PROBABILITY = 0.5


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
