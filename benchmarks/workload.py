"""The records and the 38 filters that `benchmarks.backends` runs: the same on every machine, at every size.

>>> batch = next(batches(1_000, dimension=8))
>>> batch.ids[0], len(batch.documents), batch.embeddings.shape
('rec-5bf2e4ac91d3', 1000, (1000, 8))
>>> variants(FILTERS["nested_6"], 1_000)[0].text
"category IN ('cat00', 'cat07', 'cat13') AND (year >= 2012 OR score > 0.7) AND NOT (lang = 'en' OR active = FALSE)"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SEED = 4
BLOCK = 5_000  # records made, and added, at once; a Chroma client takes 5,461 at most
VARIANTS = 8
CATEGORIES = [f"cat{i:02}" for i in range(20)]
LANGS = {"en": 0.55, "de": 0.18, "fr": 0.12, "es": 0.1, "ja": 0.05}
YEARS = range(1990, 2026)
USERS, TAGS = 50_000, 200

# What is planted in the documents, each with its share of them. No word made of _SYLLABLES has the letters h, q, w, x, y or z,
# so that these are found where they were planted and nowhere else.
RARE = ["xylem", "quagmire", "whorl", "zither", "hexagon", "yarrow", "wyvern", "quahog"]
SCARCE = ["halyard", "jonquil", "wicket", "zeolite", "chasuble", "yodel", "haycock", "quorum"]
COMMON = ["harbour", "whisper", "yellow", "quiet", "horizon", "zenith", "chimney", "water"]
BEFORE_K = ["zephyr", "wharf", "haze", "quartz", "hymn", "yacht", "wheel", "zealot"]  # comes before a word such as "kelvin"
K_WORDS = ["kelvin", "kaftan", "kraken", "kitten", "kiln"]
SHARES = {"rare": 0.0001, "scarce": 0.005, "common": 0.125, "phrase": 0.001, "before k": 0.001, "date": 0.01}
MONTHS = ["0[1-3]", "0[2-4]", "0[3-5]", "0[4-6]", "0[5-7]", "0[6-8]", "0[7-9]", "1[0-2]"]
_SYLLABLES = [consonant + vowel for consonant in "bdfgjklmnprstv" for vowel in "aeiou"]


@dataclass(frozen=True)
class Batch:
    """Records, column by column; embeddings: float32, shape (records, dimension)."""

    ids: list[str]
    documents: list[str]
    metadatas: list[dict[str, Any]]
    embeddings: NDArray[np.float32]


def batches(n: int, dimension: int, first: int = 0) -> Iterator[Batch]:
    """`n` records, from the `first` on (a multiple of 5,000), in batches of 5,000: a larger collection begins with all of a smaller one."""
    for start in range(first, first + n, BLOCK):
        yield _cut(_block(start, dimension), min(BLOCK, first + n - start))


def _cut(batch: Batch, size: int) -> Batch:
    return Batch(batch.ids[:size], batch.documents[:size], batch.metadatas[:size], batch.embeddings[:size])


def id_of(row: int) -> str:
    """The id of a record by its place; no two are alike, since the factor is odd."""
    return f"rec-{(row * 0x9E3779B97F4B + 0x5BF2E4AC91D3) % (1 << 48):012x}"


def _block(start: int, dimension: int) -> Batch:
    rng = np.random.default_rng([SEED, start])
    documents = _documents(rng)
    columns: dict[str, list[Any]] = {
        "category": _picks(rng, CATEGORIES),
        "lang": rng.choice(list(LANGS), BLOCK, p=list(LANGS.values())).tolist(),
        "user": [_user(number) for number in rng.integers(USERS, size=BLOCK).tolist()],
        "year": rng.integers(YEARS.start, YEARS.stop, BLOCK).tolist(),
        "score": rng.random(BLOCK).round(6).tolist(),
        "views": np.minimum(rng.zipf(1.4, BLOCK), 1_000_000_000).tolist(),
        "active": (rng.random(BLOCK) < 0.7).tolist(),
    }
    metadatas = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    counts, tags = rng.integers(6, size=BLOCK).tolist(), rng.integers(TAGS, size=(BLOCK, 5)).tolist()
    rated, ratings = (rng.random(BLOCK) < 0.1).tolist(), rng.integers(1, 6, BLOCK).tolist()
    for row, metadata in enumerate(metadatas):
        if counts[row]:  # Chroma's client refuses an empty list
            metadata["tags"] = list(dict.fromkeys(map(_tag, tags[row][: counts[row]])))
        if rated[row]:
            metadata["rating"] = ratings[row]
    embeddings = rng.standard_normal((BLOCK, dimension), np.float32)
    return Batch([id_of(start + row) for row in range(BLOCK)], documents, metadatas, embeddings)


def _picks(rng: np.random.Generator, values: list[str]) -> list[str]:
    return [values[i] for i in rng.integers(len(values), size=BLOCK).tolist()]


def _user(number: int) -> str:
    return f"user{number:05}"


def _tag(number: int) -> str:
    return f"tag{number:03}"


@cache
def vocabulary() -> tuple[list[str], NDArray[np.float64]]:
    """4,000 words of two to four syllables, and how likely each is, with a long tail."""
    rng = np.random.default_rng(SEED)
    words: dict[str, None] = {}
    while len(words) < 4_000:
        words["".join(rng.choice(_SYLLABLES, rng.integers(2, 5)).tolist())] = None
    weights = 1 / (np.arange(len(words)) + 20)
    return list(words), weights / weights.sum()


@cache
def phrases() -> list[str]:
    """Pairs of words that hardly ever meet by chance, though each is in one document of fifty."""
    words = vocabulary()[0]
    return [f"{words[300 + i]} {words[320 + i]}" for i in range(VARIANTS)]


@cache
def frequent_syllables() -> list[str]:
    """The syllables whose share of the documents is nearest to 90 %."""
    words, likely = vocabulary()
    lengths = np.arange(20, 61)

    def share(syllable: str) -> float:
        per_word = sum(p for word, p in zip(words, likely, strict=True) if syllable in word)
        return float(1 - ((1 - per_word) ** lengths).mean())

    return sorted(_SYLLABLES, key=lambda syllable: abs(share(syllable) - 0.9))[:VARIANTS]


def _documents(rng: np.random.Generator) -> list[str]:
    words, likely = vocabulary()
    ends = rng.integers(20, 61, BLOCK).cumsum().tolist()
    run = [words[i] for i in rng.choice(len(words), ends[-1], p=likely).tolist()]
    texts = [run[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    for row, text in _planted(rng):
        texts[row].insert(int(rng.integers(len(texts[row]))), text)
    return [" ".join(text) for text in texts]


def _planted(rng: np.random.Generator) -> Iterator[tuple[int, str]]:
    """The rows of a block and what is put into each."""

    def rows(share: str) -> list[int]:
        return [int(row) for row in np.flatnonzero(rng.random(BLOCK) < SHARES[share])]

    for share, texts in {"rare": RARE, "scarce": SCARCE, "common": COMMON, "phrase": phrases()}.items():
        for text in texts:
            yield from ((row, text) for row in rows(share))
    for text in BEFORE_K:
        yield from ((row, f"{text} {rng.choice(K_WORDS)}") for row in rows("before k"))
    for row in rows("date"):
        year, month, day = rng.integers([2000, 1, 1], [2026, 13, 29]).tolist()
        yield row, f"{year}-{month:02}-{day:02}"


@dataclass(frozen=True)
class Variant:
    """A filter with its literals: what it asks of the metadata, of the document, and which ids, each empty if it doesn't."""

    where: str = ""
    document: str = ""
    ids: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole filter in whereql's language."""
        ids = f"#id IN ({_listed(self.ids)})" if self.ids else ""
        return " AND ".join(part for part in (ids, self.where, self.document) if part)


@dataclass(frozen=True)
class Filter:
    """A filter of the workload.

    wants: what is asked for: `ids` of all that match, `count`, ids of the first ten (`limit`), or 100 records with documents and
    metadata (`records`); make: its variant by number, given a generator for the literals and the number of records to take ids from.
    """

    name: str
    about: str
    wants: str
    make: Callable[[int, np.random.Generator, int], Variant]


@cache
def variants(filter: Filter, n: int) -> tuple[Variant, ...]:
    """The filter with different literals, eight times or as often as there are any (a bool has one). n: records to take ids from."""
    seeds = ([SEED, crc32(filter.name.encode()), v] for v in range(VARIANTS))
    return tuple(dict.fromkeys(filter.make(v, np.random.default_rng(seed), n) for v, seed in enumerate(seeds)))


def _listed(values: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _users(rng: np.random.Generator, count: int) -> str:
    return f"user IN ({_listed([_user(i) for i in rng.choice(USERS, count, replace=False).tolist()])})"


def _views(rng: np.random.Generator) -> str:
    return f"views IN ({', '.join(map(str, rng.choice(np.arange(1_000, 5_000), 1_000, replace=False).tolist()))})"


def _ids(rng: np.random.Generator, count: int, n: int) -> tuple[str, ...]:
    return tuple(map(id_of, rng.choice(n, min(count, n), replace=False).tolist()))


def _category(v: int) -> str:
    return CATEGORIES[(7 * v) % 20]


def _three(v: int) -> str:
    return _listed(sorted({_category(v), _category(v + 1), CATEGORIES[(7 * v + 13) % 20]}))


def _nested(v: int) -> str:
    return f"category IN ({_three(v)}) AND (year >= {2012 + v} OR score > {0.7 + v / 50:g}) AND NOT (lang = '{list(LANGS)[v % 2]}' OR active = FALSE)"


def _deep(v: int) -> str:
    return (
        f"(category = '{_category(v)}' AND year >= {2008 + v} AND score > 0.5 AND active = TRUE)"
        f" OR (lang = 'de' AND tags HAS '{_tag(11 * v)}' AND views > {100 + v} AND year < 2005)"
        f" OR (category IN ('{_category(v + 2)}', '{_category(v + 3)}') AND rating >= 4 AND score < 0.{3 + v % 4} AND lang != 'en')"
    )


def _where(name: str, about: str, make: Callable[[int], str], wants: str = "ids") -> Filter:
    return Filter(name, about, wants, lambda v, rng, n: Variant(make(v)))


def _in(name: str, about: str, make: Callable[[np.random.Generator], str]) -> Filter:
    return Filter(name, about, "ids", lambda v, rng, n: Variant(make(rng)))


def _document(name: str, about: str, make: Callable[[int], str], wants: str = "ids") -> Filter:
    return Filter(name, about, wants, lambda v, rng, n: Variant(document=f"#document {make(v)}"))


_EVERY = [
    _where("eq_str_5pct", "category = c", lambda v: f"category = '{_category(v)}'"),
    _where("eq_bool_70pct", "active = TRUE", lambda v: "active = TRUE"),
    _where("eq_int_3pct", "year = y", lambda v: f"year = {2019 - v}"),
    _where("ne_str_45pct", "lang != 'en'", lambda v: "lang != 'en'"),
    _where("range_float_1pct", "score >= 0.99", lambda v: f"score >= {0.99 + v / 10_000:g}"),
    _where("range_float_50pct", "score < 0.5", lambda v: f"score < {0.5 + v / 1_000:g}"),
    _where("range_year_14pct", "y <= year < y + 5", lambda v: f"{2010 - v} <= year < {2015 - v}"),
    _where("range_views_tail", "views > 10,000", lambda v: f"views > {10_000 + 50 * v}"),
    _where("and2_1pct", "category = c AND year >= 2020", lambda v: f"category = '{_category(v)}' AND year >= {2018 + v % 4}"),
    _where("or2_22pct", "lang = 'de' OR category = c", lambda v: f"lang = 'de' OR category = '{_category(v)}'"),
    _in("in10_user", "user IN (10 of 50,000)", lambda rng: _users(rng, 10)),
    _in("in1000_user_2pct", "user IN (1,000)", lambda rng: _users(rng, 1_000)),
    _in("in1000_views", "views IN (1,000 ints)", _views),
    _where("nin3_cat", "category NOT IN (3 of 20)", lambda v: f"category NOT IN ({_three(v)})"),
    _where("tag_1", "tags HAS t", lambda v: f"tags HAS '{_tag(11 * v)}'"),
    _where("tag_and", "tags HAS t AND tags HAS u", lambda v: f"tags HAS '{_tag(11 * v)}' AND tags HAS '{_tag(11 * v + 5)}'"),
    _where("sparse_eq_2pct", "rating = r (key in 10 %)", lambda v: f"rating = {5 - v % 5}"),
    _where("sparse_ne_98pct", "rating != r", lambda v: f"rating != {5 - v % 5}"),
    _where("nested_6", "IN 3 AND (year OR score) AND NOT (lang OR active)", _nested),
    _where("deep_12", "three ANDs of four under OR", _deep),
    _document("doc_rare", "CONTAINS a word of 0.01 %", lambda v: f"CONTAINS '{RARE[v]}'"),
    _document("doc_word_12pct", "… of 12 %", lambda v: f"CONTAINS '{COMMON[v]}'"),
    _document("doc_phrase", "… two words, 0.1 %", lambda v: f"CONTAINS '{phrases()[v]}'"),
    _document("doc_common_90pct", "… a syllable of 90 %", lambda v: f"CONTAINS '{frequent_syllables()[v]}'"),
    Filter("doc_and_meta", "category = c AND CONTAINS a word of 0.5 %", "ids", lambda v, rng, n: Variant(f"category = '{_category(v)}'", f"#document CONTAINS '{SCARCE[v]}'")),
    _document("re_literal", "MATCHES 'zephyr k[a-z]+n'", lambda v: f"MATCHES '{BEFORE_K[v]} k[a-z]+n'"),
    _document("re_noliteral", "MATCHES a date of some months", lambda v: f"MATCHES '20[0-9]{{2}}-{MONTHS[v]}-[0-9]{{2}}'"),
    Filter("id_1", "one id", "ids", lambda v, rng, n: Variant(ids=_ids(rng, 1, n))),
    Filter("id_100", "100 ids", "ids", lambda v, rng, n: Variant(ids=_ids(rng, 100, n))),
    Filter("id_100_and", "100 ids AND active", "ids", lambda v, rng, n: Variant("active = TRUE", ids=_ids(rng, 100, n))),
    _where("count_eq_bool", "count of active = TRUE", lambda v: "active = TRUE", "count"),
    _where("count_nested_6", "count of nested_6", _nested, "count"),
    _where("lim10_eq_str", "first 10 of eq_str", lambda v: f"category = '{_category(v)}'", "limit"),
    _where("lim10_nested_6", "first 10 of nested_6", _nested, "limit"),
    _document("lim10_doc_rare", "first 10 of doc_rare", lambda v: f"CONTAINS '{RARE[v]}'", "limit"),
    _document("lim10_doc_word", "first 10 of doc_word", lambda v: f"CONTAINS '{COMMON[v]}'", "limit"),
    _where("rec100_nested_6", "100 records of nested_6", _nested, "records"),
    _where("rec100_eq_str", "100 records of eq_str", lambda v: f"category = '{_category(v)}'", "records"),
]  # fmt: skip

FILTERS = {filter.name: filter for filter in _EVERY}
