"""Text operators over many texts: all of them, some, a span of them, through the index of words; each as Python says of one text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import numpy as np
import pytest
import whereql_memory.blob
import whereql_memory.coding
import whereql_memory.texts
import whereql_memory.words
from hypothesis import given, settings
from hypothesis import strategies as st
from whereql_memory.blob import Blob
from whereql_memory.coding import Coder
from whereql_memory.texts import SortedTexts, Texts
from whereql_memory.words import WordIndex

import whereql.regex.lowering
from whereql.errors import WhereqlError
from whereql.like import like, like_escaped
from whereql.operators import Op
from whereql.regex import compile_like, compile_pattern

# A separator, others that are none, one to four bytes in UTF-8, NUL, letters that fold to ASCII, and 0xFF as a character.
ALPHABET = "aab  \n\0\tkK\u212as\u017fé日\xff\U0001f600"
STRINGS = st.text(st.sampled_from(ALPHABET), max_size=12) | st.sampled_from(["", " ", "  ", "a" * 9, "a" * 40, "ab ab", "a" * 8 + "b" + "a" * 8])
ATOMS = ["a", "b", "k", " ", "é", "日", r"\n", r"\x00", ".", "(?s:.)", "[ab]", "[^a]", r"\w", r"\W", r"\s", r"\S", "(?i:k)", "(?i:s)", "aa", "ab"]
SIDES = [r"\b", r"\B", "^", "$", r"\A", r"\z", "(?m:^)", "(?m:$)", r"\b{start}", r"(?-u:\b)"]
PATTERNS = st.recursive(
    st.sampled_from(ATOMS) | st.sampled_from(SIDES),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})")
        | st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,2}", "{2,}", "{0}"])).map(lambda pair: f"(?:{pair[0]}){pair[1]}")
    ),
    max_leaves=6,
)
LIKES = st.lists(st.sampled_from(["%", "%", "_", "a", "b", " ", "k", "s", "é", "ab", r"\%", "\n", "\xff"]), max_size=6).map("".join)

MEANING: dict[Op, Callable[[str, str], bool]] = {
    Op.EQ: str.__eq__,
    Op.CONTAINS: lambda text, part: part in text,
    Op.STARTS: str.startswith,
    Op.ENDS: str.endswith,
    Op.LIKE: like,
    Op.ILIKE: lambda text, pattern: compile_like(pattern, ignore_case=True).search(text),
    Op.MATCHES: lambda text, pattern: compile_pattern(pattern).search(text),
}
METHODS = {Op.EQ: "equals", Op.CONTAINS: "contains", Op.STARTS: "starts", Op.ENDS: "ends", Op.LIKE: "like", Op.ILIKE: "ilike", Op.MATCHES: "matches"}


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], Op, str]:
    strings = draw(st.lists(STRINGS, max_size=12))
    op = draw(st.sampled_from(list(MEANING)))
    if op is Op.MATCHES:
        return strings, op, draw(PATTERNS)
    if op in (Op.LIKE, Op.ILIKE) and draw(st.booleans()):
        return strings, op, draw(LIKES)
    text = draw(st.sampled_from(strings) if strings else STRINGS)
    start, stop = draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))
    part = text[start:stop] if start < stop and draw(st.booleans()) else draw(st.just(text) | STRINGS)
    return strings, op, draw(st.sampled_from(["{}", "%{}%", "{}%", "%{}"])).format(like_escaped(part)) if op in (Op.LIKE, Op.ILIKE) else part


@contextmanager
def small_steps(size: int, eager: bool = True) -> Iterator[None]:
    """Steps of a few bytes, so that few texts have many; and an index that is asked however little it helps."""
    limits = {
        whereql_memory.blob: {"_BLOCK": size},
        whereql_memory.coding: {"_BLOCK": size},
        whereql_memory.texts: {"_CHUNK": max(1, size // 4), "_SEARCHED": size},
        whereql_memory.words: {"_PIECE": size, "_SINGLE": 1, "_SHORT": 2} | ({"_ENTRY": 0, "_CANDIDATE": 0} if eager else {}),
    }
    with ExitStack() as stack:
        for module, names in limits.items():
            for name, value in names.items():
                stack.enter_context(patch.object(module, name, value))
        yield


def rows(op: Op, text: str, strings: list[str]) -> list[int]:
    return [row for row, each in enumerate(strings) if MEANING[op](each, text)]


@settings(max_examples=300, deadline=None)
@given(cases(), st.sampled_from([3, 16, 1 << 20]), st.data())
def test_operators_on_all_texts_some_and_a_span(case: tuple[list[str], Op, str], size: int, data: st.DataObject) -> None:
    strings, op, text = case
    texts = Texts.of(strings)
    texts = data.draw(st.sampled_from([texts, Texts(memoryview(bytes(texts.blob)), texts.offsets), Texts.join([Texts.of(["a", "b"]), texts]).span(2, len(texts) + 2)]))
    numbers = st.integers(0, max(len(strings) - 1, 0))
    at = np.array(data.draw(st.lists(numbers, max_size=len(strings) * 2)), np.int64)
    low, high = sorted((data.draw(numbers), data.draw(numbers)))
    truth = np.array([MEANING[op](each, text) for each in strings], np.bool_)
    with small_steps(size):
        test = getattr(texts, METHODS[op])
        assert test(text).tolist() == truth.tolist()
        assert test(text, at).tolist() == truth[at].tolist()
        assert getattr(texts.span(low, high), METHODS[op])(text).tolist() == truth[low:high].tolist()
        ordered = sorted(set(strings))
        assert getattr(SortedTexts.of(ordered), METHODS[op])(text).tolist() == [MEANING[op](each, text) for each in ordered]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.text("ab", max_size=12), min_size=1, max_size=30),
    st.text("ab", min_size=1, max_size=12) | st.sampled_from(["ab" * 20, "a" * 40, "a" * 40 + "b"]),
    st.sampled_from([0, 1]),
    st.sampled_from([0, 2]),
    st.sampled_from([0, 1, 1 << 20]),
)
def test_each_way_to_look_for_a_needle(strings: list[str], needle: str, rare: int, rare_byte: int, rare_hit: int) -> None:
    """Whichever way is chosen: by one byte, two or three, by units of two or four, from one place of a rare byte to the next."""
    texts = Texts.of([*strings, needle, f"a{needle}", f"bb{needle}a", f"aab{needle}"])
    with small_steps(32), patch.multiple(whereql_memory.blob, _RARE=rare, _RARE_BYTE=rare_byte, _RARE_HIT=rare_hit, _LARGE=0):
        assert texts.contains(needle).tolist() == [needle in string for string in texts.tolist()]


def test_threads_that_look_at_once_do_not_share_their_marks() -> None:
    strings = [f"{number:x} {number * 7919:x} text" * 4 for number in range(20_000)]
    texts = Texts.of(strings)
    needles = ["f", "ab", "abc", "1a tex", "e text2", "text", "xt0 0", "fff t"]
    truth = {needle: [needle in string for string in strings] for needle in needles}
    with ThreadPoolExecutor(8) as pool:
        for needle, found in zip(needles * 25, pool.map(texts.contains, needles * 25), strict=True):
            assert found.tolist() == truth[needle], needle


def test_a_long_needle_takes_no_quadratic_time() -> None:
    """All of these have the first bytes of the needle at each of their positions, of which to compare each would take hours."""
    strings = ["a" * 500_000, "a" * 200_000 + "b", "é" * 200_000, "é" * 100_000 + "b"]
    for needle in ("a" * 150_000, "a" * 150_000 + "b", "a" * 499_999 + "b", "é" * 90_000 + "b", "é" * 300_000):
        assert Texts.of(strings).contains(needle).tolist() == [needle in string for string in strings]


@settings(max_examples=500, deadline=None)
@given(cases(), st.sampled_from([3, 16, 1 << 20]))
def test_the_index_says_what_a_look_at_each_text_says(case: tuple[list[str], Op, str], size: int) -> None:
    strings, op, text = case
    expected = rows(op, text, strings)
    with small_steps(size):
        index = WordIndex.of(Texts.of(strings))
        assert index is not None
        check_index(index, strings)
        found = index.find(op, text)
        if found is not None:
            assert found.rows().tolist() == np.flatnonzero(found.mask()).tolist() == expected
            assert set(expected) <= set(found.candidates().tolist())
            assert len(expected) <= found.count


def check_index(index: WordIndex, strings: list[str]) -> None:
    words = sorted({word for string in strings for word in string.split(" ") if word})
    assert index.words.tolist() == words
    assert np.diff(index.starts).tolist() == [sum(word in string.split(" ") for string in strings) for word in words]
    entries = [index.entries[index.starts[i] : index.starts[i + 1]].tolist() for i in range(len(words))]
    assert entries == [[row for row, string in enumerate(strings) if word in string.split(" ")] for word in words]
    assert index.entries.dtype == np.uint32


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.tuples(STRINGS, st.booleans()), max_size=6), max_size=4), st.sampled_from([3, 1 << 20]))
def test_indexes_are_joined_without_the_texts_that_are_gone(parts: list[list[tuple[str, bool]]], size: int) -> None:
    kept = [string for part in parts for string, stays in part if stays]
    with small_steps(size):
        joined, before = [], 0
        for part in parts:
            index = WordIndex.of(Texts.of([string for string, _ in part]))
            assert index is not None
            stays = np.array([stays for _, stays in part], np.bool_)
            joined.append((index, np.where(stays, before + np.cumsum(stays) - 1, -1)))
            before += int(stays.sum())
        check_index(WordIndex.join(Texts.of(kept), joined), kept)


def find(strings: list[str], op: Op, text: str) -> list[int] | None:
    with small_steps(1 << 20):
        index = WordIndex.of(Texts.of(strings))
        assert index is not None
        found = index.find(op, text)
        return None if found is None else found.rows().tolist()


@pytest.mark.parametrize(
    ("op", "text", "strings", "shortcut"),
    [
        # Words of another splitter than U+0020 alone.
        (Op.CONTAINS, "a\nb", ["a\nb", "a b"], lambda s, t: any(t in word for word in s.split())),
        (Op.EQ, "a\xa0b", ["a\xa0b"], lambda s, t: t in s.split()),
        # All the words of a phrase, but not in a row, or not at the edges of words.
        (Op.CONTAINS, "a b", ["b a", "a b", "xa by"], lambda s, t: set(t.split()) <= set(s.split())),
        (Op.CONTAINS, "a  b", ["a b", "a  b"], lambda s, t: t.split() == s.split()),
        (Op.CONTAINS, " a", ["a", "b a"], lambda s, t: t.strip() in s),
        # Where a match may be empty, have a space, or lean on the edge of the text.
        (Op.MATCHES, "a*", ["", "b", " "], lambda s, t: any(compile_pattern(t).search(word) for word in s.split())),
        (Op.MATCHES, "a.b", ["a b", "acb"], lambda s, t: any(compile_pattern(t).search(word) for word in s.split())),
        (Op.MATCHES, "^b", ["a b", "b a"], lambda s, t: any(compile_pattern(t).search(word) for word in s.split())),
        (Op.MATCHES, "b$", ["b a", "a b"], lambda s, t: any(compile_pattern(t).search(word) for word in s.split())),
        (Op.MATCHES, r"(?m:^)b", ["a b", "a\nb"], lambda s, t: any(compile_pattern(t).search(word) for word in s.split(" "))),
        # A literal under the flag i is none, nor is one that may be left out.
        (Op.MATCHES, "(?i)kab", ["\u212aab", "KAB"], lambda s, t: "kab" in s),
        (Op.MATCHES, "(?:abc)?d", ["d"], lambda s, t: "abc" in s),
        (Op.MATCHES, "abc|abd", ["abd"], lambda s, t: "abc" in s),
        # Case, and a wildcard that may be a space.
        (Op.ILIKE, "%\u212a%", ["k", "K"], lambda s, t: "\u212a" in s),
        (Op.LIKE, "_a%", ["a", "ba"], lambda s, t: "a" in s),
        (Op.ILIKE, "%A_", ["a", "ab"], lambda s, t: "a" in s.lower()),
        (Op.LIKE, "%a_b%", ["a b"], lambda s, t: any(like(word, t) for word in s.split())),
        (Op.LIKE, "a%b", ["a b", "ab"], lambda s, t: any(like(word, t) for word in s.split())),
        (Op.STARTS, "b", ["a b", "b a"], lambda s, t: any(word.startswith(t) for word in s.split())),
        (Op.ENDS, "a", ["a b", "b a"], lambda s, t: any(word.endswith(t) for word in s.split())),
    ],
)
def test_tempting_shortcuts_of_an_index_are_wrong(op: Op, text: str, strings: list[str], shortcut: Callable[[str, str], bool]) -> None:
    expected = rows(op, text, strings)
    assert [row for row, each in enumerate(strings) if shortcut(each, text)] != expected
    assert find(strings, op, text) in (None, expected)
    assert np.flatnonzero(getattr(Texts.of(strings), METHODS[op])(text)).tolist() == expected


def test_which_patterns_the_words_answer_alone() -> None:
    index = WordIndex.of(Texts.of(["neural nets", "the old Net", "20-01 " + "x" * 200] * 400))
    assert index is not None
    for op, text in [(Op.CONTAINS, "eur"), (Op.MATCHES, "n[a-z]+l"), (Op.MATCHES, r"(?i)\bnet\b"), (Op.ILIKE, "%NET%"), (Op.LIKE, "%ura%")]:
        found = index.find(op, text)
        assert found is not None
        assert found.test is None, text
    for op, text in [(Op.CONTAINS, "al ne"), (Op.MATCHES, "neural.nets"), (Op.MATCHES, "^neural"), (Op.STARTS, "neural"), (Op.LIKE, "neur%")]:
        found = index.find(op, text)
        assert found is None or found.test is not None, text
    for op, text in [(Op.CONTAINS, " "), (Op.CONTAINS, ""), (Op.LIKE, "%"), (Op.MATCHES, "x*"), (Op.LT, "a")]:
        assert index.find(op, text) is None, text


@pytest.mark.parametrize(("op", "pattern"), [(Op.MATCHES, "zzz("), (Op.MATCHES, r"zzz\p{Emoji}"), (Op.MATCHES, "zzz(?:.{1000}){1000}"), (Op.LIKE, "zzz\\z"), (Op.ILIKE, "zzz\\z"), (Op.LIKE, "zzz" + "_" * 5000)], ids=range(6))
def test_a_refused_pattern_is_refused_though_no_text_may_match(op: Op, pattern: str) -> None:
    index = WordIndex.of(Texts.of(["a", "b"] * 9))
    assert index is not None
    with patch.object(whereql.regex.lowering, "MAX_WEIGHT", 5000):
        with pytest.raises(WhereqlError) as refused:
            index.find(op, pattern)
        with pytest.raises(type(refused.value)):
            getattr(Texts.of([]), METHODS[op])(pattern)


def test_an_index_that_would_cost_more_than_a_scan_says_so() -> None:
    index = WordIndex.of(Texts.of(["ab ac ad"] * 2000))
    assert index is not None
    assert index.find(Op.CONTAINS, "a") is None
    assert index.find(Op.CONTAINS, "b a") is None
    assert index.find(Op.CONTAINS, "x") is not None


@pytest.mark.parametrize("bits", [1, 20])
def test_words_that_a_hash_of_their_bytes_may_confuse(bits: int) -> None:
    """The same first eight bytes, the same last eight, the same bytes but for NULs at the end: all of them are different words."""
    words = ["a", "b", "a\0", "a\0\0", "abcdefgh", "abcdefgh\0", "abcdefghabcdefgh", "abcdefghXabcdefgh", "abcdefghYabcdefgh", *("abcdefgh" * 3 + end + "abcdefgh" for end in ("abcdefgh", "abcdefgX", "Xbcdefgh"))]
    strings = [f"{word} {word} x" for word in words for _ in range(3)]
    # Each text is a step of its own, so that the table has the words of those before.
    with small_steps(8), patch.object(whereql_memory.coding, "_BITS", bits):
        index = WordIndex.of(Texts.of(strings))
    assert index is not None
    check_index(index, strings)
    assert len({word[:8].rstrip("\0") for word in words}) < len({word[:8] for word in words}) < len(words)


def test_more_words_than_two_bytes_number() -> None:
    strings = [f"{number:x} x{number % 7}" for number in range(70_000)]
    index = WordIndex.of(Texts.of(strings))
    assert index is not None
    assert len(index.words) == 70_007
    assert index.words.tolist() == sorted({word for string in strings for word in string.split()})
    for text in ("ffff", "x3", "1000 x"):
        found = index.find(Op.CONTAINS, text)
        assert found is not None
        assert found.rows().tolist() == rows(Op.CONTAINS, text, strings)
    assert np.array_equal(index.words.contains("fff"), ["fff" in word for word in index.words.tolist()])


def test_texts_of_different_words_get_no_index() -> None:
    with patch.object(whereql_memory.coding, "_ROOM", 1 << 16), patch.object(whereql_memory.coding, "_BLOCK", 1 << 12):
        texts = Texts.of([f"{number:09}" for number in range(50_000)])
        coder = Coder(Blob(texts.blob))
        looked_at = next(at for at, _ in enumerate(coder.code(texts.offsets)) if coder.is_crowded)
        assert looked_at < 10  # of 123 steps
        assert WordIndex.of(texts) is None
        assert WordIndex.of(Texts.of(["the same words"] * 50_000)) is not None


def test_a_regular_expression_stays_in_its_text() -> None:
    """Over many texts at once: what would match the byte between two, or lean on its neighbour, must not."""
    texts = Texts.of(["a", "b", "", "ab", "\xff", "a\n", "b"])
    for pattern in ["a.*b", "(?s)a.*b", r"a[^x]b", r"a\W*b", r"a\P{L}*b", "[^a]", r"[\x00-\x{10ffff}]{2}", "(?s).", r"\x{ff}", "a?", "^b", r"\Bb", "b$", "(?m)^b"]:
        assert texts.matches(pattern).tolist() == [compile_pattern(pattern).search(each) for each in texts.tolist()], pattern
    assert compile_pattern("a[^x]b").is_local
    assert not compile_pattern("^b").is_local
    assert not compile_pattern(r"a\b").is_local
    assert not compile_pattern(r"\\A").is_local  # a backslash and a letter: it may say so
