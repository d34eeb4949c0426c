"""JSON text that a Chroma server reads as it was meant.

The server reads a number fast rather than exactly: its digits as one int, rounded to a double, then divided by a power of ten, rounded again.
Of the doubles with 17 digits it so reads one in ten as a neighbour. Written with other digits, nearly all of them arrive.

>>> spell(0.1), spell(2.0**63 - 1024)
('0.1', '9223372036854774784e0')
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

from whereql.chroma_numbers import reads_as

_DIGITS = (19, 18, 17, 16, 20)


def write(value: Any) -> str:
    """A JSON value as compact text; a double without a spelling, as `spell` tells, in its shortest form."""
    if isinstance(value, float):
        return spell(value) or repr(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_plain(key)}:{write(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([write(item) for item in value]) + "]"
    return _plain(value)


_plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def spell(number: float) -> str | None:
    """A decimal that is nearest to this double, and that the server reads as it; None where none was found."""
    plain = repr(number)
    return plain if len(plain) < 16 and "e" not in plain else _searched(number)


def is_kept(number: float) -> bool:
    """Whether the server keeps a double that is written to it: it reads it twice, the second time from its own shortest form."""
    plain = repr(number)
    return (len(plain) < 16 and "e" not in plain) or reads_as(repr(reads_as(spell(number) or plain))) == number


@lru_cache(4096)
def _searched(number: float) -> str | None:
    plain = repr(number)
    if reads_as(plain) == number:
        return plain
    sign, size = ("-", -number) if number < 0 else ("", number)
    magnitude = math.floor(math.log10(size))
    for digits in _DIGITS:
        exponent = magnitude + 1 - digits
        near = round(Fraction(size) / Fraction(10) ** exponent)
        step = 2 ** max(0, near.bit_length() - 53)  # between the doubles there, to which the server rounds the digits
        for significand in (near, near + step, near - step):
            text = f"{sign}{significand}e{exponent}"
            if 0 < significand < 2**64 and float(text) == number == reads_as(text):
                return text
    return None
