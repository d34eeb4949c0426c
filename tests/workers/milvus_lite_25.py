# /// script
# dependencies = ["milvus-lite==2.5.1", "pymilvus<2.7", "setuptools<81"]
# ///
"""Milvus Lite 2.5: the C++ core of a server of 2.5, which knows no null, `not` or `exists`."""

from __future__ import annotations

from importlib.metadata import version

import milvus_rows
from serving import serve

if __name__ == "__main__":
    serve({"Milvus Lite": version("milvus-lite")}, milvus_rows.load, milvus_rows.find, milvus_rows.unload)
    milvus_rows.close()
