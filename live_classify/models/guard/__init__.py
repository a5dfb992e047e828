"""What a hostile model file may not do."""
