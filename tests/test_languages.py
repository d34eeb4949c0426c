"""What several text tests can say together, against all short strings over an alphabet that the tests can't tell from more."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from whereql.errors import CheckError, UnsupportedError
from whereql.kinds import Kind
from whereql.operators import Op
from whereql.optimize.automata import Allowance, Spent, example
from whereql.optimize.languages import Atom, Vector, worlds
from whereql.regex.syntax import parse
from whereql.semantics import test as passes
from whereql.values import Literal

EQ, LT, LE, GT, GE = Op.EQ, Op.LT, Op.LE, Op.GT, Op.GE
CONTAINS, STARTS, ENDS, LIKE, ILIKE, MATCHES = Op.CONTAINS, Op.STARTS, Op.ENDS, Op.LIKE, Op.ILIKE, Op.MATCHES

Column = tuple[bool, ...]


@cache
def strings(alphabet: str, longest: int) -> list[str]:
    return ["".join(chars) for length in range(longest + 1) for chars in product(alphabet, repeat=length)]


@cache
def column(atom: Atom, alphabet: str, longest: int) -> Column:
    operand = Literal(Kind.STRING, atom[1])
    return tuple([passes(text, atom[0], operand) for text in strings(alphabet, longest)])


def tried(atoms: Sequence[Atom], alphabet: str, longest: int) -> dict[Vector, int]:
    """The vectors that the short strings have, and the length of the shortest string for each."""
    rows: Iterable[Vector] = zip(*(column(atom, alphabet, longest) for atom in atoms), strict=True)
    found: dict[Vector, int] = {}
    for vector, text in zip(rows, strings(alphabet, longest), strict=True):
        found.setdefault(vector, len(text))
    return found


def check_samples(atoms: Sequence[Atom], samples: dict[Vector, str]) -> None:
    for vector, text in samples.items():
        assert tuple(passes(text, op, Literal(Kind.STRING, operand)) for op, operand in atoms) == vector, text


def check_against_all(atoms: Sequence[Atom], alphabet: str, longest: int) -> None:
    found = worlds(atoms)
    assert found.complete
    check_samples(atoms, found.samples)
    assert {vector: len(text) for vector, text in found.samples.items() if len(text) <= longest} == tried(atoms, alphabet, longest)


def vectors(text: str) -> set[Vector]:
    return {tuple(letter == "T" for letter in word) for word in text.split()}


ROWS: list[tuple[list[Atom], str]] = [
    # Empty operands: true everywhere, or of the empty string alone.
    ([(STARTS, "")], "T"),
    ([(ENDS, "")], "T"),
    ([(CONTAINS, "")], "T"),
    ([(MATCHES, "")], "T"),
    ([(LIKE, "%")], "T"),
    ([(ILIKE, "%%%")], "T"),
    ([(MATCHES, r"\z")], "T"),
    ([(MATCHES, "a{0}")], "T"),
    ([(LIKE, ""), (EQ, "")], "TT FF"),
    ([(MATCHES, "^$"), (EQ, "")], "TT FF"),
    ([(MATCHES, "^$"), (EQ, "\n")], "TF FT FF"),
    ([(MATCHES, "(?m)^$"), (EQ, "\n")], "TF TT FF"),
    # Parts of a string.
    ([(CONTAINS, "ab"), (CONTAINS, "a")], "FF FT TT"),
    ([(STARTS, "ab"), (STARTS, "ac")], "FF TF FT"),
    ([(STARTS, "ab"), (ENDS, "ba"), (LIKE, "___")], "FFF TFF FTF FFT TTF TTT TFT FTT"),
    ([(STARTS, "ab"), (ENDS, "cd"), (LIKE, "___")], "FFF TFF FTF FFT TTF TFT FTT"),
    ([(STARTS, "ab"), (LIKE, "ab%")], "FF TT"),
    ([(ENDS, "ab"), (LIKE, "%ab")], "FF TT"),
    ([(CONTAINS, "ab"), (LIKE, "%ab%")], "FF TT"),
    ([(LIKE, "%a%a%"), (CONTAINS, "a")], "FF FT TT"),
    ([(LIKE, "a%b%c"), (LIKE, "a%c"), (EQ, "ac")], "FFF FTT FTF TTF"),
    ([(LIKE, r"\%"), (EQ, "%")], "FF TT"),
    ([(LIKE, r"\_"), (EQ, "a")], "FF TF FT"),
    ([(LIKE, "_"), (EQ, "\n")], "FF TF TT"),
    ([(LIKE, "a_"), (EQ, "a\0")], "FF TF TT"),
    ([(CONTAINS, "\0"), (EQ, "a\0")], "FF TF TT"),
    # Case: character by character, by simple folds.
    ([(ILIKE, "k"), (EQ, "\u212a")], "FF TF TT"),
    ([(LIKE, "k"), (EQ, "\u212a")], "FF TF FT"),
    ([(ILIKE, "S"), (EQ, "ſ")], "FF TF TT"),
    ([(ILIKE, "ß"), (EQ, "ẞ")], "FF TF TT"),
    ([(ILIKE, "ß"), (EQ, "ss")], "FF TF FT"),
    ([(ILIKE, "i"), (EQ, "İ")], "FF TF FT"),
    ([(MATCHES, r"(?i)^\u{212a}$"), (ILIKE, "k")], "FF TT"),
    ([(MATCHES, "(?i)^[^k]$"), (EQ, "\u212a")], "FF TF FT"),
    ([(ILIKE, "a%"), (LIKE, "a%"), (LIKE, "A%")], "FFF TTF TFT"),
    # Anchors and lines: without the flag m, $ is the very end, also where a line ends there.
    ([(MATCHES, "a$"), (EQ, "a\n")], "FF TF FT"),
    ([(MATCHES, "(?m)a$"), (EQ, "a\n")], "FF TF TT"),
    ([(MATCHES, "(?m)a$"), (EQ, "a\r")], "FF TF FT"),
    ([(MATCHES, "(?mR)a$"), (EQ, "a\r")], "FF TF TT"),
    ([(MATCHES, "(?m)^b"), (CONTAINS, "\nb"), (STARTS, "b")], "FFF TTF TFT TTT"),
    ([(MATCHES, "^b"), (STARTS, "b")], "FF TT"),
    ([(MATCHES, "a^b"), (CONTAINS, "ab")], "FF FT"),
    ([(MATCHES, "(?m)a$^b"), (CONTAINS, "ab")], "FF FT"),
    ([(MATCHES, "(?m)a$\n^b"), (CONTAINS, "a\nb")], "FF TT"),
    ([(MATCHES, "^.$"), (EQ, "\n")], "FF TF FT"),
    ([(MATCHES, "(?s)^.$"), (LIKE, "_")], "FF TT"),
    ([(MATCHES, "^(a|ab)(c|bcd)$"), (EQ, "abcd"), (EQ, "abc")], "FFF TFF TTF TFT"),
    # Words.
    ([(MATCHES, r"\bfoo\b"), (CONTAINS, "foo")], "FF FT TT"),
    ([(MATCHES, r"\bfoo\b"), (EQ, "foo1"), (EQ, "foo-")], "FFF TFF FTF TFT"),
    ([(MATCHES, r"^\b.$"), (EQ, "é")], "FF TF TT"),
    ([(MATCHES, r"^(?-u:\b).$"), (EQ, "é")], "FF TF FT"),
    ([(MATCHES, r"^\B$"), (EQ, "")], "FF TT"),
    ([(MATCHES, r"^\b$"), (EQ, "")], "FF FT"),
    ([(MATCHES, r"a\bb")], "F"),
    ([(MATCHES, r"^(\w+\b\W*)+$"), (MATCHES, r"^\w")], "FF TT"),
    ([(MATCHES, r"\b{start}a\b{end}"), (MATCHES, r"\ba\b")], "FF TT"),
    # Classes and counts.
    ([(MATCHES, r"\d"), (MATCHES, r"\w")], "FF FT TT"),
    ([(MATCHES, r"^\d$"), (MATCHES, r"^[0-9]$"), (EQ, "٣")], "FFF TTF TFF TFT"),
    ([(MATCHES, r"^\p{Lu}$"), (MATCHES, r"^[A-Z]$"), (LIKE, "_")], "FFF FFT TFT TTT"),
    ([(MATCHES, r"^[a-z&&[^b]]$"), (EQ, "b"), (EQ, "c")], "FFF TFF FTF TFT"),
    ([(MATCHES, "^a{2,3}$"), (LIKE, "__"), (LIKE, "____")], "FFF FTF FFT TTF TFF"),
    ([(MATCHES, "^(a{2}){2,}$"), (MATCHES, "^a*$"), (LIKE, "_____")], "FFF FFT FTF TTF FTT"),
    ([(MATCHES, "^(a+)?$"), (MATCHES, "^a*$")], "TT FF"),
    ([(MATCHES, "^(ab*)?$"), (STARTS, "b")], "FF FT TF"),
    ([(MATCHES, "ab*c"), (EQ, "aac")], "FF TF TT"),
    ([(MATCHES, "(?s)a.?c"), (EQ, "aaac")], "FF TF TT"),
    ([(MATCHES, "(?s)a.+c"), (EQ, "aac"), (EQ, "ac")], "FFF TFF TTF FFT"),
    ([(MATCHES, r"(?s)a\b.*"), (EQ, "aa"), (EQ, "ab")], "FFF TFF TTF FFT"),
    ([(MATCHES, "^(a*|b)*$"), (MATCHES, "[^ab]")], "FT TF"),
    # Order: a string comes before every other that it starts, and \0 before everything else.
    ([(LT, "")], "F"),
    ([(GE, "")], "T"),
    ([(LT, "\0"), (EQ, "")], "FF TT"),
    ([(LE, "\0"), (EQ, ""), (EQ, "\0")], "FFF TTF TFT"),
    ([(GT, "a"), (LT, "a\0")], "TF FT"),
    ([(GE, "a"), (LT, "a\0"), (EQ, "a")], "FTF TTT TFF"),
    ([(GT, "a\0"), (LT, "aa")], "TF FT TT"),
    ([(LT, "a"), (LE, "a"), (GT, "a"), (GE, "a"), (EQ, "a")], "TTFFF FTFTT FFTTF"),
    ([(GE, "b"), (STARTS, "a")], "FF FT TF"),
    ([(GE, "ab"), (LT, "ac"), (STARTS, "ab")], "FTF TFF TTT"),
    ([(LT, "b"), (MATCHES, "^[c-z]")], "FF TF FT"),
    ([(GT, "Z"), (LT, "a"), (MATCHES, "^[A-z]$")], "FTF TFF FTT TFT TTF TTT"),
    ([(GT, "Z"), (LT, "a"), (MATCHES, "^[A-Za-z]$")], "FTF TFF FTT TFT TTF"),
    ([(GT, "\ud7ff"), (LT, "\ue000"), (LIKE, "_")], "FTF FTT TFF TFT TTF"),
    ([(GT, "\U0010ffff"), (LIKE, "_")], "FF FT TF"),
    ([(GE, "\U0010ffff"), (LIKE, "_")], "FF FT TF TT"),
    ([(GT, "\U0010fffe"), (LT, "\U0010ffff"), (LIKE, "_")], "FTF FTT TFF TFT TTF"),
    # Of one test twice, and of none.
    ([(CONTAINS, "a"), (CONTAINS, "a")], "FF TT"),
    ([], ""),
]


@pytest.mark.parametrize(("atoms", "expected"), ROWS, ids=str)
def test_exactly_these_vectors_are_there(atoms: list[Atom], expected: str) -> None:
    found = worlds(atoms)
    assert found.complete
    assert set(found.samples) == (vectors(expected) if atoms else {()})
    check_samples(atoms, found.samples)


@pytest.mark.parametrize(("atoms", "_"), [row for row in ROWS if row[0]], ids=str)
def test_no_short_string_has_another_vector_or_is_shorter(atoms: list[Atom], _: str) -> None:
    found = worlds(atoms).samples
    letters = "".join(dict.fromkeys("".join(operand for op, operand in atoms if op is not MATCHES)))[:4]
    for vector, length in tried(atoms, "".join(dict.fromkeys(letters + "ab\0\n 1A\u212aé")), 3).items():
        assert len(found[vector]) <= length


def plain_atoms(letters: str) -> st.SearchStrategy[Atom]:
    words = st.text(letters, max_size=3)
    likes = st.text([*letters, "%", "_"], max_size=4)
    return st.one_of(
        st.tuples(st.sampled_from([EQ, LT, LE, GT, GE, CONTAINS, STARTS, ENDS]), words), st.tuples(st.sampled_from([LIKE, ILIKE]), likes)
    )


@given(st.lists(plain_atoms("bd"), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_plain_tests_agree_with_all_short_strings(atoms: list[Atom]) -> None:
    check_against_all(atoms, "aBDbcde", 4)


@given(st.lists(plain_atoms("ab"), min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_plain_tests_agree_with_all_strings_of_six(atoms: list[Atom]) -> None:
    assume(not any(op is ILIKE for op, _ in atoms))
    check_against_all(atoms, "\0abc", 6)


@given(st.lists(plain_atoms("k\n\0"), min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_plain_tests_of_odd_letters_agree_with_all_short_strings(atoms: list[Atom]) -> None:
    check_against_all(atoms, "\0\1\n\x0bkKl\u212a", 4)


def patterns() -> st.SearchStrategy[str]:
    words = ["a", "k", "ak", "(?i:k)", "(?i:a)", ".", "(?s:.)", r"\w", r"\W", r"\d", r"\s", "[^a]", "[ak1]", r"\n", "", "-"]
    sides = ["^", "$", r"\b", r"\B", "(?m:^)", "(?m:$)", r"\b{start}", r"\b{end-half}", r"\A", r"\z"]
    atom = st.sampled_from(words) | st.sampled_from(sides)
    return st.recursive(
        atom,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map("".join),
            st.tuples(inner, inner).map("|".join).map("(?:{})".format),
            st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,3}", "{2,}"])).map("(?:{0[0]}){0[1]}".format),
        ),
        max_leaves=6,
    )


PATTERN_LETTERS = "\n -12AKakz\u212a"  # two digits, for \d without [1]


@given(st.lists(patterns().map(lambda pattern: (MATCHES, pattern)), min_size=1, max_size=2), st.lists(plain_atoms("ak"), max_size=1))
@settings(max_examples=200, deadline=None)
def test_patterns_agree_with_all_short_strings(matching: list[Atom], plain: list[Atom]) -> None:
    atoms = matching + [atom for atom in plain if atom[0] not in {LT, LE, GT, GE}]
    try:
        check_against_all(atoms, PATTERN_LETTERS, 3)
    except UnsupportedError:
        assume(False)


@given(st.lists(plain_atoms("ab") | patterns().map(lambda pattern: (MATCHES, pattern)), max_size=4), st.integers(0, 400))
@settings(max_examples=150, deadline=None)
def test_a_small_budget_finds_less_but_nothing_wrong(atoms: list[Atom], budget: int) -> None:
    try:
        everything, found = worlds(atoms), worlds(atoms, budget)
        check_samples(atoms, found.samples)
    except UnsupportedError:
        assume(False)
    assert found.samples.keys() <= everything.samples.keys()
    assert not found.complete or found.samples.keys() == everything.samples.keys()
    assert found == worlds(atoms, budget) and list(found.samples) == list(worlds(atoms, budget).samples)


def test_witnesses_are_shortest_and_read_well() -> None:
    assert worlds([(CONTAINS, "graph"), (ENDS, "phone")]).samples == {
        (False, False): "",
        (False, True): "phone",
        (True, False): "graph",
        (True, True): "graphone",
    }
    assert worlds([(LIKE, "_"), (CONTAINS, "!!")]).samples[True, False] == "a"
    for pattern, text in [(r"^[^a-z]$", "0"), (r"^\W$", " "), (r"^\P{ASCII}$", "¡"), (r"^\p{Greek}$", "Ͱ"), (r"^[\x00-\x1f]$", "\0")]:
        assert worlds([(MATCHES, pattern)]).samples[True,] == text


WIDE = [(CONTAINS, f"w{number}w") for number in range(12)]


def test_where_the_budget_ends_likely_strings_are_tried() -> None:
    atoms = [(ENDS, "learning"), (CONTAINS, "neural"), (MATCHES, "net(s|works)"), (LIKE, "%deep%"), (STARTS, "The ")]
    found = worlds(atoms, 200)
    check_samples(atoms, found.samples)
    assert {(True,) * 5, (False,) * 5, (True, False, True, False, True)} <= found.samples.keys()
    assert found.complete  # all 32 are there, so that no other can be
    found = worlds(WIDE, 100)
    check_samples(WIDE, found.samples)
    assert (True,) * 12 in found.samples and not found.complete
    assert all(tuple(place == each for place in range(12)) in found.samples for each in range(12))


@pytest.mark.parametrize("atoms", [[(LT, "bb"), (LIKE, "_")], [(GT, "b"), (LT, "ba")], [(GT, "\U0010ffff")]], ids=str)
def test_where_the_budget_ends_a_narrow_gap_is_found(atoms: list[Atom]) -> None:
    found = worlds(atoms, 0)
    check_samples(atoms, found.samples)
    assert (True,) * len(atoms) in found.samples


@pytest.mark.parametrize("op", [LT, LE, GT, GE])
def test_where_the_budget_ends_neighbours_of_a_bound_are_tried(op: Op) -> None:
    found = worlds([(op, "b"), (EQ, "b")], 0)
    assert set(found.samples) == set(worlds([(op, "b"), (EQ, "b")]).samples)
    assert not found.complete


TEXT = "".join(chr(97 + number * number % 23) for number in range(5000))
LARGE: dict[str, list[Atom]] = {
    "nested counts": [(MATCHES, r"(\w{100}){100}")],
    "large count": [(MATCHES, "(a{1000}){1000}"), (CONTAINS, "a")],
    "count of nothing": [(MATCHES, "((a?){1000}b?){4294967295}")],
    "wide set, counted": [(MATCHES, r"\w{250}")],
    "exponential": [(MATCHES, "^(a|b)*a(a|b){20}$"), (MATCHES, "^(a|b)*b(a|b){21}$")],
    "many wide sets": [(MATCHES, "".join(rf"[^{chr(256 + number)}\w]" for number in range(1500)))],
    "long pattern": [(MATCHES, "|".join(f"word{number}x" for number in range(1500)))],
    "many wildcards": [(LIKE, "a%" * 2500), (LIKE, "%a" * 2500)],
    "long runs": [(LIKE, "%" + "c" * 5000)],
    "many characters": [(op, "".join(map(chr, range(0x4E00, 0x4E00 + 9_000)))) for op in (CONTAINS, EQ)],
    "many tests": [(CONTAINS, f"value_{number}") for number in range(3000)],
    "long operands": [(STARTS, "ab" * 500_000), (LT, "c" * 1_000_000), (ENDS, "d" * 1_000_000)],
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_too_large_ends_soon(name: str) -> None:
    start = time.perf_counter()
    found = worlds(LARGE[name])
    assert time.perf_counter() - start < 2
    assert not found.complete
    check_samples(LARGE[name], dict(list(found.samples.items())[:1]))


@pytest.mark.parametrize("op", [EQ, STARTS, LIKE, LT, GE])
def test_a_long_text_is_not_too_large(op: Op) -> None:
    atoms = [(op, TEXT[:2000])]
    found = worlds(atoms)
    assert found.complete and len(found.samples) == 2
    check_samples(atoms, found.samples)


def test_deep_patterns_are_read() -> None:
    assert worlds([(MATCHES, "^" + "(" * 120 + "a" + ")*" * 120 + "$"), (EQ, "aa")]).samples.keys() == vectors("TF TT FF")


@pytest.mark.parametrize("pattern", [r"\p{Emoji}", "(" * 300 + ")" * 300])
def test_what_can_not_be_said_exactly_leaves_all_open(pattern: str) -> None:
    found = worlds([(CONTAINS, "a"), (MATCHES, pattern)])
    assert not found.complete and not found.samples


@pytest.mark.parametrize(("op", "operand"), [(MATCHES, "("), (LIKE, r"a\b"), (ILIKE, "\\")])
def test_what_is_no_pattern_is_refused(op: Op, operand: str) -> None:
    with pytest.raises(CheckError):
        worlds([(STARTS, "a"), (op, operand)])


def test_other_operators_are_refused() -> None:
    with pytest.raises(ValueError, match="HAS is no test of a string"):
        worlds([(Op.HAS, "a")])


def test_examples_are_cut_off() -> None:
    assert example(parse("(ab{2}|c{3,}d){2}")) == "abbabb"
    assert len(example(parse("(a{1000}){4294967295}"), longest=10)) == 10


def test_an_allowance_ends() -> None:
    purse = Allowance(2)
    purse.spend()
    purse.spend()
    with pytest.raises(Spent):
        purse.spend()
