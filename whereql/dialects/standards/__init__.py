"""Languages that are standards, or meant to be: CQL2, CEL, JSON Logic."""
