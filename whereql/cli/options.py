"""The options that commands share, and how their texts become values."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from whereql.source import quote

if TYPE_CHECKING:
    from whereql.ast import Expr
    from whereql.prepared import Where

C = TypeVar("C", bound=Callable[..., Any])


def filter_options(command: C) -> C:
    """FILTER, --where-json, --where-document, --param and --lenient: how every command takes a filter."""
    for decorate in reversed(
        [
            click.argument("filter", required=False, metavar="[FILTER]"),
            click.option("--where-json", metavar="JSON", help="A filter as Chroma's where JSON, beside or in place of FILTER."),
            click.option("--where-document", metavar="JSON", help="A filter as Chroma's where_document JSON."),
            click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="The value of :NAME: JSON, or else a string as it stands."),
            click.option("--lenient", is_flag=True, help="Read JSON with several conditions in one object, and $not."),
        ]
    ):
        command = decorate(command)
    return command


def source_options(command: C) -> C:
    """SOURCE and the options of its backend: how every command opens a collection."""
    return click.argument("source")(store_options(command))


def store_options(command: C) -> C:
    """--collection, --option and --kind: what a backend is told."""
    for decorate in reversed(
        [
            click.option("--collection", metavar="NAME", help="The collection, where SOURCE has several."),
            click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the backend, such as id=sku for a file: JSON, or else a string as it stands."),
            click.option("--kind", "kinds", multiple=True, metavar="KEY=KIND", help="The kind of a CSV column: string, int, float or bool."),
        ]
    ):
        command = decorate(command)
    return command


def split_pairs(pairs: tuple[str, ...], what: str) -> dict[str, str]:
    """`NAME=VALUE` texts as a dict."""
    result = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"write {what} NAME=VALUE")
        if name in result:
            raise click.BadParameter(f"{what} {name} is given twice")
        result[name] = value
    return result


def read_value(text: str) -> Any:
    """The value of a parameter: what the text says as JSON, or else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def read_option(text: str) -> Any:
    """The value of an option: as JSON or as Python says it, `True`, `None`, `{'year': 'int'}`, or else the text itself.

    Documents and hints show options as they are in Python; a text is rarely meant where one of these is read.
    """
    value = read_value(text)
    if value is not text or not (text in ("True", "False", "None") or text[:1] in ("{", "[")):
        return value
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text


def read_params(params: tuple[str, ...]) -> dict[str, Any] | None:
    """The values of --param."""
    return {name: read_value(value) for name, value in split_pairs(params, "--param").items()} or None


def backend_options(options: tuple[str, ...], kinds: tuple[str, ...] = (), what: str = "--option") -> dict[str, Any]:
    """The options for `whereql.open`, or of a language: `timeout=5` is a number, `read_only=true` a bool, `id="5"` a string."""
    result: dict[str, Any] = {name: read_option(value) for name, value in split_pairs(options, what).items()}
    if kinds:
        result["kinds"] = split_pairs(kinds, "--kind")
    return result


def read_argument(text: str) -> str:
    """The text of an argument; `-` reads standard input, `@name` a file."""
    if text == "-":
        return sys.stdin.read()
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise click.BadParameter(f"there is no text file {quote(text[1:])}") from None


def read_filter(filter: str | None, where_json: str | None, where_document: str | None, lenient: bool) -> Where | None:
    """The filter of a command; where several forms are given, all of them hold."""
    from whereql.ast import And  # whereql loads with the first filter: help and usage errors come without it
    from whereql.dialects import chroma
    from whereql.prepared import decode
    from whereql.wire_json import read_json

    parts: list[Expr] = []
    if where_json is not None:
        parts.append(decode(read_json(read_argument(where_json), what="--where-json"), lenient=lenient))
    if where_document is not None:
        parts.append(chroma.decode_document(read_json(read_argument(where_document), what="--where-document"), lenient=lenient))
    if filter is None:
        return And(parts) if parts else None
    text = read_argument(filter)
    return And([decode(text), *parts]) if parts else text
