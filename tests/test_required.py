"""What every match of a pattern needs, against RE2: what is said to be needed must be there whenever there is a match."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_texts import PATTERNS, STRINGS

from whereql.regex import compile_loose, compile_pattern, needs


@settings(max_examples=1000, deadline=None)
@given(PATTERNS, st.lists(STRINGS, max_size=5))
def test_matches_have_what_is_needed(pattern: str, strings: list[str]) -> None:
    needed, search, loose = needs(pattern), compile_pattern(pattern).search, compile_loose(pattern)
    assert loose.is_local
    assert needed.is_empty or not search("")
    for string in strings:
        found = search(string)
        assert not found or all(literal in string for literal in needed.literals)
        assert not found or loose.search(string)
        assert needed.sides or found == loose.search(string)
        for separator in " \na":
            if needed.stays_within(separator):
                assert found == any(search(piece) for piece in string.split(separator))


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("zephyr k[a-z]+n", ("zephyr k", "n")),
        ("20[0-9]{2}-0[1-3]-[0-9]{2}", ("20", "-0")),
        (r"\bfoo\b", ("foo",)),
        ("(foo)(bar)", ("foobar",)),
        ("foo|food", ("foo",)),
        ("ab(?:c|d)ef", ("ab", "ef")),
        ("(?:foo|bar)baz", ("baz",)),
        ("(?:xab|yab)c", ("abc",)),
        ("(?:abx|aby)", ("ab",)),
        ("(?i)foo1", ("1",)),
        ("(?i:foo)bar", ("bar",)),
        ("(?:ab){3}c?", ("ababab",)),
        ("(?:ab){2,}c", ("ababc",)),
        ("a(?:bc)*d", ("a", "d")),
        ("(?:a[0-9]b){2}", ("ba",)),
        ("(?:a[0-9]bcd[0-9]e)f", ("bcd", "ef", "a")),
        ("a?", ()),
        ("", ()),
        ("^$", ()),
        ("[ab]", ()),
        (r"\x{1f600}\.", ("\U0001f600.",)),
    ],
)
def test_literals(pattern: str, literals: tuple[str, ...]) -> None:
    assert needs(pattern).literals == literals


def test_a_repeated_literal_is_cut() -> None:
    (literal,) = needs("(?:ab){1000}").literals
    assert 250 < len(literal) < 300
    assert needs("(?:ab){1000}c").literals == (f"{literal}c",)
    assert not compile_pattern("(?:ab){1000}").search(literal)


@pytest.mark.parametrize(
    ("pattern", "within"),
    [
        ("abc", True),
        (r"\babc\b", True),
        (r"a\Bb", True),
        (r"(?-u:\b)a", True),
        (r"\b{start}a\b{end-half}", True),
        ("a b", False),
        ("a.b", False),
        (r"a\s", False),
        ("[^a]b", False),
        ("a*", False),
        (r"\b", False),
        ("^a", False),
        ("a$", False),
        ("(?m)^a", False),
        (r"a\z", False),
        (r"a\S+", True),
        ("(?:a|b| )", False),
    ],
)
def test_what_stays_between_spaces(pattern: str, within: bool) -> None:
    assert needs(pattern).stays_within(" ") is within
