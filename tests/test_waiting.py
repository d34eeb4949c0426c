"""The bar that is shown while a file is read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import whereql
from whereql.cli import waiting
from whereql.files import blocks, watched


@pytest.fixture
def papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(blocks, "FIRST", 30)
    monkeypatch.setattr(blocks, "SIZE", 100)
    path = tmp_path / "papers.jsonl"
    path.write_text("".join(f'{{"id": "r{i}", "n": {i}}}\n' for i in range(50)))
    return path


def test_who_watches_is_told_of_a_file_that_somebody_else_opens(papers: Path) -> None:
    told: list[tuple[int, int]] = []
    with watched(lambda done, total: told.append((done, total))):
        whereql.open(papers)
    assert told[-1] == (papers.stat().st_size,) * 2 and len(told) > 3
    del told[:]
    whereql.open(papers)
    assert not told


def test_a_bar_on_a_terminal_after_a_while(papers: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with waiting.reading_shown():
        whereql.open(papers)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(waiting, "_PATIENCE", 0.0)
    with waiting.reading_shown():
        whereql.open(papers)
    assert "reading" in capsys.readouterr().err


def test_no_bar_in_a_file(papers: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(waiting, "_PATIENCE", 0.0)
    with waiting.reading_shown():
        whereql.open(papers)
    assert capsys.readouterr().err == ""
