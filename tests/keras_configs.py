"""Configs of Keras models, as their files hold them."""

from __future__ import annotations

DENSE = {"class_name": "Dense", "config": {"name": "dense", "units": 3, "activation": "softmax"}}
SEQUENTIAL = {"class_name": "Sequential", "config": {"name": "model", "layers": [DENSE]}}
