"""From a condition of PostgreSQL to the AST: arrows of jsonb, containment, casts and text operators."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from whereql.ast import Expr, Field, Literal, Op
from whereql.dialect import Options
from whereql.dialects.doubles import is_safe
from whereql.dialects.sql.cases import (
    ALWAYS,
    BOTH_UNSAID,
    FALSE,
    KINDS,
    NEITHER,
    NEVER,
    PRESENT,
    Meaning,
    Truth,
    conjunction,
    constant,
    disjunction,
    inverse,
)
from whereql.dialects.sql.decimals import is_equality_plain, is_order_plain
from whereql.dialects.sql.pattern_readers import SAME_LETTERS, from_ilike, from_like, from_regex
from whereql.dialects.sql.reader import Place, SqlReader, Table, bool_truth
from whereql.dialects.sql.syntax import POSTGRES, Apply, Call, Cast, Items, Name, Node, Value
from whereql.kinds import NUMBERS, Kind
from whereql.operators import ORDER_TESTS
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, literal

NUMBER_TEXT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DOUBLES = frozenset({"float8", "double precision"})
_INTS = frozenset({"int8", "bigint", "integer", "int", "int4"})
_DECIMALS = frozenset({"numeric", "decimal"})
_TEXTS = frozenset({"text", "varchar", "character varying"})
_TYPES = {
    "string": ("string",), "number": ("int", "float"), "boolean": ("bool",), "array": ("string[]", "int[]", "float[]", "bool[]"), "object": ("object",),
}  # fmt: skip
_NULLABLE = "on a row whose metadata is NULL it is neither true nor false: say nullable=False if there is none, or write (…) IS NOT TRUE"
_RANKS = {"string": 1, "int": 2, "float": 2, "bool": 3, "string[]": 4, "int[]": 4, "float[]": 4, "bool[]": 4, "object": 5}


def text_equal(reader: SqlReader, place: Place, items: Sequence[Literal]) -> Table:
    """Equality of the text of a JSON value: numbers, bools, arrays and objects have one, too."""
    texts = [item.value for item in items]
    if not all(isinstance(text, str) for text in texts):
        reader.refuse("a text beside a value that is none", place.node, "cast the text, or write the value in quotes")
    strings = [str(text) for text in texts]
    found = dict.fromkeys(PRESENT, NEVER) | {"missing": NEITHER} | reader.equal_table(place.subject, items)
    if any(NUMBER_TEXT.fullmatch(text) for text in strings):
        found |= dict.fromkeys(("int", "float"), BOTH_UNSAID)
    if any(text[:1] == "[" for text in strings):
        found |= dict.fromkeys(("string[]", "int[]", "float[]", "bool[]"), BOTH_UNSAID)
    if any(text[:1] == "{" for text in strings):
        found["object"] = BOTH_UNSAID
    found["bool"] = bool_truth(place.subject, "true" in strings, "false" in strings)
    return found


def text_order(place: Place, op: Op, text: str, table: Table) -> Table:
    """The order of the text of a JSON value, which is known of bools, too."""
    found = dict.fromkeys(PRESENT, BOTH_UNSAID) | {"missing": NEITHER} | table
    found["bool"] = bool_truth(place.subject, ORDER_TESTS[op]("true", text), ORDER_TESTS[op]("false", text))
    return found


class PostgresReader(SqlReader):
    """PostgreSQL."""

    syntax = POSTGRES
    hint = "test the type beside it, jsonb_typeof(metadata->'key') = 'string' AND …, or say the kinds: schema={'year': 'int', …}, or schema=inferred"

    def place(self, node: Node) -> Place | None:
        """A column, or what an arrow takes out of jsonb, its type, or a cast of it."""
        match node:
            case Apply(_, "->>" | "->" as sign, (left, Value(_, Literal(Kind.STRING, key)))) if self.is_holder(left):
                return Place(Field(str(key), span=node.args[1].token.span), "text" if sign == "->>" else "json", node)
            case Apply(_, "#>>" | "#>" as sign, (left, Value(_, Literal(Kind.STRING, path)))) if self.is_holder(left):
                step = _only_step(str(path))
                if step is None:
                    self.refuse("a path into a value", node, "a key holds no other keys: metadata->>'key'")
                return Place(Field(step), "text" if sign == "#>>" else "json", node)
            case Apply(_, "->>" | "->" | "#>>" | "#>"):
                self.refuse("a path into a value", node, f"a key holds no other keys: {self.options['metadata']}->>'key'")
            case Call(_, "jsonb_extract_path_text" | "jsonb_extract_path" as name, (left, Value(_, Literal(Kind.STRING, key)))) if self.is_holder(left):
                return Place(Field(str(key)), "text" if name.endswith("text") else "json", node)
            case Call(_, "jsonb_typeof", (inner,)):
                place = self.place(inner)
                if place is None or place.form != "json":
                    self.refuse("the type of this value", node, "jsonb_typeof(metadata->'key')")
                return replace(place, form="type")
            case Apply(_, "COLLATE", (inner, Name(_, name))):
                place = self.place(inner)
                if place is not None and name in ("C", "POSIX", "ucs_basic"):
                    return replace(place, is_by_code_point=True)
                self.refuse(f"the collation {name}", node, 'texts are ordered by code point: COLLATE "C"')
            case Cast(_, inner, type) if not isinstance(inner, Value):
                return self._cast(node, self.place(inner), type)
        return super().place(node)

    def _cast(self, node: Node, place: Place | None, type: str) -> Place:
        if place is not None and type in _TEXTS and place.form in ("column", "text"):
            return place
        forms = {"double": _DOUBLES, "int": _INTS, "decimal": _DECIMALS, "bool": {"boolean", "bool"}}
        form = next((form for form, names in forms.items() if type in names), None)
        if place is None or form is None or place.form not in ("text", "json"):
            self.refuse(f"a cast to {type}", node, "compare the value as it is, or cast metadata->>'key' to float8, bigint or numeric")
        return replace(place, form=form, node=node)

    def equal(self, place: Place, items: Sequence[Literal]) -> Table:
        """Equality in each form."""
        match place.form:
            case "text":
                return text_equal(self, place, items)
            case "json":
                found = [self._json_scalar(item, place) for item in items]
                self._check_equality(found, place.node)
                return dict.fromkeys(PRESENT, NEVER) | {"missing": NEITHER} | self.equal_table(place.subject, found)
            case "type":
                return self.types(place, [str(item.value) for item in items], _TYPES)
            case "double" | "int" | "decimal":
                return self._number(place, items, plain_table=self.equal_table(place.subject, items), is_plain=all(_is_small(item) or (place.form == "int" and item.kind is Kind.INT) for item in items))
            case "bool":
                return dict.fromkeys(PRESENT, BOTH_UNSAID) | {"missing": NEITHER} | {"bool": self.equal_table(place.subject, items).get("bool", NEVER)}
            case "holder":
                self.refuse("a comparison of all metadata", place.node, "compare a key: metadata->>'key'")
        return self.column_equal(place, items)

    def order(self, place: Place, op: Op, item: Literal) -> Table:
        """Order in each form."""
        is_text = place.form == "text" or (place.form == "column" and item.kind is Kind.STRING)
        if is_text and not place.is_by_code_point:
            self.refuse("an order of texts by the collation of the database", place.node, 'order by code point: COLLATE "C"')
        match place.form:
            case "text":
                text = item.value
                if not isinstance(text, str):
                    self.refuse("a text beside a value that is none", place.node, "cast the text, or write the value in quotes")
                return text_order(place, op, text, self.order_table(place.subject, op, item))
            case "json":
                return self._json_order(place, op, self._json_scalar(item, place))
            case "double" | "int" | "decimal":
                return self._number(place, [item], plain_table=self.order_table(place.subject, op, item), is_plain=_is_small(item) or (place.form == "int" and item.kind is Kind.INT))
            case "column":
                return self.column_order(place, op, item)
        return self.refuse("an order of these values", place.node, "compare numbers, or texts by COLLATE \"C\"")

    def _number(self, place: Place, items: Sequence[Literal], plain_table: Table, is_plain: bool) -> Table:
        """A cast to a number: an error on most other values, and on texts with a number in them a comparison like any."""
        if not all(item.kind in NUMBERS for item in items):
            self.refuse("a number beside a value that is none", place.node, "write a number")
        found = dict.fromkeys(PRESENT, BOTH_UNSAID) | {"missing": NEITHER}
        if is_plain:
            found |= {kind: plain_table[kind] for kind in (("int",) if place.form == "int" else ("int", "float")) if kind in plain_table}
        return found

    def _json_scalar(self, item: Literal, place: Place) -> Literal:
        value = self._json(item.value, place)
        if not isinstance(value, Literal):
            self.refuse("an array, an object or null of JSON here", place.node, "ask for an element: metadata->'key' @> '[\"a\"]'")
        return value

    def _check_equality(self, items: Sequence[Literal], node: Node) -> None:
        for item in items:
            if item.kind in NUMBERS and not is_equality_plain(item.value):  # type: ignore[arg-type]  # a number, as its kind says
                self.refuse("a number beyond 2^53 in jsonb", node, "jsonb can't tell an int of this size from a double with the same digits")

    def _json(self, text: Any, place: Place) -> Any:
        """A text of JSON as data, its scalars as literals."""
        try:
            found = json.loads(text, parse_int=Decimal, parse_float=Decimal, parse_constant=_refuse_constant)
        except (ValueError, TypeError, RecursionError, ArithmeticError):
            self.refuse("a value of jsonb that is no JSON", place.node, "write JSON in quotes: '\"text\"', '5', 'true'")
        return self._as_literals(found, place)

    def _as_literals(self, found: Any, place: Place) -> Any:
        match found:
            case Decimal():
                return self._decimal(found, place)
            case str() | bool():
                return literal(found, place.node.token.span)
            case list():
                return [self._as_literals(item, place) if not isinstance(item, (list, dict)) else item for item in found]
            case dict():
                return {key: self._as_literals(item, place) if not isinstance(item, dict) else item for key, item in found.items()}
        return found

    def _decimal(self, number: Decimal, place: Place) -> Literal:
        if abs(number.adjusted()) < 400 or not number:
            if number == number.to_integral_value() and INT_MIN <= number <= INT_MAX:
                return literal(int(number), place.node.token.span)
            if abs(number) <= Decimal(FLOAT_MAX) and number in (Decimal(repr(float(number))), Decimal(float(number))):
                return literal(float(number), place.node.token.span)
        return self.refuse("a number that is no int64 and no double", place.node, "write the shortest digits of a double")

    def _json_order(self, place: Place, op: Op, item: Literal) -> Table:
        """jsonb orders values of different types, too: strings, numbers, bools, arrays, objects."""
        if item.kind not in NUMBERS or not is_order_plain(op, item.value):  # type: ignore[arg-type]  # a number, as its kind says
            self.refuse("an order of jsonb that are no numbers below 2^53", place.node, "take it as a text: (metadata->>'key') COLLATE \"C\"")
        ranks = {kind: constant(ORDER_TESTS[op](rank, 2)) for kind, rank in _RANKS.items()}
        return ranks | {"missing": NEITHER} | self.order_table(place.subject, op, item)

    def applied(self, node: Apply) -> Meaning:
        """LIKE, regular expressions, containment."""
        sign = node.sign
        negation = sign.startswith("!")
        match sign.removeprefix("!"), node.args:
            case ("LIKE" | "~~", (left, pattern, *escape)):
                found = self.pattern(self.due(left), from_like(self, self.given_text(pattern), self.escape(escape, "\\"), node), node)
            case ("ILIKE" | "~~*", (left, pattern, *escape)):
                found = self.pattern(self.due(left), from_ilike(self, self.given_text(pattern), self.escape(escape, "\\"), node, SAME_LETTERS), node)
            case ("~", (left, pattern)):
                found = self.pattern(self.due(left), from_regex(self, self.given_text(pattern), node), node)
            case ("^@", (left, text)):
                found = self.pattern(self.due(left), (Op.STARTS, self.given_text(text)), node)
            case ("@>", (left, right)):
                found = self._contains(node, left, right)
            case ("&&", (left, Items(_, items))):
                found = self.has(self.due(left), [self.given(item) for item in items])
            case ("?", (left, key)):
                found = self._has_keys(node, left, [self.given_text(key)], Op.IN)
            case ("?|" | "?&", (left, Items(_, items))):
                found = self._has_keys(node, left, [self.given_text(item) for item in items], Op.IN if sign == "?|" else Op.HAS)
            case _:
                return super().applied(node)
        return inverse(found) if negation else found

    def escape(self, given: Sequence[Node], default: str) -> str:
        """The character that escapes in a pattern."""
        found = self.given_text(given[0]) if given else default
        if len(found) > 1:
            self.refuse("an ESCAPE of several characters", given[0], "escape by one character")
        return found

    def call(self, node: Call) -> Meaning:
        """Functions on texts."""
        match node:
            case Call(_, "starts_with", (left, text)):
                return self.pattern(self.due(left), (Op.STARTS, self.given_text(text)), node)
        return super().call(node)

    def compared(self, left: Node, sign: str, right: Node) -> Meaning | None:
        """The position of a part, beside 0."""
        match left, right:
            case Call(_, "strpos", (inner, text)), Value(_, Literal(Kind.INT, 0)) if sign in (">", "=", "<>", "!="):
                found = self.pattern(self.due(inner), (Op.CONTAINS, self.given_text(text)), left)
                return inverse(found) if sign == "=" else found
        return super().compared(left, sign, right)

    def _contains(self, node: Apply, left: Node, right: Node) -> Meaning:
        """`@>`: of all metadata an object, of one value a scalar or an array, of an array column an ARRAY."""
        place = self.due(left)
        if isinstance(right, Items) and place.form == "column":
            return conjunction([self.has(place, [self.given(item)]) for item in right.items] or [self._no_items(node)])
        wanted = self._json(self.given_text(right), place)
        if place.form == "json":
            return self._contains_value(place, wanted, node, NEITHER)
        if place.form != "holder" or not isinstance(wanted, dict) or not wanted:
            self.refuse("a containment of this", node, f"{self.options['metadata']} @> '{{\"key\": \"value\"}}'")
        lost = Truth(FALSE, None) if self.options["nullable"] else NEVER
        return conjunction([self._contains_value(Place(Field(key), "json", node), value, node, lost, is_inner=True) for key, value in wanted.items()])

    def _no_items(self, node: Node) -> Meaning:
        self.refuse("an empty array", node, "ask for an element")

    def _contains_value(self, place: Place, wanted: Any, node: Node, missing: Truth, is_inner: bool = False) -> Meaning:
        items = wanted if isinstance(wanted, list) else [wanted]
        if not items or not all(isinstance(item, Literal) for item in items):
            self.refuse("a containment of this", node, "look for strings, numbers or bools, alone or in an array")
        self._check_equality(items, node)
        found = []
        for item in items:
            table = dict.fromkeys(PRESENT, NEVER) | {"missing": missing}
            if isinstance(wanted, list) or not is_inner:  # an array contains a scalar of its own, but not one below a key
                table |= self.has_table(place.subject, [item])
            if not isinstance(wanted, list):
                table |= self.equal_table(place.subject, [item])
            found.append(self.cases(place, table, hint=_NULLABLE if missing.false is None else ""))
        return conjunction(found)

    def _has_keys(self, node: Apply, left: Node, keys: Sequence[str], how: Op) -> Meaning:
        """`?`: whether all metadata has a key, or whether an array has a string, or is one."""
        join = disjunction if how is Op.IN else conjunction
        place = self.due(left)
        if not keys:
            self.refuse("an empty array", node, "name a key")
        if place.form == "holder":
            lost = Truth(FALSE, None) if self.options["nullable"] else NEVER
            return join([self.cases(Place(Field(key), "json", node), dict.fromkeys(PRESENT, ALWAYS) | {"missing": lost}, hint=_NULLABLE) for key in keys])
        if place.form != "json":
            self.refuse("the operator ? on this value", node, "metadata ? 'key', or metadata->'tags' ? 'text'")
        tables = []
        for key in keys:
            table = dict.fromkeys(KINDS, NEVER) | {"missing": NEITHER, "object": BOTH_UNSAID}
            tables.append(self.cases(place, table | self.equal_table(place.subject, [literal(key)]) | self.has_table(place.subject, [literal(key)])))
        return join(tables)


def _only_step(path: str) -> str | None:
    """The key of a path such as `{key}`, None for any other."""
    inner = path[1:-1]
    return inner if path[:1] == "{" and path[-1:] == "}" and inner.isascii() and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", inner) and inner.lower() != "null" else None


def _is_small(item: Literal) -> bool:
    return item.kind in NUMBERS and is_safe(item)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def read(source: Any, options: Options) -> Expr:
    """The filter of a condition of PostgreSQL."""
    return PostgresReader(options).read(source)

