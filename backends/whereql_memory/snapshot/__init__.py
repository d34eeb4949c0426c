"""The snapshot file, `.wql`: a collection as the memory backend keeps it, opened by mapping it into memory.

`container` knows bytes: named arrays in one file, with checksums. `layout` knows which arrays a table is made of. `checks` are
what must hold of them before they are used. `packing` writes a file, `opening` reads one. docs/snapshots.md has the format.
"""
