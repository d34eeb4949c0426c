"""Measurements of whereql, each a module to run: `python -m benchmarks.parse`. They print figures and assert no time."""
