"""Writing whereql's own tables: as the memory backend does, all or nothing, by several programs at once, and as data, whatever it holds."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sql_records import storable
from strategies import SPARSE, TEXTS, FilterMaker, Generator
from whereql_memory.backend import MemoryBackend
from whereql_sql.backend import SqlBackend
from whereql_sql.engine import Database

import whereql
from whereql.ast import Const, Field, Op, Predicate, literal
from whereql.backend import Change, Query
from whereql.errors import BackendError
from whereql.planning import make_plan
from whereql.records import Record, make_record, stored_kind

EVERYTHING = ("documents", "metadatas", "uris", "embeddings")


@pytest.fixture
def database(sql_url: str) -> Iterator[Database]:
    opened = Database(sql_url)
    yield opened
    opened.close()


def state(backend: Any) -> list[object]:
    """All records of a backend, comparable: embeddings by their bytes, values by their type, too."""
    found = backend.get(Query(include=EVERYTHING))
    return [(record.id, record.document, record.uri, repr(sorted((record.metadata or {}).items())), None if record.embedding is None else record.embedding.tobytes()) for record in found]


def kinds(backend: Any) -> dict[str, dict[str, int]]:
    """The kinds of each key, counted, with the kinds of the examples checked to be among them."""
    schema = backend.schema()
    assert schema.records == backend.count(Query())
    for info in schema.keys.values():
        assert {stored_kind(example) for example in info.examples} <= info.kinds.keys() and 1 <= len(info.examples) <= 3
    return {key: dict(info.kinds) for key, info in schema.keys.items()}


def is_consistent(database: Database) -> bool:
    """Whether the tables hold just the rows of the records that there are."""
    with database.reading() as connection:
        counts = [connection.execute(sa.text(f"SELECT count(*) FROM whereql_{name} WHERE seq NOT IN (SELECT seq FROM whereql_records)")).scalar() for name in ("contents", "strings", "numbers")]
        records, contents = (connection.execute(sa.text(f"SELECT count(*) FROM whereql_{name}")).scalar() for name in ("records", "contents"))
    return counts == [0, 0, 0] and records == contents


def test_writes_are_those_of_the_memory_backend(database: Database) -> None:
    for seed in range(2):
        generator = Generator(seed)
        rng = generator.random
        pool = storable(generator.records(40, embeddings=True), database)
        memory, backend = MemoryBackend(), SqlBackend(database, f"collection {seed}", create=True)
        for _ in range(25):
            some = rng.choices(pool, k=rng.randint(1, 8))
            match rng.choice(["add", "upsert", "upsert", "delete"]):
                case "add":
                    assert backend.add(some) == memory.add(some)
                case "upsert":
                    changes = [change(rng, record, pool) for record in some]
                    assert backend.upsert(changes) == memory.upsert(changes)
                case "delete":
                    query = Query(FilterMaker(rng, pool).filter(), ids=None if rng.random() < 0.5 else tuple(record.id for record in some))
                    plan = make_plan(backend, query)
                    if plan.is_exact:
                        assert backend.delete(plan.pushed) == memory.delete(plan.pushed)
            assert state(backend) == state(memory)
            assert kinds(backend) == kinds(memory)
            kept = memory.get(Query()).ids
            if kept:
                expr = FilterMaker(rng, pool).filter()
                assert whereql.Collection(backend).get(expr, include=[]).ids == memory.get(Query(expr, include=())).ids, expr
        assert is_consistent(database)


def change(rng: random.Random, record: Record, pool: list[Record]) -> Change:
    """The record, or parts of it, to be merged into the one that has its id; some keys removed."""
    other = rng.choice(pool)
    parts = Record(record.id, rng.choice([None, other.document]), rng.choice([None, other.uri]), rng.choice([None, other.embedding]), rng.choice([None, other.metadata]))
    return Change(rng.choice([record, parts]), frozenset(key for key in other.metadata or {} if rng.random() < 0.3))


def test_the_first_of_an_id_stays(database: Database) -> None:
    backend = SqlBackend(database, create=True)
    assert backend.add([make_record("a", document="first"), make_record("b"), make_record("a", document="second")]) == 2
    assert backend.add([make_record("a", document="third"), make_record("c")]) == 1
    assert [(record.id, record.document) for record in backend.get(Query())] == [("a", "first"), ("b", None), ("c", None)]
    assert backend.upsert([Change(make_record("a", metadata={"n": 1})), Change(make_record("z")), Change(make_record("z", metadata={"n": 2}))]) == 3
    assert [(record.id, record.document, record.metadata) for record in backend.get(Query())] == [("a", "first", {"n": 1}), ("b", None, None), ("c", None, None), ("z", None, {"n": 2})]
    backend.delete(Query(ids=("a",)))
    assert backend.add([make_record("a")]) == 1
    assert backend.get(Query()).ids == ["b", "c", "z", "a"]  # a new record, at the end: not at the place that it had


def test_a_dimension_is_of_the_collection(database: Database) -> None:
    backend = SqlBackend(database, create=True)
    backend.add([make_record("a", embedding=[1.0, 2.0])])
    before = state(backend)
    writes: list[Callable[[], int]] = [lambda: backend.add([make_record("b"), make_record("c", embedding=[1.0])]), lambda: backend.upsert([Change(make_record("a", embedding=[1.0, 2.0, 3.0]))])]
    for write in writes:
        with pytest.raises(BackendError, match="WQ704"):
            write()
        assert state(backend) == before
    with pytest.raises(BackendError, match=r"WQ704 at \[1\]"):
        SqlBackend(database, "other").add([make_record("b", embedding=[1.0]), make_record("c", embedding=[1.0, 2.0])])
    assert SqlBackend(database, "other").add([make_record("b", embedding=[1.0, 2.0, 3.0])]) == 1
    backend.delete(Query())
    assert backend.add([make_record("b", embedding=[1.0])]) == 1


def test_floats_of_an_embedding_come_back_bit_by_bit(database: Database) -> None:
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2**32, 4000, dtype=np.uint32).view(np.float32)
    edges = np.array([0.0, -0.0, 1e-45, -1e-45, 1.1754944e-38, 3.4028235e38, 0.1, 1 / 3, 16777217.0], np.float32)
    vector = np.concatenate([bits[np.isfinite(bits)], edges])
    backend = SqlBackend(database, create=True)
    backend.add([make_record("a", embedding=vector), make_record("b")])
    found = backend.get(Query(include=("embeddings",))).embeddings
    assert isinstance(found, list) and found[1] is None
    assert found[0] is not None and found[0].dtype == np.float32 and found[0].tobytes() == vector.tobytes()


def every_plane() -> str:
    """A text with characters of every plane of Unicode, first and last of each."""
    codes = [plane * 0x10000 + offset for plane in range(17) for offset in (1, 0x41, 0xFFFD, 0xFFFE, 0xFFFF)]
    return "".join(map(chr, codes))


HOSTILE = [
    *[text for text in TEXTS if text], "'; DROP TABLE whereql_records; --", '"; DROP TABLE whereql_strings; --', "\\'; --", "%s %(x)s :x ? $1 {0} ${x}", "\\x00", "\\u0000",
    "`a`", "[a]", "a\\", "NULL", "'' OR 1=1", every_plane(), "\ufeff", "a" * 100_000, "é😀" * 50_000, "\r", " a ", "{\"a\": 1}", "\x01\x1f\x7f",
]  # fmt: skip


def test_whatever_is_stored_is_data(database: Database) -> None:
    texts = [text for text in HOSTILE if database.abilities.nul or "\0" not in text]
    records = [
        make_record(text, document=text, uri=text, metadata={text: text, "list": [text, "x"], "sparse": SPARSE if number % 2 else None, f"n{text}": number})
        for number, text in enumerate(dict.fromkeys(texts))
    ]
    name = "it's; DROP TABLE \"%s\" 😀"
    backend = SqlBackend(database, name, create=True)
    backend.add(records)
    assert [repr(record) for record in backend.get(Query(include=EVERYTHING))] == [repr(record) for record in records]
    for record in records:
        text = record.id
        item = literal(text)
        for expr in (
            Predicate(Field(text), Op.EQ, item), Predicate(Field("list"), Op.HAS, (item,)), Predicate(Field(text), Op.EXISTS), Predicate(whereql.Document(), Op.EQ, item),
            Predicate(whereql.Uri(), Op.IN, (item,)), Predicate(whereql.Id(), Op.EQ, item), Predicate(Field(f"n{text}"), Op.GE, literal(0)),
        ):  # fmt: skip
            assert backend.get(Query(expr, include=())).ids == [text], (expr.op, expr.subject)
    assert backend.upsert([Change(record) for record in records]) == len(records)
    assert [repr(record) for record in backend.get(Query(include=EVERYTHING))] == [repr(record) for record in records]
    assert backend.count(Query()) == len(records) == backend.delete(Query())
    assert SqlBackend(database, create=True).get(Query()).ids == [] and is_consistent(database)


def test_nul_is_refused_by_name_where_it_can_t_be_stored(postgres_url: str) -> None:
    database = Database(postgres_url)
    backend = SqlBackend(database, create=True)
    for record, path in (
        (make_record("a\0"), r"\[1\]\.id"), (make_record("a", document="\0"), r"\[1\]\.document"), (make_record("a", uri="u\0"), r"\[1\]\.uri"),
        (make_record("a", metadata={"k": "\0"}), r"\[1\]\.metadata\.k"), (make_record("a", metadata={"k": ["b", "\0"]}), r"\[1\]\.metadata\.k"), (make_record("a", metadata={"k\0": 1}), r"\[1\]\.metadata\.k"),
    ):  # fmt: skip
        with pytest.raises(BackendError, match=f"WQ719 at {path}"):
            backend.add([make_record("b"), record])
        with pytest.raises(BackendError, match=f"WQ719 at {path}"):
            backend.upsert([Change(make_record("b")), Change(record)])
    assert backend.get(Query()).ids == []
    backend.add([make_record("ab", metadata={"k": "ab"}), make_record("a", metadata={"k": "a"}), make_record("b", metadata={"k": "a\x01"})])
    collection = whereql.Collection(backend)
    for text, ids in (("k = :v", []), ("k != :v", ["ab", "a", "b"]), ("k < :v", ["a"]), ("k <= :v", ["a"]), ("k > :v", ["ab", "b"]), ("k >= :v", ["ab", "b"]), ("k CONTAINS :v", []), ("k IN (:v, 'a')", ["a"])):
        assert collection.get(text, params={"v": "a\0b"}, include=[]).ids == ids, text
    database.close()


def test_collections_of_one_database_are_apart(database: Database) -> None:
    one, two = SqlBackend(database, "one", create=True), SqlBackend(database, "two", create=True)
    for number, backend in enumerate((one, two)):
        backend.add([make_record("a", metadata={"k": number, "s": "x"}, document="d"), make_record(f"b{number}", metadata={"only": number})])
    assert one.get(Query(whereql.parse("k = 1"))).ids == [] and two.get(Query(whereql.parse("k = 1"))).ids == ["a"]
    assert one.count(Query(whereql.parse("s = 'x'"))) == 1 == two.count(Query(whereql.parse("#document = 'd'")))
    assert list(one.schema().keys) == ["k", "s", "only"] and one.schema().records == 2
    assert one.delete(Query()) == 2
    assert two.get(Query()).ids == ["a", "b1"] and is_consistent(database)


def test_a_write_that_fails_leaves_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = SqlBackend(database, create=True)
    backend.add([make_record("a", metadata={"k": 1})])
    before = state(backend)

    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("whereql_sql.writing.write_catalog", fail)
    writes: list[Callable[[], int]] = [
        lambda: backend.add([make_record("b", metadata={"new": "x"})]),
        lambda: backend.upsert([Change(make_record("a", metadata={"k": 2, "new": 1})), Change(make_record("c"))]),
    ]
    for write in writes:
        with pytest.raises(RuntimeError):
            write()
        assert state(backend) == before
    monkeypatch.undo()
    assert backend.add([make_record("b", metadata={"new": "x"})]) == 1
    assert whereql.Collection(backend).get("new = 'x'").ids == ["b"] and is_consistent(database)


def test_writers_at_once_keep_ids_unique(sql_url: str) -> None:
    """Two writers, each through an engine of its own, add overlapping records to a collection that neither has seen yet."""
    databases = [Database(sql_url) for _ in range(2)]
    added: list[int] = []
    errors: list[BaseException] = []

    def write(database: Database, start: int) -> None:
        backend = SqlBackend(database, create=True)
        try:
            for batch in range(8):
                numbers = range(start + batch * 10, start + batch * 10 + 20)
                added.append(backend.add([make_record(f"r{number}", metadata={"n": number, f"key{number % 7}": "x"}) for number in numbers]))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(database, start)) for database, start in zip(databases, (0, 40), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    ids = SqlBackend(databases[0]).get(Query(include=())).ids
    assert len(ids) == len(set(ids)) == sum(added) == 130
    assert {f"r{number}" for number in range(130)} == set(ids)
    assert whereql.Collection(SqlBackend(databases[1])).count("key3 = 'x'") == len([number for number in range(130) if number % 7 == 3])
    for database in databases:
        database.close()


WRITER = """
import sys
from whereql.records import make_record
from whereql_sql.backend import SqlBackend
from whereql_sql.engine import Database
backend = SqlBackend(Database(sys.argv[1]))
for batch in range(10_000):
    backend.add([make_record(f"r{batch}-{number}", document="d" * 50, metadata={"batch": batch, "tags": ["a", "b"]}) for number in range(50)])
    print(batch, flush=True)
"""


def test_a_killed_writer_leaves_whole_batches(sql_url: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, sql_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(5)][-1]
    process.send_signal(signal.SIGKILL)
    told = max([told, *map(int, process.stdout.read().split())])
    process.stdout.close()
    process.wait()
    database = Database(sql_url)
    backend = SqlBackend(database, create=True)
    ids = backend.get(Query(include=())).ids
    assert len(ids) % 50 == 0 and len(ids) // 50 in (told + 1, told + 2)  # one may have been written, and not yet told
    assert whereql.Collection(backend).count("tags HAS 'a'") == len(ids) and is_consistent(database)
    assert backend.add([make_record("r0-0"), make_record("new")]) == 1
    database.close()


def test_a_collection_is_there_when_opened_again(sql_url: str) -> None:
    with whereql.open(sql_url, "papers", create=True) as papers:
        assert papers.get().ids == [] and papers.count("k = 1") == 0 and list(papers.scan()) == [] and papers.schema().records == 0
        papers.add(ids=["a"], metadatas=[{"k": 1, "f": 1.0, "t": True, "l": [1, 2]}], documents=["d"], uris=["u"], embeddings=[[0.1]])
    with whereql.open(sql_url, "papers", read_only=True) as papers:
        assert papers.get("k = 1 AND f = 1 AND t AND l HAS 2").to_dict() == {
            "ids": ["a"], "embeddings": None, "documents": ["d"], "uris": None, "metadatas": [{"k": 1, "f": 1.0, "t": True, "l": [1, 2]}], "include": ["documents", "metadatas"],
        }  # fmt: skip
        with pytest.raises(BackendError, match="WQ713"):
            papers.add(ids=["b"])


def test_what_is_not_there_is_an_error_and_not_empty(sql_url: str, tmp_path: Path) -> None:
    """A misspelt name would be a collection without records; and whoever only looks leaves no file behind."""
    with whereql.open(sql_url, "papers") as papers:
        calls: list[Callable[[], Any]] = [papers.get, papers.count, papers.schema, lambda: list(papers.scan()), lambda: papers.delete("k = 1"), lambda: papers.explain("k = 1")]
        for call in calls:
            with pytest.raises(BackendError, match="WQ718"):
                call()
        assert not list(tmp_path.iterdir())
        assert papers.add(ids=["a"]) == 1 and papers.count() == 1
    with whereql.open(sql_url, "paper") as misspelt, pytest.raises(BackendError, match="WQ718") as told:
        misspelt.get()
    assert told.value.hint == "did you mean papers?"


def test_upkeep_changes_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is read meanwhile; and that it fails is not told, as the records are written."""
    monkeypatch.setattr("whereql_sql.backend.MANY", 20)
    backend, memory = SqlBackend(database, create=True), MemoryBackend()
    records = storable(Generator(5).records(60, embeddings=True), database)
    backend.add(records[:3])
    pages = backend.scan(Query(include=()), iter([1] * 10))
    seen = next(pages).ids
    for start in range(3, len(records), 10):
        assert backend.add(records[start : start + 10]) == len(records[start : start + 10])
    assert [*seen, *(id for page in pages for id in page.ids)] == [record.id for record in records[:3]]
    memory.add(records)
    assert state(backend) == state(memory) and kinds(backend) == kinds(memory) and is_consistent(database)
    assert backend.upsert([Change(record) for record in records[::2]]) == len(records[::2])
    assert state(backend) == state(memory) and is_consistent(database)

    def fail(*_: object) -> None:
        raise BackendError("WQ715", "no room")

    monkeypatch.setattr("whereql_sql.upkeep._count", fail)
    monkeypatch.setattr("whereql_sql.upkeep._sort", fail)
    assert backend.add([make_record(f"more {number}") for number in range(200)]) == 200


def test_deleting_everything_else_keeps_the_rest(database: Database) -> None:
    backend = SqlBackend(database, create=True)
    backend.add([make_record(str(number), metadata={"n": number, "s": f"text {number}", "list": [number, number + 1]}) for number in range(500)])
    assert backend.delete(Query(whereql.parse("n >= 10 AND NOT s ENDS WITH '7'"))) == 441
    assert backend.delete(Query(Const(False))) == 0
    assert backend.get(Query(include=())).ids == [*map(str, range(10)), *(str(number) for number in range(10, 500) if number % 10 == 7)]
    assert whereql.Collection(backend).get("list HAS 18").ids == ["17"] and is_consistent(database)
