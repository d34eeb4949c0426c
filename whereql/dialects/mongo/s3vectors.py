"""From the AST to the metadata filters of Amazon S3 Vectors, the dialect `s3vectors`.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND genre != 'drama'"), arrays=False).native
{'$and': [{'year': {'$gte': 2020}}, {'$or': [{'genre': {'$exists': False}}, {'genre': {'$ne': 'drama'}}]}]}

Whether `$ne` finds vectors without the key isn't documented: what is written means the same either way.
"""

from __future__ import annotations

from whereql.ast import Expr
from whereql.dialect import Dialect, Options, Translation
from whereql.dialects.mongo.merging import MergingWriter
from whereql.dialects.mongo.pinecone import FLAT
from whereql.dialects.writing import write


class S3VectorsWriter(MergingWriter):
    """Writes the `filter` of QueryVectors."""

    title = "S3 Vectors"


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, S3VectorsWriter(expr, options))


DIALECT = Dialect("S3 Vectors", None, _write, FLAT, form="json")
