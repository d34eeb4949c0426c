"""The errors that whereql raises: one tree, each with a code, a place, a message and what to do instead.

```
WhereqlError
├ ParseError        the text of a filter
├ WhereError        where / where_document JSON, and the request around it
├ CheckError        an operator or operand that makes no sense for the kinds at hand
├ LimitError        larger or deeper than the limits allow
├ UnsupportedError  what a dialect or a backend can't say
│ └ TranslateError  … when it is a translation that would change the meaning
├ PluginError       a plugin that is missing, broken or registered twice
└ BackendError      data, files and stores
```

`str(error)` is one plain line, `error.render()` shows the source with carets, `error.to_dict()` is for programs.
The codes and their meaning are listed in `grammar/README.md`.
"""

from __future__ import annotations

from typing import Any

from whereql.source import Span, excerpt, line_and_column


class WhereqlError(Exception):
    """The root of every error that whereql raises on purpose.

    code: such as `"WQ104"`; message: one line, what is wrong; span and source: where in a text; path: where in a JSON
    value (`$.$and[1].year`) or in a file (`papers.jsonl:7`); hint: what to write instead.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        span: Span | None = None,
        source: str | None = None,
        path: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.span = span
        self.source = source
        self.path = path
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, self.message), self.__dict__

    def __str__(self) -> str:
        hint = f" (hint: {self.hint})" if self.hint else ""
        return f"{self.code}{self._place()}: {self.message}{hint}"

    def _place(self) -> str:
        if self.path is not None:
            return f" at {self.path}"
        if self.span is not None and self.source is not None:
            line, column = line_and_column(self.source, self.span.start)
            return f" at {line}:{column}"
        return ""

    def render(self) -> str:
        """The message over several lines: what, the source line with carets or the path, and the hint."""
        lines = [f"error {self.code}: {self.message}"]
        if self.path is not None:
            lines.append(f"  at {self.path}")
        if self.span is not None and self.source is not None:
            lines.append(excerpt(self.source, self.span))
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON-ready data: `code`, `message`, and `span`, `path`, `hint` (null where unknown)."""
        span = None if self.span is None else [self.span.start, self.span.end]
        return {"code": self.code, "message": self.message, "span": span, "path": self.path, "hint": self.hint}


class ParseError(WhereqlError):
    """A text that is not a filter."""


class WhereError(WhereqlError):
    """A `where` or `where_document` JSON value, or a request body, that the language does not have."""


class CheckError(WhereqlError):
    """A filter that is well-formed but makes no sense: an operand of the wrong kind, a bad pattern, an unbound name."""


class LimitError(WhereqlError):
    """Input beyond a limit; `whereql.use_limits` raises one."""


class UnsupportedError(WhereqlError):
    """Something that a dialect or a backend can't say exactly, and that is therefore refused."""


class TranslateError(UnsupportedError):
    """A translation that would change what the filter means."""


class PluginError(WhereqlError):
    """A plugin that is missing, broken, or registered under a name that is taken."""


class BackendError(WhereqlError):
    """Records, files or a store that can't be read or written as asked."""


class WhereqlWarning(UserWarning):
    """A filter that runs, but surely not as meant: its message says what to write instead."""
