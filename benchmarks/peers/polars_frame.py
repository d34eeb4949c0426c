"""polars: a frame with categoricals and small integers, asked with expressions that are made beforehand."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from operator import eq, ge, gt, le, lt
from pathlib import Path
from typing import Any

from benchmarks.data import KEYS, columns_of
from benchmarks.peers.masks import filter_of, fold, subject_of, values_of
from benchmarks.workload import Batch, Variant
from whereql.ast import Predicate
from whereql.operators import Op

_COMPARE: dict[Op, Callable[[Any, Any], Any]] = {Op.EQ: eq, Op.LT: lt, Op.LE: le, Op.GT: gt, Op.GE: ge}
_CODED = ("category", "lang", "user")


class PolarsFrame:
    """All in one frame; tags stay a list of strings, in which polars finds a value faster than in one of categoricals."""

    def __init__(self) -> None:
        self.pl: Any = import_module("polars")
        self.pa: Any = import_module("pyarrow")
        self.parts: list[Any] = []
        self.frame: Any = None

    def add(self, batch: Batch) -> None:
        """Append records."""
        self.parts.append(self.pl.from_arrow(self.pa.table(columns_of(batch))))  # a fifth of the time of pl.DataFrame

    def finish(self) -> None:
        """One frame with one chunk a column."""
        self.frame = self._typed(self.pl.concat(self.parts, rechunk=True))
        self.parts.clear()

    def open(self, path: Path) -> None:
        """Read a Parquet file whole."""
        self.frame = self._typed(self.pl.read_parquet(path).rechunk())

    def _typed(self, frame: Any) -> Any:
        pl = self.pl
        small = (pl.col("year").cast(pl.Int16), pl.col("views").cast(pl.Int32), pl.col("rating").cast(pl.Int8))
        return frame.with_columns(pl.col(*_CODED).cast(pl.Categorical), *small)

    def prepare(self, variant: Variant, wants: str) -> list[Callable[[], Any]]:
        """Lazily, or column by column, which saves what an optimizer costs."""
        pl, frame = self.pl, self.frame
        where = fold(filter_of(variant), self._leaf)
        match wants:
            case "ids":
                return [
                    lambda: frame.get_column("id").filter(frame.select(where).to_series()).to_list(),
                    lambda: frame.select(pl.col("id").filter(where)).to_series().to_list(),
                    lambda: frame.lazy().filter(where).select("id").collect().to_series().to_list(),
                ]
            case "limit":
                return [
                    lambda: frame.select(pl.col("id").filter(where).head(10)).to_series().to_list(),
                    lambda: frame.lazy().filter(where).select("id").head(10).collect().to_series().to_list(),
                ]
            case "count":
                return [lambda: frame.select(where.sum()).item(), lambda: frame.lazy().filter(where).select(pl.len()).collect().item()]
        return [
            lambda: frame[frame.select(where.arg_true().head(100)).to_series()].to_dicts(),
            lambda: frame.lazy().filter(where).head(100).collect().to_dicts(),
        ]

    def _leaf(self, predicate: Predicate) -> Any:
        subject, value, pl = subject_of(predicate), values_of(predicate), self.pl
        column = pl.col(subject)
        match subject, predicate.op:
            case "document", Op.CONTAINS:
                return column.str.contains(value, literal=True)
            case "document", _:
                return column.str.contains(value)
            case "tags", _:
                return column.list.contains(value[0]).fill_null(False)
            case "active", _:
                return column if value else ~column
            case _, Op.IN if len(value) == 1:
                return column == value[0]
            case _, Op.IN:
                return column.is_in(value)
            case "rating", Op.EQ:
                return column.eq_missing(value)
            case "rating", op:
                return _COMPARE[op](column, value).fill_null(False)
        return _COMPARE[predicate.op](column, value)


class PolarsFile(PolarsFrame):
    """A Parquet file that is read for each question, as far as the question needs it."""

    def open(self, path: Path) -> None:
        """Remember the file."""
        self.frame = self.pl.scan_parquet(path)

    def prepare(self, variant: Variant, wants: str) -> list[Callable[[], Any]]:
        """Lazily; collected by either engine."""
        found = self.frame.filter(fold(filter_of(variant), self._leaf))
        engines = ("in-memory", "streaming")
        match wants:
            case "ids":
                return [lambda e=e: found.select("id").collect(engine=e).to_series().to_list() for e in engines]  # type: ignore[misc]
            case "limit":
                return [lambda e=e: found.select("id").head(10).collect(engine=e).to_series().to_list() for e in engines]  # type: ignore[misc]
            case "count":
                return [lambda e=e: found.select(self.pl.len()).collect(engine=e).item() for e in engines]  # type: ignore[misc]
        return [lambda e=e: found.select("id", "document", *KEYS).head(100).collect(engine=e).to_dicts() for e in engines]  # type: ignore[misc]
