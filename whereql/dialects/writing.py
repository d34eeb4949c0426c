"""From the AST to another language: what every writer shares.

A writer says one predicate at a time, and says honestly how well: exactly, by a superset, or not at all. `write` splits the
filter, or its normal form, by what the writer says of each predicate and of its complement, joins the parts, and notes the rest.

>>> class Mini(Writer):
...     def leaf(self, predicate, negated):
...         if negated or predicate.op is not whereql.Op.EQ:
...             return refused("it knows = only", "compare with =")
...         return exact({predicate.subject.name: predicate.operand.value})
...     def join(self, connective, parts):
...         return {"all" if connective is And else "any": parts}
...     def constant(self, value):
...         return exact({"all": []}) if value else refused("it always finds something", "ask nothing")
>>> found = write(whereql.parse("a = 1 AND NOT b = 2"), Mini())
>>> found.native, whereql.to_text(found.residual), found.notes[0].reason
({'a': 1}, 'b != 2', 'it knows = only')
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from whereql.ast import And, Const, Expr, Literal, Not, Or, Param, Predicate, predicates
from whereql.dialect import Note, Translation
from whereql.dialects.text.printer import print_filter
from whereql.errors import CheckError
from whereql.optimize.constants import fold_constants
from whereql.optimize.negation import push_negation
from whereql.optimize.pipeline import normalize
from whereql.records import Schema
from whereql.split import TRUE, Split, split
from whereql.support import ANY_SHAPE, Shape, Support

AS_NUMBER = "store the text as a number (a date as epoch seconds)"
"""What to do where a target orders numbers only."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a language says of one predicate, or of its complement.

    native: the saying, None where support is NONE; reason, hint: as in a Note.
    """

    native: Any
    support: Support
    reason: str = ""
    hint: str = ""


def exact(native: Any, reason: str = "") -> Leaf:
    """Said exactly; reason: on what condition, if any."""
    return Leaf(native, Support.EXACT, reason)


def superset(native: Any, reason: str, hint: str = "") -> Leaf:
    """Said by something that finds the same records and perhaps more."""
    return Leaf(native, Support.INEXACT, reason, hint)


def refused(reason: str, hint: str) -> Leaf:
    """Not said at all. hint: what its user could do instead."""
    return Leaf(None, Support.NONE, reason, hint)


def loosened(said: Leaf, reason: str, hint: str) -> Leaf:
    """What is said, where it may find more than it would elsewhere."""
    return superset(said.native, reason, hint) if said.support is Support.EXACT else said


def complement(said: Leaf, turn: Callable[[Any], Any]) -> Leaf:
    """The complement of what is said; none of a superset, whose complement would lose records. turn: makes it of the native form."""
    match said.support:
        case Support.EXACT:
            return exact(turn(said.native), said.reason)
        case Support.INEXACT:
            return refused(said.reason, said.hint)
    return said


class Writer:
    """How a language says a filter: override `leaf`, `join` and `constant`; `finish` where the whole differs from a part.

    shape: what it takes of a filter as a whole; schema: what it knows of the keys, which the normal form then uses.
    """

    shape: Shape = ANY_SHAPE
    schema: Schema | None = None

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        """What it says of a predicate, or of its complement, on every record: those without the key, or with another kind, too."""
        raise NotImplementedError

    def join(self, connective: type[And] | type[Or], parts: Sequence[Any]) -> Any:
        """Two or more parts joined; each is what `leaf`, `join` or `constant` made."""
        raise NotImplementedError

    def constant(self, value: bool) -> Leaf:
        """Every record, which any language can say, or none."""
        raise NotImplementedError

    def finish(self, native: Any) -> Any:
        """The whole, made of its one part."""
        return native


class Joined(str):
    """A text of several conditions: as a part of another it stands in parentheses."""

    __slots__ = ()


class InfixWriter(Writer):
    """A writer of texts: conditions with a word between them, in parentheses wherever two words meet."""

    all_of = " AND "
    any_of = " OR "

    def join(self, connective: type[And] | type[Or], parts: Sequence[Any]) -> Any:
        """Two or more texts as one."""
        word = self.all_of if connective is And else self.any_of
        return Joined(word.join(f"({part})" if isinstance(part, Joined) else part for part in parts))

    def finish(self, native: Any) -> Any:
        """The whole as a plain string."""
        return str(native)


def write(expr: Expr, writer: Writer) -> Translation:
    """The translation of a closed filter. Raises CheckError for a parameter without a value."""
    check_closed(expr)
    leaves = _Leaves(writer)
    parts = _best_split(expr, leaves, writer)
    pushed, residual = _with_constants(parts, writer)
    native = writer.finish(_write(pushed, leaves, writer))
    return Translation(native, None if residual == TRUE else residual, tuple(leaves.notes(pushed, residual)))


def check_closed(expr: Expr) -> None:
    """Raise CheckError for a filter with parameters."""
    for predicate in predicates(expr):
        operand = predicate.operand
        if isinstance(operand, Param) or (isinstance(operand, tuple) and any(isinstance(item, Param) for item in operand)):
            raise CheckError("WQ308", f"{print_filter(predicate)} has a parameter without a value", span=predicate.span, hint="bind the filter first")


class _Leaves:
    """What the writer says of each predicate, asked once."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._known: dict[tuple[Predicate, bool], Leaf] = {}

    def of(self, predicate: Predicate, negated: bool) -> Leaf:
        key = predicate, negated
        if key not in self._known:
            self._known[key] = self._writer.leaf(predicate, negated)
        return self._known[key]

    def support(self, predicate: Predicate, negated: bool) -> Support:
        return self.of(predicate, negated).support

    def notes(self, pushed: Expr, residual: Expr) -> list[Note]:
        """What there is to say: first on what is not exact, since that is the cause of a residual."""
        if not any(leaf.reason for leaf in self._known.values()):
            return []
        noted: dict[tuple[Predicate, bool], Note] = {}
        for predicate, negated in (*_signed(residual), *_signed(pushed)):
            leaf = self.of(predicate, negated)
            if leaf.reason and (predicate, negated) not in noted:
                noted[predicate, negated] = Note(Not(predicate) if negated else predicate, leaf.support, leaf.reason, leaf.hint)
        return sorted(noted.values(), key=lambda note: note.support is Support.EXACT)


def _signed(expr: Expr) -> list[tuple[Predicate, bool]]:
    match expr:
        case Predicate():
            return [(expr, False)]
        case Not(Predicate() as predicate):
            return [(predicate, True)]
        case And(args) | Or(args):
            return [pair for arg in args for pair in _signed(arg)]
    return []


def _best_split(expr: Expr, leaves: _Leaves, writer: Writer) -> Split:
    """The split of the filter as it was said, which its author knows again, or of its normal form where that leaves less."""
    plain = fold_constants(push_negation(expr))
    signed = _signed(plain)
    if all(leaves.support(*each) is Support.EXACT for each in signed) and _is_within(plain, signed, writer.shape):
        return Split(plain, TRUE)  # what `split` would say, in a fraction of the time
    said = split(plain, leaves.support, writer.shape)
    if said.is_exact:
        return said
    parts = split(normalize(expr, schema=writer.schema), leaves.support, writer.shape)
    return parts if parts.residual.size < said.residual.size else said


def _is_within(expr: Expr, signed: Sequence[tuple[Predicate, bool]], shape: Shape) -> bool:
    """Whether a filter is surely within the limits of a target, and needs neither AND nor OR where that is missing."""
    if shape == ANY_SHAPE:
        return True
    if not (shape.conjunction and shape.disjunction):
        return isinstance(expr, (Predicate, Not, Const))
    lists = [len(predicate.operand) if isinstance(predicate.operand, tuple) else 1 for predicate, _ in signed]
    # No AND or OR has more arguments than there are predicates, and no more levels than nodes on the way down.
    counts = ((shape.depth, expr.depth), (shape.width, expr.size), (shape.predicates, expr.size), (shape.items, max(lists, default=0)), (shape.literals, sum(lists)))
    return all(limit is None or count <= limit for limit, count in counts)


def _with_constants(parts: Split, writer: Writer) -> tuple[Expr, Expr]:
    """The parts, where the language has no word for a constant: FALSE is then left to the residual."""
    if isinstance(parts.pushed, Const) and writer.constant(parts.pushed.value).support is Support.NONE:
        return TRUE, parts.pushed if parts.pushed != TRUE else parts.residual
    return parts.pushed, parts.residual


def _write(expr: Expr, leaves: _Leaves, writer: Writer) -> Any:
    match expr:
        case Const(value):
            return writer.constant(value).native
        case Predicate():
            return leaves.of(expr, False).native
        case Not(Predicate() as predicate):
            return leaves.of(predicate, True).native
        case And(args) | Or(args):
            parts = [_write(arg, leaves, writer) for arg in args]
            # Where a value and an array that has it are one to the target, both are said alike, and stand side by side.
            distinct = [part for number, part in enumerate(parts) if not number or not _is_same(part, parts[number - 1])]
            return writer.join(type(expr), distinct) if len(distinct) > 1 else distinct[0]
    raise TypeError(f"not in negation normal form: {expr!r}")


def _is_same(one: Any, other: Any) -> bool:
    return bool(one == other) and repr(one) == repr(other)  # to Python 1 and True are equal


def items_of(predicate: Predicate) -> tuple[Literal, ...]:
    """The literals of a closed predicate: one, those of a list, or none."""
    operand = predicate.operand
    if isinstance(operand, tuple):
        return operand  # type: ignore[return-value]  # of literals alone, as check_closed saw
    return (operand,) if isinstance(operand, Literal) else ()
