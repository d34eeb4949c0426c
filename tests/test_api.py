"""The public names are pinned, load lazily, and are documented."""

from __future__ import annotations

import inspect
import subprocess
import sys

import whereql

NAMES = [
    "And", "Answer", "Backend", "BackendError", "Capabilities", "Capability", "Change", "CheckError", "Collection", "Const", "Dialect", "Document",
    "Explanation", "Expr", "F", "Field", "GetRequest", "GetResponse", "Id", "KeyInfo", "Kind", "LimitError",
    "Limits", "Literal", "Not", "Note", "Op", "Option", "Or", "Param", "ParseError", "PluginError", "Predicate", "Query", "Record",
    "ScanBackend", "Schema", "Shape", "Span", "Sql", "Support", "TranslateError", "Translation", "UnsupportedError", "Uri", "WhereError",
    "WhereqlError", "WhereqlWarning", "WritableBackend", "bind", "compile_matcher", "disjoint", "equivalent",
    "from_json", "holds", "hookimpl", "implies", "literal", "make_record", "normalize", "open", "pack", "parse",
    "satisfiable", "to_json", "to_text", "translate", "use_limits", "use_passes",
]  # fmt: skip


def test_public_names_are_pinned_and_sorted() -> None:
    assert whereql.__all__ == NAMES == sorted(NAMES)
    assert dir(whereql) == NAMES


def test_type_checkers_see_the_same_names() -> None:
    import ast

    tree = ast.parse(inspect.getsource(whereql))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and any(isinstance(inner, ast.ImportFrom) for inner in node.body)]
    imported = {(alias.asname or alias.name): f"{node.module}.{alias.name}" for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    lazy = {name: f"whereql.{home}.{name}" for name, home in vars(whereql)["_HOMES"].items()}
    lazy |= {name: f"whereql.{home}.{attribute}" for name, (home, attribute) in vars(whereql)["_RENAMED"].items()}
    assert imported == lazy
    assert sorted(lazy) == NAMES


def test_every_public_name_is_there_and_documented() -> None:
    for name in NAMES:
        value = getattr(whereql, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name


def test_every_public_method_is_documented() -> None:
    for name in NAMES:
        value = getattr(whereql, name)
        if inspect.isclass(value) and value.__module__.startswith("whereql"):
            for member, function in inspect.getmembers(value, inspect.isfunction):
                if not member.startswith("_") and function.__module__.startswith("whereql"):
                    assert inspect.getdoc(function), f"{name}.{member}"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(whereql, "no_such_name")


def test_import_loads_nothing_heavy() -> None:
    code = "import sys, whereql; print([name for name in ('numpy', 'lark', 'pluggy', 're2', 'click', 'rich', 'json') if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
