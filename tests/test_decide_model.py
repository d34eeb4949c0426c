"""`satisfiable`, `implies`, `equivalent` and `disjoint` against enumeration over finite models (`models.py`), and where none reaches.

Comparisons, IN, EXISTS and HAS: the model is complete, so every answer is checked, and none may be "unknown". Text predicates:
the model is a sample, so an answer is wrong when a record of it says so, or when its witness is none. Formulas over forty
and more keys, the hard ones among them: checked by a solver of a dozen lines. WHEREQL_EXHAUSTIVE=1 asks about many more pairs.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations, product
from typing import NamedTuple

import pytest
from models import ABOVE_5, Model, NearFilters

import whereql
from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Predicate
from whereql.decide import Answer, disjoint, equivalent, implies, satisfiable
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.values import literal

EXHAUSTIVE = os.environ.get("WHEREQL_EXHAUSTIVE") == "1"
PAIRS = 50_000 if EXHAUSTIVE else 3_000
TEXT_PAIRS = 5_000 if EXHAUSTIVE else 400
SECONDS = 10.0  # of the processor, for one hard formula: what else the machine does is left out

Pair = tuple[Expr, Expr]


class Question(NamedTuple):
    """A question to two filters.

    answered: what the truth of both, as bits of a model, makes of it; shown_by: whether a record proves it, and which answer
    that is (a record proves satisfiability, and disproves the other three).
    """

    ask: Callable[[Expr, Expr], Answer]
    against: Callable[[int, int], int]
    shown_by: Callable[[bool, bool], bool]
    proved: str


QUESTIONS = {
    "satisfiable": Question(lambda a, b: satisfiable(And([a, b])), lambda a, b: a & b, lambda a, b: a and b, "yes"),
    "disjoint": Question(lambda a, b: disjoint(a, b), lambda a, b: a & b, lambda a, b: a and b, "no"),
    "implies": Question(lambda a, b: implies(a, b), lambda a, b: a & ~b, lambda a, b: a and not b, "no"),
    "equivalent": Question(lambda a, b: equivalent(a, b), lambda a, b: a ^ b, lambda a, b: a is not b, "no"),
}
OPPOSITE = {"yes": "no", "no": "yes"}


class Mistake(NamedTuple):
    """An answer that is wrong, or not what it has to be."""

    question: str
    a: str
    b: str
    answer: Answer
    wanted: str


def mistake(name: str, a: Expr, b: Expr, joint: Model, *, complete: bool) -> tuple[str, Mistake | None]:
    """The verdict on two filters, and what is wrong with it. complete: the model is, so that it knows the answer."""
    question = QUESTIONS[name]
    answer = question.ask(a, b)
    told = bool(question.against(joint.truth(a), joint.truth(b)))
    wanted = question.proved if told else OPPOSITE[question.proved]
    problem = None
    if answer.verdict == "unknown":
        problem = f"{wanted}, not unknown" if complete else None if answer.reason else "a reason"
    elif answer.verdict != wanted and (complete or told):
        problem = wanted
    elif answer.verdict == question.proved and not is_witness(answer.witness, a, b, question):
        problem = "a witness"
    elif answer.verdict == OPPOSITE[question.proved] and answer.witness is not None:
        problem = "no witness"
    return answer.verdict, None if problem is None else Mistake(name, whereql.to_text(a), whereql.to_text(b), answer, problem)


def is_witness(record: Record | None, a: Expr, b: Expr, question: Question) -> bool:
    """Whether it is a record that a collection can hold, and shows what it has to."""
    return record is not None and is_storable(record) and question.shown_by(holds(a, record), holds(b, record))


def is_storable(record: Record) -> bool:
    """Whether storing changes nothing: no empty or mixed arrays, no -0.0, no empty id."""
    stored = make_record(record.id, document=record.document, uri=record.uri, metadata=record.metadata)
    return repr(stored) == repr(record)


def asked(pairs: Iterator[Pair], *, complete: bool) -> tuple[Counter[tuple[str, str]], list[Mistake]]:
    """All questions on all pairs: how often each verdict came, and the first mistakes."""
    verdicts: Counter[tuple[str, str]] = Counter()
    mistakes: list[Mistake] = []
    for a, b in pairs:
        joint = Model(a, b)
        for name in QUESTIONS:
            verdict, wrong = mistake(name, a, b, joint, complete=complete)
            verdicts[name, verdict] += 1
            if wrong is not None and len(mistakes) < 5:
                mistakes.append(wrong)
    return verdicts, mistakes


def related(maker: NearFilters, count: int, sizes: tuple[int, int]) -> Iterator[Pair]:
    """Pairs of filters: one weaker than the other or the other way round, the same in other words, apart from each other, or drawn from the same few values."""
    rng = maker.random
    for number in range(count):
        if number % 3 == 0:
            maker.draw_pool()
        a = maker.filter(rng.randint(*sizes))
        kind = rng.random()
        if kind < 0.3:
            yield a, maker.weaker(a)
        elif kind < 0.42:
            yield maker.weaker(a), a
        elif kind < 0.55:
            yield a, maker.rephrased(a)
        elif kind < 0.68:
            yield a, Not(maker.weaker(a))
        else:
            yield a, maker.filter(rng.randint(1, sizes[1]))


def shares(verdicts: Counter[tuple[str, str]], count: int) -> dict[str, dict[str, float]]:
    """Verdicts as percentages of the pairs, by question."""
    return {name: {verdict: round(100 * verdicts[name, verdict] / count, 1) for verdict in ("yes", "no", "unknown")} for name in QUESTIONS}


def test_answers_are_those_of_enumeration() -> None:
    verdicts, mistakes = asked(related(NearFilters(1), PAIRS, (1, 6)), complete=True)
    share = shares(verdicts, PAIRS)
    print(f"{PAIRS:,} pairs, in percent: {share}")  # noqa: T201  # pytest shows it for a failure, and with -s
    assert not mistakes
    assert all(share[name]["unknown"] == 0 for name in QUESTIONS)
    assert min(share["implies"]["yes"], share["implies"]["no"]) >= 30
    assert min(share["equivalent"]["yes"], share["disjoint"]["yes"], share["satisfiable"]["no"]) >= 15


def test_answers_about_text_are_never_seen_wrong_and_seldom_unknown() -> None:
    maker = NearFilters(2, texts=True, subjects=[Field("k"), Document(), Id()])
    verdicts, mistakes = asked(related(maker, TEXT_PAIRS, (1, 4)), complete=False)
    share = shares(verdicts, TEXT_PAIRS)
    print(f"{TEXT_PAIRS:,} pairs with text, in percent: {share}")  # noqa: T201
    assert not mistakes
    assert max(share[name]["unknown"] for name in QUESTIONS) <= 5
    assert min(share["implies"]["yes"], share["implies"]["no"]) >= 30


def test_answers_agree_with_each_other() -> None:
    """Laws that need no model: what is equivalent implies both ways, what is disjoint implies the complement."""
    broken = []
    for a, b in related(NearFilters(3, texts=True), TEXT_PAIRS // 2, (1, 4)):
        there, back, same = implies(a, b).verdict, implies(b, a).verdict, equivalent(a, b).verdict
        apart, complement, both = disjoint(a, b).verdict, implies(a, Not(b)).verdict, satisfiable(And([a, b])).verdict
        laws = {
            "equivalent": "unknown" in (there, back, same) or (same == "yes") is (there == back == "yes"),
            "disjoint": "unknown" in (apart, both) or apart == OPPOSITE[both],
            "complement": "unknown" in (apart, complement) or apart == complement,
            "itself": implies(a, a).verdict == "yes" and disjoint(a, Not(a)).verdict == "yes",
        }
        broken += [(law, whereql.to_text(a), whereql.to_text(b)) for law, holds_true in laws.items() if not holds_true]
    assert not broken[:5]


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ("k <= 5", "NOT k > 5", "yes"),
        ("NOT k > 5", "k <= 5", "no"),
        ("k < 1 OR k > 1", "k != 1", "yes"),
        ("k != 1", "k < 1 OR k > 1", "no"),
        (f"k > 5 AND k < {ABOVE_5!r}", "FALSE", "yes"),
        ("k > 9007199254740993 AND k < 9007199254740994", "FALSE", "yes"),
        ("k > 9007199254740992 AND k < 9007199254740994", "k = 9007199254740993", "yes"),
        ("k >= 9223372036854775807 AND k < 9223372036854775808.0", "k = 9223372036854775807", "yes"),
        ("k > 1.7976931348623157e308 OR k < -1.7976931348623157e308", "FALSE", "yes"),
        ("k < ''", "FALSE", "yes"),
        ('k > \'a\' AND k < "a\\u0000"', "FALSE", "yes"),
        ("k IS NOT NULL", "k >= ''", "no"),
        ("k = TRUE", "k = 1", "no"),
        ("k HAS 1 AND k HAS 'a'", "FALSE", "yes"),
        ("k HAS 1 AND k HAS 2.5", "FALSE", "no"),
        ("k HAS 9007199254740993 AND k HAS 2.5", "FALSE", "yes"),
        ("k HAS 9007199254740993 AND k HAS 9223372036854775808.0", "FALSE", "yes"),
        ("k HAS 1 AND k HAS 2.5 AND k HAS 9223372036854775808.0", "FALSE", "no"),
        ("k HAS 1 AND k > 0", "FALSE", "yes"),
        ("k IS NOT NULL", "k HAS TRUE OR k HAS FALSE OR NOT k HAS 1", "no"),
        ("k IS NOT NULL AND NOT (k = TRUE OR k = FALSE)", "k >= '' OR k <= 0 OR k > 0", "no"),
        ("#id IS NOT NULL", "TRUE", "yes"),
        ("TRUE", "#id > ''", "yes"),
        ("#id < \"\\u0000\"", "FALSE", "yes"),
        ("#id < 5 OR #id HAS 'a' OR #document = TRUE", "FALSE", "yes"),
        ("#document IS NOT NULL", "#document >= ''", "yes"),
        ("TRUE", "#uri IS NOT NULL", "no"),
        ("FALSE", "k = 1", "yes"),
        ("TRUE", "k = 1 OR k != 1", "yes"),
    ],
)
def test_the_edges_of_the_values_are_known(a: str, b: str, verdict: str) -> None:
    first, second = whereql.parse(a), whereql.parse(b)
    answer = implies(first, second)
    assert answer.verdict == verdict
    assert mistake("implies", first, second, Model(first, second), complete=True)[1] is None
    assert satisfiable(And([first, Not(second)])).verdict == OPPOSITE[verdict]


@pytest.mark.parametrize("budget", [1, 10, 100, 1000])
def test_a_small_budget_makes_no_answer_wrong(budget: int) -> None:
    verdicts: Counter[str] = Counter()
    for a, b in related(NearFilters(4), 150, (4, 10)):
        joint = Model(a, b)
        answer = implies(a, b, budget=budget)
        verdicts[answer.verdict] += 1
        if answer.verdict == "unknown":
            assert answer.reason and answer.witness is None
        else:
            assert (answer.verdict == "no") is bool(joint.truth(a) & ~joint.truth(b)), (whereql.to_text(a), whereql.to_text(b))
    assert verdicts["unknown"] < 150 or budget == 1


# Formulas over many keys.

Clauses = list[tuple[int, ...]]
"""A formula in conjunctive form: n stands for the bool key kn, -n for its complement."""


def as_filter(clauses: Clauses, leaf: Callable[[int], Predicate]) -> Expr:
    return And([Or([leaf(n) if n > 0 else Not(leaf(-n)) for n in clause]) for clause in clauses])


def flag(number: int) -> Predicate:
    return Predicate(Field(f"k{number}"), Op.EQ, literal(True))


def bound(number: int) -> Predicate:
    """Comparisons and elements by turns, so that no key is a bool."""
    return Predicate(Field(f"k{number}"), Op.HAS, (literal("a"),)) if number % 2 else Predicate(Field(f"k{number}"), Op.GE, literal(number))


def solved(clauses: Clauses, units: frozenset[int] = frozenset()) -> frozenset[int] | None:
    """The literals of a solution, None where there is none: unit propagation, and trying both values of a key of a shortest clause."""
    while True:
        left = []
        for clause in clauses:
            if not any(n in units for n in clause):
                left.append(tuple(n for n in clause if -n not in units))
        clauses = left
        if not clauses:
            return units
        shortest = min(clauses, key=len)
        if not shortest:
            return None
        if len(shortest) > 1:
            break
        units |= {shortest[0]}
    first = shortest[0]
    return solved(clauses, units | {first}) or solved(clauses, units | {-first})


def threshold(seed: int, keys: int) -> Clauses:
    """Random clauses of three, 4.26 for each key: as hard as they are at random, and about half of them can be satisfied."""
    rng = random.Random(seed)
    return [tuple(n * rng.choice([1, -1]) for n in rng.sample(range(1, keys + 1), 3)) for _ in range(round(4.26 * keys))]


def pigeons(count: int, holes: int) -> Clauses:
    """Each of them in a hole, no two in the same."""
    at = {(pigeon, hole): pigeon * holes + hole + 1 for pigeon, hole in product(range(count), range(holes))}
    housed = [tuple(at[pigeon, hole] for hole in range(holes)) for pigeon in range(count)]
    return housed + [(-at[one, hole], -at[other, hole]) for hole in range(holes) for one, other in combinations(range(count), 2)]


def test_the_solver_of_these_tests_is_right() -> None:
    for seed in range(60):
        clauses = threshold(seed, 7)
        fits = any(all(any((n > 0) is values[abs(n) - 1] for n in clause) for clause in clauses) for values in product([True, False], repeat=7))
        assert (solved(clauses) is not None) is fits
    assert solved(pigeons(4, 4)) is not None
    assert solved(pigeons(5, 4)) is None


def answered_in_time(expr: Expr) -> str:
    """The verdict on a filter, its witness checked, and the clock."""
    start = time.process_time()
    answer = satisfiable(expr)
    assert time.process_time() - start < SECONDS
    if answer.verdict == "yes":
        assert answer.witness is not None and is_storable(answer.witness) and holds(expr, answer.witness)
    else:
        assert answer.witness is None
    if answer.verdict == "unknown":
        assert answer.reason
    return answer.verdict


@pytest.mark.parametrize("leaf", [flag, bound])
@pytest.mark.parametrize("keys", [40, 50])
def test_random_clauses_at_the_threshold_are_answered_in_time_and_never_wrong(keys: int, leaf: Callable[[int], Predicate]) -> None:
    verdicts: Counter[str] = Counter()
    for seed in range(12 if EXHAUSTIVE else 3):
        clauses = threshold(seed, keys)
        verdict = answered_in_time(as_filter(clauses, leaf))
        assert verdict in ("unknown", "no" if solved(clauses) is None else "yes")
        verdicts[verdict] += 1
    print(f"{keys} keys: {dict(verdicts)}")  # noqa: T201


@pytest.mark.parametrize(("count", "holes", "right"), [(7, 6, "no"), (9, 8, "no"), (7, 7, "yes")])
def test_pigeons_without_a_hole_are_answered_in_time_and_never_wrong(count: int, holes: int, right: str) -> None:
    verdict = answered_in_time(as_filter(pigeons(count, holes), flag))
    print(f"{count} pigeons in {holes} holes: {verdict}")  # noqa: T201
    assert verdict in ("unknown", right)


def test_many_keys_that_have_nothing_to_do_with_each_other_are_easy() -> None:
    each = [Or([flag(n), bound(n)]) for n in range(1, 2001)]
    assert answered_in_time(And(each)) == "yes"
    assert answered_in_time(And([*each, Not(Or([flag(7), bound(7)]))])) == "no"
    assert implies(And(each), Or(each)).verdict == "yes"
    assert disjoint(Not(Or(each)), each[3]).verdict == "yes"


def test_constants_are_answered() -> None:
    assert [satisfiable(Const(value)).verdict for value in (True, False)] == ["yes", "no"]
    assert satisfiable(Const(True)).witness is not None
    assert [implies(Const(a), Const(b)).verdict for a, b in product([True, False], repeat=2)] == ["yes", "no", "yes", "yes"]
