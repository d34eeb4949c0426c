"""From MongoDB's query language (MQL) to the AST.

>>> options = {"schema": {"year": "int"}, "arrays": True, "metadata": None, "id": "_id", "document": None, "uri": None}
>>> whereql.to_text(read({"year": {"$gte": 2020}, "lang": {"$ne": "en"}}, options))
"year >= 2020 AND NOT (lang = 'en' OR lang HAS 'en')"

MongoDB looks into arrays: `{"lang": "en"}` finds the scalar and the array that has it, and so it is read. Of an order or a
pattern that can't be said; it is refused unless the key is known to hold no array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from whereql.ast import And, Const, Expr, Field, Not, Op, Or, Predicate, Subject, literal
from whereql.binding import check_patterns
from whereql.dialect import Options
from whereql.dialects.mongo.mql import DECLARE, Keys
from whereql.dialects.mongo.patterns import rust_pattern
from whereql.dialects.mongo.places import subject_of
from whereql.dialects.reading import one_of
from whereql.dialects.reading_json import entries_at, fail, list_at, literal_at, read_value, refuse, step, unknown
from whereql.errors import WhereqlError
from whereql.limits import check_depth
from whereql.values import FLOAT_MAX, Literal, describe_type

TITLE = "MongoDB"

_CONNECTIVES: dict[str, Callable[[list[Expr]], Expr]] = {"$and": And, "$or": Or, "$nor": lambda parts: Not(Or(parts))}
_ORDERS = {"$gt": Op.GT, "$gte": Op.GE, "$lt": Op.LT, "$lte": Op.LE}
_TYPES: dict[str, tuple[Op, Literal | tuple[Literal, ...]]] = {
    "string": (Op.GE, literal("")), "number": (Op.GE, literal(-FLOAT_MAX)), "bool": (Op.IN, (literal(False), literal(True))),
}  # fmt: skip
_GUARD = {"$type": "array"}
_SINGLE = frozenset({*_ORDERS, "$eq", "$in", "$regex"})
"""What only a scalar passes, where a guard keeps the arrays out."""

_BEYOND_TOP = {
    "$expr": "an expression of the aggregation pipeline", "$where": "JavaScript", "$function": "JavaScript", "$text": "a full-text search", "$jsonSchema": "a schema",
    "$sampleRate": "a random choice",
}  # fmt: skip
_BEYOND = {
    "$mod": "a remainder", "$size": "the length of an array", "$geoWithin": "geometry", "$geoIntersects": "geometry", "$near": "geometry", "$nearSphere": "geometry",
    "$within": "geometry", "$bitsAllSet": "a test of bits", "$bitsAllClear": "a test of bits", "$bitsAnySet": "a test of bits", "$bitsAnyClear": "a test of bits",
    "$text": "a full-text search", "$expr": "an expression of the aggregation pipeline",
}  # fmt: skip


def read(source: Any, options: Options) -> Expr:
    """The filter of a query document.

    Raises WhereError with the path of a mistake, UnsupportedError for what is no filter, CheckError for a wrong option, LimitError.
    """
    return read_value(_Reader(options).document, source)


class _Reader:
    """Reads documents of conditions, with what is known of the keys."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._keys = Keys(Const(True), options)
        self._readers: dict[str, Callable[[Subject, Any, str, bool, int], Expr]] = {
            "$eq": self._equal, "$ne": lambda *args: Not(self._equal(*args)), "$in": self._in, "$nin": lambda *args: Not(self._in(*args)), "$not": self._not,
            "$exists": self._exists, "$type": self._type, "$all": self._all, "$elemMatch": self._element, **dict.fromkeys(_ORDERS, self._order),
        }  # fmt: skip

    def document(self, value: Any, path: str, depth: int) -> Expr:
        """A document of conditions, all of which hold."""
        return And([self._entry(name, inner, path, depth) for name, inner in entries_at(value, path, depth).items() if name != "$comment"])

    def _entry(self, name: str, value: Any, path: str, depth: int) -> Expr:
        at = f"{path}{step(name)}"
        if name in _CONNECTIVES:
            parts = list_at(value, at, "a list of conditions")
            if not parts:
                fail(f"{name} takes a list that is not empty", at, "leave it out")
            return _CONNECTIVES[name]([self.document(part, f"{at}[{number}]", depth + 1) for number, part in enumerate(parts)])
        if name in _BEYOND_TOP:
            refuse(TITLE, f"{name}, {_BEYOND_TOP[name]},", at, "write conditions on keys")
        if name.startswith("$"):
            unknown(TITLE, "connective", name, at, [*_CONNECTIVES])
        subject = subject_of(name, at, self._options)
        if isinstance(value, Mapping) and any(isinstance(key, str) and key.startswith("$") for key in value):
            return self._operators(subject, value, at, depth + 1)
        return self._equal(subject, value, at, False, depth)

    def _operators(self, subject: Subject, value: Any, path: str, depth: int) -> Expr:
        operators = dict(entries_at(value, path, depth, "an object of operators"))
        if "$options" in operators and "$regex" not in operators:
            fail("$options stands beside $regex only", f"{path}.$options", "leave it out")
        is_scalar = not isinstance(subject, Field)
        if operators.get("$not") == _GUARD and operators.get("$type") != "array" and operators.keys() & _SINGLE and operators.get("$eq", "") is not None and None not in _items(operators.get("$in")):
            del operators["$not"]  # what is left finds scalars only
            is_scalar = True
        if operators.get("$type") == "array" and operators.keys() & {"$eq", "$in"}:
            return self._array(subject, operators, path, depth)
        return And([self._operator(subject, name, operand, operators, path, is_scalar, depth) for name, operand in operators.items() if name != "$options"])

    def _array(self, subject: Subject, operators: Mapping[str, Any], path: str, depth: int) -> Expr:
        """Equality with an element, where the field is an array itself."""
        parts: list[Expr] = []
        for name, operand in operators.items():
            if name in ("$eq", "$in"):
                parts.append(self._element(subject, {name: operand}, f"{path}{step(name)}", False, depth))
            elif name != "$type":
                refuse(TITLE, f"{name} beside the type of an array", f"{path}{step(name)}", "join it by $and")
        return And(parts)

    def _operator(self, subject: Subject, name: str, operand: Any, operators: Mapping[str, Any], path: str, is_scalar: bool, depth: int) -> Expr:
        at = f"{path}{step(name)}"
        if name == "$regex":
            return self._pattern(subject, operand, operators.get("$options", ""), at, is_scalar)
        if name in _BEYOND:
            refuse(TITLE, f"{name}, {_BEYOND[name]},", at, "write a comparison, $in, $regex or $exists")
        if name not in self._readers:
            unknown(TITLE, "operator", name, at, [*self._readers, "$regex"])
        return self._readers[name](subject, operand, at, is_scalar, depth)

    def _may_be_array(self, subject: Subject, is_scalar: bool) -> bool:
        return not is_scalar and isinstance(subject, Field) and self._keys.may_be_array(subject.name)

    def _within(self, subject: Subject, items: Sequence[Literal], is_scalar: bool) -> Expr:
        """A value that equals one of some, or an array that has one."""
        parts: list[Expr] = []
        if is_scalar or not isinstance(subject, Field) or self._keys.may_be_scalar(subject.name):
            parts.append(one_of(subject, items))
        if self._may_be_array(subject, is_scalar):
            parts.append(Predicate(subject, Op.HAS, tuple(items)))
        return Or(parts)

    def _equal(self, subject: Subject, value: Any, path: str, is_scalar: bool, depth: int) -> Expr:
        if value is None:
            return Not(Predicate(subject, Op.EXISTS))
        _refuse_whole(value, path)
        return self._within(subject, [literal_at(value, path)], is_scalar)

    def _in(self, subject: Subject, value: Any, path: str, is_scalar: bool, depth: int) -> Expr:
        items, parts = [], []
        for number, item in enumerate(list_at(value, path, "a list of values")):
            if item is None:
                parts.append(self._equal(subject, None, path, is_scalar, depth))
            else:
                _refuse_whole(item, f"{path}[{number}]")
                items.append(literal_at(item, f"{path}[{number}]"))
        return Or([*([self._within(subject, items, is_scalar)] if items else []), *parts])

    def _order(self, subject: Subject, value: Any, path: str, is_scalar: bool, depth: int) -> Expr:
        name = path.rpartition(".")[2]
        bound = literal_at(value, path, "a string or a number")
        if isinstance(bound.value, bool):
            refuse(TITLE, "an order of bools", path, "compare with $eq or $ne")
        self._refuse_arrays(subject, name, path, is_scalar)
        return Predicate(subject, _ORDERS[name], bound)

    def _refuse_arrays(self, subject: Subject, name: str, path: str, is_scalar: bool) -> None:
        if self._may_be_array(subject, is_scalar):
            refuse(TITLE, f"{name}, which looks into arrays, too,", path, DECLARE)

    def _pattern(self, subject: Subject, value: Any, flags: Any, path: str, is_scalar: bool) -> Expr:
        if not isinstance(value, str) or not isinstance(flags, str):
            fail(f"$regex takes a string, got {describe_type(value if not isinstance(value, str) else flags)}", path, "write the pattern and its $options as strings")
        self._refuse_arrays(subject, "$regex", path, is_scalar)
        predicate = Predicate(subject, Op.MATCHES, literal(rust_pattern(value, flags, path)))
        try:
            check_patterns(predicate)
        except WhereqlError as error:
            error.path, error.span, error.source = path, None, None
            raise
        return predicate

    def _not(self, subject: Subject, value: Any, path: str, is_scalar: bool, depth: int) -> Expr:
        if value == {"$size": 0}:
            return Const(True)  # an empty array is no value of a record
        if not isinstance(value, Mapping) or not value:
            fail(f"$not takes an object of operators, got {describe_type(value)}", path, 'write {"$not": {"$gt": 5}}; of a single value, $ne')
        return Not(self._operators(subject, value, path, depth + 1))

    def _exists(self, subject: Subject, value: Any, path: str, is_scalar: bool, depth: int) -> Expr:
        if not isinstance(value, (bool, int)):
            fail(f"$exists takes a bool, got {describe_type(value)}", path, "write true or false")
        predicate = Predicate(subject, Op.EXISTS)
        return predicate if value else Not(predicate)

    def _type(self, subject: Subject, value: Any, path: str, is_scalar: bool, depth: int) -> Expr:
        self._refuse_arrays(subject, "$type", path, is_scalar)
        if not isinstance(value, str) or value not in _TYPES:
            refuse(TITLE, "a test of a type", path, 'of the types, "string", "number" and "bool" can be asked for')
        return Predicate(subject, *_TYPES[value])

    def _all(self, subject: Subject, value: Any, path: str, is_scalar: bool, depth: int) -> Expr:
        parts = [self._equal(subject, item, f"{path}[{number}]", is_scalar, depth) for number, item in enumerate(list_at(value, path, "a list of values"))]
        return And(parts) if parts else Const(False)

    def _element(self, subject: Subject, value: Any, path: str, is_scalar: bool, depth: int) -> Expr:
        check_depth(depth + 1)
        match value:
            case {"$eq": item, **rest} if not rest and item is not None:
                items: Sequence[Any] = [item]
            case {"$in": list() as items, **rest} if not rest and None not in items:
                pass
            case _:
                refuse(TITLE, "this test of an element", path, "of an element, $eq or $in alone can be asked for")
        return Predicate(subject, Op.HAS, tuple(literal_at(item, path) for item in items))


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _refuse_whole(value: Any, path: str) -> None:
    if isinstance(value, (list, tuple)):
        refuse(TITLE, "equality with a whole array", path, "ask for its elements: $in, $all")
    if isinstance(value, Mapping):
        refuse(TITLE, "equality with an object", path, "ask for its fields: key.field")
    return
