# /// script
# dependencies = ["milvus-lite==3.2.2", "pymilvus==3.0.2"]
# ///
"""Milvus Lite 3.2: written anew in Python, with rules of its own for missing keys and for bools."""

from __future__ import annotations

from importlib.metadata import version

import milvus_rows
from serving import serve

if __name__ == "__main__":
    serve({"Milvus Lite": version("milvus-lite")}, milvus_rows.load, milvus_rows.find, milvus_rows.unload)
    milvus_rows.close()
