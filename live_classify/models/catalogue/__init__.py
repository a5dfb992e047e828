"""The networks that come with a name."""
