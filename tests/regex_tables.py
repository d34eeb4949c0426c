"""The generator of `whereql/regex/tables.py`: run `python tests/regex_tables.py > whereql/regex/tables.py`.

It asks the `regex` package, release 2024.11.6 (the last on Unicode 16), about every code point; it is no dependency of
the project: install it for this run only. `tests/test_regex_rust.py` compares the tables with Rust's engine.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

LAST = 0x10FFFF
TURKIC = frozenset("Ii\u0130\u0131")
SUPPORTED = ("otheralphabetic oalpha", "otherlowercase olower", "otheruppercase oupper", "joincontrol joinc")
SPACE = "whitespace wspace space"
REFUSED = """asciihexdigit ahex bidicontrol bidic bidimirrored bidim caseignorable ci cased changeswhencasefolded cwcf
changeswhencasemapped cwcm changeswhenlowercased cwl changeswhentitlecased cwt changeswhenuppercased cwu dash
defaultignorablecodepoint di deprecated dep diacritic dia emoji emojicomponent ecomp emojimodifier emod
emojimodifierbase ebase emojipresentation epres extendedpictographic extpict extender ext graphemebase grbase
graphemeextend grext graphemelink grlink hexdigit hex hyphen idsbinaryoperator idsb idstrinaryoperator idst
idsunaryoperator idsu idcompatmathcontinue idcompatmathstart idcontinue idc idstart ids ideographic ideo
logicalorderexception loe math modifiercombiningmark mcm noncharactercodepoint nchar
otherdefaultignorablecodepoint odi othergraphemeextend ogrext otheridcontinue oidc otheridstart oids othermath omath
patternsyntax patsyn patternwhitespace patws prependedconcatenationmark pcm quotationmark qmark radical
regionalindicator ri sentenceterminal sterm softdotted sd terminalpunctuation term unifiedideograph uideo
variationselector vs xidcontinue xidc xidstart xids"""
HEADER = '''"""Code point tables of Unicode 16.0.0, as in Rust's regex-syntax 0.8; made by `tests/regex_tables.py`.

A set is written as the gap before each range and, after a dot, its length less one when that isn't 0, all in base 36:
`1s.2 5` is 64-66 and 72. Before it stand the names of the value in loose spelling (lower case, no `_`, `-` or space).
CATEGORIES lacks what follows from others: unassigned and the groups.
FOLDS maps a code point to the least of those that fold alike, in runs `gap,count,stride,shift`. REFUSED are known
properties without a table here.
"""
'''


def base36(number: int) -> str:
    """`number` in base 36, `0` for zero."""
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if not number:
            return digits


def ranges(points: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Maximal runs of consecutive numbers in a set of code points."""
    for _, run in groupby(enumerate(sorted(points)), key=lambda pair: pair[1] - pair[0]):
        members = [point for _, point in run]
        yield members[0], members[-1]


def encode(points: Iterable[int]) -> str:
    """A set of code points as the text that `whereql.regex.charset.decode` reads."""
    words, at = [], 0
    for first, last in ranges(points):
        words.append(base36(first - at) + (f".{base36(last - first)}" if last > first else ""))
        at = last + 1
    return " ".join(words)


def fold_runs(representative: dict[int, int]) -> str:
    """The map code point -> least member of its fold orbit, as runs `gap length stride shift` of equal shift."""
    words, at = [], 0
    points = sorted(representative)
    while points:
        first = points[0]
        shift = first - representative[first]
        best = (1, 1)
        for stride in (1, 2):
            count = 1
            while representative.get(first + count * stride) == first + count * stride - shift:
                count += 1
            best = max(best, (count, -stride), key=lambda pair: (pair[0], pair[1])) if count > best[0] else best
        count, stride = best[0], abs(best[1])
        words.append(",".join(map(base36, (first - at, count, stride, shift))))
        taken = {first + n * stride for n in range(count)}
        points = [point for point in points if point not in taken]
        at = first
    return " ".join(words)


def module() -> str:
    """The text of `whereql/regex/tables.py`."""
    import regex
    from regex import _regex, _regex_core

    everything = "".join(map(chr, range(LAST + 1)))

    def members(query: str) -> set[int]:
        return {ord(c) for run in regex.findall(rf"(?:\p{{{query}}})+", everything) for c in run}

    def names(prop: str, keep: Any = None) -> dict[str, str]:
        groups: dict[Any, list[str]] = defaultdict(list)
        for name, value in _regex_core.PROPERTIES[prop][1].items():
            groups[value].append(name.lower())
        return {" ".join(group): group[0] for group in groups.values() if keep is None or keep(group)}

    categories = names("GENERALCATEGORY", lambda g: len(g[1:2] and g[1]) == 2 and g[1] not in ("cn", "cs", "lc"))
    scripts = names("SCRIPT", lambda g: "zzzz" not in g and "hrkt" not in g)
    script = {key: members(f"sc={name}") for key, name in scripts.items()}
    tables = {
        "CATEGORIES": {key: members(f"gc={name}") for key, name in categories.items()},
        "SCRIPTS": script,
        "BOOLEANS": {key: members(key.split()[0]) for key in (*SUPPORTED, SPACE)},
    }
    representative = {}
    for point in range(LAST + 1):
        cases = _regex.get_all_cases(regex.IGNORECASE | regex.UNICODE, point)
        if chr(point) not in TURKIC and len(cases) > 1 and min(cases) < point:
            representative[point] = min(cases)
    representative[ord("i")] = ord("I")
    parts = [HEADER]
    for name, table in tables.items():
        text = "; ".join(f"{key}: {encode(points)}" for key, points in table.items())
        parts.append(f"\n{name} = {literal(text)}\n")
    parts.append(f"\nFOLDS = {literal(fold_runs(representative))}\n")
    parts.append(f"\nREFUSED = {literal(' '.join(REFUSED.split()))}\n")
    return "".join(parts)


def literal(text: str) -> str:
    """`text` as adjacent string literals in parentheses, cut at spaces."""
    lines, line = [], ""
    for word in text.split(" "):
        if len(line) + len(word) > 112:
            lines.append(line)
            line = ""
        line += word + " "
    lines.append(line.rstrip())
    return "(\n" + "".join(f'    "{line}"\n' for line in lines) + ")"


if __name__ == "__main__":
    sys.stdout.write(module())
