"""Which keys can be written bare: letters and digits of Unicode 14.0, the same on every Python.

>>> is_bare("author.name"), is_bare("naïve"), is_bare("two words"), is_bare("2nd")
(True, True, False, False)

Python's own `str.isidentifier` follows the Unicode version of each Python release, so a filter would be right on one and
wrong on another. The table is XID_Start and XID_Continue (Unicode Standard Annex 31) beyond ASCII, derived from Python 3.11.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

RESERVED = frozenset(
    ["AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE", "BETWEEN", "HAS", "CONTAINS", "LIKE", "ILIKE", "MATCHES"]
)

_BARE_SHAPE = re.compile(r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*+(?:\.[A-Za-z0-9_\x80-\U0010ffff]++)*+", re.ASCII)


def is_bare(name: str) -> bool:
    """Whether a key stands in a filter without backticks."""
    return bool(_BARE_SHAPE.fullmatch(name)) and not is_reserved(name) and foreign_character(name) is None


def is_reserved(name: str) -> bool:
    """Whether a key is a keyword of the language; case is ignored in ASCII only, as the lexer does."""
    return name.isascii() and name.upper() in RESERVED


def foreign_character(name: str) -> int | None:
    """The position of the first character that is no letter or digit, or None where there is none.

    name: of the lexer's shape, so that its ASCII part is right already.
    """
    if name.isascii():
        return None
    for position, character in enumerate(name):
        if character >= "\x80" and not _is_name_character(character, first=position == 0):
            return position
    return None


def _is_name_character(character: str, *, first: bool) -> bool:
    begins, ends, starts = _ranges()
    at = bisect_right(begins, ord(character)) - 1
    return at >= 0 and ord(character) <= ends[at] and (starts[at] or not first)


@lru_cache(maxsize=1)
def _ranges() -> tuple[list[int], list[int], list[bool]]:
    begins, ends, starts = [], [], []
    position = 0x80
    for entry in _TABLE.split():
        mark = "+" if "+" in entry else "-"
        gap, more = entry.split(mark)
        begins.append(position + int(gap, 16))
        ends.append(begins[-1] + int(more, 16))
        starts.append(mark == "+")
        position = ends[-1] + 1
    return begins, ends, starts


# Each entry: characters since the last range, `+` if the range may start a name or `-` if not, its length less one; in hex.
_TABLE = """
2a+0 a+0 1-0 2+0 5+16 1+1e 1+1c9 4+b e+4 7+0 1+0 11-6f 0+4 1+1 3+2 1+0 6+0 0-0 0+2 1+0 1+13 1+52 1+8a 1-4 2+a5 1+25
2+0 6+28 8-2c 1-0 1-1 1-1 1-0 8+1a 4+3 1d-a 5+2a 0-1e 4+1 0-0 0+62 1+0 0-6 2-5 0+1 0-1 1-3 0+1 0-9 0+2 2+0 10+0 0-0
0+1d 0-1a 2+58 0-a 0+0 e-9 0+20 0-8 0+1 4+0 2-0 2+15 0-3 0+0 0-8 0+0 0-2 0+0 0-4 12+18 0-2 4+a 5+17 1+5 9-7 0+29
0-17 1-20 0+35 0-2 0+0 0-11 0+0 0-6 0+9 0-1 2-9 1+f 0-2 1+7 2+1 2+15 1+6 1+0 3+3 2-0 0+0 0-6 2-1 2-2 0+0 8-0 4+1 1+2
0-1 2-9 0+1 a+0 1-0 2-2 1+5 4+1 2+15 1+6 1+1 1+1 1+1 2-0 1-4 4-1 2-2 3-0 7+3 1+0 7-b 0+2 0-0 b-2 1+8 1+2 1+15 1+6
1+1 1+4 2-0 0+0 0-7 1-2 1-2 2+0 f+1 0-1 2-9 9+0 0-5 1-2 1+7 2+1 2+15 1+6 1+1 1+4 2-0 0+0 0-6 2-1 2-2 7-2 4+1 1+2 0-1
2-9 1+0 10-0 0+0 1+5 3+2 1+3 3+1 1+0 1+1 3+1 3+2 3+b 4-4 3-2 1-3 2+0 6-0 e-9 10-4 0+7 1+2 1+16 1+f 2-0 0+0 0-6 1-2
1-3 7-1 1+2 2+0 2+1 0-1 2-9 10+0 0-2 1+7 1+2 1+16 1+9 1+4 2-0 0+0 0-6 1-2 1-3 7-1 6+1 1+1 0-1 2-9 1+1 d-3 0+8 1+2
1+28 0-1 0+0 0-6 1-2 1-3 0+0 5+2 0-0 7+2 0-1 2-9 a+5 1-2 1+11 3+17 1+8 1+0 2+6 3-0 4-5 1-0 1-7 6-9 2-1 d+2f 0-0 0+0
0-7 5+6 0-7 1-9 27+1 1+0 1+4 1+17 1+0 1+9 0-0 0+0 0-9 0+0 2+4 1+0 1-5 2-9 2+3 20+0 17-1 6-9 b-0 1-0 1-0 4-1 0+7 1+23
4-13 1-1 0+4 0-a 1-23 9-0 39+2a 0-13 0+0 0-9 6+5 0-3 0+3 0-2 0+0 0-2 0+1 0-6 0+2 0-3 0+c 0-b 0+0 0-e 2+25 1+0 5+0
2+2a 1+14c 1+3 2+6 1+0 1+3 2+28 1+3 2+20 1+3 2+6 1+0 1+3 2+e 1+38 1+3 2+42 2-2 9-8 e+f 10+55 2+5 3+26b 2+10 1+19
5+4a 3+a 7+11 0-3 9+12 0-2 b+11 0-1 c+c 1+2 1-1 c+33 0-1f 3+0 4+0 0-0 2-9 21-2 1-a 6+58 7+28 0-0 0+0 5+45 a+1e 1-b
4-b a-9 0+1d 2+4 b+2b 4+19 6-a 25+16 0-4 4+34 0-9 1-1c 2-a 6-9 d+0 8-d 1-f 31-4 0+2e 0-10 0+7 3-9 11-8 c-2 0+1d 0-c
0+1 0-9 0+2b 0-d c+23 0-13 8-9 3+2 0-9 0+23 2+8 7+2a 2+2 10-2 1-14 0+3 0-0 0+5 0-0 0+1 0-2 0+0 5+bf 0-3f 0+115 2+5
2+25 2+5 2+7 1+0 1+0 1+0 1+1e 2+34 1+6 1+0 3+2 1+6 3+3 2+5 4+c 5+2 1+6 42-1 13-0 1c+0 d+0 10+c 33-c 4-0 3-b 11+0 4+0
2+9 1+0 2+5 6+0 1+0 1+0 1+f 2+3 5+4 4+0 11+28 a77+e4 6+3 0-2 0+1 c+25 1+0 5+0 2+37 7+0 f-0 0+16 9+6 1+6 1+6 1+6 1+6
1+6 1+6 1+6 1-1f 205+2 19+8 0-5 1+4 2+4 4+55 2-1 2+2 1+59 1+3 5+2a 1+5d 11+1f 30+f 200+19bf 40+568c 43+2d 2+10c 3+f
0-9 0+1 14+2e 0-0 4-9 1+1e 0-1 0+4f 0-1 25+8 2+66 2+3f 5+1 1+0 1+4 18+f 0-0 0+2 0-0 0+3 0-0 0+16 0-4 4-0 13+33 c-1
0+31 0-11 a-9 6-11 0+5 3+0 1+1 0-a 0+1b 0-7 2+16 0-c c+1c 3-3 0+2e 0-d e+0 0-9 6+4 0-0 0+9 0-9 0+4 1+28 0-d 9+2 0-0
0+7 0-1 2-9 6+16 3+0 0-2 0+31 0-0 0+0 0-2 0+1 0-1 0+4 0-1 0+0 0-0 0+0 18+2 2+a 0-4 2+2 0-1 a+5 2+5 2+5 9+6 1+6 1+2a
1+d 6+72 0-7 1-1 2-9 6+2ba3 c+16 4+30 2104+16d 2+69 26+6 c+4 5+0 0-0 0+9 1+c 1+4 1+0 1+1 1+1 1+6b 21+8a 6+d9 12+3f
2+35 28+9 6-f 10-f 3-1 18-2 21+0 1+0 3+0 1+0 1+0 1+0 1+7d 13-9 7+19 4-0 1+19 b+37 0-1 0+1e 3+5 2+5 2+5 2+2 23+b 1+19
1+12 1+1 1+e 2+d 22+7a 45+34 88-0 82+1c 3+30 f-0 1f+1f d+1d 5+25 0-4 5+1d 2+23 4+7 1+4 2a+9d 2-9 6+23 4+23 4+27 8+33
c+a 1+e 1+6 1+1 1+a 1+e 1+6 1+1 43+136 9+15 a+7 18+5 1+29 1+8 45+5 2+0 1+2b 1+1 3+0 2+16 a+16 9+1e 41+12 1+1 a+15
a+19 46+37 6+1 40+0 0-2 1-1 5-3 0+3 1+2 1+1c 2-2 4-0 20+1c 3+1c 23+7 1+1b 0-1 19+35 a+15 a+12 d+11 6e+48 37+32 d+32
d+23 0-3 8-9 146+29 1-1 3+1 4e+1c a+0 8+15 0-a 1f+11 0-3 2a+14 1b+16 9-2 0+34 0-e 1f-a 0+1 0-1 0+0 9-3 0+2c 0-a 7-0
d+18 7-9 6-2 0+23 0-d 1-9 4+0 0-1 0+0 8+22 0-0 2+0 9-2 0+2f 0-d 0+3 4-3 1-b 0+0 1+0 23+11 1+18 0-b 6-0 41+6 1+0 1+3
1+e 1+9 7+2e 0-b 5-9 6-3 1+7 2+1 2+15 1+6 1+1 1+4 1-1 0+0 0-6 2-1 2-2 2+0 6-0 5+4 0-1 2-6 3-4 8b+34 0-11 0+3 5-9 4-0
0+2 1e+2f 0-13 0+1 1+0 8-9 a6+2e 0-6 2-8 17+3 0-1 22+2f 0-10 3+0 b-9 26+2a 0-c 0+0 7-9 36+1a 2-e 4-9 6+6 b9+2b 0-e
65+3f 0-9 15+7 2+0 2+7 1+1 1+17 0-5 1-1 2-3 0+0 0-0 0+0 0-1 c-9 46+7 2+26 0-6 2-6 0+0 1+0 0-0 1b+0 0-9 0+27 0-6 0+0
0-3 8-0 8+0 0-a 0+2d 0-f 3+0 12+48 107+8 1+24 0-7 1-7 0+0 f-9 18+1d 2-15 1-d 49+6 1+1 1+25 0-5 3-0 1-1 1-6 0+0 0-0
8-9 6+5 1+1 1+1f 0-4 1-1 1-4 0+0 7-9 136+12 0-3 b9+0 4f+399 66+6e 11+c3 a4c+60 f+42e fd1+246 21b9+238 7+1e 1-9 6+4e
1-9 6+1d 2-4 b+2f 0-6 9+3 c-9 9+14 5+12 2b0+3f 80+4a 4-0 0+0 0-36 7-3 0+c 40+1 1+0 0-0 b-1 e+17f7 8+4d5 2a+8 22e7+3
1+6 1+1 1+122 2d+2 11+3 8+18b 904+6a 5+c 3+8 7+9 3-1 1261-2d 2-16 21e-4 3-5 8-7 2-6 1e-3 94-2 1bb+54 1+46 1+1 2+0
2+1 2+3 1+b 1+0 1+6 1+40 1+3 2+7 1+6 1+1b 1+3 1+4 1+0 3+6 1+153 2+18 1+18 1+1e 1+18 1+1e 1+18 1+1e 1+18 1+1e 1+18
1+7 2-31 200-36 4-31 8-0 e-0 16-4 1-e 450+1e e1-6 1-10 2-6 1-1 1-4 d5+2c 3-6 0+6 2-9 4+0 141+1d 0-0 11+2b 0-d 4e6+6
1+3 1+1 1+e 1+c4 b-6 29+43 0-6 0+0 4-9 4a6+3 1+1a 1+1 1+0 2+0 1+9 1+3 1+0 1+0 6+0 4+0 1+0 1+0 1+2 1+1 1+0 2+0 1+0
1+0 1+0 1+0 1+1 1+0 2+3 1+6 1+3 1+3 1+0 1+9 1+10 5+2 1+4 1+10 d34-9 406+a6df 20+1038 7+dd 2+1681 e+1d30 c1f+21d
5e2+134a aedb5-ef
"""
