"""Files read many records at a time are read as the exact readers do it, one by one: the same records, or the same error."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whereql_memory.columns import Arrays, Strings
from whereql_memory.loading import table_of
from whereql_memory.table import Table

import whereql
from whereql.batches import Batch
from whereql.errors import WhereqlError
from whereql.files import arrow_cells, arrow_json, blocks, iter_batches, iter_records, json_batches, parquet_batches
from whereql.records import COLUMNS as COLUMNS_OF_RECORDS
from whereql.records import Record


def shown(record: Record) -> Any:
    """All of a record, with the types of its values: the text of each tells 1 from 1.0 and from True."""
    vector = None if record.embedding is None else (str(record.embedding.dtype), record.embedding.tolist())
    metadata = record.metadata and {key: repr(value) for key, value in record.metadata.items()}
    return record.id, record.document, record.uri, vector, metadata


def outcome(read: Callable[[], Iterator[Record]]) -> Any:
    try:
        return [shown(record) for record in read()]
    except WhereqlError as error:
        return error.code, error.message, error.path, error.hint


def key_order(records: Iterator[Record] | list[Record]) -> list[str]:
    return [*dict.fromkeys(key for record in records for key in record.metadata or {})]


def check(path: Path, **options: Any) -> None:
    batches: list[Batch] = []

    def read() -> Iterator[Record]:
        for batch in iter_batches(path, **options):
            batches.append(batch)
            yield from batch

    expected = outcome(lambda: iter_records(path, **options))
    assert outcome(read) == expected
    if isinstance(expected, list):
        assert all(len({len(record.embedding) for record in batch if record.embedding is not None}) <= 1 for batch in batches)
        assert [*dict.fromkeys(key for batch in batches for key in batch.keys)] == key_order(iter_records(path, **options))


@pytest.fixture(autouse=True, params=["arrow", "python"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both readers of blocks, and files of many blocks."""
    monkeypatch.setattr(blocks, "FIRST", 30)
    monkeypatch.setattr(blocks, "SIZE", 300)
    monkeypatch.setattr(arrow_json, "_DOUBTFUL", 1.0)
    if request.param == "python":
        monkeypatch.setattr(json_batches, "_arrow", lambda reading, nested: False)
    return str(request.param)


PLAIN = [json.dumps({"id": f"p{i}", "document": f"text {i}", "a": i, "f": i + 0.5, "s": "x", "b": i % 2 == 0, "l": ["u", "v"][: i % 3]}) for i in range(12)]
NESTED = [json.dumps({"id": f"p{i}", "document": None, "metadata": {"a": i, "f": i + 0.5, "s": "x", "l": ["u"] * (i % 3)}}) for i in range(12)]
VALUES = [
    "1", "-0", "0", "1.0", "-0.0", "1e0", "1E2", "1.5e3", "0.1", "5e-324", "1e-400", "1e308", "1e309", "-1e309", "9007199254740993", "9007199254740993.0",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1" + "0" * 400, "1" + "0" * 5000, "0." + "1" * 400,
    "true", "false", "null", "NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "-", "0x1", "1_0", "nan", "inf", "-NaN", "True",
    '""', '"x"', '"ä"', '"😀"', r'"\ud83d\ude00"', r'"\ud800"', r'"\udc00"', r'"\udc00\ud800"', r'"\ud800x"', r'"\u0000"', r'"\u00e4\n\t\"\\\/"', r'"\x"', r'"\u12"', '"\x01"', '"a\tb"', "\"\x7f\"",
    '"2020-01-01"', '"2020-01-01 00:00:00"', '"2020-01-01T00:00:00Z"', '"2020-01-01T00:00:00.123456789"', '"1"', "'x'",
    "[]", "[1]", "[1, 2]", "[1, 2.5]", "[1.0, 2.0]", "[1, 2.0]", "[1.5]", "[1, null]", "[null]", '["a", null]', '["a", 1]', "[true, 1]", "[true]", "[[1]]", "[[]]", "[{}]",
    '["2020-01-01"]', '["2020-01-01", "x"]', "[9223372036854775808]", "[9223372036854775808, 1]", "[1e309]", "[NaN]", "[-0.0]", "[-0.0, 1.5]", '[""]', "[1,]", "[,1]", "[1 2]",
    "{}", '{"x": 1}', '{"#type": "sparse_vector", "indices": [1], "values": [0.5]}', '{"indices": [1], "values": [0.5]}', '{"a": 1, "a": 2}', "[" * 120 + "]" * 120, "[" * 3000 + "]" * 3000, "{" * 3,
]  # fmt: skip


def write(path: Path, lines: list[str | bytes]) -> Path:
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode(errors="surrogatepass") for line in lines) + b"\n")
    return path


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:40])
def test_every_value_under_every_key(tmp_path: Path, value: str) -> None:
    for key in ("a", "f", "s", "b", "l", "new", "metadata", "document", "uri", "embedding", "id"):
        fields = {"id": '"q"'} | {key: value}
        line = "{" + ", ".join(f'"{name}": {text}' for name, text in fields.items()) + "}"
        check(write(tmp_path / "flat.jsonl", [*PLAIN[:7], line, *PLAIN[7:]]))
        inner = "{" + f'"id": "q", "metadata": {{"{key}": {value}}}' + "}"
        check(write(tmp_path / "nested.jsonl", [*NESTED[:7], inner if key != "metadata" else line, *NESTED[7:]]))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:40])
def test_a_key_with_one_value_everywhere(tmp_path: Path, value: str) -> None:
    check(write(tmp_path / "same.jsonl", ['{"id": "p", "a": 1}', *(f'{{"id": "q{i}", "k": {value}}}' for i in range(20))]))
    check(write(tmp_path / "lists.jsonl", ['{"id": "p", "a": 1}', *(f'{{"id": "q{i}", "k": [{value}, {value}]}}' for i in range(20))]))


LINES: list[list[str | bytes]] = [
    [""], ["", "  ", "\t", "\r"], ["\x0c"], ["\x0b{}"], ["\ufeff"], ['\ufeff{"id": "q"}'], ["[]"], ["1"], ['"x"'], ["null"], ["{}"], ["{"], ["}"], ["{}{}"], ["x"], [b"\xff"], [b'{"id": "\xff"}'],
    [b'{"id": "q", "document": "\xff"}'], [b'{"id": "q", "uri": "\xed\xa0\x80"}'], [b'{"id": "q", "a": "\xed\xa0\x80"}'], [b'{"id": "q", "\xc3": 1}'], ['{"id": "q"} {"id": "r"}'], ['{"id": "q"}{"id": "r"}', ""], ['{"id":', '"q"}'], ['{"id": "q", "l": [', "]}"],
    ['{"id": "q"} {"id": "r"}', '{"id":', '"s"}'], ['{"id": "q", "m": [{}', '{}]}', '{"id": "r"}{"id": "s"}'], ['{"id": "}', '{"}', '{"id": "r"}{"id": "s"}'], ['{"id": "q", "m": {}', '{}}'],
    ['{"id": "q"}{"id": "r"}', '{"id": "s", "metadata": {"a": 1}', ', "document": "x"}'], ['{"id": "q"}{"id": "r"}', '{"id": "s", "metadata":', '{"a": 1}}'],
    ['  {"id": "q"}'], ['{"id": "q"}  \r'], ['{"id": "q"},'], ['{"id": "q"} x'], ['{"id": "q"} // c'], ['{"id": "q", "a": 1, "a": 2}'], [r'{"id": "q", "a": 1, "\u0061": 2}'], [r'{"id": "q", "\ud800": 1}'],
    ['{"id": "q", "": 1}'], ['{"id": "q", "a.b": 1}'], ['{"id": "q", "ä": 1, "😀": "x"}'], [r'{"id": "q", "\u0000": 1}'], ['{"id": "q", "metadata": null}'], ['{"a": 1}'], ['{"id": null}'], ['{"id": ""}'],
    ['{"id": 7}'], ['{"id": 7.0}'], ['{"id": -0}'], ['{"id": "p0"}'], ['{"id": "p8"}'], ['{"id": "q"}', '{"id": "q"}'], ['{"id": 7}', '{"id": "7"}'], ['{"id": "2020-01-01"}', '{"id": "2020-01-02"}'],
    ['{"id": "q", "embedding": [1, 2]}', '{"id": "r", "embedding": [1, 2]}'], ['{"id": "q", "embedding": [1, 2]}', '{"id": "r", "embedding": [1, 2, 3]}', '{"id": "s", "embedding": [1, 2, 3]}'],
    ['{"id": "q", "embedding": [9007199254740993, 1]}', '{"id": "r", "embedding": [0.5, 1]}'], ['{"id": "q", "embedding": [16777217, 0.1]}'],
    ['{"id": "q", "embedding": [1152921573326323713, 1]}', '{"id": "r", "embedding": [0.5, 1]}'], ['{"id": "q", "embedding": []}'], ['{"id": "q", "embedding": [null]}'],
    ['{"id": "q", "embedding": ["a"]}'], ['{"id": "q", "embedding": 1}'], ['{"id": "q", "embedding": [1e39]}'], ['{"id": "q", "embedding": [true]}'], ['{"id": "q", "embedding": [[1]]}'],
    ['{"id": "q", "z": null, "y": [], "x": 1}', '{"id": "r", "y": [2], "z": 1}'], ['{"id": "q", "z": 1.0, "y": "2020-01-01", "x": null}', '{"id": "r", "y": "x", "z": 1.5, "x": ["2021-01-01"]}'],
    ['{"id": "q", "document": "2020-01-01", "uri": "2020-01-01"}', '{"id": "r", "document": "ä\\u0000", "uri": null}'], ['{"id": "q", "document": ""}'], ['{"id": "q", "uri": 1}'], ["{" + '"id": "q", "a": ' * 300 + "1" + "}" * 300],
]  # fmt: skip


@pytest.mark.parametrize("lines", LINES, ids=lambda lines: repr(lines)[:60])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""], ids=["lf", "crlf", "none"])
def test_every_shape_of_lines(tmp_path: Path, lines: list[str | bytes], end: str) -> None:
    for plain in (PLAIN, NESTED):
        for at in (0, 1, 7, 12):
            path = write(tmp_path / "lines.jsonl", [*plain[:at], *lines, *plain[at:]])
            data = path.read_bytes()
            path.write_bytes(data.replace(b"\n", end.encode()) if end == "\r\n" else data if end else data.removesuffix(b"\n"))
            check(path)


def test_the_names_of_columns(tmp_path: Path) -> None:
    lines = [json.dumps({"sku": f"s{i}", "text": "t", "id": i, "metadata": i, "v": [1.0, i]}) for i in range(30)]
    path = write(tmp_path / "named.jsonl", [*lines])
    check(path, id="sku", document="text", embedding="v")
    check(path, id="sku", document="text", uri="url")
    check(path, id="sku", document="metadata")
    check(path, id="none")
    check(path, id="id", document="text")
    late = write(tmp_path / "late.jsonl", [*lines, '{"sku": "x", "url": null}'])
    check(late, id="sku", uri="url")
    check(write(tmp_path / "empty.jsonl", []), uri="url")
    check(late, id="sku", uri="sku")
    check(late, format="csv")
    check(tmp_path / "missing.jsonl")
    check(tmp_path)


def test_forms(tmp_path: Path) -> None:
    unknown = ['{"id": "u"}', '{"id": "v", "metadata": null}', '{"id": "w", "x": null}']
    for first in (PLAIN, NESTED):
        for second in (PLAIN, NESTED):
            check(write(tmp_path / "forms.jsonl", [*unknown, *first[:6], *second[6:]]))
            check(write(tmp_path / "forms.jsonl", [*first[:6], *unknown, *second[6:]]))
    check(write(tmp_path / "forms.jsonl", [*unknown]))


def test_plain_lines_are_read_by_arrow(tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    rows = json_batches._rows
    monkeypatch.setattr(json_batches, "_rows", lambda some: counted.append(len(some)) or rows(some))
    wholes = [json.dumps({"id": f"w{i}", "f": 1.0 if i % 30 == 0 else 1 if i % 30 == 1 else 0.5, "d": "2020-01-01"}) for i in range(300)]
    for lines in (PLAIN, NESTED, wholes):
        counted.clear()
        monkeypatch.setattr(blocks, "SIZE", 8000)
        check(write(tmp_path / "plain.jsonl", [*lines]))
        assert sum(counted) == (1 if reader == "arrow" else len(lines))


@pytest.mark.parametrize("words", [3, 100_000])
def test_an_open_file_holds_what_its_records_hold(tmp_path: Path, words: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_cells, "SHARED", words)
    rows: list[Any] = [
        {"id": f"r{i}", "document": f"ä{i}" if i % 3 else None, "uri": None, "embedding": [i, 0.5], "s": f"w{i % 9}", "l": [f"w{i % 5}", "ü"][: i % 3], "f": i / 4} for i in range(60)
    ]
    flat = write(tmp_path / "flat.jsonl", [json.dumps(row) for row in rows])
    columns = {name: pa.array([row[name] for row in rows]) for name in rows[0]}
    for path in (flat, write(tmp_path / "nested.jsonl", [*NESTED]), parquet(tmp_path / "rows.parquet", **columns)):
        records = [*iter_records(path)]
        opened = whereql.open(path)
        assert [shown(record) for record in opened.get(include=COLUMNS_OF_RECORDS)] == [shown(record) for record in records]
        assert opened.count("s = 'w1' OR l HAS 'w1'") == sum((record.metadata or {}).get("s") == "w1" or "w1" in (record.metadata or {}).get("l", []) for record in records)
        for batch in iter_batches(path):
            check_words(table_of(batch))


def check_words(table: Table) -> None:
    """Every word of a vocabulary is in use."""
    for kinds in table.keys.values():
        for column in kinds.values():
            strings = column.elements if isinstance(column, Arrays) else column
            assert not isinstance(strings, Strings) or len(np.unique(strings.codes)) == len(strings.texts)


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)
    if os.fork() == 0:
        path.write_text("\n".join(PLAIN))
        os._exit(0)
    assert [record.id for batch in iter_batches(path) for record in batch] == [f"p{i}" for i in range(12)]
    os.wait()


def test_other_formats_come_as_batches(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,n\na,1\nb,2\n")
    check(path)
    (tmp_path / "a.json").write_text('[{"id": "a", "embedding": [1]}, {"id": "b", "embedding": [1, 2]}, {"id": "c"}]')
    check(tmp_path / "a.json")


@pytest.mark.parametrize("look", [5, 4096])
def test_the_blocks_of_a_file_are_the_file(tmp_path: Path, look: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_LOOK", look)
    path = tmp_path / "lines.jsonl"
    text = b"\n".join(b"%d" % i * (i % 90) for i in range(200))
    for mark in (b"", b"\xef\xbb\xbf"):
        for end in (b"", b"\n"):
            path.write_bytes(mark + text + end)
            with path.open("rb") as stream:
                source = blocks.Source(stream, path.stat().st_size)
                parts = [*map(source.read, source.blocks())]
                assert b"".join(parts) == text + end and len(parts) > 20
                assert all(part.endswith(b"\n") for part in parts[:-1])
                unknown = blocks.Source(stream, 0)  # as it is of a file of the system
                assert [*map(unknown.read, unknown.blocks())] == [text + end]


def test_progress(tmp_path: Path) -> None:
    path = write(tmp_path / "plain.jsonl", [*PLAIN])
    told: list[tuple[int, int]] = []
    for _ in iter_batches(path, progress=lambda done, total: told.append((done, total))):
        pass
    assert told[-1] == (path.stat().st_size,) * 2 and len(told) > 2 and told == sorted(told)


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**64), 2**64), st.integers(-3, 3), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0.0, -0.0, 1.0, 2.0, 0.5]),
        st.text(max_size=4), st.sampled_from(["2020-01-01", "x"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["indices", "values", "a"]), inner, max_size=2)),
    max_leaves=3,
)  # fmt: skip
KEYS = st.sampled_from(["id", "document", "uri", "embedding", "metadata", "a", "b", "c"])
ROW = st.dictionaries(KEYS, JSON, max_size=5)
SOUND = st.dictionaries(st.sampled_from("abc"), st.one_of(st.integers(-2, 2), st.sampled_from([0.5, 1.0, -0.0]), st.lists(st.sampled_from([1, 1.0, 0.5]), max_size=3), st.sampled_from(["x", "2020-01-01"]), st.none()), max_size=3)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
@given(rows=st.lists(st.one_of(ROW, SOUND), min_size=1, max_size=12), ascii=st.booleans(), nested=st.booleans())
def test_any_lines(tmp_path: Path, rows: list[dict[str, Any]], ascii: bool, nested: bool) -> None:
    lines = []
    for i, row in enumerate(rows):
        whole = {"id": f"r{i}", "metadata": row} if nested else {"id": f"r{i}", **row}
        lines.append(json.dumps(whole, ensure_ascii=ascii))
    check(write(tmp_path / "any.jsonl", lines))


# Parquet.


def parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=7)
    return path


N = 20
IDS = [f"r{i}" for i in range(N)]
COLUMNS: dict[str, Any] = {
    "int8": pa.array([*range(N)], pa.int8()), "uint64": pa.array([2**64 - 1] * N, pa.uint64()), "uint32": pa.array([2**32 - 1] * N, pa.uint32()), "int nulls": pa.array([1, None] * 10),
    "float": pa.array([0.5, None, float("nan"), -0.0] * 5), "inf": pa.array([float("inf")] * N), "float32": pa.array([0.1] * N, pa.float32()), "float16": pa.array(np.full(N, 0.1, np.float16)),
    "bool": pa.array([True, None] * 10), "string": pa.array(["a", None, "ä", ""] * 5), "large": pa.array(["b", "a"] * 10, pa.large_string()), "coded": pa.array(["b", None] * 10).dictionary_encode(),
    "coded ints": pa.array([1, 2] * 10).dictionary_encode(), "null": pa.nulls(N), "all null": pa.nulls(N, pa.string()), "late": pa.array([None] * 15 + [1] * 5), "date": pa.array([date(2020, 1, 2), None] * 10),
    "time": pa.array([datetime(2020, 1, 2, 3, 4, 5, 6), datetime(2020, 1, 1)] * 10), "ns": pa.array([1577934245000000001, None] * 10, pa.timestamp("ns")), "decimal": pa.array([Decimal("1.5"), None] * 10),
    "date64": pa.array([date(2020, 1, 2)] * N, pa.date64()), "lists": pa.array([["a"], None, [], ["b", "a"]] * 5), "list nulls": pa.array([["a", None], [None]] * 10), "int lists": pa.array([[1, 2], [3]] * 10),
    "float lists": pa.array([[0.5, float("nan")], [1.0]] * 10), "inf lists": pa.array([[float("inf")]] * N), "bool lists": pa.array([[True], None] * 10), "fixed": pa.array([[1, 2]] * N, pa.list_(pa.int32(), 2)),
    "large lists": pa.array([["a"], ["b"]] * 10, pa.large_list(pa.string())), "coded lists": pa.array([["a"], ["b"]] * 10, pa.list_(pa.dictionary(pa.int8(), pa.string()))), "date lists": pa.array([[date(2020, 1, 2)]] * N),
    "empty lists": pa.array([[]] * N, pa.list_(pa.int64())), "binary": pa.array([b"x"] * N), "nested lists": pa.array([[[1]]] * N), "struct": pa.array([{"a": 1}] * N), "halves": pa.array([[0.5]] * N, pa.list_(pa.float16())),
    "bad text": pa.array([b"\xff"] * N).view(pa.string()), "bad lists": pa.ListArray.from_arrays(list(range(N + 1)), pa.array([b"\xff"] * N).view(pa.string())),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("rows", [6, 4096])
def test_every_column_of_parquet(tmp_path: Path, name: str, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_batches, "_ROWS", rows)
    column = COLUMNS[name]
    check(parquet(tmp_path / "flat.parquet", id=pa.array(IDS), key=column, other=pa.array(range(N))))
    for own in ("document", "uri", "embedding", "metadata"):
        check(parquet(tmp_path / "own.parquet", id=pa.array(IDS), **{own: column}, other=pa.array(range(N))))
    check(parquet(tmp_path / "id.parquet", id=column))
    structs = pa.StructArray.from_arrays([column, pa.array(range(N))], ["key", "other"], mask=pa.array([False, True] * 10))
    check(parquet(tmp_path / "nested.parquet", id=pa.array(IDS), metadata=structs))


def test_parquet_files(tmp_path: Path) -> None:
    check(parquet(tmp_path / "twice.parquet", id=pa.array([*IDS[:19], "r3"]), n=pa.array(range(N))))
    check(parquet(tmp_path / "ints.parquet", id=pa.array(range(N)), n=pa.array(range(N))))
    check(parquet(tmp_path / "beside.parquet", id=pa.array(IDS), metadata=pa.array([{"a": 1}] * N), n=pa.array(range(N))))
    check(parquet(tmp_path / "named.parquet", sku=pa.array(IDS), text=pa.array(IDS), v=pa.array([[1.0, 2.0]] * N)), id="sku", document="text", embedding="v")
    check(tmp_path / "named.parquet", id="sku", uri="none")
    check(tmp_path / "named.parquet")
    check(parquet(tmp_path / "vectors.parquet", id=pa.array(IDS), embedding=pa.array([[1.0], None] * 9 + [[1.0, 2.0]] * 2)))
    check(parquet(tmp_path / "empty.parquet", id=pa.array([], pa.string())))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1" + bytes(100))
    check(tmp_path / "broken.parquet")
    whole = (tmp_path / "ints.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:-40])
    check(tmp_path / "cut.parquet")
    order = parquet(tmp_path / "order.parquet", id=pa.array(IDS), z=pa.array([None] * 3 + [1] * 17), a=pa.array([[]] + [["x"]] * 19), b=pa.array(range(N)))
    check(order)
