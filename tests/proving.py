"""Proof by execution: random filters, written by a dialect, run by an engine, and compared with the semantics on every record.

With `WHEREQL_RECORD=1` each proof is written into `docs/proofs.json`, from which the table of `docs/dialects.md` is made. A row is
an engine with its variant: what else a result depends on, such as how the records are laid out or an option of the dialect.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from foreign import EngineError, Run

import whereql
from whereql.ast import Const, Expr
from whereql.dialect import Dialect
from whereql.records import Record
from whereql.semantics import holds
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator
from whereql.testing.holding import fit_all

COUNT = 2_500 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 100
PROOFS = Path(__file__).parent.parent / "docs" / "proofs.json"

_TOTALS: dict[tuple[str, str, str], Proof] = {}  # of this run

DOCUMENTED: Mapping[str, str] = {"by documentation, not executed": ""}

Options = Callable[[Sequence[Record]], Mapping[str, Any]]


class Engine(Protocol):
    """What runs filters: a worker, or an evaluator in this process."""

    @property
    def versions(self) -> Mapping[str, str]: ...

    def run_all(self, natives: Sequence[Any], records: Sequence[Record]) -> list[list[str]]: ...


class Evaluator:
    """A function of this process as an engine: by default one that does what a documentation says, where no engine runs here."""

    def __init__(self, run: Run, versions: Mapping[str, str] = DOCUMENTED) -> None:
        self._run, self.versions = run, versions

    def run_all(self, natives: Sequence[Any], records: Sequence[Record]) -> list[list[str]]:
        return [list(self._run(native, records)) for native in natives]


@dataclass
class Proof:
    """What was tried: filters in all, and those of them that were said exactly."""

    filters: int = 0
    exact: int = 0


def no_options(records: Sequence[Record]) -> Mapping[str, Any]:
    return {}


def prove(
    name: str, dialect: Dialect, engine: Engine, *, lacks: Collection[str] = (), options: Options = no_options, count: int = COUNT, seed: int = 1,
    keep: Callable[[Expr], bool] = lambda expr: True, rows: int = 25, per_set: int = 50, variant: str = "", fit: Callable[[list[Record]], Sequence[Record]] = lambda records: records,
) -> Proof:  # fmt: skip
    """Run `count` random filters on adversarial records: what the engine finds and the residual keeps is what the filter means.

    lacks: what the engine's records can't hold, as for the kit; fit: more of that; keep: which filters to try, where an engine
    itself fails on some; variant: see `record`.
    """
    proof = Proof()
    while proof.filters < count:
        generator = Generator(seed)
        records = fit(fit_all(generator.records(rows), lacks))
        maker = FilterMaker(generator.random, records)
        filters = [maker.filter(COMBINATIONS[(seed * per_set + turn) * 7 % len(COMBINATIONS)], generator.random.choice([0, 0, 1, 2, 4])) for turn in range(per_set)]
        prove_set(dialect, engine, records, [expr for expr in filters if keep(expr)], options(records), proof)
        seed += 1
    record(name, "written", engine.versions, proof, variant)
    return proof


def prove_set(dialect: Dialect, engine: Engine, records: Sequence[Record], filters: Sequence[Expr], options: Mapping[str, Any], proof: Proof) -> None:
    """Run some filters on some records, and count them into a proof."""
    translations = [dialect.encode(expr, allow_residual=True, **options) for expr in filters]
    found = _answers(engine, [translation.native for translation in translations], records)
    for expr, translation, ids in zip(filters, translations, found, strict=True):
        residual = Const(True) if translation.residual is None else translation.residual
        got = {record.id for record in records if record.id in ids and holds(residual, record)}
        due = {record.id for record in records if holds(expr, record)}
        assert got == due, _shown(expr, translation.native, records, got, due)
        proof.filters += 1
        proof.exact += translation.exact


def prove_reading(name: str, dialect: Dialect, engine: Engine, sets: Iterable[tuple[Sequence[Record], Sequence[Any]]], variant: str = "", **options: Any) -> Proof:
    """Native filters, read by the dialect, mean on every record what the engine makes of them. sets: records, and filters for them."""
    proof = Proof()
    for records, natives in sets:
        for native, ids in zip(natives, _answers(engine, natives, records), strict=True):
            expr = dialect.decode(native, **options)
            due, got = set(ids), {record.id for record in records if holds(expr, record)}
            assert got == due, _shown(expr, native, records, got, due)
            proof.filters += 1
            proof.exact += 1
    record(name, "read", engine.versions, proof, variant)
    return proof


def _answers(engine: Engine, natives: Sequence[Any], records: Sequence[Record]) -> list[list[str]]:
    try:
        return engine.run_all(natives, records)
    except EngineError:
        for native in natives:  # once more one by one, to say which it was
            try:
                engine.run_all([native], records)
            except EngineError as error:
                raise AssertionError(f"{error}\nnative: {native!r}") from error
        raise


def _shown(expr: Expr, native: Any, records: Sequence[Record], got: set[str], due: set[str]) -> str:
    differing = [record for record in records if record.id in got ^ due][:3]
    lines = [f"{'too much' if record.id in got else 'lost'}: {record.id!r} {record.metadata!r} {record.document!r} {record.uri!r}" for record in differing]
    return "\n".join([f"filter: {whereql.to_text(expr)}", f"native: {native!r}", *lines])


def record(name: str, direction: str, versions: Mapping[str, str], proof: Proof, variant: str = "") -> None:
    """Write a proof down, if this run is for that: in a row of the engine and the variant, where those of one run are added up."""
    if os.environ.get("WHEREQL_RECORD") != "1":
        return
    assert "PYTEST_XDIST_WORKER" not in os.environ, "proofs are written down by one process: without -n"
    known = json.loads(PROOFS.read_text(encoding="utf-8")) if PROOFS.exists() else {}
    engine = ", ".join(f"{engine} {version}".strip() for engine, version in versions.items()) + (f" ({variant})" if variant else "")
    total = _TOTALS.setdefault((name, direction, engine), Proof())
    total.filters, total.exact = total.filters + proof.filters, total.exact + proof.exact
    known.setdefault(name, {}).setdefault(direction, {})[engine] = {"filters": total.filters, "exact": total.exact}
    PROOFS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
