"""MediaPipe's ImageClassifier in video mode over a recording.

``compare_peers.py`` runs this in an environment of its own, in which live_classify isn't installed:
``python _mediapipe_peer.py MODEL.tflite RECORDING``. It prints one JSON object: frames a second, processor seconds a
frame, and the best class of each frame.
"""

from __future__ import annotations

import json
import sys
import time

import cv2
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision


def main() -> None:
    """Classify every frame, cropped to its centre as live_classify does."""
    model, recording = sys.argv[1:]
    options = vision.ImageClassifierOptions(
        base_options=BaseOptions(model_asset_path=model),
        running_mode=vision.RunningMode.VIDEO,
        max_results=1,
    )
    answers: list[int] = []
    with vision.ImageClassifier.create_from_options(options) as classifier:
        capture = cv2.VideoCapture(recording, cv2.CAP_FFMPEG)
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        while True:
            read, bgr = capture.read()
            if not read:
                break
            height, width = bgr.shape[:2]
            side = min(height, width)
            y, x = (height - side) // 2, (width - side) // 2
            rgb = cv2.cvtColor(bgr[y : y + side, x : x + side], cv2.COLOR_BGR2RGB)
            image = mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb)
            result = classifier.classify_for_video(image, len(answers) * 33)
            answers.append(result.classifications[0].categories[0].index)
        elapsed_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    json.dump({"fps": len(answers) / elapsed_s, "cpu_s": cpu_s / len(answers), "answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
