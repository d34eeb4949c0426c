"""Languages in the manner of MongoDB: dicts of `$` operators."""
