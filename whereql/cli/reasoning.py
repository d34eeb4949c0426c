"""The commands that reason about filters alone: their normal form, and whether one can match, implies another or equals it.

Those that answer a question exit with 0 for yes, 1 for no, 3 for unknown, and with 2 for a filter that is wrong.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from whereql.cli.options import filter_options, read_argument, read_filter, read_params
from whereql.cli.reporting import reported
from whereql.errors import WhereqlError

if TYPE_CHECKING:
    from whereql.ast import Expr
    from whereql.decide import Answer

C = TypeVar("C", bound=Callable[..., Any])

_EXIT_CODES = {"yes": 0, "no": 1, "unknown": 3}


@click.command()
@filter_options
@click.option("--trace", is_flag=True, help="Show what each pass of the optimizer did.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@reported
def normalize(
    filter: str | None, where_json: str | None, where_document: str | None, params: tuple[str, ...], lenient: bool, trace: bool, as_json: bool
) -> None:
    """Print the normal form of FILTER: the same for filters of one key that mean the same."""
    from whereql.binding import bind
    from whereql.cli.output import write_json, write_pairs
    from whereql.dialects.text import encode
    from whereql.optimize.pipeline import Step
    from whereql.optimize.pipeline import normalize as normal_form
    from whereql.prepared import decode

    expr = bind(decode(read_filter(filter, where_json, where_document, lenient)), read_params(params))
    steps: list[Step] = []
    result = normal_form(expr, trace=steps)
    if as_json:
        write_json({"filter": encode(expr), "steps": [{"pass": step.name, "after": encode(step.after)} for step in steps], "normal": encode(result)})
    elif trace:
        write_pairs([("filter", encode(expr)), *((step.name, encode(step.after)) for step in steps)])
    else:
        click.echo(encode(result))


def _question(command: C) -> C:
    """What the commands that answer a question share."""
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON for programs."),
        click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="The value of :NAME in any of the filters: JSON, or else a string."),
    ):
        command = decorate(command)
    return command


@click.command()
@click.argument("filter")
@_question
@reported
def sat(filter: str, params: tuple[str, ...], as_json: bool) -> None:
    """Say whether any record can match FILTER, and show one that does.

    FILTER is a text or where JSON, @FILE or - for standard input. Exits with 0 for yes, 1 for no, 3 for unknown, 2 for a wrong filter.
    """
    from whereql.decide import satisfiable

    _answer(satisfiable, (filter,), params, as_json)


@click.command()
@click.argument("first")
@click.argument("second")
@_question
@reported
def implies(first: str, second: str, params: tuple[str, ...], as_json: bool) -> None:
    """Say whether SECOND matches every record that FIRST matches, or show one that it misses.

    Both are texts or where JSON, @FILE or -. Exits with 0 for yes, 1 for no, 3 for unknown, 2 for a wrong filter.
    """
    from whereql import decide

    _answer(decide.implies, (first, second), params, as_json)


@click.command()
@click.argument("first")
@click.argument("second")
@_question
@reported
def equivalent(first: str, second: str, params: tuple[str, ...], as_json: bool) -> None:
    """Say whether FIRST and SECOND match the same records, or show one that only one of them matches.

    Both are texts or where JSON, @FILE or -. Exits with 0 for yes, 1 for no, 3 for unknown, 2 for a wrong filter.
    """
    from whereql import decide

    _answer(decide.equivalent, (first, second), params, as_json)


@click.command()
@click.argument("first")
@click.argument("second")
@_question
@reported
def disjoint(first: str, second: str, params: tuple[str, ...], as_json: bool) -> None:
    """Say whether no record matches both FIRST and SECOND, or show one that does.

    Both are texts or where JSON, @FILE or -. Exits with 0 for yes, 1 for no, 3 for unknown, 2 for a wrong filter.
    """
    from whereql import decide

    _answer(decide.disjoint, (first, second), params, as_json)


def _answer(decide: Callable[..., Answer], filters: tuple[str, ...], params: tuple[str, ...], as_json: bool) -> None:
    from whereql.ast import predicates
    from whereql.cli.output import answer_dict, write_answer, write_json

    try:
        exprs = _read(filters, params)
        answer = decide(*exprs)
    except WhereqlError as error:
        click.echo(error.render(), err=True)
        sys.exit(2)
    except AssertionError:  # a bug; Python's own exit code for it is 1, which would read as a no
        traceback.print_exc()
        sys.exit(70)
    if as_json:
        write_json(answer_dict(answer))
    else:
        write_answer(answer, dict.fromkeys(predicate.subject for expr in exprs for predicate in predicates(expr)))
    sys.exit(_EXIT_CODES[answer.verdict])


def _read(filters: tuple[str, ...], params: tuple[str, ...]) -> list[Expr]:
    """The filters, as texts or where JSON, with their parameters bound; each takes those that it names."""
    from whereql.binding import bind, parameter_names
    from whereql.prepared import decode
    from whereql.wire_json import read_json

    if filters.count("-") > 1:
        raise click.UsageError("standard input can be read once: only one of the filters can be -")
    texts = [read_argument(text) for text in filters]
    exprs = [decode(read_json(text, what="a filter") if text.lstrip().startswith("{") else text) for text in texts]
    given = read_params(params) or {}
    used = {name for expr in exprs for name in parameter_names(expr)}
    unused = {name: value for name, value in given.items() if name not in used}
    return [bind(expr, unused | {name: given[name] for name in parameter_names(expr) if name in given}) for expr in exprs]
