"""Where a flat record keeps its id, its document and its uri: beside its keys, under names of their own.

>>> place(Document(), {"id": "id", "document": "page_content", "uri": "uri"})
'page_content'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whereql.ast import Document, Field, Id, Subject
from whereql.dialect import Option
from whereql.dialects.writing import Leaf, refused

PLACES = {
    "id": Option("the name under which a record has its id", "id"),
    "document": Option("… its document", "document"),
    "uri": Option("… its uri", "uri"),
}
"""The options of a dialect whose records are flat."""


def place(subject: Subject, options: Mapping[str, Any]) -> str | None:
    """The name under which a record has a subject; None for a key whose name is already that of the id, the document or the uri."""
    if not isinstance(subject, Field):
        return str(options["id" if isinstance(subject, Id) else "document" if isinstance(subject, Document) else "uri"])
    return None if any(subject.name == options[name] for name in PLACES) else subject.name


def refused_place(subject: Field, options: Mapping[str, Any]) -> Leaf:
    """What there is to say of such a key."""
    taken = next(name for name in PLACES if options[name] == subject.name)
    return refused(f"under this name a record has its {taken}", f"name another place for it: {taken}='…'")
