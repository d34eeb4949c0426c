"""Did-you-mean: the nearest known name for one that is not known.

>>> did_you_mean("catgory", ["category", "year"])
'did you mean category?'
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

from whereql.source import quote

_MOST = 2_000  # names to look at, and characters of a name: difflib is quadratic in the length, and names may be hostile
_LONGEST = 100


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, case aside, or None where none is near."""
    folded = {candidate.casefold(): candidate for candidate in islice(known, _MOST) if len(candidate) <= _LONGEST}
    close = get_close_matches(name[:_LONGEST].casefold(), folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str | None:
    """A hint with the nearest known name, or None where none is near."""
    found = nearest(name, known)
    return None if found is None else f"did you mean {prefix}{quote(found)[1:-1]}?"
