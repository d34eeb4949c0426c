"""Whatever a filter is, its text reads back as the same filter, and its JSON, where JSON can say it, as one of the same meaning."""

from __future__ import annotations

import contextlib
import json
from collections import Counter

import pytest
from expressions import Expressions, forms
from strategies import COMBINATIONS, FilterMaker, Generator, combinations

import whereql
from whereql.ast import And, Const, Expr, Field, Not, Or, Param, Predicate, predicates
from whereql.dialects import text
from whereql.operators import Op
from whereql.values import Literal

TEXT_FILTERS = 20_000
JSON_FILTERS = 20_000
ROWS = 5  # records that each JSON filter is judged on


def read_anew(source: str) -> Expr:
    """Parsed without the cache, which would only fill up."""
    return text._decode.__wrapped__(source, whereql.limits.current_limits())


def test_text_reads_back_as_the_same_filter() -> None:
    generator = Expressions(seed=20_240_501)
    seen: Counter[object] = Counter()
    for _ in range(TEXT_FILTERS):
        expr = generator.expression()
        written = whereql.to_text(expr)
        back = read_anew(written)
        assert back == expr, written
        assert hash(back) == hash(expr)
        assert forms(back) == forms(expr), written
        assert whereql.to_text(back) == written
        seen.update(combinations(expr))
        seen.update(type(predicate.operand) for predicate in predicates(expr))
        seen[type(expr)] += 1
        seen["BETWEEN"] += "BETWEEN" in written
        seen["HAS ALL ("] += "HAS ALL (" in written
        seen["deep"] += expr.depth > 50
    assert [each for each in COMBINATIONS if seen[each] < 5] == []
    shapes = (And, Or, Not, Predicate, Const, Param, tuple, Literal, type(None), "BETWEEN", "HAS ALL (", "deep")
    assert [each for each in shapes if seen[each] < 20] == []


@pytest.mark.parametrize("seed", range(3))
def test_no_parenthesis_can_be_left_out(seed: int) -> None:
    """Every pair of grouping parentheses that is printed changes the filter when it is removed."""
    generator = Expressions(seed, closed=True)
    removed = 0
    for _ in range(300):
        expr = generator.expression(3)
        written = whereql.to_text(expr)
        for start, end in groups(written):
            shorter = f"{written[:start]} {written[start + 1 : end]} {written[end + 1 :]}"
            with contextlib.suppress(whereql.ParseError):
                assert read_anew(shorter) != expr, (written, shorter)
            removed += 1
    assert removed > 100


def groups(written: str) -> list[tuple[int, int]]:
    """The pairs of parentheses outside strings and quoted names."""
    pairs, opened, quote = [], [], ""
    for position, character in enumerate(written):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'`":
            quote = character
        elif character == '"':  # the printer's double-quoted strings have escapes: leave such a text out
            return []
        elif character == "(":
            opened.append(position)
        elif character == ")":
            pairs.append((opened.pop(), position))
    return pairs


def test_json_reads_back_with_the_same_meaning() -> None:
    outcomes: Counter[str] = Counter()
    verdicts: Counter[bool] = Counter()
    for batch in range(JSON_FILTERS // 80):
        records_of = Generator(seed=batch)
        records = records_of.records(12)
        maker, odd = FilterMaker(records_of.random, records), Expressions(seed=batch, closed=True)
        for number in range(80):
            expr = maker.filter() if number % 2 else odd.expression()
            try:
                encoded = whereql.to_json(expr)
            except whereql.UnsupportedError as error:
                assert error.hint and error.message.startswith("JSON can't say ")
                assert any(can_not_be_said(predicate) for predicate in predicates(expr)), error
                outcomes["refused"] += 1
                continue
            wire = json.dumps(encoded, allow_nan=False)
            back = whereql.from_json(json.loads(wire))
            assert whereql.to_json(back) == encoded, wire
            assert json.dumps(whereql.to_json(back)) == wire  # 1 is not 1.0
            for record in records_of.random.sample(records, ROWS):
                expected = whereql.holds(expr, record)
                assert whereql.holds(back, record) is expected, (whereql.to_text(expr), wire, record)
                verdicts[expected] += 1
            outcomes["said"] += 1
    assert sum(outcomes.values()) == JSON_FILTERS
    assert outcomes["said"] > 2_000 and outcomes["refused"] > 2_000, outcomes
    assert min(verdicts.values()) > 3_000, verdicts


def can_not_be_said(predicate: Predicate) -> bool:
    """Whether Chroma lacks the predicate or its complement, by the words of its documentation rather than by the encoder."""
    if isinstance(predicate.subject, Field):
        reserved = predicate.subject.name.startswith("$") or predicate.subject.name in ("#document", "chroma:document", "chroma:uri")
        searched = predicate.op in (Op.CONTAINS, Op.STARTS, Op.ENDS, Op.LIKE, Op.ILIKE, Op.MATCHES, Op.EXISTS)
        return reserved or searched or predicate.op in (Op.LT, Op.LE, Op.GT, Op.GE)
    if isinstance(predicate.subject, whereql.Document):
        return predicate.op in (Op.LT, Op.LE, Op.GT, Op.GE)
    return True


def test_a_wrong_reading_would_be_seen() -> None:
    """The comparison above is able to fail: readings that differ in one place are not equal."""
    pairs = [("a = 1", "a = 1.0"), ("a = 1", "a = TRUE"), ("a = 1 AND b OR c", "a = 1 AND (b OR c)"), ("NOT a AND b", "NOT (a AND b)"), ("a HAS 1", "a IN (1)")]
    for one, other in pairs:
        assert whereql.parse(one) != whereql.parse(other)
    assert Or([Const(True), Const(False)]) != And([Const(True), Const(False)])
