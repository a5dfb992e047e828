"""What networks there are, and what each needs."""
