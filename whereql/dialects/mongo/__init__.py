"""MongoDB's query language, and those of stores that look into arrays as it does."""
