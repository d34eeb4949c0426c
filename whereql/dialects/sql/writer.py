"""What the SQL writers share: one condition for a predicate, its complement bridged over SQL's third value, and the columns.

A flavour says how it tests a text (`pattern`, `ordered`), and what a metadata key is (`field`): a value in a JSON column, or a
column of a type (`columns.ColumnsWriter`). Everything else is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whereql.ast import And, Field, Id, Literal, Or, Predicate, Subject
from whereql.dialect import Option, Options, Sql
from whereql.dialects.fields import SCHEMA
from whereql.dialects.places import places, role, unplaced
from whereql.dialects.sql.fragments import (
    STYLES,
    Bound,
    Fragment,
    Style,
    bound,
    joined,
    listed,
    literal,
    name,
    raw,
    render,
    render_literals,
    sql,
)
from whereql.dialects.writing import Leaf, Writer, exact, items_of, refused, superset
from whereql.kinds import Kind
from whereql.operators import ORDER, ORDER_SIGNS, TEXT, Op
from whereql.support import Support

COLUMNS: dict[str, Option] = {
    **places("column", id="id", document="document", uri="uri"),
    "nullable": Option("whether the columns may be NULL", True, (True, False)),
}
"""The options on columns of a table."""


LITERALS: dict[str, Option] = {"literals": Option("values in the text, without parameters", False, (False, True))}


def styles(default: str, *others: str) -> dict[str, Option]:
    """The options on how values stand in the text."""
    return {"params": Option("how the places of parameters are marked", default, (default, *others)), **LITERALS}


LAYOUT: dict[str, Option] = {
    "metadata": Option("the column with the metadata as JSON", "metadata"),
    "layout": Option("metadata in one JSON column, or a column for each key", "json", ("json", "columns")),
    "schema": SCHEMA,
}
"""The options on where metadata stands."""

FALSE = raw("FALSE").known()
TRUE = raw("TRUE").known()


class SqlWriter(Writer):
    """A flavour of SQL: override `field` and `pattern`, and what else it says in its own way."""

    title = "SQL"

    def __init__(self, options: Options) -> None:
        self.options = options

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """The predicate as one condition, or its complement, which is never NULL."""
        said = self.say(predicate)
        return self.opposite(said) if negated else said

    def say(self, predicate: Predicate) -> Leaf:
        """A predicate as a condition that is true on just its records, or on more of them; false or NULL on the others."""
        subject = predicate.subject
        if isinstance(subject, Field):
            return self.field(subject.name, predicate)
        column = self.column(subject)
        if column is None:
            return unplaced(subject, "column")
        return self.text_column(column, predicate)

    def field(self, key: str, predicate: Predicate) -> Leaf:
        """A predicate on a metadata key."""
        raise NotImplementedError

    def pattern(self, value: Fragment, op: Op, text: str) -> Leaf:
        """One of the text operators on a value that is a text or NULL."""
        raise NotImplementedError

    def ordered(self, value: Fragment) -> Fragment:
        """A text as it is ordered by code point."""
        return value

    def is_storable(self, text: str) -> bool:
        """Whether a text of the database can be this one; if not, no text is equal to it or contains it."""
        return True

    def name(self, text: str) -> Fragment:
        """A name, in quotes where it needs some."""
        return name(text)

    def text(self, value: str) -> Fragment:
        """A text as a value."""
        return bound(value)

    def literal(self, value: Bound) -> str:
        """A value in the text."""
        return literal(value)

    def column(self, subject: Subject) -> Fragment | None:
        """The column of #id, #document or #uri; None where there is none."""
        found = self.options[role(subject)]
        return self.name(found) if found else None

    def text_column(self, column: Fragment, predicate: Predicate) -> Leaf:
        """A predicate on a column of texts."""
        is_known = not self.options["nullable"] or isinstance(predicate.subject, Id)
        if predicate.op is Op.EXISTS:
            return exact(TRUE if is_known else sql("{} IS NOT NULL", column).known().but(sql("{} IS NULL", column)))
        if predicate.op is Op.HAS:
            return exact(FALSE)
        said = self.on_text(column, predicate)
        return Leaf(said.native.known(), said.support, said.reason, said.hint) if is_known and said.native is not None else said

    def on_text(self, value: Fragment, predicate: Predicate) -> Leaf:
        """EQ, IN, an order or a text operator on a value that is a text or NULL."""
        op = predicate.op
        texts = [item.value for item in items_of(predicate) if isinstance(item.value, str)]
        if op in TEXT:
            return self.pattern(value, op, texts[0])
        if op in ORDER:
            return self.order_texts(value, op, texts[0]) if texts else exact(FALSE)
        return self.equals(value, [self.text(each) for each in texts if self.is_storable(each)])

    def order_texts(self, value: Fragment, op: Op, text: str) -> Leaf:
        """An order of texts by code point. No text of the database lies between one it can't hold and the part before the NUL."""
        if not self.is_storable(text):
            op, text = (Op.LE if op in (Op.LT, Op.LE) else Op.GT), text[: text.index("\0")]
        return exact(sql(f"{{}} {ORDER_SIGNS[op]} {{}}", self.ordered(value), self.text(text)))

    def equals(self, value: Fragment, values: Sequence[Fragment]) -> Leaf:
        """Whether a value is one of some of its own type."""
        if not values:
            return exact(FALSE)
        if len(values) == 1:
            return exact(sql("{} = {}", value, values[0]).but(self.differs(value, values[0])))
        return exact(sql("{} IN ({})", value, listed(values)))

    def differs(self, value: Fragment, other: Fragment) -> Fragment:
        """Whether a value is another than this, or NULL."""
        return sql("{} IS DISTINCT FROM {}", value, other)

    def opposite(self, said: Leaf) -> Leaf:
        """The complement of what is said: of a superset only where its fragment has one."""
        if said.support is Support.EXACT:
            return exact(self.complement(said.native), said.reason)
        if said.support is Support.INEXACT and said.native.opposite is not None:
            return superset(said.native.opposite, said.reason, said.hint)
        return refused(said.reason, said.hint)

    def complement(self, condition: Fragment) -> Fragment:
        """The condition that holds where another is false or NULL."""
        if condition.parts in (FALSE.parts, TRUE.parts):
            return TRUE if condition.parts == FALSE.parts else FALSE
        if condition.opposite is not None:
            return condition.opposite
        return sql("NOT ({})" if condition.is_known else "({}) IS NOT TRUE", condition).known()

    def all_of(self, *conditions: Fragment) -> Fragment:
        """Conditions that all hold, as a part of one leaf."""
        return joined(conditions, " AND ")

    def any_of(self, *conditions: Fragment) -> Fragment:
        """Conditions of which one holds, as a part of one leaf; FALSE where there are none."""
        possible = [each for each in conditions if each.parts != FALSE.parts]
        return joined(possible, " OR ") if possible else FALSE

    def join(self, connective: type[And] | type[Or], parts: Sequence[Any]) -> Fragment:
        """Conditions joined by AND or OR."""
        return joined(parts, " AND " if connective is And else " OR ")

    def constant(self, value: bool) -> Leaf:
        """TRUE or FALSE."""
        return exact(TRUE if value else FALSE)

    @property
    def style(self) -> Style:
        """How the places of parameters are marked."""
        return STYLES[self.options["params"]]

    def finish(self, native: Fragment) -> Sql | str:
        """The text, its values beside it, or in it."""
        return render_literals(native, self.literal) if self.options["literals"] else render(native, self.style)


def of_kind(items: Sequence[Literal], *kinds: Kind) -> list[Literal]:
    """Those of some literals that are of one of these kinds."""
    return [item for item in items if item.kind in kinds]
