# /// script
# dependencies = ["qdrant-edge-py==0.7.2", "numpy"]
# ///
"""Qdrant's engine as of the servers 1.18: `match.text` without an index finds a part of a text."""

from __future__ import annotations

from importlib.metadata import version

from edge_qdrant import Shard, load
from serving import serve

if __name__ == "__main__":
    serve({"qdrant-edge-py": version("qdrant-edge-py")}, load, Shard.find, Shard.close)
