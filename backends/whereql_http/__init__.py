"""The HTTP backend: collections of any Chroma server."""
