"""What is known of filters without records: the answers, their reasons and witnesses, and where the budget ends. See `test_decide_model.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import whereql
from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Param, Predicate, Subject, Uri
from whereql.decide import BUDGET, Answer, disjoint, equivalent, implies, satisfiable
from whereql.optimize import cells
from whereql.optimize.cells import OTHER, Cell, cells_of
from whereql.optimize.lines import INTS
from whereql.optimize.search import Search, make_witness
from whereql.semantics import holds
from whereql.values import FLOAT_MAX, INT_MAX, INT_MIN, literal

K = Field("k")
ASK: dict[str, Callable[..., Answer]] = {"implies": implies, "equivalent": equivalent, "disjoint": disjoint}


def same(found: object, wanted: object) -> bool:
    """Equal, and of one type: 5 and 5.0 are two texts."""
    return repr(found) == repr(wanted)


# Answers.


def test_an_answer_is_none_of_two() -> None:
    for verdict, is_yes, is_no in (("yes", True, False), ("no", False, True), ("unknown", False, False)):
        answer = Answer(verdict, "why")  # type: ignore[arg-type]  # one of the three
        assert (answer.is_yes, answer.is_no, answer.witness) == (is_yes, is_no, None)
        with pytest.raises(TypeError, match=r"ask for \.is_yes or \.is_no"):
            bool(answer)
        with pytest.raises(TypeError):
            assert not answer


@pytest.mark.parametrize(
    ("name", "a", "b", "verdict", "reason"),
    [
        ("implies", "k > 5", "k > 3", "yes", "no record matches the first filter and not the second"),
        ("implies", "k > 3", "k > 5", "no", "this record matches the first filter and not the second"),
        ("equivalent", "k > 5", "NOT (k <= 5 OR k IS NULL) AND k > 5", "yes", "no record matches only one of the filters"),
        ("equivalent", "k > 3", "k > 5", "no", "this record matches the first filter and not the second"),
        ("equivalent", "k > 5", "k > 3", "no", "this record matches the second filter and not the first"),
        ("disjoint", "k > 5", "k < 3", "yes", "no record matches both filters"),
        ("disjoint", "k > 3", "k > 5", "no", "this record matches both filters"),
    ],
)
def test_an_answer_has_a_reason_and_a_no_has_a_record(name: str, a: str, b: str, verdict: str, reason: str) -> None:
    first, second = whereql.parse(a), whereql.parse(b)
    answer = ASK[name](first, second)
    assert (answer.verdict, answer.reason) == (verdict, reason)
    assert (answer.witness is None) is (verdict == "yes")
    if answer.witness is not None:
        matched = [holds(first, answer.witness), holds(second, answer.witness)]
        assert matched == ([True, True] if name == "disjoint" else [False, True] if "second filter and not" in reason else [True, False])


def test_satisfiable_shows_a_record_for_a_yes() -> None:
    found = satisfiable(whereql.parse("k > 5 AND NOT k > 6"))
    assert (found.verdict, found.reason, found.is_yes) == ("yes", "this record matches", True)
    assert found.witness is not None and found.witness.metadata == {"k": 6}
    none = satisfiable(whereql.parse("k > 5 AND k < 3"))
    assert (none.verdict, none.reason, none.is_no, none.witness) == ("no", "no record can match", True, None)


def test_constants_need_no_values() -> None:
    true, false = Const(True), Const(False)
    assert satisfiable(true).witness == whereql.make_record("witness")
    assert satisfiable(false).verdict == "no"
    assert satisfiable(true, budget=0).verdict == "yes"
    assert equivalent(true, Not(false)).verdict == "yes"
    assert implies(true, whereql.parse("k = 1 OR j = 1 AND TRUE")).verdict == "no"
    assert satisfiable(And([false, whereql.parse("k = 1")])).verdict == "no"
    assert satisfiable(Or([false, whereql.parse("k = 1")])).verdict == "yes"
    assert satisfiable(Not(And([true, true]))).verdict == "no"


# Witnesses.


@pytest.mark.parametrize(
    ("text", "metadata"),
    [
        ("k > 5", {"k": 6}),
        ("k >= 5", {"k": 5}),
        ("k < 5", {"k": 4}),
        ("k <= 5", {"k": 4}),
        ("k > 5 AND k < 6", {"k": 5.000000000000001}),
        ("k > 2.5", {"k": 3}),
        ("k < 2.5", {"k": 1}),
        ("k = 0.5", {"k": 0.5}),
        ("k IN (7, 3)", {"k": 3}),
        ("k > 9223372036854775807", {"k": 2.0**63}),
        ("k < -9223372036854775808", {"k": -FLOAT_MAX}),
        ("k < -9223372036854775807", {"k": INT_MIN}),
        ("k > 9223372036854775806", {"k": INT_MAX}),
        ("k > 'X'", {"k": "Xa"}),
        ("k = TRUE", {"k": True}),
        ("k = FALSE", {"k": False}),
        ("k = 'x'", {"k": "x"}),
        ("k > 'x'", {"k": "xa"}),
        ("k >= 'x' AND k < 'xa' AND k != 'x'", {"k": "x "}),
        ("k > 'x' AND k < 'x '", {"k": "x\x01"}),
        ("k > 'x' AND k < \"x\\u0001\"", {"k": "x\0"}),
        ("k STARTS WITH 'ab'", {"k": "ab"}),
        ("k < 'a' AND k >= ''", {"k": ""}),
        ("k IS NOT NULL", {"k": OTHER}),
        ("k IS NULL", None),
        ("k != 5", None),
        ("k HAS 'b'", {"k": ["b"]}),
        ("k HAS 'b' AND k HAS 'a'", {"k": ["a", "b"]}),
        ("k HAS 'b' AND NOT k HAS 'a'", {"k": ["b"]}),
        ("k HAS 1 AND k HAS 2.5", {"k": [1.0, 2.5]}),
        ("k HAS 1.0", {"k": [1]}),
        ("k HAS TRUE", {"k": [True]}),
        ("k HAS 9007199254740993", {"k": [2**53 + 1]}),
        ("k HAS 9223372036854775808.0", {"k": [2.0**63]}),
        ("k HAS -9223372036854775808 AND k HAS 9007199254740993", {"k": [INT_MIN, 2**53 + 1]}),
        ("k HAS 9223372036854775807", {"k": [INT_MAX]}),
        ("k HAS 'c' AND NOT k HAS 'b' AND k HAS 'a'", {"k": ["a", "c"]}),
        ("k HAS 'c' AND k HAS 'b' AND k HAS 'a'", {"k": ["a", "b", "c"]}),
        ("k CONTAINS 'abc'", {"k": "abc"}),
        ("k = 1 AND j > 5 AND NOT i IS NULL", {"k": 1, "j": 6, "i": OTHER}),
        ("k = 1 OR j > 5", {"k": 1}),
    ],
)
def test_a_witness_is_pleasant_to_read(text: str, metadata: dict[str, Any] | None) -> None:
    answer = satisfiable(whereql.parse(text))
    assert answer.witness is not None
    assert same(answer.witness.metadata, metadata)
    assert (answer.witness.id, answer.witness.document, answer.witness.uri) == ("witness", None, None)


@pytest.mark.parametrize(
    ("text", "id", "document", "uri"),
    [
        ("#id = 'x'", "x", None, None),
        ("#id > 'x'", "xa", None, None),
        ("#id < 'b'", "a", None, None),
        ("#id < 'a'", "A", None, None),
        ("#id < 'A'", "0", None, None),
        ("#id < '0'", " ", None, None),
        ("#id < ' '", "\0", None, None),
        ("#id != 'a'", "\0", None, None),
        ("#id >= ''", "a", None, None),
        ("#id STARTS WITH ''", "a", None, None),
        ("#document IS NOT NULL", "witness", "", None),
        ("#document = 'x' AND #uri = 'y'", "witness", "x", "y"),
        ("#document IS NULL AND #uri IS NOT NULL", "witness", None, ""),
        ("#document CONTAINS 'x' AND #id = 'y'", "y", "x", None),
    ],
)
def test_a_witness_has_own_fields_that_a_record_may_have(text: str, id: str, document: str | None, uri: str | None) -> None:
    expr = whereql.parse(text)
    answer = satisfiable(expr)
    assert answer.witness is not None and holds(expr, answer.witness)
    if text != "#id != 'a'":
        assert (answer.witness.id, answer.witness.document, answer.witness.uri) == (id, document, uri)
    assert answer.witness.id


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("#id = ''", "no"), ("#id <= ''", "no"), ("#id IS NULL", "no"), ('#id < "\\u0000"', "no"), ('#id <= "\\u0000"', "yes"), ("#id LIKE ''", "no"),
        ("#id CONTAINS ''", "yes"), ("#id MATCHES '^a?$' AND #id != 'a'", "no"), ("#id = 5", "no"), ("#id HAS 'a'", "no"), ("#id = TRUE", "no"), ("#id != 5", "yes"),
        ("#document = ''", "yes"), ("#document IS NULL", "yes"), ("#document = 5", "no"), ("#document HAS 'a'", "no"), ("#uri IS NULL AND #uri != 'a'", "yes"),
        ("#uri IS NULL AND #uri = 'a'", "no"), ("#uri > 5 OR #uri = FALSE", "no"), ("k IS NULL", "yes"), ("k IS NULL AND k != 1", "yes"), ("k IS NULL AND k = 1", "no"),
        ("#document CONTAINS 'a' AND #document IS NULL", "no"), ("NOT #document CONTAINS 'a' AND #document IS NULL", "yes"),
    ],
)  # fmt: skip
def test_ids_are_never_empty_and_documents_may_be_missing(text: str, verdict: str) -> None:
    assert satisfiable(whereql.parse(text)).verdict == verdict


@pytest.mark.parametrize(
    ("a", "b", "tempting"),
    [
        ("NOT k > 5", "k <= 5", "a record without k"), ("k != 1", "k < 1 OR k > 1", "a string"), ("k IS NOT NULL", "k = TRUE OR k = FALSE OR k >= '' OR k < 0 OR k >= 0", "an array"),
        ("k HAS 1 AND k HAS 2.5", "FALSE", "a float[] holds both"), ("k HAS ANY ('a', 'b')", "k HAS ALL ('a', 'b')", "one is enough"), ("k > 5", "k >= 6", "a float"),
        ("k >= 9007199254740992", "k > 9007199254740992.0", "the bound itself"), ("NOT k = 'a'", "k != 'a' AND k IS NOT NULL", "missing"), ("k = 1", "k = TRUE", "Python's equality"),
        ("k STARTS WITH 'ab'", "k > 'ab'", "the prefix itself"), ("k <= 'ab'", "NOT k STARTS WITH 'ab'", "the prefix itself"), ("TRUE", "#document IS NOT NULL", "no document"),
    ],
)  # fmt: skip
def test_the_tempting_implication_has_a_witness(a: str, b: str, tempting: str) -> None:
    first, second = whereql.parse(a), whereql.parse(b)
    answer = implies(first, second)
    assert answer.is_no and answer.witness is not None, tempting
    assert holds(first, answer.witness) and not holds(second, answer.witness)
    assert not equivalent(first, second).is_yes


def test_a_witness_that_does_not_match_would_be_a_bug_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whereql.decide.make_witness", lambda found: whereql.make_record("a", metadata={"k": 4}))
    with pytest.raises(AssertionError, match=r"^the witness Record\(.*'k': 4.*\) does not fit$"):
        satisfiable(whereql.parse("k > 5"))
    assert satisfiable(whereql.parse("k > 3")).verdict == "yes"


# Cells.


def cells_for(*texts: str, subject: Subject = K) -> cells.Cells:
    found = [whereql.parse(text) for text in texts]
    assert all(isinstance(one, Predicate) for one in found)
    return cells_of(subject, found)  # type: ignore[arg-type]  # predicates, as was seen


@pytest.mark.parametrize(
    ("texts", "known"),
    [
        ([], [(0, None)]),
        (["k IS NOT NULL"], [(0, None), (1, OTHER)]),
        (["k > 5"], [(0, None), (1, 6)]),
        (["k > 5", "k IN (7, 'x')"], [(0, None), (1, 6), (3, 7), (2, "x")]),
        (["k = 5", "k >= 5"], [(0, None), (3, 5), (2, 6)]),
        (["k >= 'a'", "k STARTS WITH 'a'"], [(0, None), (3, "a"), (1, "b")]),
        (["k HAS 'a'", "k HAS 'b'"], [(0, None), (1, ["a"]), (2, ["b"]), (3, ["a", "b"])]),
        (["k HAS 'a'", "k HAS 1"], [(0, None), (1, ["a"]), (2, [1])]),
        (["k HAS ANY ('a', 1)", "k HAS 1"], [(0, None), (1, ["a"]), (3, [1])]),
        (["k = TRUE", "k IS NOT NULL"], [(0, None), (2, OTHER), (3, True)]),
        (["k HAS TRUE", "k = 1"], [(0, None), (2, 1), (1, [True])]),
    ],
)
def test_a_subject_has_one_value_for_each_cell(texts: list[str], known: list[tuple[int, Any]]) -> None:
    found = cells_for(*texts)
    assert sorted(map(repr, [(cell.truths, cell.value) for cell in found.known])) == sorted(map(repr, known))
    assert found.complete and found.open == []
    assert not any(cell.is_open for cell in found.known)


def test_the_cells_of_own_fields_are_strings() -> None:
    assert [(cell.truths, cell.value) for cell in cells_for("#id = 'a'", subject=Id()).known] in ([(0, "\0"), (1, "a")], [(0, " "), (1, "a")], [(0, "A"), (1, "a")])
    assert [(cell.truths, cell.value) for cell in cells_for("#document = 'a'", subject=Document()).known] == [(0, None), (1, "a")]
    assert [(cell.truths, cell.value) for cell in cells_for("#uri IS NOT NULL", subject=Uri()).known] == [(0, None), (1, "")]
    assert [(cell.truths, cell.value) for cell in cells_for("#uri = 5", subject=Uri()).known] == [(0, None)]


def test_texts_that_are_too_many_leave_open_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whereql.optimize.languages.worlds", lambda atoms: type("Found", (), {"samples": {(True, False): "a"}, "complete": False})())
    found = cells_for("k CONTAINS 'a'", "k CONTAINS 'b'", "k > 5")
    assert found.complete
    assert [(cell.truths, cell.value) for cell in found.known] == [(0, None), (4, 6), (1, "a")]
    assert found.open == [Cell(2, None, True), Cell(3, None, True)]
    many = cells_for(*[f"k CONTAINS 'x{number}'" for number in range(13)])
    assert not many.complete and many.open == []
    twelve = cells_for(*[f"k CONTAINS 'x{number}'" for number in range(12)])
    assert twelve.complete and len(twelve.open) == 2**12 - 1


def test_what_texts_leave_open_is_told_or_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whereql.optimize.languages.worlds", lambda atoms: type("Found", (), {"samples": {}, "complete": False})())
    unknown = satisfiable(whereql.parse("k CONTAINS 'a' AND k ENDS WITH 'b' AND j > 5"))
    assert (unknown.verdict, unknown.witness) == ("unknown", None)
    assert unknown.reason == "the budget ended before it was known which values of 'k' satisfy CONTAINS, ENDS WITH together"
    assert satisfiable(whereql.parse("#document CONTAINS 'a'")).reason == "the budget ended before it was known which values of #document satisfy CONTAINS together"
    assert satisfiable(whereql.parse("k CONTAINS 'a' OR j > 5")).verdict == "yes"
    assert satisfiable(whereql.parse("NOT k CONTAINS 'a'")).verdict == "yes"
    assert satisfiable(whereql.parse("k CONTAINS 'a' AND j > 5 AND j < 3")).verdict == "no"
    assert satisfiable(whereql.parse("k CONTAINS 'a' AND NOT k CONTAINS 'a'")).verdict == "no"
    assert satisfiable(whereql.parse("k CONTAINS 'a' AND k = 5")).verdict == "no"
    assert implies(whereql.parse("k CONTAINS 'a' AND j > 5"), whereql.parse("j > 3")).verdict == "yes"
    assert implies(whereql.parse("j > 3"), whereql.parse("k CONTAINS 'a'")).verdict == "no"
    assert equivalent(whereql.parse("k CONTAINS 'a'"), whereql.parse("k CONTAINS 'a' AND k ENDS WITH 'b'")).verdict == "unknown"
    assert disjoint(whereql.parse("k CONTAINS 'a'"), whereql.parse("k ENDS WITH 'b'")).verdict == "unknown"
    thirteen = And([whereql.parse(f"k CONTAINS 'x{number}'") for number in range(13)])
    assert satisfiable(thirteen).verdict == "unknown"
    assert satisfiable(And([thirteen, whereql.parse("k = 5")])).verdict == "unknown", "no cell was made that could tell"
    assert satisfiable(Or([thirteen, whereql.parse("j = 5")])).verdict == "yes"


def test_what_is_open_is_open_for_strings_of_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whereql.optimize.languages.worlds", lambda atoms: type("Found", (), {"samples": {}, "complete": False})())
    assert cells_for("k CONTAINS 'a'", "k >= 'a'").open == [Cell(1, None, True), Cell(2, None, True), Cell(3, None, True)]
    assert cells_for("k >= 'a'", "k CONTAINS 'a'", "k STARTS WITH 'a'").open == [Cell(number, None, True) for number in (1, 2, 3, 5, 7)]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("k HAS 'a' AND k CONTAINS 'b'", "no"), ("k HAS 'a' OR k CONTAINS 'b'", "yes"), ("NOT k HAS 'a' AND k ENDS WITH 'b' AND k > 'a'", "yes"),
        ("k HAS 1 AND k > 0 OR k HAS 'a' AND k CONTAINS 'a'", "no"), ("k HAS TRUE AND NOT k HAS 1", "yes"), ("k HAS TRUE AND k HAS 1", "no"),
    ],
)  # fmt: skip
def test_elements_and_texts_are_kept_apart(text: str, verdict: str) -> None:
    assert satisfiable(whereql.parse(text)).verdict == verdict


def test_elements_that_are_too_many_are_not_decided_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "_MOST_ARRAYS", 3)
    assert cells_for("k HAS 'a'").complete
    found = cells_for("k HAS 'a'", "k HAS 'b'", "k HAS 'c'")
    assert not found.complete
    assert len(cells_for(*[f"k HAS '{text}'" for text in "abcdefghij"]).known) < 40, "of 1,024"
    three = And([whereql.parse(f"k HAS '{text}'") for text in "abc"])
    answer = satisfiable(three)
    assert answer.verdict in ("yes", "unknown")
    assert answer.is_yes or "HAS" in answer.reason


# The search.


def flag(number: int) -> Predicate:
    return Predicate(Field(f"k{number}"), Op.EQ, literal(True))


def test_a_product_that_just_fits_the_budget_is_decided() -> None:
    """Ten keys of two cells each are 1,024 combinations, looked at once."""
    tangled = And([Or([flag(number), flag(number + 1)]) for number in range(9)])
    assert satisfiable(tangled, budget=2**10).verdict == "yes"
    unsatisfiable = And([tangled, Or([Not(flag(0)), Not(flag(1))]), *[Or([flag(a), Not(flag(b))]) for a, b in ((0, 1), (1, 0))], Or([Not(flag(0)), flag(1)])])
    assert satisfiable(unsatisfiable, budget=2**10).verdict == "no"


def test_a_budget_that_is_spent_is_told() -> None:
    answer = satisfiable(whereql.parse("k = 1"), budget=1)
    assert (answer.verdict, answer.witness) == ("unknown", None)
    assert answer.reason == "the filter has more combinations of cells than the budget of 1 covers"
    assert satisfiable(whereql.parse("k = 1"), budget=2).verdict == "yes"
    big = satisfiable(whereql.parse("k IN (1, 2) AND j = 1 AND (k = 1 OR j = 2)"), budget=0)
    assert big.reason == "the filter has more combinations of cells than the budget of 0 covers"
    for ask in ASK.values():
        assert ask(whereql.parse("k > 1 OR j > 1"), whereql.parse("k > 2 OR j > 2"), budget=1).verdict == "unknown"
    pigeons = And([Or([flag(6 * pigeon + hole) for hole in range(6)]) for pigeon in range(7)])
    alone = [Or([Not(flag(6 * one + hole)), Not(flag(6 * other + hole))]) for hole in range(6) for other in range(7) for one in range(other)]
    spent = satisfiable(And([pigeons, *alone]), budget=2_000)
    assert (spent.verdict, spent.reason) == ("unknown", "the filter has more combinations of cells than the budget of 2,000 covers")
    assert BUDGET == 2**20


def test_parts_that_share_no_key_are_answered_one_by_one() -> None:
    apart = And([Or([flag(2 * number), flag(2 * number + 1)]) for number in range(100)])
    answer = satisfiable(apart, budget=1_000)
    assert answer.verdict == "yes" and answer.witness is not None
    assert holds(apart, answer.witness)
    opposed = And([*apart.args, Or([Not(flag(0)), Not(flag(1))]), Or([flag(0), Not(flag(1))]), Or([Not(flag(0)), flag(1)])])
    assert satisfiable(opposed, budget=1_000).verdict == "no"


def test_conjuncts_of_one_key_leave_it_fewer_cells() -> None:
    bounds = And([*[Predicate(Field(f"k{n % 50}"), Op.GT, literal(n)) for n in range(500)], *[Or([flag(n), flag(n + 1)]) for n in range(49)]])
    assert satisfiable(bounds).verdict == "no"
    assert satisfiable(And([Predicate(Field(f"k{n % 50}"), Op.GT, literal(n)) for n in range(500)])).verdict == "yes"
    assert satisfiable(And([*[flag(n) for n in range(200)], Or([Not(flag(n)) for n in range(200)])])).verdict == "no"


def test_an_or_over_many_keys_is_taken_apart() -> None:
    assert satisfiable(Or([flag(number) for number in range(1_000)])).verdict == "yes"
    last = Or([*[And([flag(number), Not(flag(number))]) for number in range(300)], And([flag(0), Not(flag(1))])])
    answer = satisfiable(last)
    assert answer.witness is not None and answer.witness.metadata == {"k0": True}
    assert satisfiable(Or(last.args[:-1])).verdict == "no"


def parts_of(expr: Expr) -> tuple[Expr, ...]:
    assert isinstance(expr, (And, Or))
    return expr.args


def test_a_tangle_of_keys_is_tried_value_by_value() -> None:
    chain = And([Or([Not(flag(n)), flag(n + 1)]) for n in range(60)])
    answer = satisfiable(And([chain, Or([flag(0), flag(59)])]))
    assert answer.is_yes and answer.witness is not None
    assert implies(And([chain, flag(0)]), flag(60)).verdict == "yes"
    assert implies(And([chain, flag(1)]), flag(0)).verdict == "no"
    ring = And([*[Or([Not(flag(n)), flag((n + 1) % 16)]) for n in range(16)], Or([flag(n) for n in range(16)]), Or([Not(flag(n)) for n in range(16)])])
    assert satisfiable(ring, budget=50_000).verdict == "no", "of 65,536 combinations"
    folded = And([Or([arg, Const(False)]) if number % 2 else And([arg, Or([Const(True), flag(0)])]) for number, arg in enumerate(parts_of(ring))])
    assert satisfiable(folded).verdict == "no"
    assert not satisfiable(folded, budget=50_000).is_yes


def test_a_search_gives_cells_or_a_reason_or_nothing() -> None:
    found = Search(whereql.parse("k > 5 AND #id = 'x' AND #document = 'y'"), 100).run()
    assert isinstance(found, dict)
    record = make_witness(found)
    assert (record.id, record.document, record.uri, record.metadata) == ("x", "y", None, {"k": 6})
    assert Search(whereql.parse("k > 5 AND k < 3"), 100).run() is None
    assert isinstance(Search(whereql.parse("k > 5"), 0).run(), str)
    assert make_witness({}) == whereql.make_record("witness")


@pytest.mark.parametrize("filters", [["k = :a"], ["k IN (1, :a)"], ["k IN :a"], ["k > 5", "k > :a"], ["k HAS ALL :a"], ["NOT (k CONTAINS :a AND TRUE)"]])
def test_a_parameter_must_be_bound_first(filters: list[str]) -> None:
    exprs = [whereql.parse(text) for text in filters]
    for ask in (satisfiable,) if len(exprs) == 1 else tuple(ASK.values()):
        with pytest.raises(whereql.CheckError) as caught:
            ask(*exprs)
        assert caught.value.code == "WQ308"
    with pytest.raises(whereql.CheckError):
        cells_of(K, [Predicate(K, Op.EQ, Param("a"))])


# Laws on the edges of the values.


@pytest.mark.parametrize("bound", [0, 5, -5, 2**53, 2**53 + 1, INT_MAX, INT_MIN, 0.5, 5e-324, -5e-324, 2.0**63, -(2.0**63), FLOAT_MAX, -FLOAT_MAX, "", "a", "a\0", "\U0010ffff"])
def test_a_comparison_and_its_opposite_share_the_line(bound: Any) -> None:
    item = literal(bound)
    less, least, greater, most, equal = (Predicate(K, op, item) for op in (Op.LT, Op.GE, Op.GT, Op.LE, Op.EQ))
    assert disjoint(less, least).is_yes and disjoint(greater, most).is_yes and disjoint(less, greater).is_yes
    assert equivalent(And([least, most]), equal).is_yes
    assert equivalent(Or([less, greater, equal]), Or([less, least])).is_yes
    assert equivalent(Or([greater, equal]), least).is_yes and equivalent(And([most, Not(equal)]), less).is_yes
    assert implies(equal, Predicate(K, Op.EXISTS)).is_yes and implies(Not(equal), Predicate(K, Op.EXISTS)).is_no
    assert satisfiable(equal).witness is not None


def test_answers_are_about_every_record_and_not_about_ints() -> None:
    between = And([Predicate(K, Op.GT, literal(5)), Predicate(K, Op.LT, literal(6))])
    assert INTS.interval(Op.GT, 5) == (6,)
    assert satisfiable(between).is_yes
    assert implies(between, whereql.parse("k = 5.5")).is_no


def test_what_a_tenant_may_see_can_be_asked() -> None:
    tenant: Expr = whereql.parse("tenant = 'a'")
    assert implies(whereql.parse("tenant = 'a' AND (year > 2020 OR public)"), tenant).is_yes
    leak = implies(whereql.parse("tenant = 'a' AND year > 2020 OR public"), tenant)
    assert leak.witness is not None and leak.witness.metadata == {"public": True}
    assert implies(whereql.parse("tenant IN ('a')"), tenant).is_yes
    assert implies(whereql.parse("tenant LIKE 'a'"), tenant).is_yes
    assert implies(whereql.parse("tenant ILIKE 'a'"), tenant).is_no
    assert disjoint(whereql.parse("NOT tenant != 'b'"), tenant).is_yes
