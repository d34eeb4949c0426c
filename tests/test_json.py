"""Chroma's JSON as a dialect: what a server accepts and refuses, as ASTs; where each error is; what JSON can say and what not."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from strategies import like_escape

import whereql
from whereql import And, Const, Document, Expr, Field, GetRequest, Not, Op, Or, Predicate, Uri
from whereql.ast import Subject, predicates
from whereql.dialects import chroma
from whereql.kinds import Kind
from whereql.values import literal


def p(op: Op, key: str | Subject, *values: Any) -> Predicate:
    """A predicate; a list operand for the operators that take one."""
    items = tuple(literal(value) for value in values)
    subject = Field(key) if isinstance(key, str) else key
    return Predicate(subject, op, items if op in (Op.IN, Op.HAS) else items[0])


K = p(Op.EQ, "k", 1)
X = p(Op.EQ, "x", 2)

# What a server accepts: the JSON as a client writes it, and its AST.
ACCEPTED: list[tuple[str, Expr]] = [
    # implicit equality, and kinds by spelling
    ('{"k": "a"}', p(Op.EQ, "k", "a")), ('{"k": true}', p(Op.EQ, "k", True)), ('{"k": 1}', K), ('{"k": 1.0}', p(Op.EQ, "k", 1.0)), ('{"k": 1e0}', p(Op.EQ, "k", 1.0)),
    ('{"k": -0}', p(Op.EQ, "k", 0.0)), ('{"k": 9223372036854775807}', p(Op.EQ, "k", 2**63 - 1)), ('{"k": -9223372036854775808}', p(Op.EQ, "k", -(2**63))),
    ('{"k": 18446744073709551616}', p(Op.EQ, "k", 2.0**64)), ('{"k": -9223372036854775809.0}', p(Op.EQ, "k", -(2.0**63))), ('{"k": 1e-400}', p(Op.EQ, "k", 0.0)), ('{"k": 5e-324}', p(Op.EQ, "k", 5e-324)),
    # each operator
    ('{"k": {"$eq": 1}}', K), ('{"k": {"$ne": 1}}', Not(K)), ('{"k": {"$gt": 1}}', p(Op.GT, "k", 1)), ('{"k": {"$gte": 1.5}}', p(Op.GE, "k", 1.5)), ('{"k": {"$lt": 1}}', p(Op.LT, "k", 1)),
    ('{"k": {"$lte": 1}}', p(Op.LE, "k", 1)), ('{"k": {"$in": [1, 2]}}', p(Op.IN, "k", 1, 2)), ('{"k": {"$nin": ["a"]}}', Not(p(Op.IN, "k", "a"))), ('{"k": {"$in": [true, false]}}', p(Op.IN, "k", True, False)),
    ('{"k": {"$in": [1.5, 2]}}', p(Op.IN, "k", 1.5, 2.0)), ('{"k": {"$in": [1.5, 9223372036854775808]}}', p(Op.IN, "k", 1.5, 2.0**63)), ('{"k": {"$contains": "a"}}', p(Op.HAS, "k", "a")),
    ('{"k": {"$contains": 1.0}}', p(Op.HAS, "k", 1.0)), ('{"k": {"$not_contains": true}}', Not(p(Op.HAS, "k", True))),
    # connectives of 0, 1 and more children
    ('{"$and": []}', Const(True)), ('{"$or": []}', Const(False)), ('{"$and": [{"k": 1}]}', K), ('{"$or": [{"k": 1}]}', K), ('{"$and": [{"k": 1}, {"x": 2}]}', And([K, X])),
    ('{"$or": [{"k": 1}, {"$and": [{"x": 2}, {"k": 1}]}]}', Or([K, And([X, K])])), ('{"$and": [{"$and": [{"k": 1}, {"x": 2}]}, {"k": 1}]}', And([K, X, K])),
    # keys
    ('{"": 1}', p(Op.EQ, "", 1)), ('{" ": 1}', p(Op.EQ, " ", 1)), ('{"a.b": 1}', p(Op.EQ, "a.b", 1)), ('{"é": 1}', p(Op.EQ, "é", 1)), ('{"#foo": 1}', p(Op.EQ, "#foo", 1)), ('{"#id": "x"}', p(Op.EQ, "#id", "x")),
    ('{"#uri": "x"}', p(Op.EQ, "#uri", "x")), ('{"id": "x"}', p(Op.EQ, "id", "x")), ('{"k\\u0000": "\\u0000"}', p(Op.EQ, "k\0", "\0")), ('{"k": 2, "k": 1}', K),
    # special keys
    ('{"#document": {"$contains": "x"}}', p(Op.CONTAINS, Document(), "x")), ('{"#document": {"$not_contains": ""}}', Not(p(Op.CONTAINS, Document(), ""))),
    ('{"#document": {"$regex": "a+"}}', p(Op.MATCHES, Document(), "a+")), ('{"#document": {"$not_regex": "a"}}', Not(p(Op.MATCHES, Document(), "a"))), ('{"#document": 1}', p(Op.EQ, Document(), 1)),
    ('{"#document": {"$ne": 1}}', Not(p(Op.EQ, Document(), 1))), ('{"#document": {"$in": [1]}}', p(Op.IN, Document(), 1)), ('{"#document": {"$gt": 1.5}}', p(Op.GT, Document(), 1.5)),
    ('{"chroma:document": "x"}', p(Op.EQ, Document(), "x")), ('{"chroma:document": {"$nin": ["x"]}}', Not(p(Op.IN, Document(), "x"))), ('{"chroma:document": {"$contains": "x"}}', p(Op.HAS, Document(), "x")),
    ('{"chroma:uri": "x"}', p(Op.EQ, Uri(), "x")), ('{"chroma:uri": {"$ne": "x"}}', Not(p(Op.EQ, Uri(), "x"))),
]  # fmt: skip


@pytest.mark.parametrize(("where", "expr"), ACCEPTED)
def test_accepted(where: str, expr: Expr) -> None:
    request = GetRequest.from_json('{"where": ' + where + "}")
    assert request.where == expr
    assert chroma.decode(json.loads(where), lenient=True) == chroma.decode(json.loads(where))
    if '"k": -0}' not in where:  # the one spelling whose kind json.loads does not keep
        assert whereql.from_json(json.loads(where)) == expr
    for predicate in predicates(expr):
        assert isinstance(predicate.operand, tuple) or predicate.operand.value != 0 or str(predicate.operand.value) in ("0", "0.0")  # type: ignore[union-attr]


DOCUMENTS: list[tuple[str, Expr]] = [
    ('{"$contains": "a"}', p(Op.CONTAINS, Document(), "a")), ('{"$not_contains": "a"}', Not(p(Op.CONTAINS, Document(), "a"))), ('{"$regex": "^$"}', p(Op.MATCHES, Document(), "^$")),
    ('{"$not_regex": ""}', Not(p(Op.MATCHES, Document(), ""))), ('{"$and": []}', Const(True)), ('{"$or": []}', Const(False)), ('{"$contains": ""}', p(Op.CONTAINS, Document(), "")),
    ('{"$or": [{"$contains": "a"}, {"$regex": "b"}]}', Or([p(Op.CONTAINS, Document(), "a"), p(Op.MATCHES, Document(), "b")])),
]  # fmt: skip


@pytest.mark.parametrize(("where_document", "expr"), DOCUMENTS)
def test_accepted_document(where_document: str, expr: Expr) -> None:
    assert chroma.decode_document(json.loads(where_document)) == expr
    assert GetRequest.from_json('{"where_document": ' + where_document + "}").where_document == expr


# What a server refuses: the JSON, the place of the mistake, and words of the message or the hint.
REFUSED: list[tuple[str, str, str]] = [
    ("{}", "$", "empty"), ("[]", "$", "list"), ('"a = 1"', "$", "whereql.parse"), ("1", "$", "int"), ('{"a": 1, "b": 2}', "$", '{"$and": [{"a": 1}, {"b": 2}]}'),
    ('{"year": {"$gt": 1, "$lt": 9}}', "$.year", '{"$and": [{"year": {"$gt": 1}}, {"year": {"$lt": 9}}]}'), ('{"k": {}}', "$.k", "$eq"),
    ('{"k": null}', "$.k", "IS NULL"), ('{"k": [1]}', "$.k", "$in"), ('{"k": {"$eq": null}}', "$.k.$eq", "null"), ('{"k": {"$eq": [1]}}', "$.k.$eq", "list"), ('{"k": {"$ne": {"a": 1}}}', "$.k.$ne", "object"),
    ('{"k": {"$gt": "a"}}', "$.k.$gt", "a number, got a string"), ('{"k": {"$lte": true}}', "$.k.$lte", "bool"), ('{"k": {"$in": []}}', "$.k.$in", "not empty"), ('{"k": {"$nin": []}}', "$.k.$nin", "not empty"),
    ('{"k": {"$in": 1}}', "$.k.$in", "list"), ('{"k": {"$in": "abc"}}', "$.k.$in", "list"), ('{"k": {"$in": ["a", 1]}}', "$.k.$in[1]", "one kind"), ('{"k": {"$in": [true, 1]}}', "$.k.$in[1]", "one kind"),
    ('{"k": {"$in": [1, true]}}', "$.k.$in[1]", "one kind"), ('{"k": {"$in": [1, 2.5]}}', "$.k.$in[1]", "1.0"), ('{"k": {"$in": [1, 2, 2.0]}}', "$.k.$in[2]", "1.0"),
    ('{"k": {"$in": [1.5, true]}}', "$.k.$in[1]", "one kind"), ('{"k": {"$in": [1, 9223372036854775808]}}', "$.k.$in[1]", "2^63"), ('{"k": {"$in": [9223372036854775808]}}', "$.k.$in[0]", "2^63"),
    ('{"k": {"$in": [null]}}', "$.k.$in[0]", "null"), ('{"k": {"$in": [[1]]}}', "$.k.$in[0]", "list"), ('{"k": {"$in": [{"a": 1}]}}', "$.k.$in[0]", "object"), ('{"k": 9223372036854775808}', "$.k", "float: 9.22"),
    ('{"k": {"$contains": null}}', "$.k.$contains", "null"), ('{"k": {"$contains": ["a"]}}', "$.k.$contains", "one element each"), ('{"k": {"$regex": "a"}}', "$.k.$regex", "#document"),
    ('{"k": {"$not_regex": "a"}}', "$.k.$not_regex", "MATCHES"), ('{"k": {"$EQ": 1}}', "$.k", "did you mean $eq?"), ('{"k": {"eq": 1}}', "$.k", "did you mean $eq?"), ('{"k": {"$foo": 1}}', "$.k", "$eq, $ne"),
    ('{"k": {"$not": {"$eq": 1}}}', "$.k", "lenient"), ('{"k": {"$and": [1]}}', "$.k", "outside"), ('{"k": {"b": 1}}', "$.k", "nested"), ('{"k": {"$exists": true}}', "$.k", "IS NOT NULL"),
    ('{"$not": {"k": 1}}', "$", "lenient"), ('{"$nor": []}', "$", "$ne"), ('{"$in": [1]}', "$", "under a key"), ('{"$eq": 1}', "$", "under a key"), ('{"$foo": 1}', "$", "$and and $or"), ('{"$adn": []}', "$", "did you mean $and?"),
    ('{"$and": {"k": 1}}', "$.$and", "list"), ('{"$or": 1}', "$.$or", "list"), ('{"$and": [1]}', "$.$and[0]", "object"), ('{"$and": [{}]}', "$.$and[0]", "empty"), ('{"or": [{"k": 1}]}', "$.or", "did you mean $or?"),
    ('{"$and": [{"k": 1}, {"year": {"$gt": "x"}}]}', "$.$and[1].year.$gt", "a number, got a string"), ('{"$or": [{"k": 1}, {"$and": [{"k": 1}, {"a": 1, "b": 2}]}]}', "$.$or[1].$and[1]", "2 conditions"),
    ('{"#document": "x"}', "$.#document", "chroma:document"), ('{"#document": {"$eq": "x"}}', "$.#document.$eq", "chroma:document"), ('{"#document": {"$nin": ["x"]}}', "$.#document.$nin", "chroma:document"),
    ('{"#document": {"$contains": 1}}', "$.#document.$contains", "string"), ('{"#document": {"$regex": "("}}', "$.#document.$regex", "unclosed"), ('{"chroma:document": {"$regex": "a"}}', "$.chroma:document.$regex", "#document"),
    ('{"a b": {"$gt": "x"}}', '$["a b"].$gt', "number"), ('{"a.b": {"$gt": "x"}}', '$["a.b"].$gt', "number"), ('{"a\\u001b[31m": null}', '$["a␛[31m"]', "null"), ('{"where": {"k": 1}}', "$.where", "where"),
    ('{"k": {"$between": [1, 2]}}', "$.k", "$gte"), ('{"tags": {"$all": ["a"]}}', "$.tags", "$contains"), ('{"tags": {"$size": 2}}', "$.tags", "size"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "path", "says"), REFUSED)
def test_refused(where: str, path: str, says: str) -> None:
    with pytest.raises((whereql.WhereError, whereql.CheckError)) as caught:
        whereql.from_json(json.loads(where))
    assert caught.value.path == path
    assert says in str(caught.value)
    assert caught.value.hint
    with pytest.raises((whereql.WhereError, whereql.CheckError)) as caught:
        GetRequest.from_json('{"where": ' + where + "}")
    assert caught.value.path == "$.where" + path[1:]


REFUSED_DOCUMENTS: list[tuple[str, str, str]] = [
    ("{}", "$", "empty"), ('"x"', "$", "object"), ('{"$contains": 1}', "$.$contains", "string"), ('{"$contains": ["a"]}', "$.$contains", "string"), ('{"$contains": null}', "$.$contains", "null"),
    ('{"$eq": "x"}', "$", "no operator"), ('{"k": 1}', "$", "stand in where"), ('{"contains": "x"}', "$", "did you mean $contains?"), ('{"$contains": "a", "$regex": "b"}', "$", '{"$and": [{"$contains": "a"}, {"$regex": "b"}]}'),
    ('{"$and": {}}', "$.$and", "list"), ('{"$and": [{"$contains": "a"}, {"$regex": "["}]}', "$.$and[1].$regex", "unclosed"), ('{"$not": {"$contains": "x"}}', "$", "no operator"), ('{"#document": {"$contains": "x"}}', "$", "no operator"),
]  # fmt: skip


@pytest.mark.parametrize(("where_document", "path", "says"), REFUSED_DOCUMENTS)
def test_refused_document(where_document: str, path: str, says: str) -> None:
    with pytest.raises((whereql.WhereError, whereql.CheckError)) as caught:
        chroma.decode_document(json.loads(where_document))
    assert (caught.value.path, says in str(caught.value)) == (path, True), str(caught.value)


# The lenient mode reads what people expect to work.
LENIENT: list[tuple[str, str]] = [
    ('{"a": 1, "b": 2}', "a = 1 AND b = 2"), ('{"year": {"$gt": 1, "$lt": 9}}', "1 < year < 9"), ('{"$and": [{"a": 1, "b": 2}, {"c": 3}]}', "a = 1 AND b = 2 AND c = 3"),
    ('{"$or": [{"a": 1, "b": 2}, {"c": 3}]}', "a = 1 AND b = 2 OR c = 3"), ('{"$not": {"a": 1}}', "a != 1"), ('{"$not": [{"a": 1}, {"b": 2}]}', "NOT (a = 1 AND b = 2)"), ('{"$not": []}', "NOT TRUE"),
    ('{"a": 1, "$or": [{"b": 2}, {"c": 3}]}', "a = 1 AND (b = 2 OR c = 3)"), ('{"a": 1}', "a = 1"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "text"), LENIENT)
def test_lenient(where: str, text: str) -> None:
    assert chroma.decode(json.loads(where), lenient=True) == whereql.parse(text)


@pytest.mark.parametrize("where", ["{}", '{"k": {}}', '{"a": 1, "b": null}', '{"$nor": []}', '{"a": 1, "$not": 5}', '{"k": {"$gt": 1, "$foo": 2}}', '{"$not": {}}'])
def test_lenient_is_no_carte_blanche(where: str) -> None:
    with pytest.raises(whereql.WhereError):
        chroma.decode(json.loads(where), lenient=True)


def test_lenient_document() -> None:
    expr = chroma.decode_document({"$contains": "a", "$not": {"$regex": "b"}}, lenient=True)
    assert expr == whereql.parse("#document CONTAINS 'a' AND #document NOT MATCHES 'b'")


def test_the_hint_for_several_conditions_is_a_filter_that_works() -> None:
    where = {"year": {"$gt": 2000}, "lang": "en", "ü": [1]}
    with pytest.raises(whereql.WhereError) as caught:
        whereql.from_json({"year": {"$gt": 2000}, "lang": "en"})
    corrected = str(caught.value.hint).removeprefix("write ").removesuffix(", or decode with lenient=True")
    assert whereql.from_json(json.loads(corrected)) == whereql.parse("year > 2000 AND lang = 'en'")
    with pytest.raises(whereql.WhereError) as caught:
        whereql.from_json(where | {str(i): i for i in range(10_000)})
    assert len(str(caught.value)) < 300


def test_python_values() -> None:
    assert whereql.from_json({"k": np.int64(1)}) == K
    assert whereql.from_json({"k": {"$in": (np.float32(0.5), 1)}}) == p(Op.IN, "k", 0.5, 1.0)
    assert whereql.from_json({"k": 2**80}) == p(Op.EQ, "k", 2.0**80)
    for wrong in (float("nan"), float("inf"), b"x", object(), 10**400, "\ud800"):
        with pytest.raises(whereql.WhereqlError) as caught:
            whereql.from_json({"$and": [{"k": wrong}]})
        assert caught.value.path == "$.$and[0].k"
    for odd in ({1: 2}, {"k": {1: 2}}, {None: 1}):
        with pytest.raises(whereql.WhereError):
            whereql.from_json(odd)


def test_ints_that_no_record_can_hold_keep_their_place() -> None:
    """Beyond int64 a record holds doubles only; Chroma rounds such an int, here the order of the numbers is exact."""
    odd = 2**70 + 1
    below, above = (whereql.make_record(name, metadata={"k": value}) for name, value in (("a", 2.0**70), ("b", 2.0**71)))
    for op, matched in (("$gt", "b"), ("$gte", "b"), ("$lt", "a"), ("$lte", "a"), ("$eq", ""), ("$ne", "ab")):
        expr = whereql.from_json({"k": {op: odd}})
        assert "".join(record.id for record in (below, above) if whereql.holds(expr, record)) == matched, op
    assert whereql.from_json({"k": {"$contains": odd}}) == p(Op.HAS, "k")
    assert whereql.from_json({"k": {"$not_contains": -odd}}) == Not(p(Op.HAS, "k"))


def test_depth() -> None:
    def nested(levels: int) -> Any:
        where: Any = {"k": 1}
        for _ in range(levels):
            where = {"$and": [where]}
        return where

    assert whereql.from_json(nested(62)) == K  # the deepest that a Chroma server takes
    for levels in (200, 100_000):
        with pytest.raises(whereql.LimitError) as caught:
            whereql.from_json(nested(levels))
        assert caught.value.code == "WQ401"


# Encoding

ENCODED: list[tuple[str, Any]] = [
    ("k = 1", {"k": 1}), ("k != 'a'", {"k": {"$ne": "a"}}), ("k > 1.5", {"k": {"$gt": 1.5}}), ("1 <= k", {"k": {"$gte": 1}}), ("k < 1", {"k": {"$lt": 1}}), ("k <= 1", {"k": {"$lte": 1}}), ("k", {"k": True}),
    ("k IN (1, 2)", {"k": {"$in": [1, 2]}}), ("k NOT IN ('a')", {"k": {"$nin": ["a"]}}), ("k IN (1, 'a', 2)", {"$or": [{"k": {"$in": [1, 2]}}, {"k": {"$in": ["a"]}}]}),
    ("k NOT IN (1, 1.5)", {"$and": [{"k": {"$nin": [1]}}, {"k": {"$nin": [1.5]}}]}), ("k IN ()", {"$or": []}), ("k NOT IN ()", {"$and": []}), ("k HAS 'a'", {"k": {"$contains": "a"}}),
    ("k NOT HAS 1", {"k": {"$not_contains": 1}}), ("k HAS ANY ('a', 1)", {"$or": [{"k": {"$contains": "a"}}, {"k": {"$contains": 1}}]}), ("k HAS ALL ('a', 'b')", {"$and": [{"k": {"$contains": "a"}}, {"k": {"$contains": "b"}}]}),
    ("k NOT HAS ALL ('a', 'b')", {"$or": [{"k": {"$not_contains": "a"}}, {"k": {"$not_contains": "b"}}]}), ("TRUE", {"$and": []}), ("FALSE", {"$or": []}), ("NOT FALSE", {"$and": []}),
    ("a = 1 AND b = 2 OR c = 3", {"$or": [{"$and": [{"a": 1}, {"b": 2}]}, {"c": 3}]}), ("NOT (a = 1 OR b != 2)", {"$and": [{"a": {"$ne": 1}}, {"b": 2}]}), ("NOT NOT a = 1", {"a": 1}),
    ("a = 1 OR k IN (1, 'a')", {"$or": [{"a": 1}, {"k": {"$in": [1]}}, {"k": {"$in": ["a"]}}]}),
    ("#document CONTAINS 'x'", {"#document": {"$contains": "x"}}), ("#document NOT MATCHES 'x'", {"#document": {"$not_regex": "x"}}), ("#document = 'x'", {"chroma:document": "x"}),
    ("#document STARTS WITH 'a.b'", {"#document": {"$regex": r"\Aa\.b"}}), ("#document ENDS WITH 'x?'", {"#document": {"$regex": r"x\?\z"}}), ("#document LIKE 'a%_'", {"#document": {"$regex": r"(?s)\Aa.*.\z"}}),
    ("#document NOT ILIKE 'a'", {"#document": {"$not_regex": r"(?is)\Aa\z"}}), ("#document IS NULL", {"#document": {"$not_contains": ""}}), ("#document IS NOT NULL", {"#document": {"$contains": ""}}),
    ("#id IS NULL", {"$or": []}), ("#uri IN ('x')", {"chroma:uri": {"$in": ["x"]}}), ("`#id` = 1", {"#id": 1}), ("`` = 1", {"": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "where"), ENCODED)
def test_encode(text: str, where: Any) -> None:
    encoded = whereql.to_json(whereql.parse(text))
    assert encoded == where
    assert json.dumps(encoded) == json.dumps(where)  # 1 is not 1.0, True is not 1


def test_texts_as_patterns_keep_their_meaning() -> None:
    """STARTS, ENDS and LIKE of a document become patterns: every character of theirs stands for itself."""
    texts = [*map(chr, range(128)), "é", "\u212a", "ß", "😀", "\u2028", "a.b", "a|b", "(?i)a", "x{2}", r"\d", "[a]", "a\nb"]
    documents = [whereql.make_record(f"{i}", document=document) for i, document in enumerate([*texts, *(f"{text}z" for text in texts), *(f"a{text}" for text in texts), "", None])]
    compared = 0
    for text in texts:
        for op, operand in ((Op.STARTS, text), (Op.ENDS, text), (Op.CONTAINS, text), (Op.LIKE, f"_{like_escape(text)}"), (Op.ILIKE, f"{like_escape(text)}%")):
            expr = p(op, Document(), operand)
            back = whereql.from_json(whereql.to_json(expr))
            for record in documents:
                assert whereql.holds(back, record) is whereql.holds(expr, record), (op, text, record.document)
                compared += whereql.holds(expr, record)
    assert compared > 1_500


UNSAID: list[tuple[str, str]] = [  # a filter, and the part of it that JSON can't say
    ("NOT k > 5", "NOT k > 5"), ("NOT (a = 1 AND k <= 5)", "NOT k <= 5"), ("k > 'a'", "k > 'a'"), ("k IS NULL", "k IS NULL"), ("a = 1 AND k IS NOT NULL", "k IS NOT NULL"), ("k CONTAINS 'a'", "k CONTAINS 'a'"),
    ("k LIKE 'a%'", "k LIKE 'a%'"), ("k NOT MATCHES 'a'", "k NOT MATCHES 'a'"), ("k STARTS WITH 'a'", "k STARTS WITH 'a'"), ("#id = 'x'", "#id = 'x'"), ("#uri LIKE 'x%'", "#uri LIKE 'x%'"), ("#uri IS NULL", "#uri IS NULL"),
    ("`$and` = 1", "`$and` = 1"), ("`#document` = 'x'", "`#document` = 'x'"), ("`chroma:uri` HAS 1", "`chroma:uri` HAS 1"), ("NOT (1 < k < 5)", "NOT k > 1"), ("k NOT BETWEEN 1 AND 5", "NOT k >= 1"),
    ("#document > 'a'", "#document > 'a'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "part"), UNSAID)
def test_encode_refuses_by_name(text: str, part: str) -> None:
    with pytest.raises(whereql.UnsupportedError) as caught:
        whereql.to_json(whereql.parse(text))
    assert caught.value.message.startswith(f"JSON can't say {part}: ")
    assert caught.value.hint
    assert caught.value.span is not None and caught.value.code == "WQ501"


def test_encode_needs_bound_parameters() -> None:
    for text in ("k = :p", "k IN :p", "k IN (1, :p)", "a = 1 OR k HAS ALL :p"):
        with pytest.raises(whereql.CheckError) as caught:
            whereql.to_json(whereql.parse(text))
        assert caught.value.code == "WQ308"


def test_encode_gives_a_value_of_its_own() -> None:
    whereql.to_json(Const(True))["$and"].append(1)
    assert whereql.to_json(Const(True)) == {"$and": []}


# The request around the filters

FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("{}", {}), ('{"ids": null, "where": null, "where_document": null, "limit": null, "offset": null}', {}), ('{"ids": ["a", "a", ""]}', {"ids": ["a", "a", ""]}), ('{"ids": []}', {"ids": []}),
    ('{"limit": 0, "offset": 4294967295}', {"limit": 0, "offset": 4294967295}), ('{"include": []}', {"include": []}), ('{"include": ["uris", "distances", "uris"]}', {"include": ["uris", "distances", "uris"]}),
    ('{"unknown": {"a": [1, null]}, "n_results": 5}', {}), ('{"where": {"k": 1}, "where_document": {"$contains": "a"}}', {"where": K, "where_document": p(Op.CONTAINS, Document(), "a")}),
    ('{"x": 1, "x": 2}', {}), ('{"x": {"limit": 1, "limit": 2}}', {}), (' \n{"limit": 5}\t', {"limit": 5}), ('{"x": ' + "[" * 126 + "]" * 126 + "}", {}), ('{"x": "' + "[" * 500 + '"}', {}), ('{"ids": ["\\ud83d\\ude00"]}', {"ids": ["😀"]}), ('{"x": 123456789012345678901234567890}', {}),
]  # fmt: skip


@pytest.mark.parametrize(("body", "fields"), FIELDS)
def test_request(body: str, fields: dict[str, Any]) -> None:
    expected = GetRequest(**fields)
    assert GetRequest.from_json(body) == expected
    assert GetRequest.from_json(body.encode()) == expected
    assert GetRequest.from_json(json.loads(body)) == expected
    assert expected.include == fields.get("include", ["documents", "metadatas"])


NO_REQUESTS: list[tuple[str | bytes, str, str]] = [
    # not JSON
    ("", "WQ213", "$"), ("{", "WQ213", "$"), ("nul", "WQ213", "$"), ("\ufeff{}", "WQ213", "$"), (b"\xef\xbb\xbf{}", "WQ213", "$"), ('{"limit": 1,}', "WQ213", "$"), ("{} {}", "WQ213", "$"), ("{'limit': 1}", "WQ213", "$"),
    ('{"limit": 01}', "WQ213", "$"), ('{"limit": 1.}', "WQ213", "$"), ('{"limit": +1}', "WQ213", "$"), ('{"limit": NaN}', "WQ213", "$"), ('{"x": Infinity}', "WQ213", "$"), ('{"x": -Infinity}', "WQ213", "$"),
    ('{"x": 1e309}', "WQ213", "$"), ('{"x": -1e400}', "WQ213", "$"), ('{"x": ' + "9" * 400 + "}", "WQ213", "$"), ('{"x": "\\ud800"}', "WQ213", "$"), ('{"\\udfff": 1}', "WQ213", "$"), ('{"x": "\n"}', "WQ213", "$"),
    (b'{"x": "\xff"}', "WQ213", "$"), (b'{"x": "\xed\xa0\x80"}', "WQ213", "$"), ('{"x": "\\q"}', "WQ213", "$"), ('{"x" 1}', "WQ213", "$"), ('{"x": "a', "WQ213", "$"), ("[" * 100_000, "WQ401", "$"),
    ('{"x": ' + "[" * 5_000 + "]" * 5_000 + "}", "WQ401", "$"), ('{"x": ' + "[" * 127 + "]" * 127 + "}", "WQ401", "$"), ('{"where": ' + '{"$or": [' * 500 + "]}" * 500 + "}", "WQ401", "$"),
    # JSON, but no request
    ("[]", "WQ214", "$"), ("null", "WQ214", "$"), ('"a"', "WQ214", "$"), ("1", "WQ214", "$"), ('{"limit": 1.0}', "WQ214", "$.limit"), ('{"limit": -1}', "WQ214", "$.limit"), ('{"limit": "5"}', "WQ214", "$.limit"),
    ('{"limit": true}', "WQ214", "$.limit"), ('{"limit": 4294967296}', "WQ214", "$.limit"), ('{"limit": -0}', "WQ214", "$.limit"), ('{"offset": 1e1}', "WQ214", "$.offset"), ('{"offset": []}', "WQ214", "$.offset"),
    ('{"include": null}', "WQ214", "$.include"), ('{"include": "documents"}', "WQ214", "$.include"), ('{"include": {}}', "WQ214", "$.include"), ('{"include": ["uris", "Documents"]}', "WQ214", "$.include[1]"),
    ('{"include": ["data"]}', "WQ214", "$.include[0]"), ('{"include": [null]}', "WQ214", "$.include[0]"), ('{"ids": "a"}', "WQ214", "$.ids"), ('{"ids": ["a", 1]}', "WQ214", "$.ids[1]"), ('{"ids": [null]}', "WQ214", "$.ids[0]"),
    ('{"ids": {}}', "WQ214", "$.ids"), ('{"limit": 1, "limit": 1}', "WQ214", "$.limit"), ('{"x": 1, "x": 1, "where": null, "where": null}', "WQ214", "$.where"), ('{"ids": [], "ids": [], "x": {}}', "WQ214", "$.ids"),
    ('{"where": "k = 1"}', "WQ201", "$.where"), ('{"where": []}', "WQ201", "$.where"), ('{"where": {}}', "WQ202", "$.where"), ('{"where_document": {}}', "WQ202", "$.where_document"), ('{"where": false}', "WQ201", "$.where"),
    ('{"where": {}, "where_document": {"$regex": "("}}', "WQ202", "$.where"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "path"), NO_REQUESTS, ids=lambda value: ascii(value)[:40])
def test_no_request(body: str | bytes, code: str, path: str) -> None:
    with pytest.raises(whereql.WhereqlError) as caught:
        GetRequest.from_json(body)
    assert (caught.value.code, caught.value.path) == (code, path), str(caught.value)
    assert caught.value.hint
    assert not any(word in str(caught.value) for word in ("_Fields", "Expecting", "utf-8-sig", "delimiter", "Python"))


def test_request_from_a_python_object() -> None:
    assert GetRequest.from_json({"where": {"k": 1}, "limit": 5}) == GetRequest(where=K, limit=5)
    for body in ([], None, "", 5):
        with pytest.raises(whereql.WhereError):
            GetRequest.from_json(body)  # type: ignore[arg-type]


def test_both_filters_hold() -> None:
    request = GetRequest.from_json('{"where": {"k": 1}, "where_document": {"$contains": "a"}, "ids": ["x"], "limit": 3}')
    query = request.to_query()
    assert query.where == And([K, p(Op.CONTAINS, Document(), "a")])
    assert (query.ids, query.limit, query.offset, query.include) == (("x",), 3, 0, ("documents", "metadatas"))
    assert GetRequest().to_query().where == Const(True)


def test_body_limit() -> None:
    with pytest.raises(whereql.LimitError), whereql.use_limits(body=10):
        GetRequest.from_json('{"limit":    5}')
    with pytest.raises(whereql.LimitError) as caught, whereql.use_limits(items=2):
        GetRequest.from_json('{"ids": ["a", "b", "c"]}')
    assert caught.value.path == "$.ids"
    with pytest.raises(whereql.LimitError) as caught, whereql.use_limits(items=2):
        GetRequest.from_json('{"where": {"k": {"$in": [1, 2, 3]}}}')
    assert caught.value.path == "$.where.k.$in"


def test_kinds_of_numbers_are_those_of_their_spelling() -> None:
    def kind(number: str) -> Any:
        return GetRequest.from_json('{"where": {"k": ' + number + "}}").where.operand.kind  # type: ignore[union-attr]

    assert [kind(number) for number in ("1", "-1", "9223372036854775807")] == [Kind.INT] * 3
    assert [kind(number) for number in ("1.0", "-0", "0e0", "1E2", "18446744073709551616", "-9223372036854775809.5")] == [Kind.FLOAT] * 6
