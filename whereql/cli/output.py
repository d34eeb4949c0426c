"""How records, schemas and plugins are printed: tables to look at, JSON, JSON Lines and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from whereql.check import print_subject
from whereql.records import Record, Schema
from whereql.response import GetResponse, json_text_of, shortest_doubles
from whereql.semantics import subject_value
from whereql.source import visible

if TYPE_CHECKING:
    from whereql.ast import Subject
    from whereql.decide import Answer

FORMATS = ("table", "json", "jsonl", "csv")
_NARROWEST, _WIDEST = 16, 46
_GAP = 2
_LONGEST_CELL = 200
_PART = 4096  # records of a response that are made, written and forgotten


def console() -> Console:
    """Standard output; no markup, since records may hold anything. Into a pipe, a table is as wide as it needs to be."""
    fixed = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(markup=False, highlight=False, emoji=False, width=None if fixed else 1000)


def write_response(response: GetResponse, form: str, first_keys: Iterable[str] = ()) -> None:
    """Print a response in one of FORMATS; first_keys: the metadata keys that a table shows first."""
    if form == "table":
        _write_table(response, list(first_keys))
    elif form == "json":
        for piece in response.iter_json():
            _write(piece, end=False)
        _write("")
    elif form == "jsonl":
        for start in range(0, len(response), _PART):
            part = response.take(range(len(response))[start : start + _PART], response.include)
            _write("\n".join([json_text_of(_record_dict(record, part)) for record in part]))
    else:
        _write(_csv(response).rstrip("\n"))


def _write(text: str, end: bool = True) -> None:
    import click

    click.echo(text, nl=end, color=True)  # or click would take what looks like colour out of the data


def _record_dict(record: Record, response: GetResponse) -> dict[str, Any]:
    """A record in the nested form that `whereql.open` reads, with the columns that were asked for."""
    fields: dict[str, Any] = {"id": record.id}
    if response.documents is not None:
        fields["document"] = record.document
    if response.uris is not None:
        fields["uri"] = record.uri
    if response.embeddings is not None:
        fields["embedding"] = None if record.embedding is None else shortest_doubles(record.embedding)
    if response.metadatas is not None:
        fields["metadata"] = record.metadata
    return fields


def _keys(response: GetResponse, first: list[str]) -> list[str]:
    found = dict.fromkeys(key for metadata in response.metadatas or () for key in metadata or ())
    return [key for key in first if key in found] + [key for key in found if key not in first]


def _csv(response: GetResponse) -> str:
    keys = _keys(response, [])
    columns = (("document", response.documents), ("uri", response.uris), ("embedding", response.embeddings))
    own = [name for name, column in columns if column is not None]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["id", *own, *keys])
    for record in response:
        fields = _record_dict(record, response)
        values = [record.id, *(fields[name] for name in own), *((record.metadata or {}).get(key) for key in keys)]
        writer.writerow([_cell_text(value) for value in values])
    return buffer.getvalue()


def _cell_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
    return json.dumps(value, ensure_ascii=False)


def _write_table(response: GetResponse, first: list[str]) -> None:
    out = console()
    columns, hidden = _fit(_columns(response, first), out.width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for name, width, _, right in columns:
        table.add_column(Text(visible(name)), width=width, overflow="ellipsis", no_wrap=True, justify="right" if right else "left")
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*[Text(cell) for cell in cells])
    if len(response):
        out.print(table)
    more = f"; with --format jsonl also {', '.join(map(visible, hidden))}" if hidden else ""
    out.print(f"{len(response):,} record{'' if len(response) == 1 else 's'}{more}", style="dim", soft_wrap=True)


class _Column(NamedTuple):
    """A column of a table: its name, its width, its cells, and whether it is set to the right."""

    name: str
    width: int
    cells: list[str]
    right: bool


def _columns(response: GetResponse, first: list[str]) -> list[_Column]:
    """The columns of a table, the most telling first: the id, the keys that the filter names, the others, the document."""
    columns = [_column("id", response.ids, False)]
    metadatas = response.metadatas or []
    for key in _keys(response, first):
        columns.append(_column(key, [_shown((metadata or {}).get(key)) for metadata in metadatas], _is_numeric(response, key)))
    for name, texts in (("uri", response.uris), ("document", response.documents)):
        if texts is not None and any(texts):
            columns.append(_column(name, [_shown(text) for text in texts], False))
    return columns


def _column(name: str, cells: list[str], right: bool) -> _Column:
    shown = [visible(cell) for cell in cells]
    return _Column(name, min(max(map(cell_len, [visible(name), *shown])), _WIDEST), shown, right)


def _fit(columns: list[_Column], width: int) -> tuple[list[_Column], list[str]]:
    """The columns that fit into a width, a long one shortened to what is left, and the names of the others."""
    fitting: list[_Column] = []
    hidden = []
    for column in columns:
        room = width - sum(other.width + _GAP for other in fitting)
        if not fitting or room >= min(column.width, _NARROWEST):
            fitting.append(column._replace(width=min(column.width, max(room, 1))))
        else:
            hidden.append(column.name)
    return fitting, hidden


def _is_numeric(response: GetResponse, key: str) -> bool:
    values = [metadata[key] for metadata in response.metadatas or () if metadata and key in metadata]
    return all(type(value) in (int, float) for value in values)


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            text = value
        case bool():
            text = str(value).lower()
        case list():
            text = ", ".join(str(item).lower() if isinstance(item, bool) else str(item) for item in value)
        case _:
            text = str(value)
    return text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL]


def write_schema(schema: Schema) -> None:
    """Print a schema as a table: key, kinds, coverage, examples."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("key", "kinds", "coverage", "examples"):
        table.add_column(name, overflow="ellipsis", no_wrap=name != "examples", justify="right" if name == "coverage" else "left")
    for key, info in schema.keys.items():
        kinds = ", ".join(kind if len(info.kinds) == 1 else f"{kind} {count:,}" for kind, count in info.kinds.items())
        coverage = f"{100 * info.count / schema.records:.0f} %" if schema.records else ""
        table.add_row(*[Text(visible(cell)) for cell in (key, kinds, coverage, ", ".join(_shown(example) for example in info.examples))])
    out = console()
    out.print(table)
    out.print(f"{schema.records:,} records, {len(schema.keys):,} keys", style="dim")


def schema_dict(schema: Schema) -> dict[str, Any]:
    """A schema as JSON-ready data."""
    keys = {name: {"count": info.count, "kinds": dict(info.kinds), "examples": list(info.examples)} for name, info in schema.keys.items()}
    return {"records": schema.records, "keys": keys}


def write_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and what belongs to them, in two columns."""
    rows = [(f"{name}:", value) for name, value in pairs]
    width = max((len(name) for name, _ in rows), default=0) + 1
    for name, value in rows:
        _write(f"{name:<{width}}{value}")


def write_answer(answer: Answer, subjects: Iterable[Subject]) -> None:
    """Print a verdict, its reason, and the record that shows it: what it has for each of the subjects asked for."""
    _write(f"{answer.verdict}: {answer.reason}")
    asked = list(subjects)
    if answer.witness is not None and asked:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("key", "value"):
            table.add_column(name, overflow="fold")
        for subject in asked:
            value = subject_value(subject, answer.witness)
            shown = "(missing)" if value is None else json.dumps(value, ensure_ascii=False)
            table.add_row(Text(visible(print_subject(subject))), Text(visible(shown)))
        console().print(table)


def answer_dict(answer: Answer) -> dict[str, Any]:
    """An answer as JSON-ready data."""
    witness = answer.witness
    record = None if witness is None else {"id": witness.id, "document": witness.document, "uri": witness.uri, "metadata": witness.metadata}
    return {"verdict": answer.verdict, "reason": answer.reason, "witness": record}


def write_json(value: Any) -> None:
    """Print JSON-ready data for programs."""
    _write(json_text_of(value, indent=2))
