"""The kit's hand-written cases are right, and the answer beside each is really a wrong one; what a store can't hold is left out."""

from __future__ import annotations

import subprocess
import sys

import pytest

import whereql
from whereql.ast import predicates
from whereql.operators import Op
from whereql.records import make_record
from whereql.testing.cases import load_groups
from whereql.testing.failures import Broken
from whereql.testing.generators import FilterMaker, Generator
from whereql.testing.holding import LACKS, batches, check_lacks, fit, fit_all
from whereql.testing.hostile import HOSTILE_KEYS, HOSTILE_TEXTS
from whereql.testing.shapes import same

CASES = [(group, case) for group in load_groups() for case in group.cases]


@pytest.mark.parametrize(("group", "case"), CASES, ids=lambda value: getattr(value, "where", getattr(value, "name", "")).replace("\0", "NUL"))
def test_a_case_is_as_the_semantics_and_its_temptation_is_not(group: object, case: object) -> None:
    expr = whereql.parse(case.where)  # type: ignore[attr-defined]
    found = tuple(record.id for record in group.records if whereql.holds(expr, record))  # type: ignore[attr-defined]
    assert found == case.ids  # type: ignore[attr-defined]
    assert found != case.wrong  # type: ignore[attr-defined]
    assert {record.id for record in group.records} >= set(case.wrong)  # type: ignore[attr-defined]


def test_the_cases_are_many_and_of_every_operator() -> None:
    used = {predicate.op for _, case in CASES for predicate in predicates(whereql.parse(case.where))}
    assert used == set(Op)
    assert len(CASES) >= 160
    assert len({group.name for group in load_groups()}) == len(load_groups())


RECORDS = [record for seed in range(20) for record in fit_all(Generator(seed).records(10, embeddings=True), ())] + [
    make_record(f"key {n}", metadata={key: n, "k": text}) for n, (key, text) in enumerate(zip(HOSTILE_KEYS, HOSTILE_TEXTS, strict=False))
]


@pytest.mark.parametrize("lack", sorted(LACKS))
def test_records_come_without_what_a_store_lacks(lack: str) -> None:
    fitted = fit_all(RECORDS, {lack})
    if lack not in ("writes", "snapshots", "reopening"):
        assert fitted != RECORDS or lack in ("embeddings", "missing embeddings")  # which are not compared
    texts = [text for record in fitted for text in (record.id, record.document, record.uri, *(record.metadata or {}))]
    values = [value for record in fitted for value in (record.metadata or {}).values()]
    texts += [item for value in values for item in (value if isinstance(value, list) else [value])]
    assert (lack == "nul") == (not any("\0" in text for text in texts if isinstance(text, str)))
    assert (lack == "arrays") == (not any(isinstance(value, list) for value in values))
    assert (lack == "sparse vectors") == (not any(isinstance(value, dict) for value in values))
    assert (lack == "documents") == (not any(record.document for record in fitted))
    assert (lack == "uris") == (not any(record.uri for record in fitted))
    assert (lack == "embeddings") == all(record.embedding is None for record in fitted)
    assert (lack == "missing embeddings") == all(record.embedding is not None for record in fitted)
    assert (lack == "long floats") == all(float(f"{value:.15g}") == value for value in values if isinstance(value, float))
    assert (lack == "far floats") == all(1e-7 <= abs(value) <= 1e22 for value in values if isinstance(value, float) and value)
    assert (lack == "long ints") == all(abs(value) <= 2**53 for value in values if type(value) is int)
    assert (lack == "odd keys") == all(key.isidentifier() and key.isascii() and len(key) < 80 for record in fitted for key in record.metadata or {})
    mixed: dict[str, set[type]] = {}
    for record in fitted:
        for key, value in (record.metadata or {}).items():
            mixed.setdefault(key, set()).add(type(value))
    assert (lack == "mixed kinds") == all(len(kinds) == 1 for kinds in mixed.values())
    assert fit_all(fitted, {lack}) == fitted or lack == "mixed kinds"
    assert FilterMaker(Generator(1).random, fitted).filter().size >= 0


def test_kinds_that_cannot_be_mixed_come_in_batches() -> None:
    group = next(group for group in load_groups() if group.name == "kinds")
    found = batches(group.records, {"mixed kinds"})
    assert len(found) == 3
    assert sorted(record.id for batch in found for record in batch) == sorted(record.id for record in group.records)
    assert batches(group.records, ()) == [list(group.records)]
    nul = next(group for group in load_groups() if group.name == "NUL")
    assert [record.id for record in batches(nul.records, {"nul"})[0]] == ["a", "blank"]


@pytest.mark.parametrize(("lacks", "words"), [("nul", "got          'nul'\nknown        nul: the"), (["arrays", "nulls"], "did you mean nul\nknown ")])
def test_an_unknown_lack_is_told(lacks: object, words: str) -> None:
    with pytest.raises(Broken, match="lacks is a set of names that the kit knows") as caught:
        check_lacks(lacks)  # type: ignore[arg-type]
    assert words in str(caught.value)


def test_same_counts_kinds() -> None:
    for one, other in ((1, 1.0), (1, True), ([1], [1.0]), ({"a": 1}, {"a": True}), ("1", 1), ([], None), ({"a": 1}, {"a": 1, "b": 2})):
        assert same(one, one) and same(other, other)
        assert not same(one, other) and not same(other, one)
    assert fit(RECORDS[0], 0, ()) == RECORDS[0]


def test_the_program_prints_the_table_of_a_store() -> None:
    done = subprocess.run([sys.executable, "-m", "whereql.testing", "memory:"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "shape: any"
    assert "IS NOT NULL" in done.stdout
    wrong = subprocess.run([sys.executable, "-m", "whereql.testing", "memry:"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "did you mean memory:?" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    assert subprocess.run([sys.executable, "-m", "whereql.testing"], capture_output=True, check=False).returncode == 1
    helped = subprocess.run([sys.executable, "-m", "whereql.testing", "--help"], capture_output=True, text=True, check=True)
    assert helped.stdout.startswith("usage: python -m whereql.testing URL [COLLECTION]")


def test_a_missing_pytest_is_named() -> None:
    code = "import sys; sys.modules['pytest'] = None\ntry:\n    import whereql.testing\nexcept Exception as error:\n    print(error)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "WQ711: the conformance kit runs in pytest, which is not installed (hint: pip install pytest)"
