"""Expressions of data frames, and of Python itself, as source text."""
