"""Languages of search engines."""
