"""The commands about other languages: a filter of one in another, or in all of them, and what each can say."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whereql.cli.options import backend_options, read_params
from whereql.cli.reporting import reported
from whereql.errors import WhereqlError
from whereql.source import quote

if TYPE_CHECKING:
    from whereql.ast import Expr
    from whereql.dialect import Dialect, Sql, Translation

ALL = "all"
WIDTH = 100
MAX_DEPTH = 100  # of layout, not of JSON: each level is dumped again


@click.command()
@click.argument("file", required=False, metavar="[FILE]")
@click.option("-e", "--filter", "given", metavar="FILTER", help="The filter itself, in place of FILE.")
@click.option("--from", "source", default="text", show_default=True, metavar="DIALECT", help="The language of the filter.")
@click.option("--to", "target", required=True, metavar="DIALECT", help="The language to write, or all.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the language to write (schema and arrays: of both), as JSON or as in Python, or else a string as it stands.")
@click.option("--from-option", "source_options", multiple=True, metavar="NAME=VALUE", help="An option of the language of the filter.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="The value of :NAME, in SQL also of place 1, 2, …: JSON, or else a string as it stands.")
@click.option("--allow-residual", is_flag=True, help="Take a filter that finds too much, and print what is left to test.")
@click.option("--normalize", is_flag=True, help="Write the normal form of the filter.")
@click.option("--explain", is_flag=True, help="Say of each condition how it is said, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@reported
def translate(
    file: str | None, given: str | None, source: str, target: str, options: tuple[str, ...], source_options: tuple[str, ...], params: tuple[str, ...],
    allow_residual: bool, normalize: bool, explain: bool, as_json: bool,
) -> None:  # fmt: skip
    """Print the filter in FILE (- for standard input) in another language.

    What that can't say exactly is refused, unless --allow-residual is given. --to all prints a table of every language.

    \b
    whereql translate --from qdrant --to pinecone filter.json
    whereql translate --to elasticsearch -e "year >= 2020 AND lang != 'en'"
    """
    from whereql.cli.hints import typed
    from whereql.optimize.pipeline import normalize as normal_form
    from whereql.translation import dialect, settle, share_facts, translate_to_all

    origin, written = dialect(source), None if target == ALL else dialect(target)
    told = backend_options(options)
    ours, theirs = share_facts(origin, backend_options(source_options, what="--from-option"), written, told)
    with typed(origin.options, "--from-option"):
        expr = _decoded(origin, _text(file, given), ours, params)
    expr = settle(expr, told.get("schema", ours.get("schema")))
    expr = normal_form(expr) if normalize else expr
    if written is None:
        _write_all(translate_to_all(expr, theirs), as_json, "schema" in theirs)
        return
    with typed(written.options, "--option"):
        translation = written.encode(expr, allow_residual=allow_residual or explain, **theirs)
    _write_one(translation, explain, as_json)


@click.command()
@click.argument("name", required=False, metavar="[DIALECT]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@reported
def dialects(name: str | None, as_json: bool) -> None:
    """List the filter languages and what each can say, or the options of one."""
    from whereql.plugins import registry
    from whereql.translation import abilities, dialect

    if name is not None:
        _write_dialect(dialect(name), as_json)
        return
    known = {each: dialect(each) for each in sorted(registry().dialects)}
    written = {each: abilities(found) for each, found in known.items() if found.writes is not None}
    if as_json:
        from whereql.cli.output import write_json

        write_json({each: _described(found) | {"says": {saying: ability.value for saying, ability in written.get(each, {}).items()}} for each, found in known.items()})
    else:
        _write_matrix(known, written)


def _text(file: str | None, given: str | None) -> str:
    if (file is None) == (given is None):
        raise click.UsageError("give the filter once: as FILE, as - for standard input, or with -e")
    if given is not None:
        return given
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(str(file)).read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise click.BadParameter(f"there is no text file {quote(str(file))}; a filter itself is given with -e", param_hint="FILE") from None


def _decoded(dialect: Dialect, text: str, options: Mapping[str, Any], params: tuple[str, ...]) -> Expr:
    """The filter of a text: of its JSON, where that is what the language is made of; in SQL the parameters are the driver's."""
    from whereql.binding import bind
    from whereql.wire_json import read_json

    stripped, given = text.strip(), read_params(params)
    if dialect.form == "sql" and given is not None:
        return dialect.decode(_with_params(stripped, given), **options)
    is_json = dialect.form == "json" and (stripped[:1] in ("{", "[", '"') or stripped in ("null", "true", "false"))
    expr = dialect.decode(read_json(text, what="the filter") if is_json else stripped, **options)
    return expr if given is None else bind(expr, given)


def _with_params(text: str, given: Mapping[str, Any]) -> Sql:
    """A condition of SQL with its parameters: by their places, where all are numbers from 1, or by name."""
    from whereql.dialect import Sql

    places = [str(number) for number in range(1, len(given) + 1)]
    return Sql(text, tuple(given[place] for place in places) if set(places) == set(given) else dict(given))


def _shown(native: Any) -> str:
    """A native filter as it is printed: data as JSON, SQL with its parameters in a comment."""
    from whereql.dialect import Sql

    if isinstance(native, str):
        return native
    if isinstance(native, Sql):
        return f"{native.text}\n-- parameters: {json.dumps(native.params, ensure_ascii=False, default=str)}" if native.params else native.text
    return _laid_out(native, 0, 0)


def _laid_out(value: Any, depth: int, before: int) -> str:
    """JSON, each object and array on one line where that fits. before: the characters that stand before it on its line."""
    line = json.dumps(value, ensure_ascii=False, default=str)
    if len(line) + before <= WIDTH or not isinstance(value, (dict, list, tuple)) or depth >= MAX_DEPTH:
        return line
    start, end = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    if isinstance(value, dict):
        heads = [f"{json.dumps(name, ensure_ascii=False)}: " for name in value]
        parts = [f"{head}{_laid_out(item, depth + 1, 2 * depth + 3 + len(head))}" for head, item in zip(heads, value.values(), strict=True)]
        return f"{{{start}{f',{start}'.join(parts)}{end}}}"
    parts = [_laid_out(item, depth + 1, 2 * depth + 3) for item in value]
    return f"[{start}{f',{start}'.join(parts)}{end}]"


def _plain(translation: Translation) -> dict[str, Any]:
    from whereql.dialect import Sql
    from whereql.dialects.text import encode

    native = translation.native
    notes = [{"predicate": note.predicate, "support": note.support.value, "reason": note.reason, "hint": note.hint or None} for note in translation.notes]
    return {
        "native": {"sql": native.text, "params": native.params} if isinstance(native, Sql) else native,
        "exact": translation.exact, "residual": None if translation.residual is None else encode(translation.residual), "notes": notes,
    }  # fmt: skip


def _write_one(translation: Translation, explain: bool, as_json: bool) -> None:
    from whereql.cli.output import write_json
    from whereql.dialects.text import encode

    if as_json:
        write_json(_plain(translation))
        return
    click.echo(_shown(translation.native), color=True)
    if translation.residual is not None:
        click.echo(f"left to test on each record found: {encode(translation.residual)}", err=True)
    if explain:
        _write_notes(translation)


def _write_notes(translation: Translation) -> None:
    from rich.table import Table
    from rich.text import Text

    from whereql.cli.output import console
    from whereql.source import visible

    words = {"exact": "exact", "inexact": "finds more", "none": "not said"}
    if not translation.notes:
        click.echo("every condition is said exactly")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("condition", "said", "why", "instead"):
        table.add_column(name)
    for note in translation.notes:
        table.add_row(*[Text(visible(cell)) for cell in (note.predicate, words[note.support.value], note.reason, note.hint)])
    console().print(table)


def _write_all(found: Mapping[str, Translation | WhereqlError], as_json: bool, is_declared: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from whereql.cli.output import console, write_json
    from whereql.source import visible

    if as_json:
        write_json({name: {"error": each.to_dict()} if isinstance(each, WhereqlError) else _plain(each) for name, each in found.items()})
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("target", "exact", "filter, or what it can't say"):
        table.add_column(name, overflow="fold")
    for name, each in found.items():
        table.add_row(*[Text(visible(cell)) for cell in (name, *_row(each))])
    console().print(table)
    if not is_declared and any(_row(each)[0] == "no" for each in found.values()):
        click.echo("hint: more of them say it exactly once the kinds of the keys are known: --option schema=inferred, or --option \"schema={'year': 'int'}\"", err=True)


def _row(found: Translation | WhereqlError) -> tuple[str, str]:
    if isinstance(found, WhereqlError):
        return "no", found.message
    if not found.exact:
        return "no", next((f"{note.predicate}: {note.reason}" for note in found.notes), "all is left to the residual")
    native = found.native if isinstance(found.native, (dict, list)) else _shown(found.native).replace("\n", "  ")
    return "yes", native if isinstance(native, str) else json.dumps(native, ensure_ascii=False, default=str)


def _described(dialect: Dialect) -> dict[str, Any]:
    options = {name: {"what": option.what, "default": option.default, "choices": list(option.choices)} for name, option in dialect.options.items()}
    return {"title": dialect.title, "reads": dialect.reads is not None, "writes": dialect.writes is not None, "form": dialect.form, "options": options}


def _write_dialect(dialect: Dialect, as_json: bool) -> None:
    from whereql.cli.output import write_json, write_pairs
    from whereql.translation import abilities

    says = {} if dialect.writes is None else {saying: ability.value for saying, ability in abilities(dialect).items()}
    if as_json:
        write_json(_described(dialect) | {"says": says})
        return
    directions = " and ".join(word for word, way in (("read", dialect.reads), ("written", dialect.writes)) if way is not None)
    click.echo(f"{dialect.title}: {directions}, as {dialect.form}")
    if dialect.options:
        click.echo("\noptions, as --option NAME=VALUE")
        write_pairs([(name, f"{option.what}{'' if option.default is None else f' (default {json.dumps(option.default)})'}") for name, option in dialect.options.items()])
    if says:
        click.echo("\nsays, with default options")
        write_pairs(list(says.items()))


def _write_matrix(known: Mapping[str, Dialect], written: Mapping[str, Mapping[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from whereql.cli.output import console
    from whereql.translation import SAYINGS, Ability

    signs = {Ability.EXACT: "●", Ability.DECLARED: "◐", Ability.SUPERSET: "○", Ability.RESIDUAL: "·"}
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("dialect", vertical="bottom")
    for heading in ("read", "written", *(saying.name for saying in SAYINGS)):
        table.add_column("\n".join(heading.replace(" ", "\u00b7")), vertical="bottom", no_wrap=True)  # upright, to fit a terminal
    for name, found in known.items():
        directions = ["●" if way is not None else "·" for way in (found.reads, found.writes)]
        cells = [signs[written[name][saying.name]] if name in written else "" for saying in SAYINGS]
        table.add_row(*[Text(cell) for cell in (name, *directions, *cells)])
    console().print(table)
    click.echo("● exact   ◐ exact if the schema declares the key   ○ finds more, the rest is residual   · residual")
