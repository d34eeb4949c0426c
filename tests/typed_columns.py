"""Records for tables with a typed column for each key, what a writer is told of them, and the kit's contract on such tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from whereql.ast import Expr, Field, Not, Op, Predicate
from whereql.dialect import Dialect
from whereql.records import Record, make_record, stored_kind
from whereql.semantics import holds
from whereql.testing import DialectContract
from whereql.testing.dialects import Run
from whereql.testing.hostile import HOSTILE_KEYS, HOSTILE_TEXTS
from whereql.values import literal

# What such a table can't hold: two kinds under one key; in some, names that are odd, or differ in case only.
COLUMN_LACKS = frozenset({"mixed kinds", "odd keys"})


def column_options(records: Sequence[Record]) -> Mapping[str, Any]:
    return {"layout": "columns", **schema_options(records)}


def schema_options(records: Sequence[Record]) -> Mapping[str, Any]:
    """The kinds of the keys; a sparse vector is in a column as its JSON."""
    kinds = {key: stored_kind(value) for record in records for key, value in (record.metadata or {}).items()}
    return {"schema": kinds | {"missing": "string"}}


class ColumnsContract(DialectContract):
    """The contract of a dialect of typed columns. takes: which names a column may have there."""

    lacks: ClassVar[Collection[str]] = COLUMN_LACKS

    def takes(self, key: str) -> bool:
        return True

    def options(self, records: Sequence[Record]) -> Mapping[str, Any]:
        return schema_options(records)

    def test_hostile_strings_are_data(self, dialect: Dialect, run: Run | None) -> None:
        """As values in one table, and as names in another: in the kit's own records a key has two kinds."""
        records = [make_record(f"{n}", document=text, uri=text, metadata={"k": text, "tags": [text]}) for n, text in enumerate(HOSTILE_TEXTS)]
        self._check_all(dialect, run, _on_texts(), records)
        names = {key.lower(): key for key in HOSTILE_KEYS if self.takes(key)}.values()  # where case makes no difference, one of them
        named = [make_record(f"key {n}", metadata={key: n}) for n, key in enumerate(names)]
        tests = [Predicate(Field(key), Op.EQ, literal(n)) for n, key in enumerate(names)]
        self._check_all(dialect, run, tests, named)
        for key in set(HOSTILE_KEYS) - set(names) - {key for key in HOSTILE_KEYS if key.lower() in {each.lower() for each in names}}:
            assert not dialect.encode(Predicate(Field(key), Op.EQ, literal(1)), allow_residual=True).exact, key

    def _check_all(self, dialect: Dialect, run: Run | None, filters: Sequence[Expr], records: Sequence[Record]) -> None:
        for expr in filters:
            translation = dialect.encode(expr, **self.options(records))
            if run is not None:
                assert list(run(translation.native, records)) == [record.id for record in records if holds(expr, record)], translation


def _on_texts() -> list[Expr]:
    return [expr for text in HOSTILE_TEXTS for expr in _about(text)]


def _about(text: str) -> Iterator[Expr]:
    yield Predicate(Field("k"), Op.EQ, literal(text))
    yield Not(Predicate(Field("k"), Op.IN, (literal(text), literal("b"))))
    yield Predicate(Field("tags"), Op.HAS, (literal(text),))
    yield Predicate(Field("k"), Op.CONTAINS, literal(text[:300]))


