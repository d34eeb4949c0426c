"""Every example in the README and the docs runs, and prints what the document says it prints.

A `console` block has commands behind `$` and their output (both streams, 100 columns); a `pycon` block is a doctest, and the
blocks of one document share their names; a `python` block is a file of the project that is quoted, or runs.
`python tests/test_docs.py` writes the outputs into the documents.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["README.md", "backends/README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, kind: str) -> list[str]:
    return [body for language, body in FENCE.findall((ROOT / document).read_text(encoding="utf-8")) if language == kind]


def run(command: str) -> str:
    """The output of a `whereql …` command, both streams in their order, without trailing spaces."""
    words = shlex.split(command)
    assert words[0] == "whereql", command
    program = [sys.executable, "-c", "from whereql.cli import main; main()", *words[1:]]
    environment = {**os.environ, "COLUMNS": "100", "WHEREQL_PLUGINS": "0", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", env=environment, check=False)
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def with_outputs(block: str) -> str:
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"{command}\n{run(command[2:])}" for command in commands)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_print_what_the_document_shows(document: str) -> None:
    for block in blocks(document, "console"):
        assert with_outputs(block) == block


@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_sessions_answer_what_the_document_shows(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for number, block in enumerate(blocks(document, "pycon")):
        test = doctest.DocTestParser().get_doctest(block, names, f"{document}[{number}]", document, 0)
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        runner.run(test, out=report.append, clear_globs=False)
        names = test.globs
        assert not report, "".join(report)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_files_are_quoted_as_they_are(document: str) -> None:
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "examples").rglob("*.py")]
    for block in blocks(document, "python"):
        if not any(block in text for text in files):
            exec(compile(block, document, "exec"), {"__name__": "example"})


def test_doctests_of_modules_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import pkgutil

    import whereql_memory

    import whereql

    monkeypatch.chdir(ROOT)
    tested = 0
    modules = (info for package in (whereql, whereql_memory) for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
    for info in modules:
        module = importlib.import_module(info.name)
        result = doctest.testmod(module, extraglobs={"whereql": whereql}, optionflags=doctest.NORMALIZE_WHITESPACE)
        assert not result.failed, info.name
        tested += result.attempted
    assert tested > 40


def test_links_lead_somewhere() -> None:
    for document in DOCUMENTS:
        text = FENCE.sub("", (ROOT / document).read_text(encoding="utf-8"))
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            path = (ROOT / document).parent / target
            assert path.exists() or target.replace("../", "").startswith("whereql/"), f"{document}: {target}"  # the sources may stand aside


def write_outputs() -> None:
    """Put the real outputs into the console and pycon blocks of all documents."""
    os.chdir(ROOT)
    for document in DOCUMENTS:
        path = ROOT / document
        names: dict[str, object] = {}

        def filled(match: re.Match[str], names: dict[str, object] = names) -> str:
            language, body = match.groups()
            if language == "console":
                body = with_outputs(body)
            elif language == "pycon":
                body = session(body, names)
            return f"```{language}\n{body}```"

        path.write_text(FENCE.sub(filled, path.read_text(encoding="utf-8")), encoding="utf-8")


def session(body: str, names: dict[str, object]) -> str:
    examples = doctest.DocTestParser().get_examples(body)
    lines = []
    for example in examples:
        command = evaluate(example.source, names)
        prompt = "".join(f"{'>>>' if i == 0 else '...'} {line}\n" for i, line in enumerate(example.source.splitlines()))
        lines.append(prompt + command)
    return "".join(lines)


def evaluate(source: str, names: dict[str, object]) -> str:
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "<document>", "single"), names)
    return out.getvalue()


if __name__ == "__main__":
    write_outputs()
