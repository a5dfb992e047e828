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

import tempfile

from _assets_clip import check_clip, write_clip
from _assets_networks import convert_float32, convert_int8, export_network
from _assets_pictures import ASSETS
from _assets_reference import write_reference
from live_classify.assets import SUMS, sha256

CLIP_MAX_BYTES = 3_000_000


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
