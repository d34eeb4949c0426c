"""From a condition of DuckDB to the AST: arrows and functions on JSON, its types, casts, lists and RE2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from whereql.ast import Expr, Field, Literal, Op
from whereql.dialect import Options
from whereql.dialects.doubles import is_safe
from whereql.dialects.sql.cases import (
    ALWAYS,
    ARRAYS,
    BOTH_UNSAID,
    FALSE,
    NEITHER,
    NEVER,
    PRESENT,
    SCALARS,
    Meaning,
    Truth,
    conjunction,
    inverse,
)
from whereql.dialects.sql.pattern_readers import SAME_LETTERS, from_glob, from_ilike, from_like, from_re2
from whereql.dialects.sql.postgres_reader import NUMBER_TEXT, text_equal, text_order
from whereql.dialects.sql.reader import Place, SqlReader, Table
from whereql.dialects.sql.syntax import DUCKDB, Apply, Call, Cast, Items, Node, Value
from whereql.kinds import NUMBERS, Kind

_PATH = re.compile(r'\$\.(?:([A-Za-z_][A-Za-z0-9_]*)|"([^"\\]*)")(\[\*\]|\[0\])?')
_TYPES = {"VARCHAR": ("string",), "BIGINT": ("int",), "UBIGINT": ("int",), "DOUBLE": ("float",), "BOOLEAN": ("bool",), "ARRAY": ARRAYS, "OBJECT": ("object",)}
_ARRAY_TYPES = {name: tuple(f"{kind}[]" for kind in kinds) for name, kinds in _TYPES.items() if kinds[0] in SCALARS}
_FUNCTIONS = {
    "contains": Op.CONTAINS, "starts_with": Op.STARTS, "prefix": Op.STARTS, "suffix": Op.ENDS, "ends_with": Op.ENDS,
}  # fmt: skip
_EXTRACT = {"json_extract_string": "text", "json_extract_path_text": "text", "json_extract": "json", "json_type": "type"}


class DuckdbReader(SqlReader):
    """DuckDB."""

    syntax = DUCKDB
    json_names_have_case = False
    hint = "test the type beside it, json_type(metadata, 'key') = 'VARCHAR' AND …, or say the kinds: schema={'year': 'int', …}, or schema=inferred"

    def place(self, node: Node) -> Place | None:
        """A column, what an arrow or a function takes out of JSON, its type, or a cast of it."""
        match node:
            case Apply(_, "->>" | "->" as sign, (left, right)) if (path := self._path_text(right)) is not None:
                return self._taken(node, left, path, "text" if sign == "->>" else "json")
            case Call(_, name, (left, right)) if name in _EXTRACT and (path := self._path_text(right)) is not None:
                return self._taken(node, left, path, _EXTRACT[name])
            case Cast(_, inner, type) if not isinstance(inner, Value):
                return self._cast(node, self.place(inner), type)
        return super().place(node)

    def _path_text(self, node: Node) -> str | None:
        """The path of an arrow, which may be put together: `'/a' || chr(0)`."""
        match node:
            case Value(_, Literal(Kind.STRING, text)):
                return str(text)
            case Call(_, "chr", (Value(_, Literal(Kind.INT, code)),)) if code == 0:
                return "\0"
            case Apply(_, "||", (left, right)):
                one, other = self._path_text(left), self._path_text(right)
                return None if one is None or other is None else one + other
            case Cast(_, inner, "varchar"):
                return self._path_text(inner)
        return None

    def value(self, node: Node) -> Value | None:
        """A text put together is a value, too."""
        found = super().value(node)
        if found is None and isinstance(node, Apply) and (text := self._path_text(node)) is not None:
            return Value(node.token, Literal(Kind.STRING, text, span=node.token.span))
        return found

    def _taken(self, node: Node, left: Node, path: str, form: str) -> Place:
        if not self.is_holder(left):
            inner = self.place(left)
            if inner is not None and inner.form == "json" and path == "$[*]" and form == "text":
                return replace(inner, form="elements", node=node)
            self.refuse("a path into a value", node, f"a key holds no other keys: {self.options['metadata']}->>'key'")
        key, part = self._key(path, node)
        if part == "*" and form == "text":
            return Place(Field(key), "elements", node)
        if part == "0" and form == "type":
            return Place(Field(key), "first", node)
        if part:
            self.refuse("an element of an array here", node, "ask whether the array has a value: list_contains(metadata->>'$.tags[*]', 'x')")
        return Place(Field(key), form, node)

    def _key(self, path: str, node: Node) -> tuple[str, str]:
        """The key of a path, and which elements below it, if any: `*` or `0`."""
        if path.startswith("$"):
            match = _PATH.fullmatch(path)
            if match is None:
                self.refuse("a path into a value", node, "a path names one key: 'key', '$.\"key\"' or '/key'")
            return str(match[1] if match[1] is not None else match[2]), (match[3] or "").strip("[]")
        if path.startswith("/"):
            steps = [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
            if len(steps) > 2 or steps[1:] not in ([], ["0"]):
                self.refuse("a path into a value", node, "a path names one key: 'key', '$.\"key\"' or '/key'")
            return steps[0], "".join(steps[1:])
        if not path:
            self.refuse("an empty path, the whole of the metadata,", node, "the key without a name is '/'")
        return path, ""

    def _cast(self, node: Node, place: Place | None, type: str) -> Place:
        if place is not None and type == "varchar" and place.form in ("column", "text"):
            return place
        forms = {"double": ("double", "float8"), "int": ("bigint", "int8"), "doubles": ("double[]",), "ints": ("bigint[]",), "bool": ("boolean", "bool")}
        form = next((form for form, names in forms.items() if type in names), None)
        wanted = "elements" if form in ("doubles", "ints") else "text"
        if place is None or form is None or place.form != wanted:
            self.refuse(f"a cast to {type}", node, "compare the value as it is, or cast metadata->>'key' to double or bigint")
        return replace(place, form=form, node=node)

    def equal(self, place: Place, items: Sequence[Literal]) -> Table:
        """Equality in each form."""
        names = [str(item.value) for item in items]
        if place.form in ("type", "first") and len({"BIGINT", "UBIGINT"} & set(names)) == 1:
            self.refuse("a test of the sign of an int", place.node, "an int that is negative is BIGINT, others are UBIGINT: IN ('BIGINT', 'UBIGINT')")
        match place.form:
            case "text":
                return text_equal(self, place, items)
            case "type":
                return self.types(place, names, _TYPES)
            case "first":
                return self.types(place, names, _ARRAY_TYPES) | dict.fromkeys((*SCALARS, "object"), NEITHER)
            case "double" | "int":
                return self._number(place, items, self.equal_table(place.subject, items), "")
            case "bool":
                return dict.fromkeys(PRESENT, BOTH_UNSAID) | {"missing": NEITHER, "bool": self.equal_table(place.subject, items).get("bool", NEVER)}
            case "column":
                return self.column_equal(place, items)
        return self.refuse("a comparison of JSON", place.node, "take the value: (metadata->>'key')")

    def order(self, place: Place, op: Op, item: Literal) -> Table:
        """Order in each form."""
        match place.form:
            case "text" if isinstance(item.value, str):
                return text_order(place, op, item.value, self.order_table(place.subject, op, item))
            case "double" | "int":
                return self._number(place, [item], self.order_table(place.subject, op, item), "")
            case "column":
                return self.column_order(place, op, item)
        return self.refuse("an order of these values", place.node, "cast the text: TRY_CAST(metadata->>'key' AS DOUBLE)")

    def _number(self, place: Place, items: Sequence[Literal], plain_table: Table, suffix: str) -> Table:
        """A cast to a number: NULL or an error of most other values, of texts with a number in them a comparison like any."""
        if not all(item.kind in NUMBERS for item in items):
            self.refuse("a number beside a value that is none", place.node, "write a number")
        is_int = place.form in ("int", "ints")
        if is_int and not all(item.kind is Kind.INT for item in items):
            self.refuse("an int beside a number with a point", place.node, "cast to DOUBLE")
        exact = ("int",) if is_int else ("int", "float") if all(map(is_safe, items)) else ("float",)
        if exact == ("float",) and not all(item.kind is Kind.FLOAT for item in items):
            self.refuse("a double beside an int beyond 2^53", place.node, "cast to BIGINT")
        found = dict.fromkeys(PRESENT, BOTH_UNSAID) | {"missing": NEITHER}
        return found | {f"{kind}{suffix}": plain_table[f"{kind}{suffix}"] for kind in exact if f"{kind}{suffix}" in plain_table}

    def has(self, place: Place, items: Sequence[Literal]) -> Meaning:
        """Whether a list has one of some values; the list of what is no array is empty."""
        match place.form:
            case "elements":
                return self.cases(place, self._has_text(place, items))
            case "doubles" | "ints":
                table = self._number(place, items, self.has_table(place.subject, items), "[]")
                return self.cases(place, table | dict.fromkeys((*SCALARS, "object"), NEVER) | {"missing": Truth(FALSE, None)})
        return super().has(place, items)

    def _has_text(self, place: Place, items: Sequence[Literal]) -> Table:
        texts = [item.value for item in items]
        if not all(isinstance(text, str) for text in texts):
            self.refuse("a list of texts beside a value that is none", place.node, "cast the list: TRY_CAST(… AS DOUBLE[])")
        strings = [str(text) for text in texts]
        found = dict.fromkeys(PRESENT, NEVER) | {"missing": Truth(FALSE, None)} | self.has_table(place.subject, items)
        if any(NUMBER_TEXT.fullmatch(text) for text in strings):
            found |= dict.fromkeys(("int[]", "float[]"), BOTH_UNSAID)
        bools = [Literal(Kind.BOOL, text == "true") for text in dict.fromkeys(strings) if text in ("true", "false")]
        return found | {"bool[]": self.has_table(place.subject, bools).get("bool[]", NEVER)}

    def applied(self, node: Apply) -> Meaning:
        """LIKE, GLOB, regular expressions, containment of lists."""
        negation = node.sign.startswith("!")
        match node.sign.removeprefix("!"), node.args:
            case ("LIKE" | "~~", (left, pattern, *escape)):
                found = self.pattern(self.due(left), from_like(self, self.given_text(pattern), self._escape(escape), node), node)
            case ("ILIKE" | "~~*", (left, pattern, *escape)):
                found = self.pattern(self.due(left), from_ilike(self, self.given_text(pattern), self._escape(escape), node, SAME_LETTERS), node)
            case ("GLOB" | "~~~", (left, pattern)):
                if set(self.given_text(pattern)) & set("[]\\"):
                    self.refuse("a GLOB with sets", node, "write it with LIKE")
                found = self.pattern(self.due(left), from_glob(self, self.given_text(pattern), node), node)
            case ("^@", (left, text)):
                found = self.pattern(self.due(left), (Op.STARTS, self.given_text(text)), node)
            case ("&&", (left, Items(_, items))):
                found = self.has(self.due(left), [self.given(item) for item in items])
            case ("@>", (left, Items(_, items))) if items:
                found = conjunction([self.has(self.due(left), [self.given(item)]) for item in items])
            case _:
                return super().applied(node)
        return inverse(found) if negation else found

    def _escape(self, given: Sequence[Node]) -> str:
        found = self.given_text(given[0]) if given else ""
        if len(found) > 1:
            self.refuse("an ESCAPE of several characters", given[0], "escape by one character")
        return found

    def call(self, node: Call) -> Meaning:
        """Functions on texts and lists."""
        match node:
            case Call(_, name, (left, text)) if name in _FUNCTIONS:
                return self._text_or_list(node, name, left, text)
            case Call(_, "regexp_matches", (left, pattern)):
                return self.pattern(self.due(left), from_re2(self, self.given_text(pattern), node), node)
            case Call(_, "list_contains" | "list_has" | "array_contains" | "array_has", (left, item)):
                return self.has(self.due(left), [self.given(item)])
            case Call(_, "list_has_any" | "array_has_any", (left, Items(_, items))):
                return self.has(self.due(left), [self.given(item) for item in items])
            case Call(_, "list_has_all" | "array_has_all", (left, Items(_, items))) if items:
                return conjunction([self.has(self.due(left), [self.given(item)]) for item in items])
            case Call(_, "json_exists", (left, Value(_, Literal(Kind.STRING, path)))) if self.is_holder(left):
                key, part = self._key(str(path), node)
                if not part:
                    lost = Truth(FALSE, None) if self.options["nullable"] else NEVER
                    return self.cases(Place(Field(key), "text", node), dict.fromkeys(PRESENT, ALWAYS) | {"missing": lost})
        return super().call(node)

    def _text_or_list(self, node: Node, name: str, left: Node, text: Node) -> Meaning:
        place = self.due(left)
        if isinstance(place.subject, Field) and place.form == "column" and name == "contains" and any(kind.endswith("[]") for kind in self._schema.kinds(place.subject.name)):
            return self.has(place, [self.given(text)])
        return self.pattern(place, (_FUNCTIONS[name], self.given_text(text)), node)

    def compared(self, left: Node, sign: str, right: Node) -> Meaning | None:
        """The position of a part, beside 0."""
        match left, right:
            case Call(_, "instr" | "strpos", (inner, text)), Value(_, Literal(Kind.INT, 0)) if sign in (">", "=", "==", "<>", "!="):
                found = self.pattern(self.due(inner), (Op.CONTAINS, self.given_text(text)), left)
                return inverse(found) if sign in ("=", "==") else found
        return super().compared(left, sign, right)


def read(source: Any, options: Options) -> Expr:
    """The filter of a condition of DuckDB."""
    return DuckdbReader(options).read(source)

