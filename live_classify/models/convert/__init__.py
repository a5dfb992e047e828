"""Conversion to LiteRT, its cache and its calibration."""
