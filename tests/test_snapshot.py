"""The snapshot file: what is packed comes back, value for value, and a file that was tampered with answers nothing wrong."""

from __future__ import annotations

import errno
import json
import random
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import record_lists
from whereql_memory.snapshot import distinct, form, packing
from whereql_memory.snapshot.packing import pack
from whereql_memory.snapshot.reader import read
from whereql_memory.snapshot.writer import writing

import whereql
from whereql.errors import BackendError, WhereqlWarning
from whereql.records import COLUMNS, Record, make_record
from whereql.testing.generators import FilterMaker, Generator

SPARSE = {"#type": "sparse_vector", "indices": [1, 5], "values": [0.5, 2]}
SAMPLE = [
    make_record("a", document="neural nets", uri="http://a", embedding=[1, 2.5], metadata={"year": 2017, "ok": True, "tags": ["x", "ä"], "s": SPARSE}),
    make_record("β", document="", metadata={"year": 2017.5, "name": "naïve", "ok": False, "scores": [1.5, -2.0], "flags": [True, False], "ints": [2**62]}),
    make_record("c", embedding=[0, -0.0], metadata={"year": "MMXVII", "name": "zoë", "tags": ["x"]}),
    make_record("d"),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of files are written here that need not outlast a loss of power."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


def packed(path: Path, records: list[Record]) -> Path:
    target = path / "packed.wql"
    assert pack(str(target), records, {}, overwrite=True, words=True) == len(records)
    return target


def everything(file: Path) -> list[tuple[Any, ...]]:
    """All that a file says, types and the bytes of embeddings included."""
    with whereql.open(file) as opened:
        return [plain(record) for record in opened.get(include=COLUMNS)]


def plain(record: Record) -> tuple[Any, ...]:
    vector = None if record.embedding is None else (str(record.embedding.dtype), record.embedding.tobytes())
    # Which key comes first in a record's metadata is no part of it.
    return record.id, record.document, record.uri, vector, repr(sorted((record.metadata or {}).items()))


# What is packed comes back.


@settings(max_examples=60, deadline=None)
@given(record_lists())
def test_records_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> None:
    file = packed(tmp_path_factory.mktemp("snapshot"), records)
    assert everything(file) == [plain(record) for record in records]
    with whereql.open(file) as opened:
        assert opened.backend.verify() == len(records)  # type: ignore[attr-defined]  # a snapshot's has it


def test_a_sample_comes_back(tmp_path: Path) -> None:
    file = packed(tmp_path, SAMPLE)
    assert everything(file) == [plain(record) for record in SAMPLE]
    assert whereql.open(file).schema() == memory(SAMPLE).schema()


def memory(records: list[Record]) -> whereql.Collection:
    collection = whereql.open("memory:")
    collection.add_records(records)
    return collection


@pytest.mark.parametrize("indexes", ["adaptive", "on", "off"])
@pytest.mark.parametrize("seed", range(3))
def test_filters_find_what_they_find_in_memory(seed: int, indexes: str, tmp_path: Path) -> None:
    records = Generator(seed).records(200, embeddings=True)
    rng = random.Random(seed)
    maker, inside, stored = FilterMaker(rng, records), memory(records), whereql.open(packed(tmp_path, records), indexes=indexes)
    assert stored.schema() == inside.schema()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WhereqlWarning)
        for _ in range(120):
            where = maker.filter()
            ids = rng.choice([None, [record.id for record in rng.sample(records, 3)] + ["no such id"]])
            expected = inside.get(where, ids=ids, include=COLUMNS)
            assert stored.get(where, ids=ids, include=COLUMNS).to_dict() == expected.to_dict(), where
            assert stored.count(where, ids=ids) == len(expected.ids)


def test_the_indexes_of_a_file_are_used_unless_none_are_wanted(sound: Path, tmp_path: Path) -> None:
    file = tampered(sound, tmp_path / "wrong.wql", {"0/0.int/index.order": np.array([9], np.uint32)})
    with pytest.raises(BackendError, match="WQ706"):
        whereql.open(file).get("year = 2017")
    assert whereql.open(file, indexes="off").get("year = 2017").ids == ["a"]


# Damage.


def outcome(file: Path) -> object:
    """All that a file says, or the code of its error."""
    try:
        return everything(file)
    except BackendError as error:
        assert error.path is not None and error.hint
        return error.code


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(tmp_path_factory.mktemp("sound"), SAMPLE)


def test_a_file_that_is_cut_off_is_refused(sound: Path, tmp_path: Path) -> None:
    data = sound.read_bytes()
    cut = tmp_path / "cut.wql"
    edges = {edge for section in read(str(sound), "").sections.values() for edge in (section.entry.offset, section.entry.offset + section.entry.size)}
    lengths = {edge + step for edge in {*edges, 0, form.HEADER_BYTES, len(data)} for step in (-1, 0, 1)} | {*random.Random(0).sample(range(len(data)), 100)}
    for length in sorted(lengths & {*range(len(data))}):
        cut.write_bytes(data[:length])
        with pytest.raises(BackendError, match="WQ706"):
            whereql.open(cut)


def test_no_flipped_bit_changes_an_answer(sound: Path, tmp_path: Path) -> None:
    data = sound.read_bytes()
    expected, flipped = everything(sound), tmp_path / "flipped.wql"
    rng = random.Random(0)
    refused = 0
    for _ in range(600):
        at = rng.randrange(len(data))
        flipped.write_bytes(data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :])
        found = outcome(flipped)
        assert found in (expected, "WQ706")
        refused += found == "WQ706"
    assert refused > 200  # the others hit the padding between sections


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"{}", "no snapshot of whereql"),
        (b"PAR1" + bytes(100), "no snapshot of whereql"),
        (form.MAGIC, "its header is not whole"),
        (form.MAGIC + bytes(100), "its header is not whole"),
        (form.Header(form.VERSION + 1, 64, 64, 64, 0, 0, 0).pack(), "has version 2 of the format"),
        (form.Header(0, 64, 64, 64, 0, 0, 0).pack(), "its header makes no sense"),
        (form.Header(1, 64, 1 << 60, 1 << 61, 0, 0, 0).pack(), "its header makes no sense"),
        (form.Header(1, 65, 64, 64, 1, 0, 0).pack(), "it has 64 of 65 bytes"),
        (form.Header(1, 64, 64, 64, 0, 0, 0).pack(), "its directory makes no sense"),
    ],
)
def test_other_files_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "other.wql"
    file.write_bytes(content)
    with pytest.raises(BackendError, match=message) as caught:
        whereql.open(file)
    assert caught.value.code == "WQ706" and caught.value.path == str(file) and caught.value.hint


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.wql", tmp_path):
        with pytest.raises(BackendError, match="WQ707"):
            whereql.open(path if path.suffix else str(path) + "/../" + path.name + ".wql")


# Files by someone who means harm: all checksums fit.


def tampered(sound: Path, file: Path, sections: dict[str, Any], meta: dict[str, Any] | None = None) -> Path:
    """The file with some sections in place of its own (None: left out), all checksums made to fit."""
    container = read(str(sound), "sound.wql")
    with writing(str(file), file.name, overwrite=True) as writer:
        writer.meta |= container.meta | (meta or {})
        for name, array in {**sections_of(sound), **sections}.items():
            if array is not None:
                writer.add(name, array)
    return file


def sections_of(file: Path) -> dict[str, np.ndarray[Any, Any]]:
    return {name: section.array for name, section in read(str(file), "").sections.items()}


def test_an_unknown_section_is_ignored(sound: Path, tmp_path: Path) -> None:
    assert everything(tampered(sound, tmp_path / "more.wql", {"0/documents/words": np.arange(5)})) == everything(sound)


def test_a_missing_section_is_told(sound: Path, tmp_path: Path) -> None:
    for name in sections_of(sound):
        found = outcome(tampered(sound, tmp_path / "less.wql", {name: None}))
        if "index." in name or "words." in name:  # read only if something is looked for
            assert found == everything(sound)
            lookups(tmp_path / "less.wql")
            continue
        if name.rpartition("/")[0] in ("0/documents", "0/uris", "0/vectors"):  # without one, the column may not be there at all
            assert found == "WQ706" or name in ("0/documents/blob", "0/uris/blob", "0/vectors/data"), name
        else:
            assert found == "WQ706", name


HOSTILE = {"f": (np.nan, np.inf, 7.5), "b": (0, 2, 255), "i": (0, 1, -1, 3, 2**31, 2**62, -(2**63)), "u": (0, 1, 3, 0x28, 0xC3, 0xFF, 2**32 - 1)}


def hostile_arrays(array: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Arrays in the place of one, that stay within its type and shape, or don't."""
    changed = []
    for at in {0, array.size // 2, array.size - 1} if array.size else ():
        for value in HOSTILE[array.dtype.kind]:
            other = array.copy().reshape(-1)
            other.view(np.uint8 if array.dtype == np.bool_ else array.dtype)[at] = np.array(value).astype(array.dtype if array.dtype != np.bool_ else np.uint8)
            changed.append(other.reshape(array.shape))
    flat = array.reshape(-1)
    return [*changed, flat[:0], flat[:-1], np.append(flat, flat[-1:]), array.astype("<f8"), array.astype("<i2"), array.reshape(1, -1), flat[::-1].copy()]


def test_no_hostile_array_crashes_or_reads_outside(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may say other things than the one that it was made from, but says them within what records can hold."""
    file = tmp_path / "hostile.wql"
    monkeypatch.setattr("whereql_memory.ids._SCAN", 0)  # always by the index
    every = [(name, other) for name, array in sections_of(sound).items() for other in hostile_arrays(array)]
    assert len(every) > 700
    for name, other in random.Random(0).sample(every, 250):
        found = outcome(tampered(sound, file, {name: other}))
        if found == "WQ706":
            continue
        for record in whereql.open(file).get(include=COLUMNS):
            again = make_record(record.id, document=record.document, uri=record.uri, embedding=record.embedding, metadata=record.metadata)
            assert again == record
        lookups(file)


def lookups(file: Path) -> None:
    for where in ("#id = 'a'", "year > 3", "tags HAS 'x'", "name LIKE 'n%'", "#document CONTAINS 'n'", "#uri MATCHES 'a'", "ints HAS 3", "ok = TRUE"):
        try:
            with whereql.open(file) as opened, warnings.catch_warnings():
                warnings.simplefilter("ignore", WhereqlWarning)
                opened.get(where)
                opened.get(ids=["a", "β", "no"])
        except BackendError as error:
            assert error.code == "WQ706"


WRONG: list[tuple[str, Any, str, str]] = [  # a section, what it holds, a filter that needs it, and what is said of it
    ("0/1.bool/data", np.array([1, 2], np.uint8).view(np.bool_), "ok = TRUE", "a bool is neither true nor false"),
    ("0/0.float/data", np.array([np.nan]), "year > 0", "a number is not finite"),
    ("0/vectors/data", np.array([[1, 2], [np.inf, 0]], "<f4"), "", "a number is not finite"),
    ("0/vectors/rows", np.array([2, 0]), "", "the rows don't ascend below 4"),
    ("0/0.int/rows", np.array([4]), "year > 0", "the rows don't ascend below 4"),
    ("0/0.int/rows", np.array([-1]), "year > 0", "the rows don't ascend below 4"),
    ("0/0.int/rows", np.array([1]), "year > 0", "a record has two values under one key"),
    ("0/0.int/rows", np.array([0, 1]), "year > 0", "there are 2 rows for 1 values"),
    ("0/2.string[]/starts", np.array([0, 0, 3]), "tags HAS 'x'", "the offsets don't lead from 0 to 3"),
    ("0/2.string[]/starts", np.array([0, 2, 4]), "tags HAS 'x'", "the offsets don't lead from 0 to 3"),
    ("0/4.string/codes", np.array([0, 2], np.uint8), "name = 'zoë'", "a number is not below 2"),
    ("0/4.string/codes", np.array([0, 0], np.uint8), "name = 'zoë'", "a word is not in use"),
    ("0/4.string/blob", np.frombuffer(b"zo\xc3\xabxx\xffnaiv\xff" + b"\xff" * 8, np.uint8), "name = 'zoë'", "the words don't ascend"),
    ("0/documents/offsets", np.array([0, 2**63 - 1, 13]), "#document = ''", "the offsets don't lead from 0 to 13"),
    ("0/documents/offsets", np.array([0, -5, 13]), "#document = ''", "the offsets don't lead from 0 to 13"),
    ("0/documents/rows", np.array([1, 1]), "#document = ''", "the rows don't ascend below 4"),
    ("0/ids/index.order", np.array([0, 1, 2, 9], np.uint32), "#id", "a number is not below 4"),
    ("0/ids/index.starts", np.array([0, 3, 1, 4, 4], np.uint32), "#id", "the offsets don't lead from 0 to 4"),
    ("0/ids/index.starts", np.array([0, 4], np.uint32), "#id", "it has not as many entries as there are ids"),
    ("0/0.int/index.order", np.array([9], np.uint32), "year > 0", "a number is not below 4"),
    ("0/1.bool/index.order", np.array([1], np.uint32), "ok = TRUE", "it has not as many entries as there are values"),
    ("0/1.bool/index.keys", np.array([1, 0], np.uint8), "ok = TRUE", "the values don't ascend"),
    ("0/1.bool/index.starts", np.array([0, 2, 2], np.uint32), "ok = TRUE", "the offsets don't lead from 0 to 2"),
    ("0/2.string[]/index.order", np.array([2, 0, 0], np.uint32), "tags HAS 'x'", "the records of a value don't ascend"),
    ("0/documents/words.starts", np.array([0, 0, 2]), "#document CONTAINS 'net'", "the offsets don't lead from 0 to 2"),
    ("0/documents/words.starts", np.array([0, 2]), "#document CONTAINS 'net'", "it has not as many entries as there are words"),
]


@pytest.mark.parametrize(("name", "array", "where", "message"), WRONG, ids=[f"{name}-{number}" for number, (name, *_) in enumerate(WRONG)])
def test_what_can_not_be_is_refused_where_it_is_needed(name: str, array: Any, where: str, message: str, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whereql_memory.ids._SCAN", 0)
    assert name in sections_of(sound)
    with whereql.open(tampered(sound, tmp_path / "wrong.wql", {name: array})) as opened, pytest.raises(BackendError, match=f"WQ706.*{message}"):
        if where == "#id":
            opened.get(ids=["a"])
        else:
            opened.get(where or None, include=COLUMNS).to_dict()


@pytest.mark.parametrize("entries", [[3, 60], [40, 3], [3, 3]])
def test_documents_that_a_word_can_not_have_are_refused(entries: list[int], tmp_path: Path) -> None:
    records = [make_record(str(n), document=f"{'some words of no interest ' * 9}{'xylem' if n in (3, 40) else ''}") for n in range(60)]
    file = packed(tmp_path, records)
    assert whereql.open(file).get("#document CONTAINS 'xyl'").ids == ["3", "40"]
    every = sections_of(file)["0/documents/words.entries"].copy()
    assert every[-2:].tolist() == [3, 40]
    every[-2:] = entries
    with whereql.open(tampered(file, tmp_path / "wrong.wql", {"0/documents/words.entries": every})) as opened, pytest.raises(BackendError, match="the documents of a word don't ascend"):
        opened.get("#document CONTAINS 'xyl'")
    data = bytearray(file.read_bytes())
    data[read(str(file), "").sections["0/documents/words.entries"].entry.offset] ^= 1
    file.write_bytes(data)
    with whereql.open(file) as opened, pytest.raises(BackendError, match="its bytes from 0 on have changed"):
        opened.get("#document CONTAINS 'xyl'")


@pytest.mark.parametrize("text", ["", "{", "7", "{}", '{"indices": [5, 1], "values": [1, 2]}', '{"indices": [1], "values": [NaN]}', "[" * 10_000])
def test_what_is_no_sparse_vector_is_refused(text: str, sound: Path, tmp_path: Path) -> None:
    name = "0/3.sparse_vector"
    blob = np.frombuffer(text.encode() + b"\xff" * 9, np.uint8)
    file = tampered(sound, tmp_path / "sparse.wql", {f"{name}/blob": blob, f"{name}/offsets": np.array([0, len(text) + 1])})
    assert outcome(file) == "WQ706"


TEXTS = {
    "invalid UTF-8": b"a\xc3(",
    "half a character": b"a\xed\xa0\x80",
    "an end within": b"a\xffb",
    "a long way to say it": b"\xc0\x80",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("column", ["0/documents", "0/uris", "0/ids", "0/4.string", "0/2.string[]"])
def test_what_is_no_text_is_refused(sound: Path, text: bytes, column: str, tmp_path: Path) -> None:
    arrays = sections_of(sound)
    offsets, blob = arrays[f"{column}/offsets"], arrays[f"{column}/blob"].tobytes()
    fresh = blob[: offsets[-2]] + text + b"\xff" * 9
    ends = np.append(offsets[:-1], offsets[-2] + len(text) + 1)
    file = tampered(sound, tmp_path / "text.wql", {f"{column}/offsets": ends, f"{column}/blob": np.frombuffer(fresh, np.uint8)})
    assert outcome(file) == "WQ706"


def test_damage_in_one_column_is_told_when_that_is_used(sound: Path, tmp_path: Path) -> None:
    data = bytearray(sound.read_bytes())
    data[read(str(sound), "").sections["0/documents/blob"].entry.offset] ^= 1
    file = tmp_path / "damaged.wql"
    file.write_bytes(data)
    with whereql.open(file) as opened:
        assert opened.get("year = 2017", include=["metadatas"]).ids == ["a"]
        with pytest.raises(BackendError, match="in the section 0/documents/blob, its bytes from 0 on have changed"):
            opened.get("#document CONTAINS 'nets'")
        with pytest.raises(BackendError, match="WQ706"):
            opened.backend.verify()  # type: ignore[attr-defined]  # a snapshot's has it


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Record], Path]:
    """Records whose texts, and whose index of words, take many blocks of the file; one text takes several."""
    rng = random.Random(0)
    words = [f"w{n}" for n in range(400)]
    texts = [" ".join(rng.choices(words, k=rng.randrange(40))) for _ in range(5000)]
    texts[700] = "long ä " * 30_000
    records = [make_record(f"id {n}", document=text if n % 7 else None, metadata={"n": n}) for n, text in enumerate(texts)]
    return records, packed(tmp_path_factory.mktemp("long"), records)


@pytest.mark.parametrize("indexes", ["adaptive", "off"])
def test_texts_over_many_blocks_are_read(indexes: str, long: tuple[list[Record], Path]) -> None:
    records, file = long
    inside = memory(records)
    for where in ("#document CONTAINS 'w17'", "#document CONTAINS 'ä'", "#document LIKE '%w1 w2%'", "#document MATCHES 'w39[0-9] w3'", "#id ENDS WITH '99'", "n IN (3, 700, 4999)"):
        with whereql.open(file, indexes=indexes) as opened:
            found = opened.get(where)
            assert found.to_dict() == inside.get(where).to_dict()
            assert opened.get(where, limit=2, offset=3).to_dict() == inside.get(where, limit=2, offset=3).to_dict()
    with whereql.open(file, indexes=indexes) as opened:
        for n in (1, 4999, 699, 700, 701, 2500):
            assert opened.get(ids=[f"id {n}"]).documents == [records[n].document]


def test_only_what_is_near_to_damage_is_refused(long: tuple[list[Record], Path], tmp_path: Path) -> None:
    records, file = long
    section = read(str(file), "").sections["0/documents/blob"]
    data = bytearray(file.read_bytes())
    data[section.entry.offset + section.entry.size - 20] ^= 1
    damaged = tmp_path / "damaged.wql"
    damaged.write_bytes(data)
    with whereql.open(damaged) as opened:
        for n in (1, 700, 2500):
            assert opened.get(ids=[f"id {n}"]).documents == [records[n].document]
        with pytest.raises(BackendError, match="WQ706"):
            opened.get(ids=["id 4999"]).to_dict()
        with pytest.raises(BackendError, match="WQ706"):
            whereql.open(damaged, indexes="off").count("#document CONTAINS 'w17'")
        assert opened.get(ids=["id 2501"]).documents == [records[2501].document]


def test_a_checksum_that_has_changed_is_told_at_once(sound: Path, tmp_path: Path) -> None:
    data = bytearray(sound.read_bytes())
    header = form.Header.unpack(bytes(data[:64]))
    assert header is not None
    data[header.checksums] ^= 1
    file = tmp_path / "checksum.wql"
    file.write_bytes(data)
    with pytest.raises(BackendError, match="its directory has changed"):
        whereql.open(file)


def test_nothing_but_the_directory_is_read_until_it_is_asked(sound: Path, tmp_path: Path) -> None:
    data = bytearray(sound.read_bytes())
    for section in read(str(sound), "").sections.values():
        data[section.entry.offset : section.entry.offset + section.entry.size] = bytes(section.entry.size)
    file = tmp_path / "zeros.wql"
    file.write_bytes(data)
    with whereql.open(file) as opened, whereql.open(sound) as whole:
        assert opened.schema() == whole.schema()
        assert opened.count() == len(SAMPLE)
        assert opened.backend.stats().nbytes == 0  # type: ignore[attr-defined]  # that of a file has it
        for where in ("year = 2017", "#document CONTAINS 'nets'", "#id = 'a'"):
            with pytest.raises(BackendError, match="WQ706"):
                opened.get(where)
        with pytest.raises(BackendError, match="WQ706"):
            opened.get(ids=["a"])
        with pytest.raises(BackendError, match="WQ706"):
            opened.get().to_dict()


# Directories that lie.


def with_directory(sound: Path, file: Path, edit: Callable[[dict[str, Any]], Any]) -> Path:
    """The file with another directory, its checksum made to fit."""
    data = sound.read_bytes()
    header = form.Header.unpack(data[:64])
    assert header is not None
    directory = json.loads(data[header.directory :])
    changed = edit(directory)
    text = changed if isinstance(changed, bytes) else json.dumps(directory).encode()
    fresh = header._replace(length=header.directory + len(text), size=len(text), directory_crc=crc32(text))
    file.write_bytes(fresh.pack() + data[64 : header.directory] + text)
    return file


def lying(at: int, value: Any) -> Callable[[dict[str, Any]], None]:
    """Another value in the entry of a section: 0 name, 1 type, 2 shape, 3 offset, 4 bytes."""

    def edit(directory: dict[str, Any]) -> None:
        directory["sections"][3][at] = value

    return edit


LIES: list[Callable[[dict[str, Any]], Any]] = [
    *(lying(0, value) for value in (None, 7, "0/ids/blob")),
    *(lying(1, value) for value in ("O", "|O", "object", "<M8[s]", ">u4", "<U9", "|V8", "", None, [], {}, 4)),
    *(lying(2, value) for value in ([], [2**63], [2**31, 2**31], [-1], [1.5], ["4"], None, 4, [True], [0, 2**61], [2, 2, 2], [2**64])),
    *(lying(3, value) for value in (0, 1, 63, -64, 2**40, 2**63, 2**70, 64.0, None, "64")),
    *(lying(4, value) for value in (0, -4, 2**63, 1, None, 20.0)),
    lambda directory: b"",
    lambda directory: b"[" * 100_000,
    lambda directory: b"{}",
    lambda directory: b"[]",
    lambda directory: b"null",
    lambda directory: b"\xff",
    lambda directory: b'{"sections": [], "segments": []}',  # there are checksums of sections
    lambda directory: directory.pop("segments"),
    lambda directory: directory.update(segments=7),
    lambda directory: directory.update(segments=[7]),
    lambda directory: directory.update(segments=[{}]),
    lambda directory: directory.update(sections={}),
    lambda directory: directory["sections"].pop(),
    lambda directory: directory["sections"].append(directory["sections"][0]),
    lambda directory: directory["sections"].append(7),
    lambda directory: directory["sections"].append(["x", "<f4", [0, 2**61], 64, 0]),
    lambda directory: directory["sections"].append([]),
    *(lambda directory, n=n: directory["segments"][0].update(records=n) for n in (3, 5, -4, 2**70, None, 4.0, "4", True)),
    *(lambda directory, k=k: directory["segments"][0].update(keys=k) for k in (7, [7], [[1, ["int"], []]], [["a", [], []]], [["a", ["int"], 7]], [["a", ["object"], []]])),
    lambda directory: directory["segments"][0].update(keys=[["a", [["int"]], []]]),
    lambda directory: directory["segments"][0].update(keys=[["a", ["int", "int"], []]]),
    lambda directory: directory["segments"][0].update(keys=[["a", ["int"], []]] * 2),
    lambda directory: directory["segments"][0].update(keys=[["\ud800", ["int"], []]]),
    lambda directory: directory["segments"][0].update(keys=[[f"k{i}", ["int"], []] for i in range(9)]),
    lambda directory: directory["segments"].append(directory["segments"][0]),
]


@pytest.mark.parametrize("lie", range(len(LIES)))
def test_a_directory_that_lies_is_refused(sound: Path, lie: int, tmp_path: Path) -> None:
    file = with_directory(sound, tmp_path / "lying.wql", LIES[lie])
    assert outcome(file) == "WQ706"
    try:
        whereql.open(file).schema()
    except BackendError as error:
        assert error.code == "WQ706"


def test_an_example_that_is_none_is_refused(sound: Path, tmp_path: Path) -> None:
    for example in ({"a": 1}, None, [1, "a"], "\ud800"):
        file = with_directory(sound, tmp_path / "lying.wql", lambda directory, example=example: directory["segments"][0]["keys"][0][2].append(example))  # type: ignore[misc]  # a default names it
        with pytest.raises(BackendError, match="WQ706"):
            whereql.open(file).schema()


# Checks that only reading everything can make.


def verified(file: Path) -> int:
    return int(whereql.open(file).backend.verify())  # type: ignore[attr-defined]  # a snapshot's has it


def test_an_index_that_leads_elsewhere_is_found_by_verify(sound: Path, tmp_path: Path) -> None:
    assert verified(sound) == len(SAMPLE)
    order = sections_of(sound)["0/ids/index.order"]
    with pytest.raises(BackendError, match="the index of the ids of segment 0 leads elsewhere"):
        verified(tampered(sound, tmp_path / "index.wql", {"0/ids/index.order": order[::-1].copy()}))


@pytest.mark.parametrize("name", ["0/0.int/index.keys", "0/0.float/index.keys", "0/4.string/index.order", "0/1.bool/index.order", "0/2.string[]/index.order", "0/documents/words.entries"])
def test_an_index_of_other_values_is_found_by_verify(name: str, sound: Path, tmp_path: Path) -> None:
    array = sections_of(sound)[name]
    other = array.copy()
    if name == "0/documents/words.entries":
        other[-1] = 1
    elif name.endswith("keys"):
        other[-1] += 1
    else:
        other[-1] = 3
    with pytest.raises(BackendError, match=r"an index of .* leads elsewhere"):
        verified(tampered(sound, tmp_path / "index.wql", {name: other}))


def test_an_id_that_stands_twice_is_found_by_verify(sound: Path, tmp_path: Path) -> None:
    blob = np.frombuffer(b"a\xff\xce\xb2\xffa\xffd\xff" + b"\xff" * 8, np.uint8)
    with pytest.raises(BackendError, match="an id stands twice"):
        verified(tampered(sound, tmp_path / "twice.wql", {"0/ids/blob": blob}))


def test_embeddings_of_two_dimensions_are_refused(sound: Path, tmp_path: Path) -> None:
    sections = {name.replace("0/", "1/", 1): array for name, array in sections_of(sound).items()}
    sections["1/vectors/data"] = np.ones((2, 3), "<f4")
    segments = read(str(sound), "").meta["segments"]
    with pytest.raises(BackendError, match="embeddings are of different dimensions"):
        whereql.open(tampered(sound, tmp_path / "two.wql", sections, {"segments": segments * 2}))


# Packing.


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of ten records, out of batches of four."""
    monkeypatch.setattr(packing, "_BATCH", 4)
    monkeypatch.setattr(packing, "_SEGMENT", 10)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(3))
def test_many_segments_are_one_collection(seed: int, tmp_path: Path) -> None:
    records = Generator(seed).records(75, embeddings=True)
    file = packed(tmp_path, records)
    assert len(read(str(file), "").meta["segments"]) == 10
    assert everything(file) == [plain(record) for record in records]
    stored, inside = whereql.open(file), memory(records)
    assert stored.schema().keys.keys() == inside.schema().keys.keys()
    assert [dict(info.kinds) for info in stored.schema().keys.values()] == [dict(info.kinds) for info in inside.schema().keys.values()]
    maker = FilterMaker(random.Random(seed), records)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WhereqlWarning)
        for _ in range(60):
            where = maker.filter()
            for limit, offset in ((None, 0), (3, 2)):
                assert stored.get(where, limit=limit, offset=offset).to_dict() == inside.get(where, limit=limit, offset=offset).to_dict()
    assert stored.get(ids=[records[70].id, records[3].id]).ids == [records[3].id, records[70].id]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("hashes", [None, lambda id: 0, lambda id: len(id)])
def test_of_records_with_one_id_the_first_is_kept(hashes: Callable[[str], int] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if hashes is not None:
        monkeypatch.setattr(distinct, "hash", hashes, raising=False)
    rng = random.Random(1)
    records = [make_record(rng.choice(["a", "bb", "ä", "ccc"]) * rng.randint(1, 12), metadata={"n": n}) for n in range(120)]
    first = {record.id: record for record in reversed(records)}
    target = tmp_path / "twice.wql"
    kept = [record for record in records if first[record.id] is record]
    assert pack(str(target), records, {}) == len(kept)
    assert everything(target) == [plain(record) for record in kept]


def test_ids_are_new_once() -> None:
    taken: list[str] = []
    known = distinct.Distinct(taken.__getitem__)
    for ids, fresh in ((["a", "b", "a"], [0, 1]), (["b", "c", "c", "a"], [1]), ([], []), (["c"], []), (["d"], [0])):
        assert known.fresh(ids).tolist() == fresh
        taken += [ids[at] for at in fresh]
    assert len(known) == len(taken) == 4


def test_embeddings_of_one_dimension_are_packed_only(tmp_path: Path) -> None:
    records = [make_record("a", embedding=[1, 2]), make_record("b", embedding=[1, 2, 3])]
    with pytest.raises(BackendError, match="WQ704"):
        packed(tmp_path, records)
    assert not list(tmp_path.iterdir())


def test_the_same_records_make_the_same_bytes(sound: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.wql"
    assert whereql.pack(whereql.open(sound), again, words=True) == whereql.pack(sound, tmp_path / "third.wql", words=True) == len(SAMPLE)
    assert again.read_bytes() == sound.read_bytes() == (tmp_path / "third.wql").read_bytes()


def test_any_source_is_packed(tmp_path: Path) -> None:
    papers = Path(__file__).parent.parent / "examples" / "papers.jsonl"
    seen: list[tuple[int, int]] = []
    assert whereql.pack(papers, tmp_path / "a.wql", progress=lambda *step: seen.append(step)) == 200
    assert seen[-1] == (papers.stat().st_size,) * 2
    copy = tmp_path / "papers.txt"
    copy.write_bytes(papers.read_bytes())
    assert whereql.pack(copy, tmp_path / "b.wql", format="jsonl") == 200
    with whereql.open(f"sqlite:///{tmp_path}/papers.db") as store:
        store.add_records(whereql.open(papers).get(include=COLUMNS))
        assert whereql.pack(store, tmp_path / "c.wql", progress=lambda *step: seen.append(step)) == 200
        assert seen[-1] == (200, 200)
    assert whereql.pack(f"sqlite:///{tmp_path}/papers.db", tmp_path / "d.wql") == 200
    assert len({repr(everything(tmp_path / f"{name}.wql")) for name in "abcd"}) == 1


def test_nothing_else_is_packed_into(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"WQ712.*nothing that can be packed into"):
        whereql.pack("examples/papers.jsonl", tmp_path / "a.jsonl")
    with pytest.raises(whereql.PluginError, match="WQ601"):
        whereql.pack("examples/papers.jsonl", tmp_path / "a.zip")


def test_a_snapshot_has_no_options_and_is_read_only(sound: Path) -> None:
    for wrong in (lambda: whereql.open(sound, "papers"), lambda: whereql.open(sound, id="sku")):
        with pytest.raises(BackendError, match="WQ712"):
            wrong()
    with pytest.raises(BackendError, match="WQ713"):
        whereql.open(sound).add(ids=["x"])


# Writing is whole or not at all.


def test_a_file_that_is_there_stays_unless_told(sound: Path, tmp_path: Path) -> None:
    target = tmp_path / "there.wql"
    target.write_bytes(b"precious")
    with pytest.raises(BackendError, match=r"WQ712.*there is a file of this name already"):
        pack(str(target), SAMPLE, {})
    assert target.read_bytes() == b"precious"
    pack(str(target), SAMPLE, {}, overwrite=True, words=True)
    assert target.read_bytes() == sound.read_bytes() and [*tmp_path.iterdir()] == [target]


def test_a_source_that_fails_leaves_everything_as_it_was(sound: Path, tmp_path: Path) -> None:
    def failing() -> Iterator[Record]:
        yield from SAMPLE
        raise RuntimeError("the source is gone")

    target = tmp_path / "there.wql"
    target.write_bytes(sound.read_bytes())
    with pytest.raises(RuntimeError):
        pack(str(target), failing(), {}, overwrite=True)
    assert target.read_bytes() == sound.read_bytes() and [*tmp_path.iterdir()] == [target]


def test_what_the_system_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BackendError, match=r"WQ707.*can't be written: no such file"):
        pack(str(tmp_path / "no such folder" / "a.wql"), SAMPLE, {})
    with pytest.raises(BackendError, match=r"WQ707.*can't be written"):
        pack(str(tmp_path / "a\0.wql"), SAMPLE, {})

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BackendError, match=r"WQ707.*no space left"):
        pack(str(tmp_path / "a.wql"), SAMPLE, {})
    assert not list(tmp_path.iterdir())


def test_the_bytes_are_on_the_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    replace = Path.replace
    monkeypatch.setattr("os.fsync", lambda handle: steps.append(f"sync {Path(f'/proc/self/fd/{handle}').resolve().suffix}"))
    monkeypatch.setattr(Path, "replace", lambda self, target: (steps.append("rename"), replace(self, target))[1])
    packed(tmp_path, SAMPLE)
    assert steps == ["sync .partial", "rename", "sync "]


def test_an_open_snapshot_outlives_its_file(sound: Path, tmp_path: Path) -> None:
    target = tmp_path / "replaced.wql"
    target.write_bytes(sound.read_bytes())
    with whereql.open(target) as opened:
        pack(str(target), SAMPLE[:1], {}, overwrite=True)
        assert [plain(record) for record in opened.get(include=COLUMNS)] == [plain(record) for record in SAMPLE]
        target.unlink()
        assert opened.count("year > 2000") == 2


KILLED = """
import os, signal, sys
from whereql.records import make_record
from whereql_memory.snapshot import packing, writer

packing._BATCH = packing._SEGMENT = 100
moment = int(sys.argv[2])
write = writer.Writer._write

def counted(self, data):
    global moment
    moment -= 1
    if moment == 0:
        self._stream.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    write(self, data)

writer.Writer._write = counted
packing.pack(sys.argv[1], (make_record(str(n), document="text " * 50) for n in range(1000)), {}, overwrite=True)
"""


@pytest.mark.parametrize("moment", [1, 2, 20, 61, 100, 122])
def test_a_kill_leaves_the_old_file(moment: int, sound: Path, tmp_path: Path) -> None:
    target = tmp_path / "there.wql"
    target.write_bytes(sound.read_bytes())
    done = subprocess.run([sys.executable, "-c", KILLED, str(target), str(moment)], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert target.read_bytes() == sound.read_bytes()
    rest = [path for path in tmp_path.iterdir() if path != target]
    assert [path.suffix for path in rest] == [".partial"]
    rest[0].rename(tmp_path / "rest.wql")
    with pytest.raises(BackendError, match="WQ706"):
        whereql.open(tmp_path / "rest.wql")


# The commands.


def test_the_commands_pack_and_verify(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from whereql.cli.commands import cli

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, words)
        return result.exit_code, result.output

    papers, target = str(Path(__file__).parent.parent / "examples" / "papers.jsonl"), str(tmp_path / "papers.wql")
    code, output = run("pack", papers, target)
    assert code == 0 and output.startswith("200 records, ")
    code, output = run("pack", papers, target)
    assert code == 5 and "there is a file of this name already" in output and "--force" in output
    code, output = run("pack", papers, target, "--force", "--json")
    assert code == 0 and json.loads(output).keys() == {"records", "bytes", "seconds"}
    assert json.loads(output)["records"] == 200 and json.loads(output)["bytes"] == Path(target).stat().st_size
    assert run("verify", target) == (0, "200 records, as they were written\n")
    assert json.loads(run("verify", target, "--json")[1]) == {"records": 200}
    assert run("verify", papers)[0] == 5
    assert run("count", target, "year >= 2017") == run("count", papers, "year >= 2017")
    data = bytearray(Path(target).read_bytes())
    data[100] ^= 1
    Path(target).write_bytes(data)
    code, output = run("verify", target)
    assert code == 5 and "WQ706" in output and "pack it again" in output
