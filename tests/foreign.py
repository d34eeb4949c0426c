"""Foreign engines for the tests of dialects: each is a worker, a program of `workers/` that answers filters on records over pipes.

A worker of Python names the packages that it needs in a `# /// script` block (as PEP 723 has it), one of Node in a `// npm:` line.
Where the packages are here, in the same versions, it runs in this environment; else it gets one of its own, made on first use
below `WHEREQL_ENGINES` (by default `~/.cache/whereql-engines`), but only in a run of the marker `engines`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from engines import missing

from whereql.dialect import Sql
from whereql.records import Record

WORKERS = Path(__file__).with_name("workers")
HOME = Path(os.environ.get("WHEREQL_ENGINES") or "~/.cache/whereql-engines").expanduser()


class EngineError(Exception):
    """What an engine says against a filter."""


class Worker:
    """A running engine. It is given records only when they are others than before."""

    def __init__(self, command: Sequence[str], **settings: Any) -> None:
        self._process = subprocess.Popen([*command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=os.environ | {"PYTHONUTF8": "1"})
        self._held: object = None
        self.versions: dict[str, str] = self._ask({"settings": settings})["versions"]
        """The engine and what it stands on, for the table of proofs."""

    def run(self, native: Any, records: Sequence[Record]) -> list[str]:
        """The ids of the records that a native filter finds. Raises EngineError with what the engine says against it."""
        return self.run_all([native], records)[0]

    def run_all(self, natives: Sequence[Any], records: Sequence[Record]) -> list[list[str]]:
        """As `run`, for several filters at once."""
        if self._held is not records:
            self._ask({"records": [data(record) for record in records]})
            self._held = records
        answers = self._ask({"filters": [plain(native) for native in natives]})["answers"]
        for answer in answers:
            if isinstance(answer, str):
                raise EngineError(answer)
        return list(answers)

    def close(self) -> None:
        """Stop the engine."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        while line := self._process.stdout.readline():
            if line.startswith("{"):  # whatever else an engine prints is not for us
                answer: dict[str, Any] = json.loads(line)
                if "failed" in answer:
                    raise EngineError(answer["failed"])
                return answer
        raise EngineError(f"the worker ended with code {self._process.wait()}")


def data(record: Record) -> dict[str, Any]:
    """A record as a worker gets it."""
    return {"id": record.id, "document": record.document, "uri": record.uri, "metadata": record.metadata or {}}


def plain(native: Any) -> Any:
    """A native filter as JSON: SQL as an object of its text and its parameters."""
    return {"sql": native.text, "params": native.params} if isinstance(native, Sql) else native


@contextlib.contextmanager
def worker(name: str, *, own: bool = False, **settings: Any) -> Iterator[Worker]:
    """The worker of a name, started. own: make an environment for it if need be, for tests marked `engines`; settings: what it is told."""
    started = Worker(_command(name, own), **settings)
    try:
        yield started
    finally:
        started.close()


Run = Callable[[Any, Sequence[Record]], list[str]]


def _command(name: str, own: bool) -> list[str]:
    script = next(WORKERS.glob(f"{name}.*"))
    text = script.read_text(encoding="utf-8")
    if script.suffix == ".mjs":
        return _node(script, re.findall(r"^// npm: (.+)$", text, re.MULTILINE), own)
    needed = _needed(text)
    lacking = [each for each in needed if not _is_here(each)]
    if not lacking:
        return [sys.executable, str(script)]
    if not own:
        missing(name, f"it needs {', '.join(lacking)}")
    return [str(_environment(needed) / "bin" / "python"), str(script)]


def _needed(text: str) -> list[str]:
    block = re.search(r"^# /// script\n((?:#.*\n)*?)# ///$", text, re.MULTILINE)
    lines = "" if block is None else "".join(f"{line[2:]}\n" for line in block.group(1).splitlines())
    return list(tomllib.loads(lines).get("dependencies", []))


def _is_here(requirement: str) -> bool:
    name, _, exact = requirement.partition("==")
    try:
        found = version(name)
    except PackageNotFoundError:
        return False
    return not exact or found == exact


def _environment(needed: Sequence[str]) -> Path:
    """An environment of Python with these packages, made if there is none yet; half of one is never taken for a whole."""
    folder = HOME / f"python-{_digest(needed)}"
    if not folder.exists():
        half = folder.with_name(f"{folder.name}.{os.getpid()}")
        try:
            subprocess.run([sys.executable, "-m", "venv", str(half)], check=True)
            subprocess.run([str(half / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *needed], check=True, stdout=sys.stderr)
        except (OSError, subprocess.CalledProcessError) as error:
            shutil.rmtree(half, ignore_errors=True)
            missing(", ".join(needed), error)
        _take_place(half, folder)  # its scripts name the old place; only bin/python is used
    return folder


def _node(script: Path, packages: Sequence[str], own: bool) -> list[str]:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        missing(script.stem, "Node is not installed")
    folder = HOME / f"node-{_digest(packages)}"
    if not folder.exists():
        if not own:
            missing(script.stem, f"it needs {', '.join(packages)} of npm")
        half = folder.with_name(f"{folder.name}.{os.getpid()}")
        half.mkdir(parents=True)
        try:
            subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", *packages], cwd=half, check=True, stdout=sys.stderr)
        except (OSError, subprocess.CalledProcessError) as error:
            shutil.rmtree(half, ignore_errors=True)
            missing(script.stem, error)
        _take_place(half, folder)
    for each in (WORKERS / "serving.mjs", script):  # Node looks for packages beside the program
        part = folder / f"{each.name}.{os.getpid()}"
        shutil.copy(each, part)
        part.replace(folder / each.name)  # at once, since another process may be reading it
    return [node, str(folder / script.name)]


def _take_place(half: Path, folder: Path) -> None:
    """Call what was made by its name, unless another process was first."""
    try:
        half.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(half)


def _digest(needed: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(needed).encode()).hexdigest()[:12]
