"""Pixels in memory: resized, compared, drawn on."""
