"""Languages of vector databases, each of its own kind."""
