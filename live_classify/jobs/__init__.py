"""Classifying recordings as jobs, one a recording: here, side by side, or on other machines."""
