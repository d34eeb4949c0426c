"""Where a subject of whereql stands in a document of MongoDB, and back.

>>> options = {"metadata": "metadata", "id": "_id", "document": "text", "uri": None}
>>> place_of(Field("year"), options), subject_of("text", "$", options)
(('metadata.year', ''), Document())
"""

from __future__ import annotations

from collections.abc import Mapping

from whereql.ast import Field, Subject
from whereql.dialect import Option, Options
from whereql.dialects.places import places, role, subjects, taken, unplaced
from whereql.dialects.reading_json import fail, refuse
from whereql.dialects.writing import Leaf, refused
from whereql.values import check_text_value

Place = tuple[str, str]
"""The path of a field, and on what condition it is the key's."""

PLACES: Mapping[str, Option] = {
    "metadata": Option("the path to the object that holds the keys, such as metadata; none: the document itself"),
    **places("field", id="_id"),
}

_NESTED = "a dot leads into an object within the document"


def place_of(subject: Subject, options: Options) -> Place | Leaf:
    """The path of a subject, or why there is none."""
    if not isinstance(subject, Field):
        place: str | None = options[role(subject)]
        return (place, "") if place else unplaced(subject)
    path = f"{_before(options)}{subject.name}"
    steps = path.split(".")
    if "\0" in path or not all(steps):
        return refused("no path of MongoDB can name such a key", "rename the key")
    if any(step.startswith("$") for step in steps):
        return refused("a name that begins with $ is an operator", "rename the key")
    if any(step.isdecimal() for step in subject.name.split(".")[1:]):
        return refused("a number behind a dot is a place in an array", "rename the key")
    if path in subjects(options):
        return taken(role(subjects(options)[path]))
    return path, _NESTED if "." in subject.name else ""


def _before(options: Options) -> str:
    """What stands before each key in a path."""
    return f"{str(options['metadata']).removesuffix('.')}." if options["metadata"] else ""


def subject_of(path: str, at: str, options: Options) -> Subject:
    """The subject that a path names. at: where it stands in the source, for messages. Raises WhereError, UnsupportedError."""
    if path in subjects(options):
        return subjects(options)[path]
    check_text_value(path, path=at)
    prefix = _before(options)
    if not path.startswith(prefix) or path == prefix:
        refuse("MongoDB", f"a field outside of {options['metadata']}", at, "name the object that holds the keys, metadata='…', or the field of #document or #uri")
    steps = path.removeprefix(prefix).split(".")
    if any(not step or step.startswith("$") for step in steps):
        fail("a path has no empty step and none that begins with $", at, "write the name of a field")
    if any(step.isdecimal() for step in steps[1:]):
        refuse("MongoDB", "a place in an array", at, "ask for an element whatever its place")
    return Field(path.removeprefix(prefix))
