"""SQL: one writer and one reader, and what is special of each engine."""
