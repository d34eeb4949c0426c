from __future__ import annotations

import copy
import csv
import datetime as dt
import decimal
import importlib.util
import json
import os
import random
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from whereql.errors import BackendError, WhereqlError
from whereql.files import ENDINGS, read_records
from whereql.records import Record, make_record
from whereql.response import GetResponse

EXAMPLES = Path(__file__).parents[1] / "examples"
VECTOR = [0.5, -1.25]


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder: Path, name: str, content: bytes | str, **options: Any) -> list[Record]:
    return read_records(write(folder, name, content), **options)


def lines(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def refused(path: str | Path, **options: Any) -> WhereqlError:
    with pytest.raises(WhereqlError) as caught:
        read_records(path, **options)
    return caught.value


def same(left: list[Record], right: list[Record]) -> bool:
    """Equal records, kinds of values and embeddings included, which == leaves out."""

    def exact(record: Record) -> tuple[object, ...]:
        vector = None if record.embedding is None else record.embedding.tolist()
        return record.id, record.document, record.uri, vector, repr(record.metadata)

    return [exact(r) for r in left] == [exact(r) for r in right]


NESTED: list[dict[str, Any]] = [
    {"id": "a", "document": "text", "uri": "u:a", "embedding": VECTOR, "metadata": {"year": 2020, "tags": ["x", "y"]}},
    {"id": "b", "document": None, "metadata": None},
    {"id": "c", "metadata": {"score": 1.0, "ok": True, "none": None, "empty": []}},
]
FLAT = [
    {"id": "a", "document": "text", "uri": "u:a", "embedding": VECTOR, "year": 2020, "tags": ["x", "y"]},
    {"id": "b", "document": None, "year": None},
    {"id": "c", "score": 1.0, "ok": True, "none": None, "empty": []},
]
RECORDS = [
    make_record("a", document="text", uri="u:a", embedding=VECTOR, metadata={"year": 2020, "tags": ["x", "y"]}),
    make_record("b"),
    make_record("c", metadata={"score": 1.0, "ok": True}),
]
RESPONSE = {
    "ids": ["a", "b", "c"],
    "embeddings": [VECTOR, None, None],
    "documents": ["text", None, None],
    "uris": ["u:a", None, None],
    "metadatas": [NESTED[0]["metadata"], None, NESTED[2]["metadata"]],
    "include": ["documents"],
}


# ── the formats and the two forms ──


@pytest.mark.parametrize("rows", [NESTED, FLAT], ids=["nested", "flat"])
@pytest.mark.parametrize("ending", [".jsonl", ".ndjson", ".JSONL"])
def test_json_lines(tmp_path: Path, ending: str, rows: list[Any]) -> None:
    assert same(read(tmp_path, f"r{ending}", lines(*rows)), RECORDS)


@pytest.mark.parametrize(
    "value",
    [NESTED, FLAT, {"records": NESTED}, {"version": 1, "records": FLAT}, RESPONSE, {**RESPONSE, "included": [], "data": None}],
    ids=["nested", "flat", "records", "flat records", "response", "client response"],
)
def test_json(tmp_path: Path, value: object) -> None:
    assert same(read(tmp_path, "r.json", json.dumps(value, indent=1)), RECORDS)


def test_json_lines_skip_blank_lines_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    text = "\ufeff" + "\r\n \t\r\n\n".join(json.dumps(row) for row in NESTED)
    assert same(read(tmp_path, "r.jsonl", text), RECORDS)
    assert same(read(tmp_path, "r.json", "\ufeff" + json.dumps(NESTED)), RECORDS)


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    odd = "a\u2028b\u0085c\x0b"
    (record,) = read(tmp_path, "r.jsonl", json.dumps({"id": "a", "document": odd}, ensure_ascii=False))
    assert record.document == odd


@pytest.mark.parametrize("name, content", [("r.jsonl", ""), ("r.jsonl", "\n\n"), ("r.json", "[]"), ("r.json", '{"ids": []}'), ("r.csv", "id,year\n")])
def test_no_records(tmp_path: Path, name: str, content: str) -> None:
    assert read(tmp_path, name, content) == []


def test_csv(tmp_path: Path) -> None:
    text = 'id,document,uri,embedding,year,score,ok,title\na,"te\nxt",u:a,"[0.5, -1.25]",2020,1,TRUE,"say ""hi"", all"\nb,,,,,,,\n\nc,,,,-5,2.5e3,False,x\n'
    assert same(
        read(tmp_path, "r.csv", "\ufeff" + text.replace("\n", "\r\n")),
        [
            make_record("a", document="te\r\nxt", uri="u:a", embedding=VECTOR, metadata={"year": 2020, "score": 1.0, "ok": True, "title": 'say "hi", all'}),
            make_record("b"),
            make_record("c", metadata={"year": -5, "score": 2500.0, "ok": False, "title": "x"}),
        ],
    )


@pytest.mark.parametrize(
    "cells, values",
    [
        (["0", "-7", "12"], [0, -7, 12]),
        (["9223372036854775807", "-9223372036854775808"], [2**63 - 1, -(2**63)]),
        (["9223372036854775808", "1"], ["9223372036854775808", "1"]),  # as a double it would equal its neighbours
        (["007", "12"], ["007", "12"]),
        (["007.5", "12"], ["007.5", "12"]),
        (["+1", "2"], ["+1", "2"]),
        (["-0", "2"], ["-0", "2"]),
        (["1 ", "2"], ["1 ", "2"]),
        (["1_000", "2"], ["1_000", "2"]),
        (["١", "2"], ["١", "2"]),
        (["1.0", "2"], [1.0, 2.0]),
        (["1e3", "-2.5E-1"], [1000.0, -0.25]),
        (["1e999", "2"], ["1e999", "2"]),
        ([".5", "2"], [".5", "2"]),
        (["NaN", "2"], ["NaN", "2"]),
        (["9007199254740992", "2.5"], [9007199254740992.0, 2.5]),
        (["9007199254740993", "2.5"], ["9007199254740993", "2.5"]),  # as a double it would be ...992
        (["inf", "2"], ["inf", "2"]),
        (["true", "FALSE", "True"], [True, False, True]),
        (["true", "1"], ["true", "1"]),
        (["true", "no"], ["true", "no"]),
        (["", "3", ""], [None, 3, None]),
        (["", ""], [None, None]),
        (["1", "x"], ["1", "x"]),
    ],
)
def test_csv_infers_the_kind_from_all_cells(tmp_path: Path, cells: list[str], values: list[object]) -> None:
    text = "id,k\n" + "".join(f"r{i},{cell}\n" for i, cell in enumerate(cells))
    read_back = [(record.metadata or {}).get("k") for record in read(tmp_path, "r.csv", text)]
    assert repr(read_back) == repr(values)


@pytest.mark.parametrize(
    "kind, cell, value",
    [
        ("string", "12", "12"),
        ("string", "", None),
        ("int", "007", 7),
        ("int", "+5", 5),
        ("int", "-0", 0),
        ("float", "1", 1.0),
        ("float", ".5", 0.5),
        ("float", "9223372036854775808", 2.0**63),
        ("float", "", None),
        ("bool", "tRuE", True),
    ],
)
def test_csv_declared_kinds(tmp_path: Path, kind: str, cell: str, value: object) -> None:
    (record,) = read(tmp_path, "r.csv", f"id,k\na,{cell}\n", kinds={"k": kind})
    assert repr((record.metadata or {}).get("k")) == repr(value)


@pytest.mark.parametrize(
    "kind, cell",
    [("int", "1.0"), ("int", "x"), ("int", "9223372036854775808"), ("int", "9" * 5000), ("int", "0" * 5000), ("int", " 1"), ("int", "١"),
     ("float", "nan"), ("float", "1e999"), ("float", "1,5"), ("float", "1_0"), ("bool", "1"), ("bool", "yes")],
)  # fmt: skip
def test_csv_cell_that_is_not_of_its_declared_kind(tmp_path: Path, kind: str, cell: str) -> None:
    file = write(tmp_path, "r.csv", f'id,k\na,\nb,"{cell}"\n')
    error = refused(file, kinds={"k": kind})
    assert (error.code, error.path) == ("WQ706", f"{file}:3.k")
    assert f"is not {'an int' if kind == 'int' else f'a {kind}'}, as declared for the column 'k'" in error.message


def test_csv_cells_longer_than_the_csv_modules_limit(tmp_path: Path) -> None:
    csv.field_size_limit(before := 131_072)
    (record,) = read(tmp_path, "r.csv", f"id,document\na,{'x' * 300_000}\n")
    assert len(record.document or "") == 300_000
    assert csv.field_size_limit() == before


def test_csv_in_threads_keeps_the_csv_modules_limit(tmp_path: Path) -> None:
    counts: list[int] = []
    file = write(tmp_path, "r.csv", "id,document\n" + f"a,{'x' * 200_000}\n" + "".join(f"{n},y\n" for n in range(20_000)) + f"b,{'x' * 200_000}\n")
    csv.field_size_limit(before := 131_072)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    barrier = threading.Barrier(4)

    def load() -> None:
        barrier.wait()
        counts.append(len(read_records(file)))

    threads = [threading.Thread(target=load) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert counts == [20_002] * 4 and csv.field_size_limit() == before


def parquet(folder: Path, columns: dict[str, Any], name: str = "r.parquet") -> Path:
    pq.write_table(pa.table(columns), folder / name)
    return folder / name


def test_parquet_nested_and_flat(tmp_path: Path) -> None:
    own = {"id": ["a", "b"], "document": ["text", None], "uri": [None, "u"], "embedding": pa.array([VECTOR, None], pa.list_(pa.float32(), 2))}
    metadata = [{"year": 2020, "tags": ["x", None]}, None]
    expected = [make_record("a", document="text", embedding=VECTOR, metadata={"year": 2020, "tags": ["x"]}), make_record("b", uri="u")]
    assert same(read_records(parquet(tmp_path, {**own, "metadata": metadata})), expected)
    bare = read_records(parquet(tmp_path, {"id": ["a"], "embedding": pa.nulls(1), "metadata": pa.array([None], pa.struct([("k", pa.int64())]))}))
    assert same(bare, [make_record("a")])
    assert same(read_records(parquet(tmp_path, {**own, "year": [2020, None], "tags": [["x", None], None]})), expected)


NOON = dt.datetime(2024, 5, 1, 12)


@pytest.mark.parametrize(
    "array, values",
    [
        (pa.array([1, None], pa.int8()), [1, None]),
        (pa.array([2**64 - 1, 5], pa.uint64()), [2.0**64, 5]),
        (pa.array([1.5, None], pa.float32()), [1.5, None]),
        (pa.array([np.float16(1.5)], pa.float16()), [1.5]),
        (pa.array([True, None]), [True, None]),
        (pa.array([None, None]), [None, None]),
        (pa.array(["x", None], pa.large_string()), ["x", None]),
        (pa.array(["x", "y", None]).dictionary_encode(), ["x", "y", None]),
        (pa.array([dt.date(1970, 1, 2), dt.date(1969, 12, 31), None]), [86400, -86400, None]),
        (pa.array([dt.date(2024, 5, 1)], pa.date64()), [1714521600]),
        (pa.array([NOON, None], pa.timestamp("s")), [1714564800, None]),
        (pa.array([NOON], pa.timestamp("ns", "Europe/Berlin")), [1714564800]),
        (pa.array([1_714_564_800_500_001, -1], pa.timestamp("us")), [1714564800.500001, -1e-06]),
        (pa.array([decimal.Decimal("0.10"), None], pa.decimal128(38, 2)), [0.1, None]),
        (pa.array([decimal.Decimal("123456789012345678901.5")], pa.decimal256(60, 1)), [123456789012345678901.5]),
        (pa.array([[1, None, 2], [], None]), [[1, 2], None, None]),
        (pa.array([[NOON], None, [NOON, NOON]], pa.list_(pa.timestamp("ms"))), [[1714564800], None, [1714564800, 1714564800]]),
        (pa.array([["x"], None, ["y", "x"]], pa.large_list(pa.string())), [["x"], None, ["y", "x"]]),
        (pa.array([[1, 2], None, [3, None]], pa.list_(pa.int64(), 2)), [[1, 2], None, [3]]),
        (pa.array([["x", None], ["y"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))), [["x"], ["y"]]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_parquet_types(tmp_path: Path, array: Any, values: list[object]) -> None:
    ids = [f"r{i}" for i in range(len(array))]
    flat = read_records(parquet(tmp_path, {"id": ids, "k": array}))
    assert repr([(record.metadata or {}).get("k") for record in flat]) == repr(values)
    struct = pa.StructArray.from_arrays([array, pa.array(ids)], names=["k", "id"])
    nested = read_records(parquet(tmp_path, {"id": ids, "metadata": struct}))
    assert repr([(record.metadata or {}).get("k") for record in nested]) == repr(values)


@pytest.mark.parametrize(
    "array, column, type",
    [
        (pa.array([b"x"]), "k", "binary"),
        (pa.array([dt.time(1)]), "k", "time64[us]"),
        (pa.array([dt.timedelta(1)]), "k", "duration[us]"),
        (pa.array([{"a": 1}]), "k", "struct<a: int64>"),
        (pa.array([[[1]]]), "k", "list<"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "k", "map<"),
        (pa.array([[b"x"]]), "k", "binary"),
    ],
)
def test_parquet_types_that_no_value_has(tmp_path: Path, array: Any, column: str, type: str) -> None:
    for columns, shown in (({"k": array}, "'k'"), ({"metadata": pa.StructArray.from_arrays([array], names=["k"])}, "'metadata.k'")):
        error = refused(parquet(tmp_path, {"id": ["a"], **columns}))
        assert error.code == "WQ706" and shown in error.message and type in error.message, error


def test_parquet_over_many_batches(tmp_path: Path) -> None:
    size = 10_001
    file = parquet(tmp_path, {"id": list(range(size)), "n": [None if i % 3 else i for i in range(size)], "tags": [[str(i)] for i in range(size)]})
    records = read_records(file)
    assert [record.id for record in records] == [str(i) for i in range(size)]
    assert all((r.metadata or {}).get("n") == (None if i % 3 else i) and (r.metadata or {})["tags"] == [str(i)] for i, r in enumerate(records))


def test_parquet_names_the_row_counted_over_all_batches(tmp_path: Path) -> None:
    ids: list[str | None] = [f"r{i}" for i in range(9000)]
    ids[8500] = None
    file = parquet(tmp_path, {"id": ids})
    assert refused(file).path == f"{file}:rows[8500]"


def test_parquet_without_pyarrow_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = parquet(tmp_path, {"id": ["a"]})
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    error = refused(file)
    assert (error.code, error.hint) == ("WQ711", "pip install 'whereql[parquet]'")


# ── own columns, ids, form ──


@pytest.mark.parametrize("name, content", [("r.csv", "sku,body,link,vec,id\n1,text,u,[1],x\n"),
    ("r.jsonl", '{"sku": 1, "body": "text", "link": "u", "vec": [1], "id": "x"}'),
    ("r.jsonl", '{"sku": "1", "body": "text", "link": "u", "vec": [1], "metadata": {"id": "x"}}')])  # fmt: skip
def test_own_columns_by_other_names(tmp_path: Path, name: str, content: str) -> None:
    records = read(tmp_path, name, content, id="sku", document="body", uri="link", embedding="vec")
    assert same(records, [make_record("1", document="text", uri="u", embedding=[1], metadata={"id": "x"})])


def test_ids_that_are_ints_become_their_text_and_csv_keeps_the_spelling(tmp_path: Path) -> None:
    huge = 10**30
    assert [r.id for r in read(tmp_path, "r.jsonl", lines({"id": 17}, {"id": "018"}, {"id": huge}))] == ["17", "018", str(huge)]
    assert [r.id for r in read(tmp_path, "r.csv", "id\n17\n018\n1.0\n")] == ["17", "018", "1.0"]
    assert [r.id for r in read_records(parquet(tmp_path, {"id": [17, -1]}))] == ["17", "-1"]


def test_the_first_telling_record_decides_the_form(tmp_path: Path) -> None:
    nested = lines({"id": "a"}, {"id": "b", "document": "d", "metadata": None}, {"id": "c", "metadata": {"year": 1}})
    assert [r.metadata for r in read(tmp_path, "r.jsonl", nested)] == [None, None, {"year": 1}]
    flat = lines({"id": "a", "metadata": None}, {"id": "b", "metadata": "text", "year": 1})
    assert [r.metadata for r in read(tmp_path, "r.jsonl", flat)] == [None, {"metadata": "text", "year": 1}]


def test_ints_and_floats_by_their_spelling(tmp_path: Path) -> None:
    (record,) = read(tmp_path, "r.jsonl", '{"id": "a", "i": 1, "f": 1.0, "e": 1e2, "big": 9223372036854775808, "z": -0.0, "mixed": [1, 2.5]}')
    assert repr(record.metadata) == repr({"i": 1, "f": 1.0, "e": 100.0, "big": 2.0**63, "z": 0.0, "mixed": [1.0, 2.5]})


def test_progress_counts_records_and_ends_with_the_total(tmp_path: Path) -> None:
    calls: list[int] = []
    read(tmp_path, "r.jsonl", lines(*({"id": i} for i in range(2500))), progress=calls.append)
    assert calls == [1000, 2000, 2500]


def test_an_error_of_progress_is_the_callers_own(tmp_path: Path) -> None:
    def broken(count: int) -> None:
        raise BrokenPipeError("mine")

    rows = [{"id": str(i)} for i in range(1000)]
    for file in (write(tmp_path, "r.jsonl", lines(*rows)), parquet(tmp_path, {"id": [row["id"] for row in rows]})):
        with pytest.raises(BrokenPipeError, match="mine"):
            read_records(file, progress=broken)


def test_endings_are_the_formats(tmp_path: Path) -> None:
    assert ENDINGS == (".jsonl", ".ndjson", ".json", ".csv", ".parquet")
    assert same(read(tmp_path, "dump.txt", lines(*NESTED), format="jsonl"), RECORDS)
    assert same(read(tmp_path, "dump", lines(*NESTED), format=".NDJSON"), RECORDS)
    assert [r.id for r in read(tmp_path, "odd.json", "id\na\n", format="csv")] == ["a"]


# ── errors: file, line and reason ──

GOOD = '{"id": "a", "year": 1}\n'
DEEP = "[" * 100_000

# content, code, path behind the file's name, parts of the message
JSONL_ERRORS: list[tuple[str, str, str, str]] = [
    (GOOD + "\n{oops}\n", "WQ706", ":3", "expected a key in double quotes, found 'oops' (column 2)"),
    (GOOD + '{"id": "b" , }', "WQ706", ":2", "a comma stands before the end (column 12)"),
    ('{"id": "a", "tags": ["x",\t]}', "WQ706", ":1", "a comma stands before the end (column 25)"),
    ('{"id": "a", "tags": [,]}', "WQ706", ":1", "expected a value, found ',' (column 22)"),
    ('{"id": "b"', "WQ706", ":1", "expected ',' or the end of the list or object, found the end (column 11)"),
    ('{"id" "b"}', "WQ706", ":1", "expected ':' after the key, found '\"' (column 7)"),
    ('{"id": True}', "WQ706", ":1", "expected a value, found 'True' (column 8)"),
    ("{'id': 1}", "WQ706", ":1", "expected a key in double quotes, found ''' (column 2)"),
    ('{"id": "b}', "WQ706", ":1", "a string begins here and never ends (column 8)"),
    ('{"id": "b\tc"}', "WQ706", ":1", "a string holds a bare control character (column 10)"),
    ('{"id": "\\x"}', "WQ706", ":1", "this is no escape, found '\\x' (column 9)"),
    ('{"id": "a"} {"id": "b"}', "WQ706", ":1", "the value ends before this, found '{' (column 13)"),
    ("\ufeff\ufeff{}", "WQ706", ":1", "expected a value, found '\ufffd' (column 1)"),
    (GOOD + "[1]", "WQ706", ":2", "a line holds an object, got a list"),
    (GOOD + '"text"', "WQ706", ":2", "a line holds an object, got a string"),
    (GOOD + "17", "WQ706", ":2", "a line holds an object, got an int"),
    (GOOD + "null", "WQ706", ":2", "a line holds an object, got null"),
    ('{"id": "a", "year": NaN}', "WQ706", ":1", "JSON has no NaN (column 21)"),
    ('{"id": "a", "year": -Infinity}', "WQ706", ":1", "JSON has no -Infinity (column 21)"),
    ('{"id": "a", "s": "NaN \\" [", "year": Infinity}', "WQ706", ":1", "JSON has no Infinity (column 38)"),
    ('{"id": "a", "f": [' + f"1{'0' * 450}.5e-440, 0.{'1' * 450}, 1e-{'0' * 450}1" + '], "n": NaN}', "WQ706", ":1", "JSON has no NaN"),
    ('{"id": "a", "year": 1, "\\u0079ear": 2}', "WQ706", ":1", "the key 'year' stands twice in one object (column 24)"),
    ('{"id": "a", "metadata": {"k": 1, "l": {"k": 2}, "k": 3}}', "WQ706", ":1", "the key 'k' stands twice in one object (column 49)"),
    (GOOD + DEEP, "WQ706", ":2", "nested deeper than 100 levels (column 101)"),
    (GOOD + '{"a":' * 100_000, "WQ706", ":2", "nested deeper than 100 levels"),
    (GOOD + '{"id": "b", "year": ' + "9" * 5000 + "}", "WQ706", ":2", "a number of 5,000 digits is beyond the doubles (column 21)"),
    (GOOD + '{"id": "b", "year": -' + "9" * 350 + "}", "WQ703", ":2.year", "beyond the doubles"),
    (GOOD + '{"id": "b", "year": 1e999}', "WQ703", ":2.year", "beyond the doubles"),
    (GOOD + '{"id": "b", "nested": {"k": 1}}', "WQ703", ":2.nested", "no nested objects"),
    (GOOD + '{"id": "b", "tags": [1, "x"]}', "WQ703", ":2.tags", "a list holds values of one kind, got a string and an int"),
    (GOOD + '{"id": "b", "tags": ["x", null]}', "WQ703", ":2.tags[1]", "got null"),
    (GOOD + '{"id": "b", "document": 5}', "WQ702", ":2.document", "expected a string or null, got an int"),
    (GOOD + '{"id": "b", "embedding": ["x"]}', "WQ704", ":2.embedding", "an embedding is a list of finite float32 numbers"),
    (GOOD + '{"id": "b", "embedding": []}', "WQ704", ":2.embedding", "at least one"),
    (GOOD + '{"id": "b", "title": "\\ud800"}', "WQ307", ":2.title", "lone surrogate (U+D800)"),
    ('{"id": "a", "metadata": {"tags": ["x", 1.5, {}]}}', "WQ703", ":1.metadata.tags[2]", "got an object"),
    ('{"id": "a", "metadata": {"k": 1}}\n{"id": "b", "year": 1}', "WQ706", ":2", "'year' stands beside 'metadata'"),
    ('{"id": "a", "metadata": {"k": 1}, "yeer": 2}', "WQ706", ":1", "'yeer' stands beside 'metadata'"),
    (GOOD + '{"id": "b", "metadata": {"k": 1}}', "WQ706", ":2", "here 'metadata' is an object, but the records before"),
    (GOOD + "\n" + GOOD, "WQ708", ":3", "the id 'a' is that of line 1, too"),
    ('{"id": 17}\n{"id": "17"}', "WQ708", ":2", "the id '17' is that of line 1, too"),
    (GOOD + '{"sku": "b", "year": 1}', "WQ709", ":2", "the record has no 'id'"),
    (GOOD + '{"id": null, "year": 1}', "WQ709", ":2", "the record has no value for 'id'"),
    (GOOD + '{"id": ""}', "WQ702", ":2.id", "expected a string that is not empty, got an empty string"),
    (GOOD + '{"id": 1.0}', "WQ702", ":2.id", "expected a string that is not empty, got a float"),
    (GOOD + '{"id": true}', "WQ702", ":2.id", "expected a string that is not empty, got a bool"),
    (GOOD + '{"id": ["b"]}', "WQ702", ":2.id", "expected a string that is not empty, got a list"),
]  # fmt: skip


def check_message(error: WhereqlError) -> None:
    """One harmless line, of bearable length, in words, with a hint."""
    text = str(error)
    assert text.isprintable() and len(text) < 1000, ascii(text)
    assert error.hint and error.hint[0] != " ", text
    for internal in ("Traceback", "Error", "Exception", "0x7f", "delimiter", "<class"):
        assert internal not in text, text


@pytest.mark.parametrize("content, code, place, message", JSONL_ERRORS)
def test_json_lines_errors(tmp_path: Path, content: str, code: str, place: str, message: str) -> None:
    file = write(tmp_path, "r.jsonl", content)
    error = refused(file)
    assert (error.code, error.path) == (code, f"{file}{place}")
    assert message in error.message, error.message
    check_message(error)


# content, code, path behind the file's name, a part of the message
JSON_ERRORS: list[tuple[str, str, str, str]] = [
    ("", "WQ706", ":1", "expected a value, found the end (column 1)"),
    ('[\n {"id": "a"},\n {"id": "b",,}\n]', "WQ706", ":3", "expected a key in double quotes, found ',' (column 13)"),
    ('[\n {"id": "a"},\n {"id": "b", "id": "c"}\n]', "WQ706", ":3", "the key 'id' stands twice in one object (column 14)"),
    ('[\n {"id": "a"},\n {"id": "b", "n": NaN}\n]', "WQ706", ":3", "JSON has no NaN"),
    ('[\n {"id": "a"}]\n]', "WQ706", ":3", "the value ends before this, found ']' (column 1)"),
    (GOOD + GOOD, "WQ706", ":2", "the value ends before this"),
    (DEEP, "WQ706", ":1", "nested deeper than 100 levels"),
    ("9" * 5000, "WQ706", ":1", "a number of 5,000 digits"),
    ("17", "WQ706", "", "no records in an int"),
    ('{"id": "a"}', "WQ706", "", "no records in an object"),
    ('{"records": {"id": "a"}}', "WQ706", "", "'records' is a list, got an object"),
    ('[{"id": "a"}, 5]', "WQ706", ":records[1]", "a record is an object, got an int"),
    ('{"records": [{"id": "a", "metadata": {"tags": ["x", null]}}]}', "WQ703", ":records[0].metadata.tags[1]", "got null"),
    ('[{"id": "a"}, {"id": "a"}]', "WQ708", ":records[1]", "the id 'a' is that of records[0], too"),
    ('[{"id": "a"}, {"ids": "a"}]', "WQ709", ":records[1]", "the record has no 'id'"),
    ('{"ids": "a"}', "WQ706", "", "'ids' is a list, got a string"),
    ('{"ids": null}', "WQ706", "", "'ids' is a list, got null"),
    ('{"ids": ["a"], "documents": "x"}', "WQ706", "", "'documents' is a list, got a string"),
    ('{"ids": ["a"], "documents": []}', "WQ706", "", "'documents' has 0 entries for 1 ids"),
    ('{"ids": ["a"], "distances": [1]}', "WQ706", "", "'distances' is no part of a get response"),
    ('{"ids": ["a"], "data": [1]}', "WQ706", "", "'data' is no part of a get response"),
    ('{"ids": [["a"]]}', "WQ702", ":records[0].id", "got a list"),
    ('{"ids": ["a"], "metadatas": [5]}', "WQ703", ":records[0].metadata", "metadata is an object, got an int"),
    ('{"ids": ["a", null]}', "WQ709", ":records[1]", "the record has no value for 'id'"),
]  # fmt: skip


@pytest.mark.parametrize("content, code, place, message", JSON_ERRORS)
def test_json_errors(tmp_path: Path, content: str, code: str, place: str, message: str) -> None:
    file = write(tmp_path, "r.json", content)
    error = refused(file)
    assert (error.code, error.path) == (code, f"{file}{place}")
    assert message in error.message, error.message
    check_message(error)


# content, code, path behind the file's name, a part of the message
CSV_ERRORS: list[tuple[str, str, str, str]] = [
    ("", "WQ706", "", "the file is empty"),
    ("id,k\na,1,2\n", "WQ706", ":2", "3 cells for 2 columns"),
    ('id,k\na,"x\ny"\n\nb\n', "WQ706", ":5", "1 cell for 2 columns"),
    ('id,k\na,"x\ny"\nb,"z\n\n', "WQ706", ":4", "a quoted cell is never closed"),
    ('id,k\na,"x"y\n', "WQ706", ":2", "a closing quote has text after it"),
    ("id,k,k\n", "WQ706", ":1", "two columns are called 'k'"),
    (",id,k\n0,a,1\n", "WQ706", ":1", "column 1 has no name"),
    ("id;k\na;1\n", "WQ706", ":1", "the columns are separated by ';'"),
    ("id\tk\na\t1\n", "WQ706", ":1", "the columns are separated by tabs"),
    ("sku,k\na,1\n", "WQ709", ":2", "the record has no 'id'"),
    ("id,k\na,1\n,2\n", "WQ709", ":3", "the record has no value for 'id'"),
    ("id,k\na,1\n\na,2\n", "WQ708", ":4", "the id 'a' is that of line 2, too"),
    ('id,embedding\na,"[1, 2]"\nb,1 2\n', "WQ704", ":3.embedding", "an embedding is a list of numbers, got '1 2'"),
    ('id,embedding\na,"[1, ""x""]"\n', "WQ704", ":2.embedding", "an embedding is a list of finite float32 numbers"),
    (f"id,embedding\na,{DEEP}\n", "WQ704", ":2.embedding", "an embedding is a list of numbers"),
]


@pytest.mark.parametrize("content, code, place, message", CSV_ERRORS)
def test_csv_errors(tmp_path: Path, content: str, code: str, place: str, message: str) -> None:
    file = write(tmp_path, "r.csv", content)
    error = refused(file)
    assert (error.code, error.path) == (code, f"{file}{place}")
    assert message in error.message, error.message
    check_message(error)


# columns, code, path behind the file's name, a part of the message
PARQUET_ERRORS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"sku": ["a"]}, "WQ709", ":rows[0]", "the record has no 'id'"),
    ({"id": ["a", None]}, "WQ709", ":rows[1]", "the record has no value for 'id'"),
    ({"id": ["a", "b", "a"]}, "WQ708", ":rows[2]", "the id 'a' is that of rows[0], too"),
    ({"id": [1.0]}, "WQ702", ":rows[0].id", "got a float"),
    ({"id": ["a"], "k": [float("inf")]}, "WQ703", ":rows[0].k", "infinities"),
    ({"id": ["a", "b"], "embedding": [[1.0], [None]]}, "WQ704", ":rows[1].embedding", "an embedding is"),
    ({"id": ["a"], "embedding": [["1"]]}, "WQ706", "", "the column 'embedding' is of the type 'list<"),
    ({"id": ["a"], "embedding": [[True]]}, "WQ706", "", "not a list of numbers"),
    ({"id": ["a"], "embedding": ["[1]"]}, "WQ706", "", "the column 'embedding' is of the type 'string', not a list of numbers"),
    ({"id": ["a"], "metadata": [{"k": 1}], "year": [1]}, "WQ706", ":rows[0]", "'year' stands beside 'metadata'"),
]


def test_nan_in_parquet_is_a_missing_value(tmp_path: Path) -> None:
    nan = float("nan")
    records = read_records(parquet(tmp_path, {"id": ["a", "b"], "k": [nan, 1.5], "list": [[nan, 2.5], [nan]]}))
    assert [record.metadata for record in records] == [{"list": [2.5]}, {"k": 1.5}]


@pytest.mark.parametrize("columns, code, place, message", PARQUET_ERRORS)
def test_parquet_errors(tmp_path: Path, columns: dict[str, Any], code: str, place: str, message: str) -> None:
    file = parquet(tmp_path, columns)
    error = refused(file)
    assert (error.code, error.path) == (code, f"{file}{place}")
    assert message in error.message, error.message
    check_message(error)


def test_parquet_columns_of_one_name(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array([1]), pa.array([2])], names=["id", "k", "k"])
    pq.write_table(table, tmp_path / "r.parquet")
    assert "two columns are called 'k'" in refused(tmp_path / "r.parquet").message


def test_parquet_with_a_string_that_is_not_utf8(tmp_path: Path) -> None:
    bad = pa.StringArray.from_buffers(1, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff"))
    error = refused(parquet(tmp_path, {"id": ["a"], "k": bad}))
    assert (error.code, error.message) == ("WQ706", "a string is not UTF-8")


@pytest.mark.parametrize("name", ["r.jsonl", "r.json", "r.csv"])
@pytest.mark.parametrize(
    "content, message, hint",
    [
        (b'{"id": "a"}\n{"id": "\xff"}', "byte 0xff at position 20 is not UTF-8", "save the file as UTF-8"),
        (b'\xef\xbb\xbf{"id": "\xe9"}', "byte 0xe9 at position 11 is not UTF-8", "save the file as UTF-8"),
        (b'\xef\xbb\xbf{"id": "a"}\n{"id": "\xe9"}', "byte 0xe9 at position 23 is not UTF-8", "save the file as UTF-8"),
        ('{"id": "a"}'.encode("utf-16"), "byte 0xff at position 0 is not UTF-8", "it looks like UTF-16: save it as UTF-8"),
        (b"\x1f\x8b\x08\0", "byte 0x8b at position 1 is not UTF-8", "it looks like gzip: decompress it first"),
        (b"PAR1\x15\xff", "byte 0xff at position 5 is not UTF-8", "it looks like Parquet: pass format='parquet'"),
    ],
)
def test_files_that_are_not_utf8(tmp_path: Path, name: str, content: bytes, message: str, hint: str) -> None:
    file = write(tmp_path, name, content)
    error = refused(file)
    line = f":{1 + content.count(10)}" if name == "r.jsonl" else ""
    assert (error.code, error.path, error.message, error.hint) == ("WQ707", f"{file}{line}", message, hint)


@pytest.mark.parametrize("name", [f"papers{ending}" for ending in ENDINGS])
def test_files_that_can_not_be_read(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = refused(tmp_path / name)
    assert (missing.code, missing.path, missing.message) == ("WQ707", str(tmp_path / name), "there is no such file")
    (tmp_path / name).mkdir()
    assert (refused(tmp_path / name).code, refused(tmp_path / name).message) == ("WQ707", "it is a directory")
    assert refused(tmp_path / f"papres.{name.rpartition('.')[2]}").hint == f"did you mean {name}?"
    assert refused(f"a\0b{name}").message == "a path has no NUL character"
    assert refused("x" * 5000 + name).message == "the path is too long for this system"

    def locked(self: Path, mode: str) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", locked)
    assert (refused(tmp_path / name).code, refused(tmp_path / name).message) == ("WQ707", "permission denied")


@pytest.mark.parametrize(
    "name, options, message, hint",
    [
        ("r.txt", {}, "the ending '.txt' says no format", "name the file .jsonl, .ndjson, .json, .csv or .parquet, or pass format='jsonl'"),
        ("r", {}, "no ending says the format", "name the file .jsonl, .ndjson, .json, .csv or .parquet, or pass format='jsonl'"),
        ("r.jsonl", {"format": "xml"}, "no format is called 'xml'", "write jsonl, ndjson, json, csv or parquet"),
        ("r.csv", {"kinds": {"k": "str"}}, "no kind of a column is called 'str'", "write int, float, bool, string"),
        ("r.csv", {"kinds": {"k": ["int"]}}, "no kind of a column is called '['int']'", "write int, float, bool, string"),
        ("r.csv", {"kinds": {"id": "int"}}, "kinds= is for metadata; 'id' is read as it is written", "leave it out"),
        ("r.csv", {"kinds": {"yaer": "int"}}, "the file has no column 'yaer'", "did you mean year?"),
        ("r.csv", {"document": "zzz"}, "the file has no column 'zzz'", "it has 'id', 'year'"),
        ("r.csv", {"id": "sku"}, "the file has no column 'sku'", "it has 'id', 'year'"),
        ("r.jsonl", {"document": "yeer"}, "the file has no column 'yeer'", "did you mean year?"),
        ("r.jsonl", {"kinds": {"year": "int"}}, "kinds= is for CSV; in the other formats values have their kinds", "leave it out"),
        ("r.jsonl", {"id": "a", "uri": "a"}, "one column, 'a', can't be two parts of the record", "name each part's own column"),
        ("r.jsonl", {"id": None}, "the name of a column is a string", "write id='sku'"),
        ("r.json", {"id": "sku"}, "the file has no column 'sku'", "it has 'ids', 'documents', 'embeddings', 'metadatas', 'uris'"),
        ("r.parquet", {"uri": "link"}, "the file has no column 'link'", "it has 'id', 'year'"),
    ],
)
def test_options_that_make_no_sense(tmp_path: Path, name: str, options: dict[str, Any], message: str, hint: str) -> None:
    write(tmp_path, "r.csv", "id,year\na,1\n")
    write(tmp_path, "r.jsonl", GOOD)
    write(tmp_path, "r.json", '{"ids": ["a"]}')
    parquet(tmp_path, {"id": ["a"], "year": [1]})
    error = refused(tmp_path / name, **options)
    assert (error.code, error.path, error.message, error.hint) == ("WQ710", str(tmp_path / name), message, hint)


@pytest.mark.parametrize("content, hint", [
    ('[\n{"id": "a"}\n]', "each line holds a whole object; a file with one JSON value over many lines is format='json'"),
    ('[{"id": "a"}]', "a file with one JSON list is format='json'"),
    ('{"sku": "a", "year": 1}', "pass id='…' with the column that names each record; here are 'sku', 'year'"),
    ('{"id": "a", "metadata": {"k": 1}, "documnet": "x"}', "did you mean document?"),
])  # fmt: skip
def test_hints_name_the_likely_intent(tmp_path: Path, content: str, hint: str) -> None:
    assert refused(write(tmp_path, "r.jsonl", content)).hint == hint


def test_names_and_keys_can_not_break_a_message(tmp_path: Path) -> None:
    file = write(tmp_path, "a\n\x1b[31m.jsonl", lines({"id": "a", "k\n\x1b[0m": {"x": 1}}))
    check_message(refused(file))
    check_message(refused(write(tmp_path, "r.jsonl", lines({"id": "a", "k" * 100_000: {"x": 1}}))))
    check_message(refused(write(tmp_path, "r.jsonl", lines({"k" * 100_000: 1}))))
    check_message(refused(write(tmp_path, "r.csv", "k" * 100_000 + ",id\n1\n")))


def test_nothing_is_half_loaded(tmp_path: Path) -> None:
    loaded: list[Record] = []
    file = write(tmp_path, "r.jsonl", lines(*({"id": i} for i in range(1500))) + "{")
    with pytest.raises(BackendError):
        loaded.extend(read_records(file))
    assert loaded == []


def test_files_are_closed_after_an_error(tmp_path: Path) -> None:
    files = [write(tmp_path, "r.jsonl", GOOD * 2), parquet(tmp_path, {"id": ["a", "a"]})]
    for file in files:
        error = refused(file)  # holds the frames that would keep the file open
        if Path("/proc/self/fd").exists():
            targets = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]  # noqa: PTH208
            assert str(file) not in targets, error


def test_deep_nesting_near_the_recursion_limit_is_an_error_of_ours(tmp_path: Path) -> None:
    file = write(tmp_path, "r.jsonl", '{"id": "a", "k": ' + "[" * 90 + "]" * 90 + "}")

    def descend(left: int) -> WhereqlError:
        return descend(left - 1) if left else refused(file)

    assert refused(file).code == "WQ703"
    assert descend(300).code in ("WQ703", "WQ706")


# ── hostile files ──

SEEDS = {
    ".jsonl": lines(*NESTED, *({"id": f"n{i}", "document": "héllo", "metadata": {"k": i, "tags": [1, 2.5]}} for i in range(3))).encode(),
    ".json": json.dumps(RESPONSE).encode(),
    ".csv": 'id,document,embedding,year,score,ok\na,"x, ""y""",[1],1,1.5,true\nb,é,,2,,FALSE\n'.encode(),
}
TOKENS = [b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"null", b"NaN", b"1e999", b"-",
          b"9" * 400, b"\\ud800", b"\\u", b"true", b"[" * 2000, b'"id"', b'"metadata"', b'""', b"'", b";", b"#type", b"\x1b[31m", b"\xe2\x80\xa8"]  # fmt: skip


def mutate(data: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.randint(1, 4)):
        at, size = dice.randrange(len(data) + 1), dice.choice((0, 0, 1, 2, 8, 40))
        piece = dice.choice((dice.choice(TOKENS), dice.randbytes(2), data[at : at + 30], b""))
        data = data[:at] + piece + data[at + size :]
    return data


@pytest.mark.parametrize("ending", SEEDS)
def test_mutated_files_raise_only_our_errors(tmp_path: Path, ending: str) -> None:
    dice, file, codes = random.Random(ending), tmp_path / f"r{ending}", dict.fromkeys(("read",), 0)
    for _ in range(2500):
        file.write_bytes(mutate(SEEDS[ending], dice))
        try:
            assert all(isinstance(record, Record) for record in read_records(file))
            codes["read"] += 1
        except WhereqlError as error:
            check_message(error)
            assert (error.path or "").startswith(str(file))
            codes[error.code] = codes.get(error.code, 0) + 1
    assert codes["read"] > 50 and len(codes) >= 4, codes  # the mutations reach both sides, and many reasons


ODD: list[Any] = [
    None, True, 1, -1, 0, 1.5, 10**400, 10**30, 1e308, "", "x", "a", "\ud800", "1", [], {}, [1], ["x", 1], [[1]], [None], {"k": 1}, [10**400], ["1"],
    [True], {"indices": [1], "values": [1.0]}, {"indices": [1], "values": [10**400]}, {"indices": [1, "x"], "values": [1.0, 2]}, {"indices": [True], "values": [1]}, {"#type": "sparse_vector"},
]  # fmt: skip
ODD_KEYS = ["id", "metadata", "x", "", "\n", "\ud800", "#type", "ids", "records"]


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every container within a JSON value, with each of its keys or indices."""
    own = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    return [(value, key) for key, _ in own] + [spot for _, inner in own for spot in spots(inner)]


def test_json_of_odd_values_raises_only_our_errors(tmp_path: Path) -> None:
    dice, file, codes = random.Random(2), tmp_path / "r.json", {"read": 0}
    for _ in range(3000):
        value = json.loads(json.dumps(dice.choice((RESPONSE, NESTED, {"records": FLAT}))))
        for _ in range(dice.randint(1, 2)):
            if not (places := spots(value)):
                break
            holder, key = dice.choice(places)
            match dice.randrange(6):
                case 0:
                    del holder[key]
                case 1 if isinstance(holder, dict):
                    holder[dice.choice(ODD_KEYS)] = holder.pop(key)
                case _:
                    holder[key] = copy.deepcopy(dice.choice(ODD))
        file.write_text(json.dumps(value))
        try:
            read_records(file)
            codes["read"] += 1
        except WhereqlError as error:
            check_message(error)
            codes[error.code] = codes.get(error.code, 0) + 1
    assert codes["read"] > 500 and codes.keys() >= {"WQ307", "WQ702", "WQ703", "WQ704", "WQ706", "WQ708", "WQ709"}, codes


def test_damaged_parquet_raises_only_our_errors(tmp_path: Path) -> None:
    file = parquet(tmp_path, {"id": ["a", "b"], "k": [1, 2], "tags": [["x"], []], "embedding": [VECTOR, VECTOR]})
    whole = file.read_bytes()
    for content in (b"", b"PAR1", b"PAR1PAR1", whole[:-1], whole[4:], whole[: len(whole) // 2], b"\0" * 100, whole[:-8] + b"\xff\xff\xff\x7fPAR1"):
        file.write_bytes(content)
        error = refused(file)
        assert (error.code, error.path, error.message) == ("WQ706", str(file), "this is no Parquet file that can be read")


# ── whole round trips ──


def test_a_saved_response_comes_back(tmp_path: Path) -> None:
    records = read_records(EXAMPLES / "papers.jsonl")
    response = GetResponse.from_records(records, ("documents", "metadatas", "embeddings", "uris"))
    assert same(read(tmp_path, "r.json", response.to_json()), records)
    bare = read(tmp_path, "r.json", GetResponse.from_records(records, ()).to_json())
    assert bare == [Record(record.id) for record in records]


def test_the_example_papers() -> None:
    records = read_records(EXAMPLES / "papers.jsonl")
    metadata = [record.metadata or {} for record in records]
    assert [record.id for record in records] == [f"p{i:03}" for i in range(1, 201)]
    assert {r.embedding.shape for r in records if r.embedding is not None} == {(4,)}
    recent = [m for m in metadata if int(m["year"]) >= 2017 and "transformers" in m["topics"]]  # type: ignore[arg-type, operator]
    assert 8 <= len(recent) <= 15
    assert all(2005 <= int(m["year"]) <= 2024 and m["title"] for m in metadata)  # type: ignore[arg-type]
    for key, least, most in (("rating", 40, 80), ("doi", 120, 160), ("open_access", 200, 200), ("citations", 200, 200)):
        assert least <= sum(key in m for m in metadata) <= most, key


def test_the_example_papers_are_what_their_script_writes(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_papers", EXAMPLES / "make_papers.py")
    assert spec is not None and spec.loader is not None
    script: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.TARGET = tmp_path / "papers.jsonl"
    script.main()
    assert (tmp_path / "papers.jsonl").read_bytes() == (EXAMPLES / "papers.jsonl").read_bytes()
