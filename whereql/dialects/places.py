"""Where a flat record keeps its id, its document and its uri: beside its keys, under names of their own.

>>> place(Document(), {"id": "id", "document": "page_content", "uri": "uri"})
'page_content'
>>> subjects({"id": "_id", "document": None, "uri": None})
{'_id': Id()}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from whereql.ast import Document, Field, Id, Subject, Uri
from whereql.dialect import Option
from whereql.dialects.writing import Leaf, refused


def places(what: str, *, id: str | None = None, document: str | None = None, uri: str | None = None) -> dict[str, Option]:
    """The options that name the three. what: a column, a field …, as the target calls it; the rest: their defaults, None for nowhere."""
    defaults = {"id": id, "document": document, "uri": uri}
    return {name: Option(f"the {what} of #{name}", default) for name, default in defaults.items()}


PLACES = places("name", id="id", document="document", uri="uri")
"""The options of a dialect whose records are flat."""

_ROLES: dict[str, Callable[[], Subject]] = {"id": Id, "document": Document, "uri": Uri}


def role(subject: Subject) -> str:
    """What the options call a subject that is no key."""
    return next(name for name, kind in _ROLES.items() if kind is type(subject))


def place(subject: Subject, options: Mapping[str, Any]) -> str | Leaf:
    """The name under which a record has a subject; a refusal of a key whose name is already that of the id, the document or the uri."""
    if not isinstance(subject, Field):
        return str(options[role(subject)])
    return refused_place(subject, options) if any(subject.name == options[name] for name in PLACES) else subject.name


def subjects(options: Mapping[str, Any]) -> dict[str, Subject]:
    """What the names that options give stand for; the id first, where two are the same."""
    return {str(options[name]): kind() for name, kind in reversed(_ROLES.items()) if options.get(name)}


def refused_place(subject: Field, options: Mapping[str, Any]) -> Leaf:
    """What there is to say of a key under whose name a record has something else."""
    return taken(next(name for name in PLACES if options.get(name) == subject.name))


def taken(name: str) -> Leaf:
    """… its id, its document or its uri. name: which of them."""
    return refused(f"under this name a record has its {name}", f"write #{name}, rename the key, or name another place: {name}='…'")


def unplaced(subject: Subject, what: str = "field") -> Leaf:
    """What there is to say of an id, a document or a uri for which no place is named. what: as the target calls one."""
    return refused(f"no {what} is known to hold #{role(subject)}", f"name the {what}: {role(subject)}='…'")
