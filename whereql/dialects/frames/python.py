"""To Python: the source of a lambda that says whether a record, a plain dict, passes. It names `re` only, and that where it must.

>>> DIALECT.encode(whereql.parse("year >= 2020")).native
"lambda record: type(v := (record.get('metadata') or {}).get('year')) in (int, float) and v >= 2020"
"""

from __future__ import annotations

from typing import Any

from whereql.ast import Expr, Field, Predicate, Subject
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.frames.sources import negated as complement
from whereql.dialects.frames.sources import source
from whereql.dialects.frames.values import BACKTRACKS, value_condition
from whereql.dialects.places import PLACES, place
from whereql.dialects.writing import InfixWriter, Leaf, exact, refused, superset, write
from whereql.support import Shape


class PythonWriter(InfixWriter):
    """Writes the body of the lambda, and the lambda around it."""

    all_of = " and "
    any_of = " or "
    shape = Shape(depth=80)  # Python's own parser takes 200 parentheses, of which a condition needs some

    def __init__(self, options: Options) -> None:
        self._options = options

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A test of the type, then of the value: what is missing is None, and of no type."""
        value = self._value(predicate.subject)
        if isinstance(value, Leaf):
            return value
        text = value_condition(predicate, value)
        if text is None:
            hint = "write LIKE, or repeat single characters only, and few of them"
            return refused(BACKTRACKS, hint) if negated else superset(f"isinstance({value}, str)", BACKTRACKS, hint)
        return exact(complement(text, "not ") if negated else text)

    def _value(self, subject: Subject) -> str | Leaf:
        name = self._options["metadata"]
        if name and isinstance(subject, Field):
            return f"(record.get({source(str(name))}) or {{}}).get({source(subject.name)})"
        found = place(subject, self._options)
        return found if isinstance(found, Leaf) else f"record.get({source(found)})"

    def constant(self, value: bool) -> Leaf:
        """True or False."""
        return exact(source(value))

    def finish(self, native: Any) -> str:
        """The lambda."""
        return f"lambda record: {native}"


def _write(expr: Expr, options: Options) -> Translation:
    return write(expr, PythonWriter(options))


OPTIONS = {"metadata": Option("the name under which a record has the object of its keys; '' where the keys stand in the record itself", "metadata"), **PLACES}

DIALECT = Dialect("Python", writes=_write, options=OPTIONS)
