"""The contract of a backend as tests: a subclass says how to open one with given records, and pytest runs the rest.

```python
class TestShelf(BackendContract):
    @pytest.fixture
    def open_backend(self):
        return Shelf  # called with a list of records, answers an open backend
```
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, repeat
from typing import ClassVar

import pytest

from whereql.ast import And, Const, Document, Expr, Field, Id, Not, Op, Or, Predicate
from whereql.backend import Backend, Query
from whereql.execution import page_sizes
from whereql.records import Record, make_record
from whereql.response import GetResponse
from whereql.scanning import schema_of
from whereql.support import Shape, Support
from whereql.testing.cases import Group, load_groups
from whereql.testing.failures import Broken, calling, show_ids
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator
from whereql.testing.holding import batches, check_lacks
from whereql.testing.hostile import HOSTILE_KEYS, HOSTILE_TEXTS
from whereql.testing.large import LargeContract
from whereql.testing.lasting import LastingContract
from whereql.testing.shapes import check_response
from whereql.testing.tables import capability_table
from whereql.testing.trials import (
    ONE_LEAF_WAYS,
    RARER_WAYS,
    WAYS,
    Opener,
    Reopener,
    Trial,
    Trials,
    check_leaves,
    check_residual,
    compare,
    compare_collected,
    show_query,
)
from whereql.testing.watching import beyond
from whereql.testing.writing import WritingContract
from whereql.values import literal

EVERYTHING = ("embeddings", "uris", "documents", "metadatas")
_SEEDS = range(30 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 6)


class BackendContract(WritingContract, LastingContract, LargeContract):
    """All that whereql expects of a backend. Override the fixture `open_backend`; the rest has defaults.

    lacks: names, of those in `whereql.testing.holding.LACKS`, of what the store can't hold: records come without it;
    filters: how many random filters are tried on each of six sets of records. In the environment WHEREQL_EXHAUSTIVE=1 makes it
    thirty sets.
    """

    lacks: ClassVar[Collection[str]] = ()
    filters: ClassVar[int] = 60

    @pytest.fixture
    def open_backend(self) -> Opener:
        """A function that opens a backend which holds the given records, in their order. The kit closes what it opens."""
        due = "@pytest.fixture def open_backend(self): return a function from a list of records to an open backend that holds them"
        raise Broken("a test class of the contract overrides the fixture open_backend", details=[("class", type(self).__name__), ("due", due)])

    @pytest.fixture
    def reopen_backend(self) -> Reopener | None:
        """A function that is given a backend, which is closed by then, and opens the same collection again. None leaves that out."""
        return None

    @pytest.fixture
    def trials(self, open_backend: Opener, reopen_backend: Reopener | None) -> Iterator[Trials]:
        """What the tests open their backends with."""
        opened = Trials(open_backend, check_lacks(self.lacks), reopen_backend)
        yield opened
        opened.close()

    # What a filter means.

    @pytest.mark.parametrize("group", load_groups(), ids=lambda group: group.name.replace(" ", "_"))
    def test_answers_what_was_worked_out_by_hand(self, trials: Trials, group: Group) -> None:
        """The cases of `cases.toml`, each asked in every way."""
        from whereql.dialects.text import decode

        for records in batches(group.records, trials.lacks):
            trial = trials.open(records, as_they_are=True)
            held = set(trial.everyone)
            for case in group.cases:
                expr = decode(case.where)
                compare(f"{group.rule} (the case is wrong)", expr, [id for id in case.ids if id in held], trial.expected(expr))
                trials.check(trial, expr, *WAYS, *RARER_WAYS)

    @pytest.mark.parametrize("seed", _SEEDS)
    def test_answers_as_the_semantics(self, trials: Trials, seed: int) -> None:
        """Random filters over adversarial records: through a collection, as pushed, leaf by leaf, and as residual."""
        trial, filters = self._random(trials, seed)
        for turn, expr in enumerate(filters):
            trials.check(trial, expr, *WAYS, *(RARER_WAYS if turn % 8 == 0 else ()))

    @pytest.mark.parametrize("seed", _SEEDS[:3])
    def test_filters_combine_as_sets(self, trials: Trials, seed: int) -> None:
        """A filter and its complement share all records out; AND and OR of two filters are intersection and union."""
        trial, filters = self._random(trials, 1000 + seed)
        previous: Expr = Const(True)
        for expr in filters[: max(1, self.filters // 2)]:
            one, other = trial.collected(expr), trial.collected(previous)
            both, either = set(one).intersection(other), set(one).union(other)
            for combined, wanted in ((Not(expr), set(trial.everyone).difference(one)), (And([expr, previous]), both), (Or([expr, previous]), either)):
                rule = "NOT, AND and OR of filters are complement, intersection and union of what they find"
                compare_collected(trial, rule, combined, [id for id in trial.everyone if id in wanted])
            previous = expr

    def _random(self, trials: Trials, seed: int) -> tuple[Trial, list[Expr]]:
        """A backend with random records, and filters drawn from their values: over the seeds, every operator, kind and subject."""
        generator = Generator(seed)
        trial = trials.open(generator.records(generator.random.choice([12, 24, 40]), embeddings=True))
        maker = FilterMaker(generator.random, trial.records)
        place = seed * self.filters
        return trial, [maker.filter(COMBINATIONS[(place + turn) * 7 % len(COMBINATIONS)]) for turn in range(self.filters)]

    # What a query is beside its filter.

    def test_order_is_that_of_insertion(self, trials: Trials) -> None:
        """Whatever the ids are, and in whatever order they are asked for."""
        numbers = [n * 7919 % 1000 for n in range(300)]
        trial = trials.open([make_record(f"{n}", metadata={"n": n % 3}) for n in numbers])
        compare("records come in the order of their insertion", Const(True), trial.everyone, trial.answered(Query(include=())))
        third = Predicate(Field("n"), Op.EQ, literal(1))
        compare_collected(trial, "records come in the order of their insertion", third, trial.expected(third))
        wanted = tuple(sorted(trial.everyone))
        compare("ids filter, and never order", Const(True), trial.everyone, trial.answered(Query(ids=wanted, include=())))

    def test_limit_and_offset_cut_pages(self, trials: Trials) -> None:
        """Pages that follow each other make the whole; an offset beyond the end, or a limit of 0, makes nothing."""
        trial = self._numbered(trials)
        for expr in _asked_exactly(trial):
            due = trial.expected(expr)
            for limit, offset in ((0, 0), (1, 0), (5, 3), (5, 48), (None, 7), (None, 50), (10**9, 0), (3, 10**9), (0, 5)):
                query = Query(expr, limit=limit, offset=offset, include=())
                cut = due[offset : None if limit is None else offset + limit]
                compare(f"limit={limit} and offset={offset} are counted in the records that match", expr, cut, trial.answered(query))
            pages = [trial.answered(Query(expr, limit=7, offset=offset, include=())) for offset in range(0, 56, 7)]
            compare("pages of 7 follow each other without a gap", expr, due, list(chain.from_iterable(pages)))

    def test_count_is_the_number_of_records(self, trials: Trials) -> None:
        """With a filter, with ids, with both."""
        trial = self._numbered(trials)
        for expr in _asked_exactly(trial):
            for ids in (None, (), ("5", "7", "none")):
                query = Query(expr, ids)
                due = [id for id in trial.expected(expr) if ids is None or id in ids]
                got = calling("backend.count(Query(filter, ids))", expr, trial.backend.count, query)
                if type(got) is not int or got != len(due):
                    raise Broken("count is the number of records that get returns", where=expr, details=[("ids", "all" if ids is None else show_ids(ids)), ("expected", len(due)), ("got", repr(got))])

    def test_ids_filter(self, trials: Trials) -> None:
        """Unknown ids are no error, no ids are no records; an id that is named twice reaches the backend once, and comes once."""
        trial = self._numbered(trials)
        for expr in _asked_exactly(trial):
            for ids in ((), ("9", "3", "none", ""), tuple(trial.everyone), ("none",)):
                for limit, offset in ((None, 0), (1, 1)):
                    due = [id for id in trial.expected(expr) if id in ids][offset:][:limit]
                    query = Query(expr, ids, limit, offset, include=())
                    compare("ids and filter are both to be met", expr, due, trial.answered(query), ("asked", f"backend.get({show_query(query)})"))
            due = [id for id in trial.expected(expr) if id in ("9", "3")]
            compare_collected(trial, "ids and filter are both to be met", expr, due, ("ids", '"9", "3", "9"'), ids=["9", "3", "9"])

    def test_scan_pages_make_the_answer_of_get(self, trials: Trials) -> None:
        """For pages of one size, and of sizes that grow; none empty, none too large; the columns are those of include."""
        trial = self._numbered(trials)
        for expr in _asked_exactly(trial):
            due = [record for record in trial.records if record.id in set(trial.expected(expr))]
            for name, sizes in (("1, 1, …", [1] * 60), ("7, 7, …", [7] * 60), ("1000, …", [1000]), ("1, 2, 4, …", [2**n for n in range(12)])):
                for ids in (None, ("5", "6", "none")):
                    kept = [record for record in due if ids is None or record.id in ids]
                    self._check_scan(trial, Query(expr, ids, include=("uris", "metadatas")), kept, name, sizes)
            self._check_scan(trial, Query(expr, limit=5, offset=2), due[2:7], "3, 3, …", [3] * 60)
        pages = calling("backend.scan(Query(), sizes)", None, trial.backend.scan, Query(), repeat(3))
        calling("the first page of backend.scan(Query(), sizes)", None, next, pages)
        if hasattr(pages, "close"):
            calling("close() of the pages, after the first", None, pages.close)
        compare("a backend answers on after a scan that was closed", Const(True), trial.everyone, trial.answered(Query(include=())))

    def _check_scan(self, trial: Trial, query: Query, due: Sequence[Record], name: str, sizes: Sequence[int]) -> None:
        asked = f"backend.scan({show_query(query)}, sizes {name})"
        pages = calling(asked, query.where, _pages, trial.backend, query, chain(sizes, repeat(sizes[-1])))
        lengths = [len(page) for page in pages]
        if any(length == 0 or length > size for length, size in zip(lengths, sizes, strict=False)):
            raise Broken("a page has at least one record and at most next(sizes)", where=query.where, details=[("asked", asked), ("pages", lengths), ("sizes", list(sizes)[:12])])
        compare("the pages of scan make up the answer of get", query.where, [record.id for record in due], [id for page in pages for id in page.ids], ("asked", asked))
        start = 0
        for page in pages:
            check_response(page, due[start : start + len(page)], query.include, asked)
            start += len(page)

    def test_responses_have_the_columns_of_include(self, trials: Trials) -> None:
        """In the order that was asked for, with values of the kinds that were stored; a column not asked for is None."""
        bare = [make_record("bare"), make_record("uri", uri="u"), make_record("document", document=""), make_record("key", metadata={"n": 1})]
        for number in range(3):
            trial = trials.open([*Generator(50 + number).records(25, embeddings=True), *(bare if number else ())])
            for include in ((), EVERYTHING, ("metadatas",), ("documents", "metadatas"), ("embeddings",), ("metadatas", "uris"), EVERYTHING[::-1]):
                check_response(trial.response(Query(include=include)), trial.records, include, f"backend.get(Query(include={include}))")
            page = Query(limit=4, offset=3, include=EVERYTHING)
            check_response(trial.response(page), trial.records[3:7], EVERYTHING, f"backend.get({show_query(page)})")

    def test_a_collection_may_be_empty(self, trials: Trials) -> None:
        """No records, no pages, no keys, no errors."""
        trial = trials.open([])
        check_response(trial.response(Query(include=EVERYTHING)), [], EVERYTHING, "backend.get(Query()) of an empty collection")
        for expr in (Const(True), Predicate(Field("k"), Op.EQ, literal(1)), Not(Predicate(Field("k"), Op.EXISTS))):
            trials.check(trial, expr, *WAYS, check_residual)
        pages = calling("backend.scan(Query(), sizes)", None, _pages, trial.backend, Query(), repeat(10))
        if pages or trial.backend.count(Query()) or trial.backend.schema().records:
            raise Broken("an empty collection has no pages, a count of 0 and a schema of 0 records", details=[("pages", len(pages))])

    # Strings that break out, and filters that are too much.

    def test_hostile_strings_are_data(self, trials: Trials) -> None:
        """Quotes, backslashes, SQL, wildcards, control characters, every Unicode plane, 100,000 characters: found, returned, not run."""
        records = [make_record(f"{n} {text[:200]}", document=text, uri=text, metadata={"k": text, "tags": [text, "x"]}) for n, text in enumerate(HOSTILE_TEXTS)]
        trial = trials.open(records)
        check_response(trial.response(Query(include=EVERYTHING)), trial.records, EVERYTHING, "backend.get(Query()) of hostile strings")
        keys = {key for record in trial.records for key in record.metadata or {}}
        for text in HOSTILE_TEXTS:
            for key in sorted(keys):
                op = Op.HAS if key.startswith("tags") else Op.EQ
                trials.check(trial, Predicate(Field(key), op, (literal(text),) if op is Op.HAS else literal(text)), *ONE_LEAF_WAYS)
            trials.check(trial, Not(Predicate(Document(), Op.CONTAINS, literal(text))), *ONE_LEAF_WAYS)
            for op in (Op.CONTAINS, *((Op.STARTS, Op.ENDS) if len(text) > 1000 else ())):
                trials.check(trial, Predicate(Document(), op, literal(text)), *(ONE_LEAF_WAYS if len(text) > 1000 else [check_leaves]))
        trials.check(trial, Predicate(Document(), Op.LIKE, literal("x" * 4000 + "%")), check_leaves)
        for record in trial.records:
            trials.check(trial, Predicate(Id(), Op.EQ, literal(record.id)), check_leaves)
            compare("an id is found whatever is in it", Const(True), [record.id], trial.answered(Query(ids=(record.id,), include=())))

    def test_hostile_keys_are_names(self, trials: Trials) -> None:
        """A key is its exact name, and never a part of a query."""
        trial = trials.open([make_record(f"r{n}", metadata={key: n}) for n, key in enumerate(HOSTILE_KEYS)])
        check_response(trial.response(Query(include=("metadatas",))), trial.records, ("metadatas",), "backend.get(Query()) of hostile keys")
        for n, key in enumerate(HOSTILE_KEYS):
            trials.check(trial, Predicate(Field(key), Op.EQ, literal(n)), *ONE_LEAF_WAYS)
            trials.check(trial, Predicate(Field(key), Op.EXISTS), check_leaves)

    # What a backend tells of itself.

    def test_support_answers_for_every_predicate(self, trials: Trials) -> None:
        """A Support for each operator, kind and subject, plain and negated; the table is printed (pytest -s shows it)."""
        trial = trials.open(Generator(5).records(12))
        maker = FilterMaker(Generator(5).random, trial.records)
        if not isinstance(trial.backend.shape, Shape) or not isinstance(trial.backend.cheap_schema, bool):
            raise Broken("shape is a Shape, cheap_schema a bool", details=[("got", (trial.backend.shape, trial.backend.cheap_schema))])
        for combination in COMBINATIONS:
            leaf = maker.leaf(combination)
            predicate = leaf.arg if isinstance(leaf, Not) else leaf
            assert isinstance(predicate, Predicate)
            trial.support(predicate, combination[2])
        print(f"\n{type(trial.backend).__name__}\n{capability_table(trial.backend)}")  # noqa: T201 - pytest keeps it for who asks

    def test_native_is_a_text_or_nothing(self, trials: Trials) -> None:
        """For what `explain` asks it: filters that the backend answers."""
        trial = self._numbered(trials)
        for expr in _asked_exactly(trial):
            for query in (Query(expr), Query(expr, ("5",), 3, 1)):
                said = calling("backend.native(query)", expr, trial.backend.native, query)
                if said is not None and not isinstance(said, str):
                    raise Broken("native is a str, or None", where=expr, details=[("got", repr(said))])

    def test_schema_counts_keys_and_kinds(self, trials: Trials) -> None:
        """Each key with the number of records that have it, by kind."""
        for seed in (7, 8):
            trial = trials.open(Generator(seed).records(30))
            due = schema_of(trial.records)
            got = calling("backend.schema()", None, trial.backend.schema)
            counts = {key: {kind: n for kind, n in info.kinds.items() if n} for key, info in got.keys.items() if info.count}
            wrong = [f"{key!r}: expected {dict(info.kinds)}, got {counts.get(key)}" for key, info in due.keys.items() if counts.get(key) != dict(info.kinds)]
            wrong += [f"{key!r}: no record has this key" for key in counts if key not in due.keys]
            wrong += [f"records: expected {due.records}, got {got.records}"] if got.records != due.records else []
            if wrong:
                raise Broken("schema has every key, with the number of records by kind", details=[("differs", one) for one in wrong[:5]])

    def test_close_lets_go(self, trials: Trials) -> None:
        """A backend can be closed after a scan that nobody finished, one backend does not close another, and answers can still be read."""
        first, second = (trials.open([make_record(f"{name}{n}") for n in range(20)]) for name in "ab")
        next(iter(first.backend.scan(Query(include=()), page_sizes(2))))
        answer = first.response(Query(include=EVERYTHING))
        trials.close_one(first)
        check_response(answer, first.records, EVERYTHING, f"backend.get({show_query(Query(include=EVERYTHING))}) before it was closed, and its columns read after that")
        compare("closing one backend leaves another open", Const(True), second.everyone, second.answered(Query(include=())))

    def _numbered(self, trials: Trials) -> Trial:
        """Fifty records with a number, a text and a uri, none of which the store should find hard to hold."""
        texts = ("neural nets", "A tale", "")
        return trials.open([make_record(str(n), document=texts[n % 3], uri=f"u{n}", metadata={"n": n % 4, "s": "abc"[n % 3]}) for n in range(50)])


def _pages(backend: Backend, query: Query, sizes: Iterator[int]) -> list[GetResponse]:
    return list(backend.scan(query, sizes))


def _asked_exactly(trial: Trial) -> list[Expr]:
    """TRUE, FALSE, and those of some simple filters that the backend answers exactly by itself."""
    names = {key[0]: key for record in trial.records for key in record.metadata or {}}
    n, s = Field(names.get("n", "n")), Field(names.get("s", "s"))
    equal, above, negated = Predicate(n, Op.EQ, literal(1)), Predicate(n, Op.GT, literal(1)), Predicate(s, Op.EQ, literal("a"))
    exact = [leaf for leaf in (equal, above, Not(negated), Predicate(Document(), Op.CONTAINS, literal("e"))) if _is_exact(trial, leaf)]
    both: list[Expr] = [And(exact[:2])] if len(exact) > 1 and trial.backend.shape.conjunction and (trial.backend.shape.depth or 1) > 0 else []
    return [Const(True), Const(False), *exact, *(expr for expr in both if beyond(expr, trial.backend.shape) is None)]


def _is_exact(trial: Trial, leaf: Expr) -> bool:
    predicate = leaf.arg if isinstance(leaf, Not) else leaf
    assert isinstance(predicate, Predicate)
    return trial.support(predicate, isinstance(leaf, Not)) is Support.EXACT and beyond(leaf, trial.backend.shape) is None
