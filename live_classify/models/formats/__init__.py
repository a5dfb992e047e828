"""The files that networks come in."""
