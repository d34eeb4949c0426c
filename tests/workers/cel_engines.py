# /// script
# dependencies = ["common-expression-language==0.10.0", "cel-python==0.5.0"]
# ///
"""CEL in Rust, or in Python, as `engine` says: an expression for each record, its keys under `metadata`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from serving import serve

NAMES = ("id", "document", "uri")


def load(records: Any, settings: Any) -> Any:
    variables = [{"metadata": record["metadata"], **{name: record[name] for name in NAMES}} for record in records]
    if settings["engine"] == "python":
        import celpy

        variables = [{name: celpy.json_to_cel(value) for name, value in each.items()} for each in variables]
    return settings["engine"], settings.get("errors", False), variables


def find(held: Any, native: str) -> Any:
    engine, takes_errors, variables = held
    passes = of_rust(native) if engine == "rust" else of_python(native)
    return [str(each["id"]) for each in variables if _passes(passes, each, takes_errors)]


def _passes(passes: Any, variables: Any, takes_errors: bool) -> bool:
    """Whether it passes; an error passes no record where errors are taken, else it is shown."""
    try:
        return bool(passes(variables))
    except Exception:
        if not takes_errors:
            raise
        return False


def of_rust(native: str) -> Any:
    import cel

    program = cel.compile(native)
    return lambda variables: _is_true(lambda: program.execute(variables))


def of_python(native: str) -> Any:
    import celpy

    environment = celpy.Environment()
    program = environment.program(environment.compile(native))
    return lambda variables: _is_true(lambda: program.evaluate(variables))


def _is_true(evaluate: Any) -> bool:
    value = evaluate()
    if not isinstance(value, int) and type(value).__name__ != "BoolType":
        raise TypeError(f"{value!r} is no bool")
    return bool(value)


if __name__ == "__main__":
    serve({"common-expression-language": version("common-expression-language"), "cel-python": version("cel-python")}, load, find)
