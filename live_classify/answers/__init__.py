"""What is said about predictions: smoothing, "not sure", sums."""
