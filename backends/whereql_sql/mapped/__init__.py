"""Tables of yours as collections: columns, JSON and arrays become metadata keys, by rules that are the same read and asked."""
