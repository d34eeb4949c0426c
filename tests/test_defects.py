"""Wrong translations that other libraries were found to make: each of the 26 is a test of ours, beside the language that it is about.

What they are: NOT dropped (1, 10, 13) or meaning several things (7, 11, 16, 18), groups and precedence lost (2, 19, 22), values that
become structure (3, 4, 12, 15, 20, 21), operators and values that the target takes otherwise (5, 6, 8, 9, 14, 23, 24, 25), and
empty lists that find everything (17, 26).
"""

from __future__ import annotations

import re
from pathlib import Path

DEFECTS = range(1, 27)


def test_each_of_them_is_tested_by_its_number() -> None:
    names = [name for path in Path(__file__).parent.rglob("test_*.py") for name in re.findall(r"^def test_defects?_([0-9_]+)", path.read_text(encoding="utf-8"), re.MULTILINE)]
    assert {int(number) for name in names for number in name.split("_") if number} == set(DEFECTS)
