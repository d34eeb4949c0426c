"""From the AST to the RetrievalFilter of Amazon Bedrock Knowledge Bases, the dialect `bedrock`.

>>> DIALECT.encode(whereql.parse("year >= 2020 AND NOT lang IN ('en', 'fr')"), arrays=False).native
{'andAll': [{'greaterThanOrEquals': {'key': 'year', 'value': 2020}}, {'notEquals': {'key': 'lang', 'value': 'en'}}, {'notEquals': {'key': 'lang', 'value': 'fr'}}]}

Of its negations `notEquals` is documented to find what lacks the key, `notIn` to find what has it: only the former is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whereql.ast import And, Expr, Field, Id, Literal, Not, Or, Predicate, Subject
from whereql.dialect import Dialect, Option, Options, Translation
from whereql.dialects.mongo.mql import DECLARE, Json, Keys, double_order, holdable, lines_of
from whereql.dialects.mongo.pinecone import FLAT
from whereql.dialects.places import refused_place, role, subjects, unplaced
from whereql.dialects.writing import AS_NUMBER, Leaf, Writer, check_closed, exact, items_of, refused, superset, write
from whereql.errors import CheckError
from whereql.kinds import NUMBERS, Kind
from whereql.operators import OPPOSITE, ORDER, Op
from whereql.optimize.negation import push_negation
from whereql.source import quote
from whereql.support import Shape

_ORDERS = {Op.GT: "greaterThan", Op.GE: "greaterThanOrEquals", Op.LT: "lessThan", Op.LE: "lessThanOrEquals"}
_KEY_LENGTH = 100
_MERGED = "Bedrock doesn't say that it tells a list from its elements"
_MAY_BE_LIST = (f"{_MERGED}, and might lose some", DECLARE)


class BedrockWriter(Writer):
    """Writes the `filter` of a vector search configuration."""

    shape = Shape(depth=2, width=5)

    def __init__(self, expr: Expr, options: Options) -> None:
        self._keys = Keys(expr, options)
        self._options = options
        self.schema = self._keys.schema
        self.shape = Shape(depth=options["depth"], width=options["width"])

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """A predicate as Bedrock says it."""
        key = self._key(predicate.subject)
        if isinstance(key, Leaf):
            return key
        if predicate.op is Op.EXISTS:
            return refused("Bedrock can't ask whether an attribute is there", "compare it with the values it may have: IN")
        if predicate.op is Op.HAS:
            return self._has(key, predicate, negated)
        if predicate.op in ORDER:
            return self._order(key, predicate, negated)
        if predicate.op in (Op.EQ, Op.IN):
            return self._equal(key, predicate, negated)
        return self._text(key, predicate, negated)

    def join(self, connective: type[And] | type[Or], parts: Sequence[Json]) -> Json:
        """Two or more conditions."""
        return {"andAll" if connective is And else "orAll": list(parts)}

    def constant(self, value: bool) -> Leaf:
        """Every document: a filter with nothing in it, which the service doesn't take."""
        return exact({}, "an empty filter is left out of the request") if value else refused("it has no condition that finds nothing", "ask for nothing")

    def _key(self, subject: Subject) -> str | Leaf:
        if isinstance(subject, Field):
            if not 1 <= len(subject.name) <= _KEY_LENGTH:
                return refused("a key has 1 to 100 characters", "rename the key")
            if subject.name in subjects(self._options):
                return refused_place(subject, self._options)
            return subject.name
        if isinstance(subject, Id):
            return refused("a filter can't name the id", "keep it in an attribute of its own")
        key: str | None = self._options[role(subject)]
        return key or unplaced(subject, "attribute")

    def _condition(self, subject: Subject) -> str:
        return self._keys.condition(subject.name) if isinstance(subject, Field) else ""

    def _equal(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        subject = predicate.subject
        items = [item for item in holdable(predicate) if isinstance(subject, Field) or item.kind is Kind.STRING]
        groups = lines_of(items)
        if not items:
            return refused("no attribute has such a value", "leave the condition out")
        if len(groups) > 1 or (negated and len(items) > 1):  # `_apart` has taken apart what there is room for
            return refused("Bedrock takes few conditions in one group", "ask for fewer values")
        may_be_list = items[0].kind is Kind.STRING and isinstance(subject, Field) and self._keys.may_be_array(subject.name)
        condition = self._condition(subject) if items[0].kind is Kind.STRING else ""
        if negated:
            return refused(*_MAY_BE_LIST) if may_be_list else exact(_test("notEquals", key, items[0].value), condition)
        native = _test("in", key, groups[0]) if len(items) > 1 else _test("equals", key, items[0].value)
        return superset(native, _MERGED, DECLARE) if may_be_list else exact(native, condition)

    def _has(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        items = [item for item in items_of(predicate) if item.kind is Kind.STRING and isinstance(predicate.subject, Field)]
        if negated:
            return refused("Bedrock has no complement of listContains", "test the records that come back")
        if len(items) != 1:
            return refused("a list of Bedrock holds strings, and few are looked for at once", "ask for fewer values")
        return exact(_test("listContains", key, items[0].value))

    def _order(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        bound = items_of(predicate)[0]
        if bound.kind not in NUMBERS:
            return refused("Bedrock orders numbers only", AS_NUMBER)
        op, value = double_order(predicate.op, bound)
        if not negated:
            return exact(_test(_ORDERS[op], key, value))
        subject = predicate.subject
        if isinstance(subject, Field) and self._keys.are_numbers(subject.name) and self._keys.is_required(subject.name):
            return exact(_test(_ORDERS[OPPOSITE[op]], key, value))
        return refused("Bedrock can't ask for what lacks the attribute", "if every record has a number there, say so: schema={'key': 'float!'}")

    def _text(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        """Whether case counts in a substring or a prefix isn't documented: a superset at best."""
        name = {Op.CONTAINS: "stringContains", Op.STARTS: "startsWith"}.get(predicate.op)
        if name is None or negated:
            return refused("Bedrock has no such operator on text", "test the records that come back")
        if name == "startsWith" and self._options["store"] != "opensearch":
            return refused("only OpenSearch Serverless has startsWith", "say that it is the store: store='opensearch'")
        text = str(items_of(predicate)[0].value)
        if not text:
            return refused("whether Bedrock looks for an empty text isn't documented", "ask for a text")
        return superset(_test(name, key, text), "whether case counts isn't documented, and a list may be found, too", "test the records that come back")


def _test(name: str, key: str, value: Any) -> Json:
    return {name: {"key": key, "value": value}}


def _apart(expr: Expr, most: int) -> Expr:
    """The filter with each list that Bedrock has no operator for said as several conditions, as far as a group takes them."""
    match expr:
        case And(args) | Or(args):
            return type(expr)([_apart(arg, most) for arg in args])
        case Not(Predicate(op=Op.IN) as predicate) if len(items_of(predicate)) <= most:
            return And([Not(Predicate(predicate.subject, Op.EQ, item, predicate.span)) for item in items_of(predicate)])
        case Predicate(op=Op.HAS) if len(items_of(expr)) <= most:
            return Or([Predicate(expr.subject, Op.HAS, (item,), expr.span) for item in items_of(expr)])
        case Predicate(op=Op.IN) if len(groups := _by_line(items_of(expr))) <= most:
            return Or([Predicate(expr.subject, Op.IN, group, expr.span) for group in groups])
    return expr


def _by_line(items: Sequence[Literal]) -> list[tuple[Literal, ...]]:
    groups: dict[object, list[Literal]] = {}
    for item in items:
        groups.setdefault(item.kind in NUMBERS or item.kind, []).append(item)
    return [tuple(group) for group in groups.values()]


def _write(expr: Expr, options: Options) -> Translation:
    check_closed(expr)
    for name in ("width", "depth"):
        if type(options[name]) is not int or options[name] < 1:
            raise CheckError("WQ314", f"{name} is no number: {quote(str(options[name]))}", hint=f"it is how many {OPTIONS[name].what}")
    return write(_apart(push_negation(expr), options["width"]), BedrockWriter(expr, options))


OPTIONS = {
    **FLAT,
    "store": Option("the vector store behind the knowledge base", None, (None, "opensearch")),
    "depth": Option("levels of andAll and orAll that the service takes", 2),
    "width": Option("conditions that it takes in one of them", 5),
}

DIALECT = Dialect("Bedrock Knowledge Bases", None, _write, OPTIONS, form="json")
