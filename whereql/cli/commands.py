"""The commands of the `whereql` program: thin layers over the public Python interface.

Exit codes: 0 done; 1 `check` found something; 2 wrong usage; 3 the filter is wrong; 4 the store or the language can't say it;
5 the file, store or plugin failed. Those that answer a question (`reasoning`): 0 yes, 1 no, 3 unknown, 2 a filter is wrong.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from whereql.cli.loading import load
from whereql.cli.options import (
    backend_options,
    filter_options,
    read_filter,
    read_params,
    source_options,
    store_options,
)
from whereql.cli.packing import pack, verify
from whereql.cli.reasoning import disjoint, equivalent, implies, normalize, sat
from whereql.cli.reporting import reported
from whereql.cli.translating import dialects, translate
from whereql.cli.waiting import reading_shown
from whereql.errors import BackendError, PluginError, WhereqlError


class _Program(click.Group):
    """The program with the commands of plugins, which are asked for theirs only when one is looked for."""

    _has_plugins = False

    def list_commands(self, context: click.Context) -> list[str]:
        self._add_plugins()
        return super().list_commands(context)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.commands:
            self._add_plugins()
        return super().get_command(context, name)

    def _add_plugins(self) -> None:
        from whereql.plugins import registry

        if not self._has_plugins:
            self._has_plugins = True
            registry().add_commands(self)


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="whereql")
def cli() -> None:
    """Filter records of any store with one language: text, or Chroma's where JSON.

    \b
    whereql get papers.jsonl "year >= 2020 AND topics HAS 'ml'"
    whereql schema papers.jsonl
    """


def _open(source: str, collection: str | None, options: tuple[str, ...], kinds: tuple[str, ...]) -> Any:
    from whereql.collection import open

    with reading_shown():
        return open(source, collection, **backend_options(options, kinds))


@cli.command()
@source_options
@filter_options
@click.option("--ids", metavar="ID,ID,…", help="Only these ids.")
@click.option("--strict", is_flag=True, help="Refuse a filter that the store can't answer by itself.")
@click.option("--limit", type=click.IntRange(0), help="At most so many records.")
@click.option("--offset", type=click.IntRange(0), help="Leave out so many records first.")
@click.option("--include", default="documents,metadatas", show_default=True, help="Columns: documents, metadatas, embeddings, uris.")
@click.option("--format", "form", type=click.Choice(["table", "json", "jsonl", "csv"]), default="table", show_default=True)
@reported
def get(
    source: str, collection: str | None, options: tuple[str, ...], kinds: tuple[str, ...], filter: str | None, where_json: str | None,
    where_document: str | None, params: tuple[str, ...], lenient: bool, ids: str | None, strict: bool, limit: int | None,
    offset: int | None, include: str, form: str,
) -> None:  # fmt: skip
    """Print the records of SOURCE that match FILTER."""
    from whereql.ast import Field, predicates
    from whereql.cli.output import write_response
    from whereql.prepared import decode

    where = read_filter(filter, where_json, where_document, lenient)
    with _open(source, collection, options, kinds) as opened:
        response = opened.get(
            where, ids=ids.split(",") if ids is not None else None, params=read_params(params), limit=limit, offset=offset,
            include=[name.strip() for name in include.split(",") if name.strip()], strict=strict,
        )  # fmt: skip
        asked = [predicate.subject.name for predicate in predicates(decode(where)) if isinstance(predicate.subject, Field)]
        write_response(response, form, dict.fromkeys(asked))


@cli.command()
@source_options
@filter_options
@click.option("--ids", metavar="ID,ID,…", help="Only these ids.")
@click.option("--strict", is_flag=True, help="Refuse a filter that the store can't answer by itself.")
@reported
def count(
    source: str, collection: str | None, options: tuple[str, ...], kinds: tuple[str, ...], filter: str | None, where_json: str | None,
    where_document: str | None, params: tuple[str, ...], lenient: bool, ids: str | None, strict: bool,
) -> None:  # fmt: skip
    """Print how many records of SOURCE match FILTER."""
    where = read_filter(filter, where_json, where_document, lenient)
    with _open(source, collection, options, kinds) as opened:
        click.echo(opened.count(where, ids=ids.split(",") if ids is not None else None, params=read_params(params), strict=strict))


@cli.command()
@source_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@reported
def schema(source: str, collection: str | None, options: tuple[str, ...], kinds: tuple[str, ...], as_json: bool) -> None:
    """Print the keys of SOURCE: kinds, coverage, examples."""
    from whereql.cli.output import schema_dict, write_json, write_schema

    with _open(source, collection, options, kinds) as opened:
        found = opened.schema()
    if as_json:
        write_json(schema_dict(found))
    else:
        write_schema(found)


@cli.command()
@filter_options
@click.option("--source", help="Check the keys and kinds against this collection, too.")
@store_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@reported
def check(
    filter: str | None, where_json: str | None, where_document: str | None, params: tuple[str, ...], lenient: bool, source: str | None,
    collection: str | None, options: tuple[str, ...], kinds: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Say what is wrong with FILTER, or that nothing is. `-` reads it from standard input."""
    from whereql.binding import bind
    from whereql.check import check_meaning
    from whereql.cli.output import write_json
    from whereql.prepared import decode

    where: Any = filter
    findings: list[WhereqlError] = []
    try:
        where = read_filter(filter, where_json, where_document, lenient)
        expr = decode(where)
        given = read_params(params)
        expr = bind(expr, given) if given is not None else expr
        findings = list(check_meaning(expr))
        if source is not None:
            with _open(source, collection, options, kinds) as opened:
                findings = list(opened.check(expr))
    except (BackendError, PluginError):
        raise
    except WhereqlError as error:
        findings = [error]
    for finding in findings:
        finding.source = finding.source or (where if isinstance(where, str) else None)
    if as_json:
        write_json({"ok": not findings, "findings": [finding.to_dict() for finding in findings]})
    elif findings:
        click.echo("\n\n".join(finding.render() for finding in findings), err=True)
    else:
        click.echo("ok")
    sys.exit(1 if findings else 0)


@cli.command()
@filter_options
@reported
def fmt(filter: str | None, where_json: str | None, where_document: str | None, params: tuple[str, ...], lenient: bool) -> None:
    """Print FILTER in its shortest spelling. `-` reads it from standard input; --where-json turns JSON into text."""
    from whereql.binding import bind
    from whereql.dialects.text import encode
    from whereql.prepared import decode

    expr = decode(read_filter(filter, where_json, where_document, lenient))
    given = read_params(params)
    click.echo(encode(expr if given is None else bind(expr, given)))


@cli.command()
@source_options
@filter_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@reported
def explain(
    source: str, collection: str | None, options: tuple[str, ...], kinds: tuple[str, ...], filter: str | None, where_json: str | None,
    where_document: str | None, params: tuple[str, ...], lenient: bool, as_json: bool,
) -> None:  # fmt: skip
    """Print how FILTER runs on SOURCE: what the store answers by itself, and what whereql does."""
    from whereql.cli.output import write_json

    where = read_filter(filter, where_json, where_document, lenient)
    with _open(source, collection, options, kinds) as opened:
        explanation = opened.explain(where, params=read_params(params))
    if as_json:
        write_json(explanation.to_dict())
    else:
        click.echo(str(explanation))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@reported
def plugins(as_json: bool) -> None:
    """List the plugins: what each provides, its distribution and version, and why one is not in use."""
    from rich.table import Table
    from rich.text import Text

    from whereql.cli.output import console, write_json
    from whereql.plugins import registry

    found = registry()
    rows = [
        {
            "plugin": plugin.name, "distribution": plugin.distribution, "version": plugin.version, "provides": plugin.provides,
            "error": failure.message if (failure := found.failure(plugin)) else None,
        }
        for plugin in found.plugins
    ]  # fmt: skip
    if as_json:
        write_json(rows)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("plugin", "distribution", "version", "provides"):
        table.add_column(name)
    for plugin in found.plugins:
        failure = found.failure(plugin)
        provides = f"{failure.message} ({failure.hint})" if failure else _summary(plugin.provides)
        table.add_row(*[Text(cell) for cell in (plugin.name, plugin.distribution, plugin.version, provides)])
    console().print(table)


_MOST_NAMES = 4


def _summary(provides: list[str]) -> str:
    """What a plugin provides, the dialects counted where they are many."""
    dialects = [each for each in provides if each.startswith("dialect ")]
    if len(dialects) <= _MOST_NAMES:
        return ", ".join(provides)
    return ", ".join([*(each for each in provides if each not in dialects), f"{len(dialects)} dialects: see whereql dialects"])


@cli.command()
@click.option("--lark", is_flag=True, help="Print the grammar itself.")
def grammar(lark: bool) -> None:
    """Print the reference of the filter language."""
    from importlib.resources import files

    name = "filter.lark" if lark else "README.md"
    click.echo(files("whereql_grammar").joinpath(name).read_text(encoding="utf-8"))


for _command in (load, pack, verify, normalize, sat, implies, equivalent, disjoint, translate, dialects):
    cli.add_command(_command)
