"""The tables of docs/dialects.md are those that the languages themselves make, and each language has its page.

`python tests/test_dialect_doc.py` writes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from whereql.dialects.plugin import DIALECTS
from whereql.translation import SAYINGS, Ability, abilities, dialect

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "dialects.md"
WORDS = {Ability.EXACT: "yes", Ability.DECLARED: "schema", Ability.SUPERSET: "more", Ability.RESIDUAL: "no"}


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def matrix() -> Iterator[str]:
    yield f"| | {' | '.join(f'`{saying.name}`' for saying in SAYINGS)} |"
    yield "|---|" + "---|" * len(SAYINGS)
    for name in DIALECTS:
        found = dialect(name)
        if found.writes is not None:
            says = abilities(found)
            yield f"| [{name}](dialects/{name}.md) | {' | '.join(WORDS[says[saying.name]] for saying in SAYINGS)} |"


def proofs() -> Iterator[str]:
    known = json.loads((DOCS / "proofs.json").read_text(encoding="utf-8"))
    yield "| language | by | written: filters | of them exact | read: filters | shape only |"
    yield "|---|---|---|---|---|---|"
    for name in sorted(known):
        written, read, shaped = (known[name].get(direction, {}) for direction in ("written", "read", "shaped"))
        for engine in sorted({*written, *read, *shaped}):
            numbers = [f"{each:,}" if each else "" for each in (*(written.get(engine, {}).get(what) for what in ("filters", "exact")), *(way.get(engine, {}).get("filters") for way in (read, shaped)))]
            yield f"| {name} | {cell(engine)} | {' | '.join(numbers)} |"


def pages() -> Iterator[str]:
    yield "| | language | read | written | options |"
    yield "|---|---|---|---|---|"
    for name in DIALECTS:
        found = dialect(name)
        directions = ["yes" if way is not None else "" for way in (found.reads, found.writes)]
        yield f"| [{name}](dialects/{name}.md) | {cell(found.title)} | {' | '.join(directions)} | {', '.join(f'`{option}`' for option in found.options)} |"


PARTS: dict[str, Callable[[], Iterator[str]]] = {"matrix": matrix, "proofs": proofs, "pages": pages}


def filled(text: str) -> str:
    for part, lines in PARTS.items():
        body = "\n".join(lines())
        text = re.sub(rf"(<!-- {part}: [^\n]*-->\n).*?(<!-- /{part} -->)", lambda match, body=body: f"{match[1]}\n{body}\n\n{match[2]}", text, flags=re.DOTALL)
    return text


def test_the_tables_are_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text) == text, "run python tests/test_dialect_doc.py"


@pytest.mark.parametrize("name", DIALECTS)
def test_each_language_has_a_page(name: str) -> None:
    page = DOCS / "dialects" / f"{name}.md"
    assert page.exists()
    text = page.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    for option in dialect(name).options:
        assert f"`{option}" in text, f"{page.name} doesn't tell the option {option}"


@pytest.mark.parametrize("name", DIALECTS)
def test_a_page_begins_with_an_example_and_says_how_it_was_proved(name: str) -> None:
    lines = (DOCS / "dialects" / f"{name}.md").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith(("```pycon", "```console")) for line in lines[:8])
    assert any(line.startswith(("**Proof.**", "## Proof")) for line in lines)
    assert any(line.startswith("**How to run it.**") for line in lines) or name == "springai", "how the native filter is passed to the client"
    assert lines[-1] == "[All languages](../dialects.md) · [recipes](../recipes.md)"
    assert len(lines) <= 80
    assert not any("import DIALECT" in line for line in lines), "readers have whereql.translate"


def test_every_language_is_proved() -> None:
    """All but whereql's own, whose meaning is that of the rest."""
    assert set(json.loads((DOCS / "proofs.json").read_text(encoding="utf-8"))) == set(DIALECTS) - {"text"}


def test_every_page_is_of_a_language() -> None:
    assert {path.stem for path in (DOCS / "dialects").glob("*.md")} == set(DIALECTS)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
