"""What is known of a network: its record, labels, preprocessing and sidecar."""
