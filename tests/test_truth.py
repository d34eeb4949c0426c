"""Hand-written answers, and the tempting misreadings that each of them catches.

`truth/*.jsonl` has a row per line: `value` (what the record has under the key `k`; left out, it lacks the key), `id`,
`document`, `uri` (its own fields), `where` (a filter), `answer`, `why`, and `wrong`: the name of a misreading in
`readings.py` that answers otherwise, or null.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from readings import MISREADINGS, Reading

import whereql
from whereql.ast import Not, predicates
from whereql.records import stored_kind

pytestmark = pytest.mark.filterwarnings("ignore::whereql.errors.WhereqlWarning")

Row = dict[str, Any]
Op = whereql.Op
FILES = sorted((Path(__file__).parent / "truth").glob("*.jsonl"))
KINDS = {"missing", "string", "int", "float", "bool", "string[]", "int[]", "float[]", "bool[]"}
FEWEST = 3  # rows that each misreading must fall over


def read_rows(path: Path) -> list[Row]:
    return [{"at": f"{path.stem}:{number}"} | json.loads(line) for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)]


ROWS = [row for path in FILES for row in read_rows(path)]


def record_of(row: Row) -> whereql.Record:
    metadata = {"k": row["value"]} if "value" in row else None
    return whereql.make_record(row.get("id", "a"), document=row.get("document"), uri=row.get("uri"), metadata=metadata)


def one_collection(record: whereql.Record) -> whereql.Collection:
    collection = whereql.open("memory:")
    collection.add(record.id, metadatas=[record.metadata], documents=[record.document], uris=[record.uri])
    return collection


@cache
def everything(indexes: str) -> tuple[list[whereql.Record], whereql.Collection]:
    """All records of all rows in one collection, each under an id of its own. indexes: the mode, as the fixture set it."""
    rows = [row if "id" in row else row | {"id": row["at"]} for row in ROWS]
    records = list({record.id: record for record in map(record_of, rows)}.values())
    collection = whereql.open("memory:")
    collection.add(
        [record.id for record in records],
        metadatas=[record.metadata for record in records],
        documents=[record.document for record in records],
        uris=[record.uri for record in records],
    )
    return records, collection


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["at"])
def test_the_answer_is_the_hand_written_one(row: Row) -> None:
    expr, record = whereql.parse(row["where"]), record_of(row)
    assert whereql.holds(expr, record) is row["answer"]
    assert whereql.compile_matcher(expr)(record) is row["answer"]
    with one_collection(record) as collection:
        assert collection.count(row["where"]) == row["answer"]
        assert collection.count(Not(expr)) == (not row["answer"])
    assert Reading().holds(expr, record) is row["answer"]


@pytest.mark.parametrize("row", [row for row in ROWS if row["wrong"]], ids=lambda row: row["at"])
def test_the_misreading_that_the_row_names_falls_over_it(row: Row) -> None:
    assert MISREADINGS[row["wrong"]].holds(whereql.parse(row["where"]), record_of(row)) is not row["answer"]


@pytest.mark.parametrize("name", MISREADINGS)
def test_every_misreading_is_found_out(name: str) -> None:
    wrong = MISREADINGS[name]
    caught = [row["at"] for row in ROWS if wrong.holds(whereql.parse(row["where"]), record_of(row)) is not row["answer"]]
    assert len(caught) >= FEWEST
    assert any(row["wrong"] == name for row in ROWS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_filter_means_the_same_on_every_record(path: Path, indexes: str) -> None:
    """The filters of a file on the records of all files: truth, matcher, memory, and the second reading."""
    records, collection = everything(indexes)
    reading = Reading()
    for where in {row["where"] for row in read_rows(path)}:
        expr = whereql.parse(where)
        matches = whereql.compile_matcher(expr)
        expected = [record.id for record in records if whereql.holds(expr, record)]
        assert [record.id for record in records if matches(record)] == expected, where
        assert collection.get(expr).ids == expected, where
        assert [record.id for record in records if reading.holds(expr, record)] == expected, where


def test_there_are_enough_rows_and_none_twice() -> None:
    assert len(ROWS) >= 600
    assert all(row.keys() <= {"at", "value", "id", "document", "uri", "where", "answer", "wrong", "why"} and row["why"] for row in ROWS)
    # By its spelling in JSON, since 1 == 1.0 == True to Python.
    twice = Counter(json.dumps({name: row[name] for name in ("value", "id", "document", "uri", "where") if name in row}) for row in ROWS)
    assert [spelling for spelling, count in twice.items() if count > 1] == []
    assert 0.3 < sum(row["answer"] for row in ROWS) / len(ROWS) < 0.7


@cache
def count_tests() -> Counter[tuple[whereql.Op, str, bool]]:
    """How many rows have an operator, a kind of stored value ("missing" for none) under it, and an answer."""
    found: Counter[tuple[whereql.Op, str, bool]] = Counter()
    for row in ROWS:
        kind = stored_kind(record.metadata["k"]) if (record := record_of(row)).metadata else "missing"
        found.update((predicate.op, kind, row["answer"]) for predicate in predicates(whereql.parse(row["where"])))
    return found


@pytest.mark.parametrize("op", Op, ids=lambda op: op.name)
def test_every_operator_meets_every_kind(op: whereql.Op) -> None:
    counts = count_tests()
    assert {kind for _, kind, _ in counts} == KINDS | {"sparse_vector"}
    assert {kind for each, kind, _ in counts if each is op} >= KINDS
    assert {answer for each, _, answer in counts if each is op} == {True, False}
