"""What the kit says when a rule is broken: the rule, the filter as text, the records it is about, what was due and what came."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec, TypeVar

import pytest

from whereql.ast import Expr
from whereql.backend import Change
from whereql.dialects.text.printer import print_filter
from whereql.errors import WhereqlError
from whereql.records import Record
from whereql.source import visible

P = ParamSpec("P")
T = TypeVar("T")

_WIDTH = 300  # characters of a value that a message shows


class Broken(pytest.fail.Exception):  # type: ignore[name-defined, misc]  # a class in an attribute of a function
    """A rule of the contract that does not hold. pytest shows its text and no traceback: the fault is not in the kit.

    rule: what should be; where: the filter; details: name and text of each further line; ids: of the records that it is about.
    """

    def __init__(self, rule: str, *, where: Expr | None = None, ids: Sequence[str] = (), details: Iterable[tuple[str, object]] = ()) -> None:
        self.rule, self.where, self.ids, self.details = rule, where, list(ids), list(details)
        super().__init__(self.text(), pytrace=False)

    def text(self) -> str:
        """The message over several lines."""
        lines = [("rule broken", self.rule)]
        if self.where is not None:
            lines.append(("filter", print_filter(self.where)))
        lines += [(name, str(value)) for name, value in self.details]
        return "\n".join(f"{name:<12} {shortened(value)}" for name, value in lines)

    def more(self, *details: tuple[str, object]) -> Broken:
        """The same failure, with further lines."""
        return Broken(self.rule, where=self.where, ids=self.ids, details=[*self.details, *details])

    def about(self, records: Sequence[Record]) -> Broken:
        """The same failure, with the records shown that it is about: those with its ids, or the first few."""
        chosen = [record for record in records if record.id in self.ids] or list(records)
        shown = [("record", show_record(record)) for record in chosen[:3]]
        return self.more(*shown)


def shortened(text: str) -> str:
    """A text on one line, harmless and not too long."""
    shown = visible(text.replace("\n", "⏎"))
    return shown if len(shown) <= _WIDTH else f"{shown[:_WIDTH]}… ({len(text):,} characters)"


def show_record(record: Record) -> str:
    """A record for a message, without what it lacks."""
    parts = {"id": record.id, "document": record.document, "uri": record.uri, "metadata": record.metadata}
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in parts.items() if value is not None)


def show_change(change: Change) -> str:
    """An upsert for a message."""
    return show_record(change.record) + (f", drops the keys {', '.join(sorted(change.removed))}" if change.removed else "")


def show_ids(ids: Sequence[str]) -> str:
    """Ids for a message: all of few, the first of many."""
    shown = ", ".join(json.dumps(id[:40], ensure_ascii=False) for id in ids[:12])
    return f"[{shown}]" if len(ids) <= 12 else f"[{shown}, …] ({len(ids):,} in all)"


def calling(what: str, where: Expr | None, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a call of the backend answers. An exception breaks a rule: which one, and what the exception says, is told."""
    try:
        return call(*args, **kwargs)
    except WhereqlError as error:
        rule = "a filter that support() and shape promise to answer is answered, and not refused"
        if where is None:
            rule = "the call succeeds"
        raise Broken(rule, where=where, details=[("asked", what), ("it raised", error)]) from error
    except Exception as error:  # whatever a stranger's store raises
        place = _last_frame(error)
        details = [("asked", what), ("it raised", f"{type(error).__name__}: {error}"), ("raised at", place)]
        raise Broken("a backend raises WhereqlErrors only (BackendError for what its store raises)", where=where, details=details) from error


def _last_frame(error: BaseException) -> str:
    frame: Any = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return "" if frame is None else f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
