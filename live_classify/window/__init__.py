"""The window, and the loop that feeds it."""
