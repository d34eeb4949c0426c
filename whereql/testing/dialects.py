"""The contract of a dialect as tests: a subclass names the dialect, and an engine that runs its filters where there is one.

```python
class TestLucene(DialectContract):
    @pytest.fixture
    def dialect(self):
        return my_package.lucene.DIALECT  # a whereql.Dialect
```
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from whereql.ast import And, Const, Expr, Field, Not, Op, Predicate
from whereql.decide import equivalent
from whereql.dialect import Dialect, Sql, Translation
from whereql.dialects.text import decode as read_text
from whereql.dialects.text.printer import print_filter
from whereql.errors import TranslateError, WhereqlError
from whereql.optimize.pipeline import normalize
from whereql.records import Record, make_record
from whereql.semantics import holds
from whereql.testing.failures import Broken, calling, show_record
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator
from whereql.testing.holding import check_lacks, fit_all
from whereql.testing.hostile import HOSTILE_KEYS, HOSTILE_TEXTS, SHORT_TEXTS
from whereql.testing.trials import compare, parts_of
from whereql.values import literal

Run = Callable[[Any, Sequence[Record]], Sequence[str]]

_IS_EXHAUSTIVE = os.environ.get("WHEREQL_EXHAUSTIVE") == "1"
_SEEDS = range(30 if _IS_EXHAUSTIVE else 3)


class DialectContract:
    """All that whereql expects of a dialect. Override the fixture `dialect`; with an engine at hand `run`, too.

    examples: sources of the language, each beside the same filter as whereql's text: the only proof of a `decode` without an
    `encode`; lacks: names of what the engine's records can't hold, see `whereql.testing.holding.LACKS`; filters: how many random
    filters are tried on each set of records.
    """

    examples: ClassVar[Sequence[tuple[Any, str]]] = ()
    lacks: ClassVar[Collection[str]] = ()
    filters: ClassVar[int] = 100

    @pytest.fixture
    def dialect(self) -> Dialect:
        """The dialect."""
        raise NotImplementedError(f"{type(self).__name__} overrides the fixture dialect: a whereql.Dialect that reads, writes, or both")

    @pytest.fixture
    def run(self) -> Run | None:
        """A function that runs a native filter on some records, in an engine of the language, and answers the ids. None: there is none."""
        return None

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        """The options with which filters for some records are written and read: their schema, say, where the language needs one."""
        return {}

    def test_has_a_direction(self, dialect: Any) -> None:
        """It is a Dialect, and reads, writes, or both."""
        if not isinstance(dialect, Dialect) or (dialect.reads is None and dialect.writes is None):
            raise Broken("a dialect is a whereql.Dialect that reads, writes, or both", details=[("got", repr(dialect))])
        if dialect.writes is None and not self.examples:
            raise Broken("a dialect that is read only is proved by examples", details=[("hint", "list pairs in `examples`: a source, and the same filter as whereql's text")])

    def test_reads_the_examples(self, dialect: Any) -> None:
        """Each example of `examples` means what its text says."""
        if dialect.reads is not None:
            for source, text in self.examples:
                wanted = read_text(text)
                read = _decoded(dialect, source, wanted, {})
                witness = equivalent(read, wanted).witness if isinstance(read, Expr) else None
                self._check_same(wanted, read, source, [] if witness is None else [witness])

    @pytest.mark.parametrize("seed", _SEEDS)
    def test_writes_or_refuses(self, dialect: Any, seed: int) -> None:
        """Any filter is written, always in the same way, exactly or with a residual, which is refused with a hint unless it is asked for; the filter stays as it was."""
        if dialect.writes is not None:
            records, filters = self._random(seed)
            options = self.options(records)
            for expr in filters:
                before = copy.deepcopy(expr)
                one, other = _encoded(dialect, expr, options), _encoded(dialect, expr, options)
                if one != other or expr != before:
                    raise Broken("encode writes a filter in one way", where=expr, details=[("first", repr(one)), ("then", repr(other))])
                _check_refusal(dialect, expr, options, one)

    def test_says_something(self, dialect: Any) -> None:
        """Not everything is left to the residual."""
        if dialect.writes is not None:
            records, filters = self._random(0)
            translations = [_encoded(dialect, expr, self.options(records)) for expr in filters]
            if not any(each.exact for each in translations):
                raise Broken("encode writes some filters exactly", details=[("it leaves a residual", "of each of those that were tried")])

    @pytest.mark.parametrize("seed", _SEEDS)
    def test_reads_back_what_it_writes(self, dialect: Any, seed: int) -> None:
        """What is written reads back as a filter that, with the residual, has the same meaning."""
        if dialect.reads is not None and dialect.writes is not None:
            records, filters = self._random(seed)
            for expr in filters:
                self._smallest(expr, lambda expr: self._check_round_trip(dialect, expr, records))

    @pytest.mark.parametrize("seed", _SEEDS)
    def test_runs_as_the_semantics(self, dialect: Any, run: Run | None, seed: int) -> None:
        """What is written finds, in the engine, the records that `whereql.semantics` finds; with a residual no fewer, and with it tested just those."""
        if dialect.writes is not None and run is not None:
            records, filters = self._random(seed)
            for expr in filters:
                self._smallest(expr, lambda expr: self._check_run(dialect, run, expr, records))

    def test_hostile_strings_are_data(self, dialect: Any, run: Run | None) -> None:
        """Quotes, backslashes, wildcards, control characters, every Unicode plane: as values and as keys."""
        if dialect.writes is not None:
            made = [make_record(f"{n}", document=text, uri=text, metadata={"k": text, "tags": [text]}) for n, text in enumerate(SHORT_TEXTS)]
            made += [make_record(f"key {n}", metadata={key: n}) for n, key in enumerate(HOSTILE_KEYS)]
            records = fit_all(made, check_lacks(self.lacks))
            for expr in _hostile_filters():
                self._check_round_trip(dialect, expr, records)
                if run is not None:
                    self._check_run(dialect, run, expr, records)

    def test_nonsense_is_refused_in_whereqls_words(self, dialect: Any) -> None:
        """Sources with a part lost, doubled or changed are read, or refused with a WhereqlError: decode raises nothing else."""
        if dialect.reads is not None:
            sources = [source for source, _ in self.examples]
            if dialect.writes is not None:
                records, filters = self._random(1)
                sources += [_encoded(dialect, expr, self.options(records)).native for expr in filters]
            generator = Generator(9)
            for source in sources[:200]:
                for damaged in damage(source, generator):
                    self._check_damaged(dialect, damaged)

    def _random(self, seed: int) -> tuple[list[Record], list[Expr]]:
        """Records, and filters drawn from their values: over the seeds, every operator, kind and subject."""
        generator = Generator(seed)
        records = fit_all(generator.records(20), check_lacks(self.lacks))
        maker = FilterMaker(generator.random, records)
        place = seed * self.filters
        return records, [maker.filter(COMBINATIONS[(place + turn) * 7 % len(COMBINATIONS)]) for turn in range(self.filters)]

    def _smallest(self, expr: Expr, check: Callable[[Expr], None]) -> None:
        """Run a check. Raises Broken for the smallest part of the filter that still fails."""
        try:
            check(expr)
        except Broken:
            for part in parts_of(expr):
                self._smallest(part, check)
            raise

    def _check_round_trip(self, dialect: Any, expr: Expr, records: Sequence[Record]) -> None:
        if dialect.reads is None:
            return
        options = self.options(records)
        translation = _encoded(dialect, expr, options)
        read = _decoded(dialect, translation.native, expr, {name: value for name, value in options.items() if name in dialect.options})
        if isinstance(read, Expr) and translation.residual is not None:
            read = And([read, translation.residual])
        self._check_same(expr, read, translation.native, records)

    def _check_same(self, expr: Expr, read: Any, source: Any, records: Sequence[Record]) -> None:
        if not isinstance(read, Expr):
            raise Broken("decode answers an Expr", where=expr, details=[("source", ascii(source)), ("got", repr(read))])
        if read == expr or normalize(read) == normalize(expr):
            return
        different = next((record for record in records if holds(read, record) is not holds(expr, record)), None)
        if different is not None:
            shown = [("source", ascii(source)), ("reads as", print_filter(read)), ("record", show_record(different)), ("expected", holds(expr, different))]
            raise Broken("a source means what the filter means that it was written for", where=expr, details=shown)

    def _check_run(self, dialect: Any, run: Run, expr: Expr, records: Sequence[Record]) -> None:
        translation = _encoded(dialect, expr, self.options(records))
        native, residual = translation.native, Const(True) if translation.residual is None else translation.residual
        found = list(calling(f"run({ascii(native)[:200]}, records)", expr, run, native, records))
        known = {record.id: record for record in records}
        if len(set(found)) != len(found) or not known.keys() >= set(found):
            raise Broken("run answers ids of the records, each once", where=expr, details=[("source", ascii(native)), ("got", repr(found))])
        got = [id for id in known if id in found and holds(residual, known[id])]
        due = [record.id for record in records if holds(expr, record)]
        try:
            compare("what is written finds the records that the filter finds", expr, due, got, ("source", ascii(native)))
        except Broken as broken:
            raise broken.about(records) from None

    def _check_damaged(self, dialect: Any, source: Any) -> None:
        try:
            read = dialect.decode(source)
        except WhereqlError:
            return
        except Exception as error:  # whatever a stranger's dialect raises
            shown = [("source", ascii(source)), ("it raised", f"{type(error).__name__}: {error}")]
            raise Broken("decode raises WhereqlErrors only", details=shown) from error
        if not isinstance(read, Expr):
            raise Broken("decode answers an Expr", details=[("source", ascii(source)), ("got", repr(read))])


def _encoded(dialect: Any, expr: Expr, options: Mapping[str, Any]) -> Translation:
    """What a dialect writes, a residual allowed."""
    try:
        translation = dialect.encode(expr, allow_residual=True, **options)
    except Exception as error:  # whatever a stranger's dialect raises
        shown = [("it raised", f"{type(error).__name__}: {error}")]
        raise Broken("encode leaves a residual where it can't say all, and raises nothing", where=expr, details=shown) from error
    if not isinstance(translation, Translation):
        raise Broken("writes answers a Translation", where=expr, details=[("got", repr(translation))])
    return translation


def _check_refusal(dialect: Any, expr: Expr, options: Mapping[str, Any], translation: Translation) -> None:
    """Without leave for a residual, what has one is refused, with a reason and a hint, and nothing else is."""
    try:
        exact = dialect.encode(expr, **options)
    except TranslateError as error:
        if translation.exact or not error.hint:
            raise Broken("just what leaves a residual is refused, with a hint", where=expr, details=[("it raised", error)]) from error
    else:
        if exact != translation or not translation.exact:
            raise Broken("what leaves a residual is refused unless it is asked for", where=expr, details=[("got", repr(exact))])


def _decoded(dialect: Any, source: Any, expr: Expr, options: Mapping[str, Any]) -> Any:
    try:
        return dialect.decode(source, **options)
    except Exception as error:  # whatever a stranger's dialect raises
        shown = [("source", ascii(source)), ("it raised", f"{type(error).__name__}: {error}")]
        raise Broken("decode reads what encode writes, and the examples", where=expr, details=shown) from error


def _hostile_filters() -> Iterator[Expr]:
    for text in HOSTILE_TEXTS:
        yield Predicate(Field("k"), Op.EQ, literal(text))
    for number, text in enumerate(SHORT_TEXTS):
        if _IS_EXHAUSTIVE or number % 2:
            yield Not(Predicate(Field("k"), Op.IN, (literal(text), literal("b"))))
        if _IS_EXHAUSTIVE or not number % 2:
            yield Predicate(Field("tags"), Op.HAS, (literal(text),))
    for n, key in enumerate(HOSTILE_KEYS):
        yield Predicate(Field(key), Op.EQ, literal(n))


def damage(source: Any, generator: Generator) -> Iterator[Any]:
    """Sources near to one: a text with a piece lost, doubled or in the place of another; data with a part that is something else."""
    rng = generator.random
    if isinstance(source, Sql):
        source = source.text
    if isinstance(source, str):
        for _ in range(4):
            start = rng.randint(0, len(source))
            end = min(len(source), start + rng.randint(0, 3))
            yield source[:start] + rng.choice(["", source[start:end] * 2, rng.choice(HOSTILE_TEXTS)[:20]]) + source[end:]
    else:
        yield from (None, 5, "", [], {}, [source], {"k": source})
        for _ in range(4):
            yield _damaged_data(source, generator)


def _damaged_data(source: Any, generator: Generator) -> Any:
    rng = generator.random
    if rng.random() < 0.25 or not isinstance(source, (dict, list)) or not source:
        return rng.choice([None, 5, 1.5, "", "$and", [], {}, [None], {"$eq": 1}, True, float("nan"), 2**70])
    if isinstance(source, list):
        place = rng.randrange(len(source))
        return [*source[:place], _damaged_data(source[place], generator), *source[place + 1 :]]
    key = rng.choice(sorted(source, key=repr))
    changed = {**source, key: _damaged_data(source[key], generator)}
    if rng.random() < 0.3:
        changed[rng.choice(["$and", "$nope", "k", ""])] = changed.pop(key)
    return changed
