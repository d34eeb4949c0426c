r"""Regular expressions for engines that search by trying out, as PCRE and Java do: those that surely take few tries.

Others can take a time without bound, and PCRE then says that it found nothing.

>>> backtracking_pattern(Op.MATCHES, "(?m)^a.b+"), backtracking_pattern(Op.MATCHES, "(a|aa)+b")
('(?<![^\\n])a[^\\n]b+', None)
"""

from __future__ import annotations

import re

from whereql.dialects.sql.patterns import ignoring_case
from whereql.operators import Op
from whereql.regex.tree import Alt, Cat, Chars, Node, Repeat

_MOST_TRIES = 1_000
_NEVER = 99, 1


def backtracking_pattern(op: Op, text: str) -> str | None:
    """MATCHES or ILIKE as a pattern for PCRE and Java alike; None where a search may take more than a few tries a character."""
    from whereql.regex import lower  # google-re2 loads with the first pattern
    from whereql.regex.sides import resolve
    from whereql.regex.syntax import parse

    pattern = text if op is Op.MATCHES else f"(?s){ignoring_case(text, chr(92) + 'A', chr(92) + 'z')}"
    lowered = lower(pattern)
    degree, tries = _tries(resolve(parse(pattern)))
    if degree > 1 or tries > _MOST_TRIES or len(lowered) > 30_000:
        return None
    return _SPELLED.sub(lambda found: _SPELLINGS.get(found[0], found[0]), lowered)


# A line ends at \n alone, and one begins behind a last \n, too.
_SPELLINGS = {".": r"[^\n]", "(?m:^)": r"(?<![^\n])", "(?m:$)": r"(?![^\n])"}
_SPELLED = re.compile(r"\\x\{[0-9a-f]+\}|\\.|\(\?s:\.\)|\(\?m:\^\)|\(\?m:\$\)|\.", re.DOTALL)


def _tries(node: Node) -> tuple[int, int]:
    """How many ways there are through a node: the power of the text's length, and a factor."""
    match node:
        case Cat(parts):
            degree, tries = 0, 1
            for part in parts:
                degree, tries = degree + (found := _tries(part))[0], min(tries * found[1], _MOST_TRIES + 1)
            return degree, tries
        case Alt(parts):
            each = [_tries(part) for part in parts]
            return max((degree for degree, _ in each), default=0), sum(tries for _, tries in each)
        case Repeat(Chars(), least, most):
            return (1, 1) if most is None else (0, most - least + 1)
        case Repeat(inner, least, most):
            degree, tries = _tries(inner)
            if most is None or degree or most > 50:
                return _NEVER  # Java's stack may not suffice, however simple the part is
            return 0, min(max(tries, 1) ** most * (most - least + 1), _MOST_TRIES + 1)
    return 0, 1
