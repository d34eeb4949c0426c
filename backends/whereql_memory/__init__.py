"""The memory backend: a columnar collection on numpy."""
