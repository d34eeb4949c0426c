"""Hints about options of languages, as they are typed on the command line.

>>> spelled("say where it is: document='…'; allow_residual=True finds more", {"document"}, "--option")
'say where it is: --option "document=\\'…\\'"; --allow-residual finds more'
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from whereql.errors import WhereqlError
from whereql.translation import FACTS

_PAIR = re.compile(r"\b([a-z_]+)=(\{[^{}]*\}|\[[^\[\]]*\]|'[^']*'|\"[^\"]*\"|\w+)")


@contextmanager
def typed(options: Collection[str], flag: str) -> Iterator[None]:
    """Errors within have their hints spelled for the command line. flag: what gives an option of this side."""
    try:
        yield
    except WhereqlError as error:
        error.hint = spelled(error.hint, options, flag) if error.hint else error.hint
        raise


def spelled(hint: str, options: Collection[str], flag: str) -> str:
    """A hint, in which `name=value` is said for Python, as it is typed. What is said about the data goes to both sides by --option."""

    def typed_pair(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name == "allow_residual":
            return "--allow-residual"
        if name not in options and name not in FACTS:
            return match[0]
        pair = match[0] if re.fullmatch(r"\w+", value) else f'"{name}={value.replace(chr(34), chr(39))}"'
        return f"{'--option' if name in FACTS else flag} {pair}"

    return _PAIR.sub(typed_pair, hint).replace("pass Sql(text, params),", "give them in their order by --param 1=…, or by name,")
