"""The shared AST of a filter: six node types that every dialect writes and every backend reads.

>>> And([Predicate(Field("year"), Op.GE, literal(2020)), Not(Predicate(Field("draft"), Op.EQ, literal(True)))]).depth
3
>>> And([Or([Const(True)])])
Const(value=True)

Nodes are immutable, hashable and compared by value; a span never takes part. The constructors of And and Or give one tree
per meaning of the parentheses: they flatten children of their own kind, unwrap a single child, and make no child a Const.
Depth and size are held in each node and checked as it is made, so that no walk over a filter can exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, Self

from whereql.errors import CheckError
from whereql.kinds import Kind
from whereql.limits import check_depth, check_items, check_predicates
from whereql.operators import LISTS, OPERATORS, ORDER, Op, Operand
from whereql.source import Span, quote
from whereql.values import Literal, describe_literal, literal

__all__ = [
    "And", "Const", "Document", "Expr", "Field", "Id", "Literal", "Not", "Op", "Or", "Param", "Predicate", "Subject", "Uri",
    "literal", "predicates",
]  # fmt: skip


class _FieldDraft:
    """A field while it is made, and so on below: a frozen class can be filled only by `object.__setattr__`, at twice the time."""

    __slots__ = ("name", "span")


@dataclass(frozen=True, slots=True, init=False)
class Field:
    """A metadata key, by its exact name: dots and case have no meaning beyond themselves."""

    name: str
    span: Span | None = field(default=None, compare=False, repr=False)

    def __new__(cls, name: str, span: Span | None = None) -> Self:
        """The key of this name."""
        draft: Any = _FieldDraft()
        draft.name = name
        draft.span = span
        draft.__class__ = cls
        return draft  # type: ignore[no-any-return]  # it is one now

    def __reduce__(self) -> tuple[Any, ...]:
        return Field, (self.name, self.span)


@dataclass(frozen=True, slots=True)
class Document:
    """The record's document, `#document`: a string or missing."""

    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Id:
    """The record's id, `#id`: always a string."""

    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Uri:
    """The record's uri, `#uri`: a string or missing."""

    span: Span | None = field(default=None, compare=False, repr=False)


Subject = Field | Document | Id | Uri


@dataclass(frozen=True, slots=True)
class Param:
    """A named place for a value, or for a whole list, that `bind` fills.

    each: the predicate is repeated for every value of the list and joined by AND; this is what `HAS ALL :tags` is made of.
    Raises CheckError for a name that a text can't say: it is ASCII letters, digits and `_`.
    """

    name: str
    each: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name.isascii() and self.name.isidentifier()):
            raise CheckError("WQ316", f"{quote(str(self.name))} is no name of a parameter", span=self.span, hint="write letters, digits and _")


OperandValue = Literal | Param | tuple[Literal | Param, ...] | None


class Expr:
    """A filter, or a part of one. Combine filters with `&`, `|` and `~`."""

    __slots__ = ()

    depth: int
    size: int

    def __and__(self, other: Expr) -> Expr:
        return And([self, other]) if isinstance(other, Expr) else NotImplemented

    def __or__(self, other: Expr) -> Expr:
        return Or([self, other]) if isinstance(other, Expr) else NotImplemented

    def __invert__(self) -> Expr:
        return Not(self)

    def __bool__(self) -> NoReturn:
        # `1 < F("a") < 5` asks for the truth of its first half and would silently lose it.
        raise TypeError("a filter has no truth value; write & | ~ in place of and, or, not, and .between() for a chain")


@dataclass(frozen=True, slots=True)
class Const(Expr):
    """TRUE or FALSE: every record or none."""

    value: bool
    span: Span | None = field(default=None, compare=False, repr=False)

    depth = 1
    size = 0


# What a literal alone may be to the right of each operator.
_KINDS: dict[Op, frozenset[Kind]] = {op: info.kinds if info.operand is Operand.ONE else frozenset() for op, info in OPERATORS.items()}
_ITEMS = frozenset({Literal, Param})


class _PredicateDraft(Expr):
    __slots__ = ("_hash", "op", "operand", "span", "subject")


@dataclass(frozen=True, slots=True, init=False)
class Predicate(Expr):
    """One test of one subject: `subject op operand`.

    operand: one Literal, a tuple of them (IN, HAS), a Param in the place of either, or None (EXISTS).
    Raises CheckError for an operand of a shape or kind that the operator does not take, LimitError for too long a list.
    """

    subject: Subject
    op: Op
    operand: OperandValue = None
    span: Span | None = field(default=None, compare=False, repr=False)
    _hash: int = field(init=False, default=0, compare=False, repr=False)

    depth = 1
    size = 1

    def __new__(cls, subject: Subject, op: Op, operand: OperandValue = None, span: Span | None = None) -> Self:
        """The predicate of these parts, checked."""
        if type(operand) is tuple and op in LISTS and _ITEMS.issuperset(map(type, operand)):
            check_items(len(operand), span)
        elif type(operand) is not Literal or operand.kind not in _KINDS[op]:
            _check_operand(op, operand, span)
        draft: Any = _PredicateDraft()
        draft.subject = subject
        draft.op = op
        draft.operand = operand
        draft.span = span
        draft._hash = 0
        draft.__class__ = cls
        return draft  # type: ignore[no-any-return]  # it is one now

    def __hash__(self) -> int:
        if not self._hash:  # once: the optimizer looks the same predicates up again and again
            object.__setattr__(self, "_hash", hash((self.subject, self.op, self.operand)))
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return Predicate, (self.subject, self.op, self.operand, self.span)  # a hash means nothing in another process


def _check_operand(op: Op, operand: OperandValue, span: Span | None) -> None:
    """The checks of a predicate, for what is neither a plain literal nor a plain tuple that fits."""
    takes = OPERATORS[op].operand
    if takes is Operand.MANY:
        if isinstance(operand, tuple) and all(isinstance(item, (Literal, Param)) for item in operand):
            check_items(len(operand), span)
            return
        fits = isinstance(operand, Param) and (op is Op.HAS or not operand.each)
    elif takes is Operand.ONE:
        fits = isinstance(operand, Literal) or (isinstance(operand, Param) and not operand.each)
        if isinstance(operand, Literal) and operand.kind not in OPERATORS[op].kinds:
            _refuse_kind(op, operand)
    else:
        fits = operand is None
    if not fits:
        raise CheckError("WQ301", f"{OPERATORS[op].symbol} takes {takes.value}", span=span, hint="see the table of operators")


def _refuse_kind(op: Op, operand: Literal) -> NoReturn:
    info = OPERATORS[op]
    if operand.value is True or operand.value is False:
        hint = "bools have no order: compare with = or !=" if op in ORDER else "write = TRUE or = FALSE"
    else:
        hint = f"write it in quotes: '{operand.value}'"
    wanted = "a string" if Kind.INT not in info.kinds else "a string or a number"
    raise CheckError("WQ302", f"{info.symbol} takes {wanted}, not {describe_literal(operand)}", span=operand.span, hint=hint)


class _NotDraft(Expr):
    __slots__ = ("_hash", "arg", "depth", "size", "span")


@dataclass(frozen=True, slots=True, init=False)
class Not(Expr):
    """The plain complement: the records that the argument does not match, those without the key included."""

    arg: Expr
    span: Span | None = field(default=None, compare=False, repr=False)
    depth: int = field(init=False, compare=False, repr=False)
    size: int = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __new__(cls, arg: Expr, span: Span | None = None) -> Self:
        """The complement of this filter."""
        depth = arg.depth + 1
        check_depth(depth, span)
        draft: Any = _NotDraft()
        draft.arg = arg
        draft.span = span
        draft.depth = depth
        draft.size = arg.size
        draft._hash = 0
        draft.__class__ = cls
        return draft  # type: ignore[no-any-return]  # it is one now

    def __hash__(self) -> int:
        if not self._hash:
            object.__setattr__(self, "_hash", hash(("Not", self.arg)))
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return Not, (self.arg, self.span)


class _ConnectiveDraft(Expr):
    __slots__ = ("_hash", "args", "depth", "size", "span")


@dataclass(frozen=True, slots=True, init=False)
class _Connective(Expr):
    """What And and Or share; their `__new__` may answer with a simpler node, as AST identity demands."""

    args: tuple[Expr, ...]
    span: Span | None = field(default=None, compare=False, repr=False)
    depth: int = field(compare=False, repr=False, default=0)
    size: int = field(compare=False, repr=False, default=0)
    _hash: int = field(compare=False, repr=False, default=0)

    def __new__(cls, args: Iterable[Expr], span: Span | None = None) -> Self:
        """The node for these children: typed as this class, though a single child stands for itself and none is a Const."""
        flat = tuple(args)
        for arg in flat:
            if type(arg) is cls:
                flat = tuple(_flatten(cls, flat))
                break
        if len(flat) < 2:
            return flat[0] if flat else Const(cls is And, span)  # type: ignore[return-value]  # as the docstring says
        depth = size = 0
        for arg in flat:
            size += arg.size
            if arg.depth > depth:
                depth = arg.depth
        depth += 1
        check_depth(depth, span)
        check_predicates(size, span)
        draft: Any = _ConnectiveDraft()
        draft.args = flat
        draft.span = span
        draft.depth = depth
        draft.size = size
        draft._hash = 0
        draft.__class__ = cls
        return draft  # type: ignore[no-any-return]  # it is one now

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.args, self.span)

    def _hashed(self) -> int:
        if not self._hash:  # once, and only for who asks: a parser doesn't
            object.__setattr__(self, "_hash", hash((type(self).__name__, self.args)))
        return self._hash


def _flatten(cls: type[_Connective], args: Iterable[Expr]) -> Iterator[Expr]:
    for arg in args:
        if type(arg) is cls:
            yield from arg.args
        else:
            yield arg


@dataclass(frozen=True, slots=True, init=False)
class And(_Connective):
    """All of its arguments hold."""

    __hash__ = _Connective._hashed


@dataclass(frozen=True, slots=True, init=False)
class Or(_Connective):
    """At least one of its arguments holds."""

    __hash__ = _Connective._hashed


def predicates(expr: Expr) -> Iterator[Predicate]:
    """The predicates of a filter, left to right."""
    parts = [expr]
    while parts:  # a stack, since generators in generators cost several times as much
        part = parts.pop()
        if isinstance(part, Predicate):
            yield part
        elif isinstance(part, Not):
            parts.append(part.arg)
        elif isinstance(part, _Connective):
            parts += part.args[::-1]
