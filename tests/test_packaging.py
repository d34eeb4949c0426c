"""The distribution holds what the tree holds, and the layers import in one direction."""

from __future__ import annotations

import ast
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOMES = PROJECT["tool"]["setuptools"]["package-dir"]

# From the ground up: a module imports from its own layer and from those below it.
LAYERS = (
    {"source", "errors", "kinds", "operators", "values", "limits", "ast", "names", "like", "suggest", "chroma_numbers", "support", "records", "strings", "cells", "batches", "response", "json_text", "wire_json"},
    {"regex", "semantics", "matcher", "binding", "builder", "backend", "guard", "explanation", "hookspecs", "scanning", "optimize", "decide", "split"},
    {"dialect", "dialects", "check", "files"},
    {"wire", "plugins"},
    {"planning", "prepared", "execution", "translation"},
    {"collection", "packing"},
    {"cli", "testing"},
)
# What a backend may import: the contract, and nothing of the machinery above it.
CONTRACT = {name for layer in LAYERS[:2] for name in layer} - {"optimize", "decide"} | {"files", "plugins"}


def package_folders() -> dict[str, Path]:
    folders = {name: ROOT / HOMES.get(name, name.replace(".", "/")) for name in PROJECT["tool"]["setuptools"]["packages"]}
    if not (ROOT / "whereql").exists():
        pytest.skip("the sources stand aside: this run tests the installed wheel")
    return folders


def test_packages_are_all_listed() -> None:
    folders = set(package_folders().values())
    found = {path.parent for part in ("whereql", "backends", "grammar") for path in (ROOT / part).rglob("__init__.py")}
    assert found == folders


def test_backends_are_all_registered() -> None:
    package_folders()
    points = PROJECT["project"]["entry-points"]["whereql"]
    for folder in (ROOT / "backends").iterdir():
        if (folder / "__init__.py").exists():
            assert f"{folder.name}.plugin" in points.values()
    assert {point.value for point in entry_points(group="whereql")} >= set(points.values())


def imported(path: Path) -> set[str]:
    """The modules of whereql that a file imports at its top level, by the first part of their name below the package."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("whereql."):
            names.add(node.module.split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "whereql":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("whereql.")}
    return names


def layer_of(name: str) -> int:
    return next(level for level, names in enumerate(LAYERS) if name in names)


def test_layers_import_downwards() -> None:
    package_folders()
    for path in (ROOT / "whereql").rglob("*.py"):
        name = path.relative_to(ROOT / "whereql").parts[0].removesuffix(".py")
        if name != "__init__":
            above = {other for other in imported(path) if layer_of(other) > layer_of(name)}
            assert not above, f"{path.name} imports {above} from a layer above its own"


def test_core_never_imports_a_backend() -> None:
    package_folders()
    for path in (ROOT / "whereql").rglob("*.py"):
        assert "import whereql_" not in path.read_text(encoding="utf-8").replace("whereql_grammar", ""), path


def test_backends_import_the_contract_only() -> None:
    package_folders()
    for path in (ROOT / "backends").rglob("*.py"):
        assert imported(path) <= CONTRACT, f"{path.name} imports {imported(path) - CONTRACT}"


def test_modules_are_small_rooms() -> None:
    package_folders()
    for part in ("whereql", "backends"):
        for path in (ROOT / part).rglob("*.py"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path
