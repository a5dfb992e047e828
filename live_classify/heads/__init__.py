"""What turns a network's activations into probabilities over labels."""
