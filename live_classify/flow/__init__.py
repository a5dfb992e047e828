"""Threads: from a source through the inference threads to the outlets."""
