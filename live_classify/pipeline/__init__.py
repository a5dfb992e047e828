"""The threads between a source and what is shown and written."""
