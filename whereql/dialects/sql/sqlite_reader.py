"""From a condition of SQLite to the AST: `->>` and json_extract, json_type, json_each, GLOB, and its order across types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from whereql.ast import Expr, Field, Literal, Op, Or, Predicate
from whereql.dialect import Options
from whereql.dialects.sql.cases import (
    ALWAYS,
    ARRAYS,
    BOTH_UNSAID,
    FALSE,
    KINDS,
    NEITHER,
    NEVER,
    PRESENT,
    SCALARS,
    TRUE,
    Cases,
    Meaning,
    Truth,
    conjunction,
    constant,
    inverse,
    plain,
)
from whereql.dialects.sql.pattern_readers import from_ascii_like, from_glob
from whereql.dialects.sql.patterns import MERGED
from whereql.dialects.sql.reader import Place, SqlReader, Table, bool_truth
from whereql.dialects.sql.syntax import SQLITE, Apply, Call, Exists, Name, Node, Value
from whereql.kinds import Kind
from whereql.operators import ORDER_TESTS, TEXT
from whereql.values import literal

_PATH = re.compile(r'\$\.(?:([A-Za-z_][A-Za-z0-9_]*)|"([^"\\\x00-\x1f]*)")')
_BARE = re.compile(r"[^0-9.\[\"\\$\x00-\x1f-][^.\[\"\\\x00-\x1f]*")
_TYPES = {"text": ("string",), "integer": ("int",), "real": ("float",), "true": ("bool",), "false": ("bool",), "array": ARRAYS, "object": ("object",)}


class SqliteReader(SqlReader):
    """SQLite."""

    syntax = SQLITE
    json_names_have_case = False
    hint = "test the type beside it, json_type(metadata, '$.key') = 'text' AND …, or say the kinds: schema={'year': 'int', …}, or schema=inferred"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._rows: dict[str, tuple[str, Any]] = {}

    def place(self, node: Node) -> Place | None:
        """A column, what an arrow or a function takes out of JSON, its type, or a column of json_each."""
        match node:
            case Apply(_, "->>", (left, Value(_, Literal(Kind.STRING, key)))) if self.is_holder(left):
                return Place(Field(self._key(str(key), node)), "scalar", node)
            case Apply(_, "->", (left, Value(_, Literal(Kind.STRING, key)))) if self.is_holder(left):
                return Place(Field(self._key(str(key), node)), "json", node)
            case Apply(_, "->>" | "->"):
                self.refuse("a path into a value", node, f"a key holds no other keys: {self.options['metadata']}->>'key'")
            case Call(_, "json_extract" | "json_type" as name, (left, Value(_, Literal(Kind.STRING, path)))) if self.is_holder(left):
                return Place(Field(self._path(str(path), node)), "type" if name == "json_type" else "scalar", node)
            case Apply(_, "COLLATE", (inner, Name(_, name))):
                if name.upper() != "BINARY":
                    self.refuse(f"the collation {name}", node, "texts are compared by BINARY")
                return self.place(inner)
            case Name(_, column, table) if table in self._rows:
                return self._row_column(node, column, *self._rows[table])
        return super().place(node)

    def _key(self, text: str, node: Node) -> str:
        """The key of an arrow: its name, or a path."""
        if text.startswith("$"):
            return self._path(text, node)
        if not _BARE.fullmatch(text):
            self.refuse(f"the key {text!r} without a path", node, "write a path: metadata->>'$.\"a.b\"'")
        return text

    def _path(self, text: str, node: Node) -> str:
        match = _PATH.fullmatch(text)
        if match is None:
            self.refuse("a path into a value", node, "a path names one key: '$.key' or '$.\"key\"'")
        return str(match[1] if match[1] is not None else match[2])

    def _row_column(self, node: Node, column: str, kind: str, key: Any) -> Place:
        """A column of json_each: of an element of an array, or of a member of all metadata."""
        subject = Field("\0element") if kind == "element" else Field(key)
        forms = {"value": "scalar", "atom": "scalar", "type": "type"}
        if column not in forms:
            self.refuse(f"the column {column} of json_each", node, "there are value and type")
        return Place(subject, forms[column], node)

    def is_null_if_missing(self, place: Place) -> bool:
        """A place of json_each is there."""
        return super().is_null_if_missing(place) and place.subject != Field("\0element")

    def truth(self, place: Place) -> Meaning:
        """A bool of JSON, or a column of bools."""
        if place.form == "scalar":
            return self.cases(place, dict.fromkeys(PRESENT, BOTH_UNSAID) | {"missing": NEITHER, "bool": plain(Predicate(place.subject, Op.EQ, literal(True)))})
        return super().truth(place)

    def equal(self, place: Place, items: Sequence[Literal]) -> Table:
        """Equality: of a JSON true with 1, of the text of an array with a text."""
        match place.form:
            case "scalar":
                return self._scalar_equal(place, items)
            case "type":
                return self._type_equal(place, [str(item.value) for item in items])
            case "column":
                return self.column_equal(place, self._column_items(place, items))
        return self.refuse("a comparison of JSON as a text", place.node, "take the value: metadata->>'key'")

    def _column_items(self, place: Place, items: Sequence[Literal]) -> Sequence[Literal]:
        """In a column of bools TRUE is 1."""
        name = place.subject.name if isinstance(place.subject, Field) else ""
        if not (self._schema.is_declared(name) and self._schema.kinds(name) == {"bool"}):
            return items
        return [literal(bool(item.value), item.span) if item.value in (0, 1) and item.kind is Kind.INT else item for item in items]

    def _scalar_equal(self, place: Place, items: Sequence[Literal]) -> Table:
        numbers = [literal(int(item.value)) if item.kind is Kind.BOOL else item for item in items if item.kind is not Kind.STRING]
        texts = [item for item in items if item.kind is Kind.STRING]
        found = dict.fromkeys(PRESENT, NEVER) | {"missing": NEITHER} | self.equal_table(place.subject, [*texts, *numbers])
        found["bool"] = bool_truth(place.subject, any(item.value == 1 for item in numbers), any(item.value == 0 for item in numbers))
        if any(str(item.value)[:1] == "[" for item in texts):
            found |= dict.fromkeys(ARRAYS, BOTH_UNSAID)
        if any(str(item.value)[:1] == "{" for item in texts):
            found["object"] = BOTH_UNSAID
        return found

    def _type_equal(self, place: Place, names: Sequence[str]) -> Table:
        return self.types(place, names, _TYPES) | {"bool": bool_truth(place.subject, "true" in names, "false" in names)}

    def order(self, place: Place, op: Op, item: Literal) -> Table:
        """Order: numbers and bools, which are numbers, are below texts, of which an array has one."""
        if place.form == "column":
            return self.column_order(place, op, item)
        if place.form != "scalar":
            self.refuse("an order of these values", place.node, "compare the value: metadata->>'key'")
        found = dict.fromkeys(KINDS, NEITHER)
        if isinstance(item.value, str):
            below = constant(op in (Op.LT, Op.LE))
            found |= {"int": below, "float": below, "bool": below} | self.order_table(place.subject, op, item)
            found |= dict.fromkeys(ARRAYS, _against(op, "[", item.value)) | {"object": _against(op, "{", item.value)}
            return found
        number = literal(int(item.value)) if item.kind is Kind.BOOL else item
        above = constant(op in (Op.GT, Op.GE))
        found |= dict.fromkeys(("string", *ARRAYS, "object"), above) | self.order_table(place.subject, op, number)
        found["bool"] = bool_truth(place.subject, ORDER_TESTS[op](1, number.value), ORDER_TESTS[op](0, number.value))
        return found

    def text(self, place: Place, op: Op, text: str) -> Table:
        """Text operators take a number as its text."""
        if place.form == "column" and op in TEXT:
            return super().text(place, op, text)
        return dict.fromkeys(PRESENT, BOTH_UNSAID) | {"missing": NEITHER, "string": plain(Predicate(place.subject, op, literal(text)))}

    def applied(self, node: Apply) -> Meaning:
        """LIKE, GLOB, REGEXP."""
        if node.sign in ("LIKE", "GLOB") and MERGED & set(self.given_text(node.args[1])):
            self.refuse("U+FFFD, U+FFFE or U+FFFF, which are one", node, "search for a part with instr(…) > 0")
        match node.sign, node.args:
            case "LIKE", (left, pattern, *escape):
                char = self.given_text(escape[0]) if escape else ""
                if len(char) > 1:
                    self.refuse("an ESCAPE of several characters", escape[0], "escape by one character")
                return self.pattern(self.due(left), from_ascii_like(self, self.given_text(pattern), char, node), node)
            case "GLOB", (left, pattern):
                return self.pattern(self.due(left), from_glob(self, self.given_text(pattern), node), node)
            case "REGEXP", (left, pattern):
                if not self.options["regexp"]:
                    self.refuse("REGEXP, of which SQLite leaves the meaning to a function,", node, "say regexp=True if that is whereql.dialects.sql.sqlite.regexp")
                return self.pattern(self.due(left), (Op.MATCHES, self.given_text(pattern)), node)
        return super().applied(node)

    def compared(self, left: Node, sign: str, right: Node) -> Meaning | None:
        """The position of a part, beside 0."""
        match left, right:
            case Call(_, "instr", (inner, text)), Value(_, Literal(Kind.INT, 0)) if sign in (">", "=", "==", "<>", "!="):
                found = self.pattern(self.due(inner), (Op.CONTAINS, self.given_text(text)), left)
                return inverse(found) if sign in ("=", "==") else found
        return super().compared(left, sign, right)

    # json_each.

    def exists(self, node: Exists) -> Meaning:
        """Whether an element of an array, or a member of all metadata, passes a condition."""
        match node.args:
            case (left,) if self.is_holder(left):
                return self._member(node)
            case (left, Value(_, Literal(Kind.STRING, path))) if self.is_holder(left):
                place = Place(Field(self._path(str(path), node)), "scalar", node)
            case (left,):
                place = self.due(left)
            case _:
                self.refuse("json_each of this", node, "json_each(metadata, '$.key')")
        return self._element(node, place)

    def _within(self, node: Exists, kind: str, key: Any, condition: Node) -> Meaning:
        before = dict(self._rows)
        self._rows[node.alias] = (kind, key)
        try:
            return self.condition(condition)
        finally:
            self._rows = before

    def _member(self, node: Exists) -> Meaning:
        """`m.key = 'k' AND …`: the condition on the value of that key, false without it."""
        parts = node.condition.args if isinstance(node.condition, Apply) and node.condition.sign == "AND" else (node.condition,)
        match parts[0]:
            case Apply(_, "=" | "==", (Name(_, "key", table), Value(_, Literal(Kind.STRING, key)))) if table == node.alias:
                pass
            case _:
                self.refuse("json_each of all metadata", node, "begin its condition with the key: m.key = 'key' AND …")
        found = conjunction([self._within(node, "member", str(key), part) for part in parts[1:]]) if parts[1:] else self.cases(Place(Field(str(key)), "scalar", node), dict.fromkeys(PRESENT, ALWAYS) | {"missing": NEITHER})
        if not isinstance(found, Cases) or found.subject != Field(str(key)):
            self.refuse("a condition on several values in json_each", node, "test the value and the type of one key")
        return Cases(found.subject, {kind: _found(truth) for kind, truth in found.table.items()} | {"missing": NEVER}, found.refuse)

    def _element(self, node: Exists, place: Place) -> Meaning:
        found = self._within(node, "element", None, node.condition)
        if not isinstance(found, Cases) or found.subject != Field("\0element"):
            self.refuse("a condition on several values in json_each", node, "test the value and the type of the element")
        subject = place.subject
        table: Table = {f"{kind}[]": _some(subject, found.table[kind].true) for kind in SCALARS}
        table |= {kind: _found(Truth(_about(subject, found.table[kind].true), None)) for kind in SCALARS}
        table |= {"missing": NEVER, "object": BOTH_UNSAID}
        if place.form == "column":
            table |= dict.fromkeys((*SCALARS, "object"), NEVER)
        return self.cases(replace(place, node=node), table)


def _found(truth: Truth) -> Truth:
    return BOTH_UNSAID if truth.true is None else plain(truth.true)


def _about(subject: Field | Any, expr: Expr | None) -> Expr | None:
    """A condition on an element as one on a value."""
    match expr:
        case Predicate(_, op, operand):
            return Predicate(subject, op, operand)
        case None:
            return None
    return expr if expr in (TRUE, FALSE) else None


def _some(subject: Field | Any, expr: Expr | None) -> Truth:
    """Whether an array has an element that passes."""
    match expr:
        case Predicate(_, Op.EQ, Literal() as item):
            return plain(Predicate(subject, Op.HAS, (item,)))
        case Predicate(_, Op.IN, tuple() as items):
            return plain(Predicate(subject, Op.HAS, items))
        case Or(args):
            parts = [_some(subject, arg).true for arg in args]
            return BOTH_UNSAID if None in parts else plain(Or([part for part in parts if part is not None]))
    return BOTH_UNSAID if expr is None or expr not in (TRUE, FALSE) else plain(expr)


def _against(op: Op, first: str, text: str) -> Truth:
    """The order of a text that begins with a character to another text: known where that decides."""
    return BOTH_UNSAID if text[:1] == first else constant(ORDER_TESTS[op](first, text))


def read(source: Any, options: Options) -> Expr:
    """The filter of a condition of SQLite."""
    return SqliteReader(options).read(source)
