"""What frameworks' filters become in the stores that frameworks hand them to, and a writer that keeps to what a store makes of them.

A framework has one language and many stores, and each store its own meaning of it: whether `!=` finds records without the key,
whether a comparison looks into arrays, whether TRUE is 1. So a writer is told of the store. Nothing is assumed: where `!=` may lose
records without the key it is refused, and a key that the schema does not declare may hold values of any kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from typing import Literal as OneOf

from whereql.ast import And, Expr, Field, Id, Literal, Not, Or, Predicate, Subject, predicates
from whereql.dialect import Options
from whereql.dialects.chroma_encode import RESERVED, is_reserved
from whereql.dialects.doubles import EXACT, SMALLER, Range, doubles
from whereql.dialects.fields import KINDS, Fields
from whereql.dialects.places import role
from whereql.dialects.vectors.qdrant_path import path_of
from whereql.dialects.writing import AS_NUMBER, Leaf, Writer, exact, items_of, refused, superset
from whereql.kinds import NUMBERS, Kind
from whereql.operators import OPPOSITE, ORDER, TEXT, Op
from whereql.optimize.negation import push_negation
from whereql.semantics import test
from whereql.values import literal

ANY_KIND = frozenset({"string", "int", "float", "bool"})
"""What arrays may hold."""

_NUMBER_NAMES = frozenset({"int", "float"})
_DECLARE = "say what the key holds: schema={'key': 'string'}, or schema='inferred'"
_REQUIRE = "if every record has the key, say so: schema={'key': 'int!'}"


@dataclass(frozen=True, slots=True)
class Store:
    """How a store takes a framework's filters.

    name: for messages; is_known: else it may do the worst that any does; finds_missing: `!=` finds records without the key; has_not: NOT is the complement; has_in: there are lists;
    looks_into_arrays: a comparison tests the elements of an array, of the kinds that it may hold; merges_bools: TRUE equals 1; raises: an order of values of
    another kind is an error; orders_strings: by code point; numbers: compared exactly, as doubles, or, as Chroma does, with
    a fraction cut off where the stored number is an int; equality: `==` compares numbers by value, or an int with ints only (`"as float"`),
    or takes no float at all (`"ints"`).
    """

    name: str
    is_known: bool = True
    finds_missing: bool = False
    has_not: bool = False
    has_in: bool = False
    looks_into_arrays: frozenset[str] = frozenset()
    merges_bools: bool = False
    raises: bool = False
    orders_strings: bool = False
    numbers: OneOf["exact", "doubles", "cut"] = "exact"
    equality: OneOf["plain", "as float", "ints"] = "plain"


@dataclass(frozen=True, slots=True)
class Saying:
    """Simple comparisons that find what a predicate finds; looseness: why they may find more, if so."""

    expr: Expr
    looseness: str = ""


class StoreWriter(Writer):
    """Writes what a store takes, in the words of a framework: override `key_of`, `test`, `none_of`, `one_of`, and what the language has beyond."""

    def __init__(self, expr: Expr, options: Options, store: Store) -> None:
        self.store = store
        self.fields = Fields(expr, options["schema"])
        self.schema = self.fields.schema

    def key_of(self, subject: Subject) -> str | Leaf:
        """The name of a subject, or why it has none."""
        raise NotImplementedError

    def test(self, key: str, op: Op, value: Any, negated: bool) -> Any:
        """One comparison, EQ or an order; only EQ is ever negated."""
        raise NotImplementedError

    def none_of(self, part: Any) -> Any:
        """The complement of a part, where the store has one."""
        raise NotImplementedError

    def one_of(self, key: str, values: Sequence[Any], negated: bool) -> Any:
        """Whether a value is in a list, where the store has lists."""
        raise NotImplementedError

    def refusal(self, items: Sequence[Literal]) -> Leaf | None:
        """Why the language has no words for some literals, None where it has."""
        return None

    def exists(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        """Whether a key is there."""
        return refused(f"{self.store.name} can't ask whether a key is there", "compare the key with the values that it may have")

    def text(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        """A test inside of a text."""
        return refused(f"{self.store.name} can't look inside a text", "compare the whole value")

    def has(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        """Whether an array has an element: where `==` looks into arrays that is asked, too."""
        if not self.store.is_known or not self.store.looks_into_arrays.issuperset(item.kind.value for item in items_of(predicate)):
            return refused(f"{self.store.name} does not look into such an array", "compare a key that holds one value")
        return self._compared(key, predicate, negated)

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """The subject first, then what is asked of it."""
        key = self.key_of(predicate.subject)
        if isinstance(key, Leaf):
            return key
        match predicate.op:
            case Op.EXISTS:
                return self.exists(key, predicate, negated)
            case Op.HAS:
                return self.refusal(items_of(predicate)) or self.has(key, predicate, negated)
            case op if op in TEXT:
                return self.refusal(items_of(predicate)) or self.text(key, predicate, negated)
        return self.refusal(items_of(predicate)) or self._compared(key, predicate, negated)

    def _compared(self, key: str, predicate: Predicate, negated: bool) -> Leaf:
        items = _comparable(predicate)
        if predicate.op in ORDER and (leaf := self._refused_order(predicate, items[0])) is not None:
            return leaf
        saying = self._said(predicate, items)
        if isinstance(saying, Leaf):
            return saying
        has_order = any(each.op in ORDER for each in predicates(saying.expr))
        if has_order and self.store.is_known and self._may_find_arrays(predicate, map(_line, items)):  # no reader could tell it from an order of values
            return refused(f"{self.store.name} looks into arrays, too", self._hint)
        loose = self.looseness(predicate, items) or (saying.looseness and f"{self.store.name} {saying.looseness}")
        if negated and loose:
            return refused(loose, self._hint)
        native = self._one_of(key, saying.expr, negated) or self._render(key, push_negation(Not(saying.expr)) if negated else saying.expr, self._is_flat(predicate))
        if native is None:
            return self._refused_complement(predicate)
        if loose:
            return superset(native, loose, self._hint)
        return exact(native, self._condition(predicate))

    @property
    def _hint(self) -> str:
        return _DECLARE if self.store.is_known else f"name the store: store='chroma', say; or {_DECLARE}"

    def _one_of(self, key: str, expr: Expr, negated: bool) -> Any:
        """A list where each of several values is one to be equal to; a list takes values of one kind."""
        if not self.store.has_in or not isinstance(expr, Or):
            return None
        kinds: dict[Kind, list[Any]] = {}
        for arg in expr.args:
            if not isinstance(arg, Predicate) or arg.op is not Op.EQ or not isinstance(arg.operand, Literal):
                return None
            kinds.setdefault(arg.operand.kind, []).append(arg.operand.value)
        if self.store.equality != "plain" and Kind.FLOAT in kinds:
            return None
        has_words = not negated or self._may_negate(expr)
        if not has_words and not self.store.has_not:
            return None
        word = negated and has_words
        parts: list[Any] = []
        for kind, values in kinds.items():
            if len(values) > 1 and kind is not Kind.BOOL:  # some stores take no list of bools
                parts.append(self.one_of(key, values, word))
            else:
                parts += [self.test(key, Op.EQ, value, word) for value in values]
        part = parts[0] if len(parts) == 1 else self.join(And if word else Or, parts)
        return part if has_words else self.none_of(part)

    def _may_negate(self, expr: Expr) -> bool:
        return self.store.finds_missing or all(self.is_required(predicate.subject) for predicate in predicates(expr))

    def _render(self, key: str, expr: Expr, is_flat: bool) -> Any:
        """The simple comparisons in words; None where the store has no complement for one of them. is_flat: `k <= 5` is the complement of `k > 5`."""
        match expr:
            case Predicate(_, op, Literal(_, value)):
                return self.test(key, op, value, False)
            case Not(Predicate(subject, op, Literal(_, value))):
                if op is Op.EQ and (self.store.finds_missing or (self.is_required(subject) and not self.store.has_not)):
                    return self.test(key, op, value, True)
                if self.store.has_not:
                    return self.none_of(self.test(key, op, value, False))
                if op in ORDER and self.is_required(subject) and is_flat:
                    return self.test(key, OPPOSITE[op], value, False)
                return None
            case And(args) | Or(args):
                parts = [self._render(key, arg, is_flat) for arg in args]
                return None if any(part is None for part in parts) else self.join(type(expr), parts)
        raise TypeError(f"not simple: {expr!r}")

    def is_required(self, subject: Subject) -> bool:
        """Whether every record has it."""
        return isinstance(subject, Id) or (isinstance(subject, Field) and self.fields.is_required(subject.name))

    def kinds(self, subject: Subject) -> frozenset[str]:
        """The kinds that a subject may have: any, where none is declared."""
        if not isinstance(subject, Field):
            return frozenset({"string"})
        return self.fields.kinds(subject.name) if self.fields.is_declared(subject.name) else KINDS

    def _is_flat(self, predicate: Predicate) -> bool:
        """Whether all values of a key lie on the line of the operand."""
        return self.kinds(predicate.subject) <= _on_line(_line(items_of(predicate)[0]))

    def _refused_order(self, predicate: Predicate, item: Literal) -> Leaf | None:
        if item.kind is Kind.STRING and not self.store.orders_strings:
            return refused(f"{self.store.name} orders numbers only", AS_NUMBER)
        others = self.kinds(predicate.subject) - _on_line(_line(item)) - ({"bool"} if _line(item) == "number" else set())
        if self.store.raises and others and self._is_declared(predicate.subject):
            return refused(f"{self.store.name} fails on a record whose value it can't order", "ask for records of one kind")
        return None

    def _may_find_arrays(self, predicate: Predicate, lines: Iterable[str]) -> bool:
        return any(f"{kind}[]" in self.kinds(predicate.subject) for line in lines for kind in _on_line(line) & self.store.looks_into_arrays)

    def _is_declared(self, subject: Subject) -> bool:
        return not isinstance(subject, Field) or self.fields.is_declared(subject.name)

    def _refused_complement(self, predicate: Predicate) -> Leaf:
        if not self.store.is_known:
            return refused("it is up to the store whether that finds records without the key", f"name the store: store='chroma', say; or, {_REQUIRE}")
        if predicate.op in ORDER:
            return refused(f"{self.store.name} has no complement of an order", _REQUIRE)
        return refused(f"the != of {self.store.name} loses records without the key", _REQUIRE)

    def looseness(self, predicate: Predicate, items: Sequence[Literal]) -> str:
        """Why a store finds too much, if it does."""
        kinds, lines = self.kinds(predicate.subject), {_line(item) for item in items}
        if self.store.looks_into_arrays:
            if predicate.op is Op.HAS and not all(kind.endswith("[]") for kind in kinds):
                return f"{self.store.name} takes a value and an array of it alike"
            if predicate.op is not Op.HAS and self._may_find_arrays(predicate, lines):
                return f"{self.store.name} looks into arrays, too"
        if self.store.merges_bools and (
            ("bool" in lines and not kinds.isdisjoint(_NUMBER_NAMES)) or ("bool" in kinds and any(_finds_bools(predicate.op, item) for item in items))
        ):
            return f"{self.store.name} takes TRUE for 1"
        return ""

    def _condition(self, predicate: Predicate) -> str:
        """What to expect where a key is not declared."""
        is_risky = self.store.raises and predicate.op in ORDER and not self._is_declared(predicate.subject)
        return "an error where a record holds what has no order with that" if is_risky else ""

    def _said(self, predicate: Predicate, items: Sequence[Literal]) -> Saying | Leaf:
        """Simple comparisons for a predicate, as the store compares numbers; a refusal where it can't tell."""
        found: list[Saying] = []
        op = predicate.op if predicate.op in ORDER else Op.EQ
        for item in items:
            saying = self._said_of(predicate, op, item)
            if isinstance(saying, Leaf):
                return saying
            if predicate.op is Op.HAS and isinstance(saying.expr, And):  # another element may be within the other end
                return refused(f"{self.store.name} finds no float in an array", "look for ints, and say what the key holds: schema={'key': 'int[]'}")
            found.append(saying)
        return Saying(Or([saying.expr for saying in found]), next((saying.looseness for saying in found if saying.looseness), ""))

    def _said_of(self, predicate: Predicate, op: Op, item: Literal) -> Saying | Leaf:
        subject, kinds = predicate.subject, self.kinds(predicate.subject)
        is_matched = op is Op.EQ and item.kind is Kind.INT and self.store.equality != "plain" and kinds.isdisjoint(_FLOATS)
        if item.kind not in NUMBERS or is_matched:
            return Saying(Predicate(subject, op, item))
        return _SAYINGS[self.store.numbers](subject, op, item, self.store)


_FLOATS = frozenset({"float", "float[]"})
_DOUBLES = "does not tell numbers beyond 2^53 apart"


def _comparable(predicate: Predicate) -> list[Literal]:
    """The literals of a predicate, each once, without those that a subject never equals."""
    items = [item for item in items_of(predicate) if isinstance(predicate.subject, Field) or item.kind is Kind.STRING]
    return list({(_line(item), item.value): item for item in items}.values())


def _finds_bools(op: Op, item: Literal) -> bool:
    """Whether a number finds TRUE or FALSE as 1 or 0."""
    return item.kind in NUMBERS and any(test(number, op, item) for number in (0, 1)) if op in ORDER else item.kind in NUMBERS and item.value in (0, 1)


def _line(item: Literal) -> str:
    return "number" if item.kind in NUMBERS else item.kind.value


def _on_line(line: str) -> frozenset[str]:
    return _NUMBER_NAMES if line == "number" else frozenset({line})


def _exactly(subject: Subject, op: Op, item: Literal, store: Store) -> Saying:
    return Saying(Predicate(subject, op, item))


def _as_doubles(subject: Subject, op: Op, item: Literal, store: Store) -> Saying:
    assert isinstance(item.value, (int, float))
    found = doubles(op, item.value)
    loose = "" if found.is_exact else _DOUBLES
    if op is Op.EQ and store.equality == "plain":
        return Saying(Predicate(subject, op, item), loose)
    if op is Op.EQ and float(item.value) != item.value:  # an int that no double is, so that an int alone can equal it
        return Saying(Predicate(subject, op, item))
    if op is Op.EQ and store.equality == "as float":
        return Saying(Predicate(subject, op, literal(float(item.value))), loose)
    return Saying(_within(subject, found.possible), loose)


def _within(subject: Subject, ends: Range) -> Expr:
    return And([Predicate(subject, op, literal(value)) for op, value in ends.bounds])


def _with_fractions_cut_off(subject: Subject, op: Op, item: Literal, store: Store) -> Saying | Leaf:
    """Chroma compares a stored int with a float whose fraction is cut off: `k < 2.5` loses 2, `k >= 2.5` and `k = 2.5` find it."""
    assert isinstance(item.value, (int, float))
    plain = Predicate(subject, op, item)
    if abs(item.value) > EXACT:
        return refused(f"{store.name} {_DOUBLES}", SMALLER)
    if isinstance(item.value, float) and not _is_short(item.value):
        return refused(f"{store.name} reads a number of more than 15 digits as one beside it", "round the number")
    cut = int(item.value)
    if cut == item.value:
        return Saying(plain)
    is_below = item.value < 0  # cutting off rounds up
    at_cut = Predicate(subject, Op.EQ, literal(cut))
    if op is Op.EQ or op is (Op.LE if is_below else Op.GE):
        return Saying(And([plain, Not(at_cut)]))
    if op is (Op.GT if is_below else Op.LT):
        return Saying(Or([plain, at_cut]))
    return Saying(plain)


def _is_short(number: float) -> bool:
    """Whether a reader of JSON that goes by powers of ten, as Chroma's does, finds just this number in its spelling."""
    _, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    return len(digits) <= 15 and isinstance(exponent, int) and abs(exponent) <= 22


_SAYINGS: dict[str, Callable[[Subject, Op, Literal, Store], Saying | Leaf]] = {"exact": _exactly, "doubles": _as_doubles, "cut": _with_fractions_cut_off}


def metadata_only(subject: Subject, title: str) -> Leaf:
    """Why a framework's filter can't name what is no key of the metadata."""
    return refused(f"filters of {title} see the metadata only, not the {role(subject)}", "store it under a key, too")


def key_in(store: str, key: str) -> str | Leaf:
    """A key as a store is given it: Qdrant reads a path, Chroma keeps some for itself."""
    if store == "chroma" and is_reserved(key):
        return refused(*RESERVED)
    return path_of([key]) if store == "qdrant" else key
