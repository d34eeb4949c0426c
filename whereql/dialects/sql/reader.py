"""From a condition of SQL to the AST: what the flavours share. `syntax` has their grammars, `cases` the logic of three outcomes.

A flavour says what a place is (`place`): a column, or what its functions and arrows take out of JSON; and what comparisons make of
such a place, kind by kind (`equal`, `order`, `text`). What an engine does is kept, however odd: where whereql has no words for it,
it is refused, and the types of keys, tested in the condition or said by the option `schema`, take away what can't occur.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from whereql.ast import Expr, Field, Id, Literal, Op, Predicate, Subject
from whereql.dialect import Options, Sql
from whereql.dialects.fields import INFERRED, Fields
from whereql.dialects.places import subjects
from whereql.dialects.reading import one_of
from whereql.dialects.sql.cases import (
    ALWAYS,
    BOTH_UNSAID,
    KINDS,
    NEITHER,
    NEVER,
    PRESENT,
    Cases,
    Fixed,
    Meaning,
    Truth,
    conjunction,
    disjunction,
    inverse,
    known,
    plain,
)
from whereql.dialects.sql.grammar import read_condition
from whereql.dialects.sql.syntax import Apply, Call, Cast, Exists, Items, Name, Node, Syntax, Value
from whereql.errors import UnsupportedError, WhereqlError
from whereql.kinds import NUMBERS, Kind
from whereql.operators import MIRRORED_SIGNS, ORDERS
from whereql.optimize.constants import fold_constants
from whereql.values import literal

Table = dict[str, Truth]
Items_ = Sequence[Literal]

KIND_NAMES = {Kind.STRING: "string", Kind.INT: "int", Kind.FLOAT: "float", Kind.BOOL: "bool"}


@dataclass(frozen=True)
class Place:
    """A value of the row as SQL sees it: of which subject, in which form (a word of the flavour's), and the node that takes it.

    is_by_code_point: whether it is told to be ordered so, where texts are ordered otherwise.
    """

    subject: Subject
    form: str
    node: Node
    is_by_code_point: bool = False


class SqlReader:
    """A flavour: override `place`, `equal`, `order`, `text`, and `call` for its functions that are conditions."""

    syntax: Syntax
    hint = "say the kinds of the keys: schema={'year': 'int', …}, or schema=inferred"
    json_names_have_case = True

    def __init__(self, options: Options) -> None:
        self.options = options
        self.source = ""
        self._is_inferred = options["schema"] == INFERRED
        self._is_column: dict[str, bool] = {}
        self._schema = Fields(Predicate(Id(), Op.EXISTS), None if self._is_inferred else options["schema"])

    def read(self, source: Any) -> Expr:
        """The filter of a condition. Raises ParseError, UnsupportedError, CheckError, LimitError."""
        params: Any = ()
        halves_percent = False
        if isinstance(source, Sql):
            halves_percent = self.options["params"] == "format" and not self.options["literals"]
            source, params = source.text, source.params
        node = read_condition(source, self.syntax, params, halves_percent=halves_percent)
        self.source = source
        try:
            return fold_constants(self.condition(node).true())
        except WhereqlError as error:
            error.source = error.source or source
            raise

    # Conditions.

    def condition(self, node: Node) -> Meaning:
        """What a node says as a condition."""
        match node:
            case Apply(_, "AND", parts):
                return conjunction([self.condition(part) for part in parts])
            case Apply(_, "OR", parts):
                return disjunction([self.condition(part) for part in parts])
            case Apply(_, "NOT", (inner,)):
                return inverse(self.condition(inner))
            case Apply(_, "IS", (inner, Value(_, None))):
                return self._is_null(inner)
            case Apply(_, "IS TRUTH", (inner, Value(_, Literal() as truth))):
                return known(self.condition(inner), bool(truth.value))
            case Apply(_, "IS", (left, right)):
                return self._is_same(node, left, right)
            case Apply(_, "IN", (left, right)):
                return self._is_in(node, left, right)
            case Apply(_, "BETWEEN", (value, low, high)):
                return conjunction([self._compared(node, ">=", value, low), self._compared(node, "<=", value, high)])
            case Apply(_, sign, (left, right)) if sign in ("=", "==", "<>", "!=", *ORDERS):
                return self._compared(node, sign, left, right)
            case Apply():
                return self.applied(node)
            case Call(_, "coalesce", (inner, Value(_, Literal(Kind.BOOL, default)))):
                return inverse(known(self.condition(inner), False)) if default else known(self.condition(inner), True)
            case Call():
                return self.call(node)
            case Exists():
                return self.exists(node)
            case Value(_, None):
                return Fixed(None)
            case Value(_, Literal(Kind.BOOL, value)):
                return Fixed(bool(value))
        place = self.place(node)
        if place is None:
            self.refuse("this value", node, "a condition compares a column with a value")
        return self.truth(place)

    def applied(self, node: Apply) -> Meaning:
        """An operator that is none of the common ones."""
        self.refuse(f"the operator {node.sign}", node, "write it with comparisons, IN, LIKE, AND, OR and NOT")

    def call(self, node: Call) -> Meaning:
        """A function that is a condition."""
        self.refuse(f"the function {node.name}", node, "write it with comparisons, IN, LIKE, AND, OR and NOT")

    def exists(self, node: Exists) -> Meaning:
        """EXISTS over json_each."""
        self.refuse("a sub-query", node, "a filter is a condition on the columns of one row")

    def truth(self, place: Place) -> Meaning:
        """A value as a condition: a column of bools."""
        return self.cases(place, self.equal(place, [literal(True)]))

    def _is_null(self, node: Node) -> Meaning:
        place = self.place(node)
        if place is None:
            return known(self.condition(node), None)
        return self.cases(place, dict.fromkeys(PRESENT, NEVER) | {"missing": ALWAYS} if self.is_null_if_missing(place) else dict.fromkeys(KINDS, BOTH_UNSAID))

    def is_null_if_missing(self, place: Place) -> bool:
        """Whether the place is NULL just where the record has no such key."""
        return place.form in ("column", "text", "scalar", "json")

    def _is_same(self, node: Node, left: Node, right: Node) -> Meaning:
        """IS NOT DISTINCT FROM: equal, or both NULL."""
        found = self._compared(node, "=", left, right)
        return known(found, True)

    def _is_in(self, node: Node, left: Node, right: Node) -> Meaning:
        items = right.items if isinstance(right, Items) else (right,)
        values: list[Literal | None] = []
        for item in items:
            value = self.value(item)
            if value is None:
                place = self.place(right)
                if isinstance(left, Value) and place is not None:
                    return self.has(place, [self.given(left)])
                self.refuse("a list of other things than values", item, "list values")
            if not isinstance(right, Items | Call) and not isinstance(value.value, list):
                self.refuse("IN without parentheses", right, "write IN (…)")
            values += value.value if isinstance(value.value, list) else [value.value]
        return self._among(left, values)

    def _among(self, left: Node, values: Sequence[Literal | None]) -> Meaning:
        known_values = [each for each in values if each is not None]
        place = self.due(left)
        if not values:
            return Fixed(False)
        found: Meaning = self.cases(place, self.equal(place, known_values), self._compared_with(place, known_values))
        return found if len(known_values) == len(values) else disjunction([found, Fixed(None)])

    def _compared(self, node: Node, sign: str, left: Node, right: Node) -> Meaning:
        if self.value(left) is not None and self.value(right) is None and not isinstance(right, Call):
            left, right, sign = right, left, MIRRORED_SIGNS.get(sign, sign)
        if isinstance(right, Call) and right.name == "any":
            return self._any(left, right)
        special = self.compared(left, sign, right)
        if special is not None:
            return special
        value = self.value(right)
        if value is None:
            self.refuse("a comparison of two columns" if self.place(right) else "this value", right, "compare a column with a value; a text stands in single quotes")
        if isinstance(value.value, list):
            self.refuse("a list as one value", right, "write IN, or = ANY(…)")
        if sign in ("<>", "!="):
            return inverse(self._among(left, [value.value]))
        if sign in ("=", "=="):
            return self._among(left, [value.value])
        place = self.due(left)
        if value.value is None:
            return Fixed(None)
        return self.cases(place, self.order(place, ORDERS[sign], value.value), self._compared_with(place, [value.value]))

    def _compared_with(self, place: Place, items: Items_) -> Items_:
        """The values that are of the place's own kind: not those that a type is compared with, nor texts of jsonb."""
        return items if place.form in ("column", "scalar", "text", "double", "int", "decimal") else ()

    def compared(self, left: Node, sign: str, right: Node) -> Meaning | None:
        """A comparison of something that is no place, such as the position of a part; None for any other."""
        if isinstance(left, (Apply, Call, Exists)) and self.place(left) is None and isinstance(right, Value) and isinstance(right.value, Literal) and right.value.kind is Kind.BOOL and sign in ("=", "==", "<>", "!="):
            inner = self.condition(left)
            is_plain = (sign in ("=", "==")) is bool(right.value.value)
            return inner if is_plain else inverse(inner)
        return None

    def _any(self, left: Node, right: Call) -> Meaning:
        """`x = ANY(array)`: an array of the row that has a value, or a value that is one of a list."""
        array = right.args[0]
        if isinstance(array, Items):
            return self._among(left, [self.given(item) for item in array.items])
        if isinstance(array, Value) and isinstance(array.value, list):
            return self._among(left, array.value)
        place = self.place(array)
        if place is None:
            self.refuse("this array", array, "name a column of arrays, or list values")
        return self.has(place, [self.given(left)])

    def has(self, place: Place, items: Items_) -> Meaning:
        """Whether an array has one of some values."""
        if place.form != "column":
            self.refuse("an array out of JSON here", place.node, "compare an element")
        return self.cases(place, dict.fromkeys(PRESENT, NEVER) | {"missing": NEITHER} | self.has_table(place.subject, items))

    # Values.

    def place(self, node: Node) -> Place | None:
        """The value of the row that a node takes, None for anything else."""
        if isinstance(node, Name):
            return self.column(node)
        return None

    def column(self, node: Name) -> Place | None:
        """A column."""
        own = subjects(self.options)
        names = own if self.json_names_have_case else {name.lower(): subject for name, subject in own.items()}
        text = node.text if self.json_names_have_case else node.text.lower()
        if text in names:
            return Place(names[text], "column", node)
        return Place(Field(node.text, span=node.token.span), "holder" if self.is_holder(node) else "column", node)

    def is_holder(self, node: Node) -> bool:
        """Whether a node is the column with the metadata."""
        if not isinstance(node, Name) or self.options["layout"] != "json":
            return False
        return node.text == self.options["metadata"] or (not self.json_names_have_case and node.text.lower() == self.options["metadata"].lower())

    def value(self, node: Node) -> Value | None:
        """A value that the condition gives, None for anything else."""
        if isinstance(node, Value):
            return node
        if isinstance(node, Cast) and isinstance(node.arg, Value) and isinstance(node.arg.value, Literal):
            kind = node.arg.value.kind
            if (kind is Kind.STRING and node.type in ("text", "varchar", "jsonb", "json")) or (kind is not Kind.STRING and node.type in ("bigint", "int8", "integer", "int", "double", "double precision", "float8", "numeric", "boolean")):
                return node.arg
        return None

    def given(self, node: Node) -> Literal:
        """A value other than NULL, which is due here."""
        value = self.value(node)
        if value is None or not isinstance(value.value, Literal):
            self.refuse("this value" if value is None else "NULL", node, "write a string, a number, TRUE or FALSE")
        return value.value

    def given_text(self, node: Node) -> str:
        """A string, which is due here."""
        found = self.given(node)
        if not isinstance(found.value, str):
            self.refuse("a value that is no string", node, "write a string")
        return found.value

    def due(self, node: Node) -> Place:
        """The value of the row that a node takes. Raises UnsupportedError for anything else."""
        place = self.place(node)
        if place is None:
            self.refuse(f"the function {node.name}" if isinstance(node, Call) else "this value", node, "compare a column with a value")
        return place

    # What comparisons make of places.

    def cases(self, place: Place, table: Mapping[str, Truth], compared: Items_ = (), hint: str = "") -> Cases:
        """A condition on a place, without the kinds that can't occur. compared: values that say the kind of a key that has one kind."""
        name = place.subject.name if isinstance(place.subject, Field) else ""
        if self._is_column.setdefault(name, place.form == "column") is not (place.form == "column") and name:
            self.refuse(f"a column {name} beside a key {name}", place.node, f"name one of them otherwise: both would be the key {name}")
        declared = self._schema.kinds(name) if self._schema.is_declared(name) else None
        if not isinstance(place.subject, Field):
            declared = frozenset({"string"})
        elif declared is None and self._is_inferred and compared:
            declared = frozenset(name for item in compared for name in (("int", "float") if item.kind in NUMBERS else (item.kind.value,)))
        table = dict(table)
        if isinstance(place.subject, Id) or self._schema.is_required(name):
            table["missing"] = NEITHER
        for kind in PRESENT:
            is_absent = declared is not None and kind not in declared
            if is_absent or (self._is_inferred and None in table[kind]):
                twin = kind.replace("int", "float") if "int" in kind else kind.replace("float", "int")
                table[kind] = table[twin] if twin != kind and twin in table and (declared is None or twin in declared) and None not in table[twin] else NEVER
        return Cases(place.subject, table, lambda: self.refuse("a test of values of several kinds", place.node, hint or self.hint))

    def equal(self, place: Place, items: Items_) -> Table:
        """Whether a place is equal to one of some values."""
        return self.column_equal(place, items)

    def order(self, place: Place, op: Op, item: Literal) -> Table:
        """Whether it stands in an order to a value."""
        return self.column_order(place, op, item)

    def text(self, place: Place, op: Op, text: str) -> Table:
        """A text operator."""
        return dict.fromkeys(PRESENT, BOTH_UNSAID if place.form != "column" else NEVER) | {"missing": NEITHER, "string": plain(Predicate(place.subject, op, literal(text)))}

    def column_equal(self, place: Place, items: Items_) -> Table:
        """… of a column, whose type is that of the value."""
        self.check_kinds(place, items)
        return dict.fromkeys(PRESENT, NEVER) | {"missing": NEITHER} | self.equal_table(place.subject, items)

    def column_order(self, place: Place, op: Op, item: Literal) -> Table:
        """… of a column, whose type is that of the value."""
        self.check_kinds(place, [item])
        if item.kind is Kind.BOOL:
            self.refuse("an order of bools", place.node, "compare with = or <>")
        return dict.fromkeys(PRESENT, NEVER) | {"missing": NEITHER} | self.order_table(place.subject, op, item)

    def check_kinds(self, place: Place, items: Items_) -> None:
        """Refuse values of another type than the column's, which engines convert, each in its own way."""
        name = place.subject.name if isinstance(place.subject, Field) else ""
        declared = self._schema.kinds(name) if self._schema.is_declared(name) else frozenset() if isinstance(place.subject, Field) else frozenset({"string"})
        lines = {"number" if kind in ("int", "float") else kind for kind in declared}
        for item in items:
            if lines and ("number" if item.kind in (Kind.INT, Kind.FLOAT) else item.kind.value) not in lines:
                self.refuse("a value of another type than the column's", place.node, "write a value of the column's type")

    def equal_table(self, subject: Subject, items: Items_) -> Table:
        """Equality with values of their own kind."""
        found: Table = {}
        for kinds in (("string",), ("int", "float"), ("bool",)):
            own = tuple(dict.fromkeys(item for item in items if KIND_NAMES[item.kind] in kinds))
            if own:
                found |= dict.fromkeys(kinds, plain(one_of(subject, own)))
        return found

    def has_table(self, subject: Subject, items: Items_) -> Table:
        """Arrays that have a value of their own kind."""
        found: Table = {}
        for kinds in (("string",), ("int", "float"), ("bool",)):
            own = tuple(dict.fromkeys(item for item in items if KIND_NAMES[item.kind] in kinds))
            if own:
                found |= dict.fromkeys((f"{kind}[]" for kind in kinds), plain(Predicate(subject, Op.HAS, own)))
        return found

    def order_table(self, subject: Subject, op: Op, item: Literal) -> Table:
        """Order among values of its own kind."""
        kinds = ("string",) if item.kind is Kind.STRING else ("int", "float")
        return dict.fromkeys(kinds, plain(Predicate(subject, op, item)))

    def types(self, place: Place, names: Sequence[str], known_types: Mapping[str, Sequence[str]]) -> Table:
        """Whether the name of a type is one of some. known_types: to the kinds that have it."""
        kinds = {kind for name in names for kind in known_types.get(name, ())}
        return {kind: ALWAYS if kind in kinds else NEVER for kind in PRESENT} | {"missing": NEITHER}

    def pattern(self, place: Place, said: tuple[Op, str], node: Node) -> Meaning:
        """A text operator on a place."""
        if place.form not in ("column", "text", "scalar"):
            self.refuse("a text operator on this value", node, "take it as a text: metadata->>'key'")
        return self.cases(place, self.text(place, *said))

    def refuse(self, what: str, node: Node, hint: str) -> NoReturn:
        """Raise UnsupportedError for what has no counterpart."""
        raise UnsupportedError("WQ504", f"{self.syntax.title}: no counterpart for {what.removesuffix(',')}", span=node.token.span, source=self.source or None, hint=hint)


def bool_truth(subject: Subject, when_true: bool | None, when_false: bool | None) -> Truth:
    """A condition on bools by what it is of each."""
    if when_true is None or when_false is None:
        return BOTH_UNSAID
    if when_true is when_false:
        return ALWAYS if when_true else NEVER
    return plain(Predicate(subject, Op.EQ, literal(when_true)))

