"""Proof by execution: random filters, written by a dialect, run by an engine, and compared with the semantics on every record.

With `WHEREQL_RECORD=1` each proof is written into `docs/proofs.json`, from which the table of `docs/dialects.md` is made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreign import EngineError, Worker

import whereql
from whereql.ast import Const, Expr
from whereql.dialect import Dialect
from whereql.records import Record
from whereql.semantics import holds
from whereql.testing.generators import COMBINATIONS, FilterMaker, Generator
from whereql.testing.holding import fit_all

COUNT = 2_500 if os.environ.get("WHEREQL_EXHAUSTIVE") == "1" else 250
PROOFS = Path(__file__).parent.parent / "docs" / "proofs.json"

Options = Callable[[Sequence[Record]], Mapping[str, Any]]


@dataclass
class Proof:
    """What was tried: filters in all, and those of them that were said exactly."""

    filters: int = 0
    exact: int = 0


def no_options(records: Sequence[Record]) -> Mapping[str, Any]:
    return {}


def prove(
    name: str, dialect: Dialect, engine: Worker, *, lacks: Collection[str] = (), options: Options = no_options, count: int = COUNT, seed: int = 1,
    keep: Callable[[Expr], bool] = lambda expr: True, rows: int = 25, per_set: int = 50,
) -> Proof:  # fmt: skip
    """Run `count` random filters on adversarial records: what the engine finds and the residual keeps is what the filter means.

    lacks: what the engine's records can't hold, as for the kit; keep: which filters to try, where an engine itself fails on some.
    """
    proof = Proof()
    while proof.filters < count:
        generator = Generator(seed)
        records = fit_all(generator.records(rows), lacks)
        maker = FilterMaker(generator.random, records)
        filters = [maker.filter(COMBINATIONS[(seed * per_set + turn) * 7 % len(COMBINATIONS)], generator.random.choice([0, 0, 1, 2, 4])) for turn in range(per_set)]
        _prove_set(dialect, engine, records, [expr for expr in filters if keep(expr)], options(records), proof)
        seed += 1
    record(name, "written", engine.versions, proof)
    return proof


def _prove_set(dialect: Dialect, engine: Worker, records: Sequence[Record], filters: Sequence[Expr], options: Mapping[str, Any], proof: Proof) -> None:
    translations = [dialect.encode(expr, allow_residual=True, **options) for expr in filters]
    found = _answers(engine, [translation.native for translation in translations], records)
    for expr, translation, ids in zip(filters, translations, found, strict=True):
        residual = Const(True) if translation.residual is None else translation.residual
        got = {record.id for record in records if record.id in ids and holds(residual, record)}
        due = {record.id for record in records if holds(expr, record)}
        assert got == due, _shown(expr, translation.native, records, got, due)
        proof.filters += 1
        proof.exact += translation.exact


def prove_reading(name: str, dialect: Dialect, engine: Worker, sets: Iterable[tuple[Sequence[Record], Sequence[Any]]], **options: Any) -> Proof:
    """Native filters, read by the dialect, mean on every record what the engine makes of them. sets: records, and filters for them."""
    proof = Proof()
    for records, natives in sets:
        for native, ids in zip(natives, _answers(engine, natives, records), strict=True):
            expr = dialect.decode(native, **options)
            due, got = set(ids), {record.id for record in records if holds(expr, record)}
            assert got == due, _shown(expr, native, records, got, due)
            proof.filters += 1
            proof.exact += 1
    record(name, "read", engine.versions, proof)
    return proof


def _answers(engine: Worker, natives: Sequence[Any], records: Sequence[Record]) -> list[list[str]]:
    try:
        return engine.run_all(natives, records)
    except EngineError:
        for native in natives:  # once more one by one, to say which it was
            try:
                engine.run(native, records)
            except EngineError as error:
                raise AssertionError(f"{error}\nnative: {native!r}") from error
        raise


def _shown(expr: Expr, native: Any, records: Sequence[Record], got: set[str], due: set[str]) -> str:
    differing = [record for record in records if record.id in got ^ due][:3]
    lines = [f"{'too much' if record.id in got else 'lost'}: {record.id!r} {record.metadata!r} {record.document!r} {record.uri!r}" for record in differing]
    return "\n".join([f"filter: {whereql.to_text(expr)}", f"native: {native!r}", *lines])


def record(name: str, direction: str, versions: Mapping[str, str], proof: Proof) -> None:
    """Write a proof down, if this run is for that."""
    if os.environ.get("WHEREQL_RECORD") != "1":
        return
    known = json.loads(PROOFS.read_text(encoding="utf-8")) if PROOFS.exists() else {}
    engine = ", ".join(f"{engine} {version}" for engine, version in versions.items())
    known.setdefault(name, {}).setdefault(direction, {})[engine] = {"filters": proof.filters, "exact": proof.exact}
    PROOFS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
