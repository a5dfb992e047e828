"""Whether the engines of this machine answer rightly: ``live-classify models --check``."""
