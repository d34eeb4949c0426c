"""`whereql load`: files into a store, whole batches or nothing, finished by running it again, whatever stops it."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from stores import Store

import whereql
from whereql import Collection, Record
from whereql.cli.commands import cli
from whereql.errors import BackendError
from whereql.files import iter_records, read_records

ANYTHING = ["documents", "metadatas", "embeddings", "uris"]
PROGRAM = [sys.executable, "-c", "from whereql.cli import main; main()"]


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words, catch_exceptions=False)


def write_papers(path: Path, count: int) -> Path:
    rng = random.Random(count)
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            metadata = {"n": n, "score": rng.random(), "tags": rng.choices("abcd", k=n % 3), "lang": rng.choice(["en", "日本語"]), "open": n % 2 == 0}
            record = {"id": f"p{rng.random()}", "document": "text " * (n % 40), "uri": f"u:{n}" if n % 5 else None, "embedding": [rng.random()] * 3}
            file.write(json.dumps({**record, "metadata": metadata}) + "\n")
    return path


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'papers.db'}"


def stored(url: str) -> dict[str, Any]:
    with whereql.open(url) as collection:
        return collection.get(include=ANYTHING).to_dict()


def expected(records: Sequence[Record]) -> dict[str, Any]:
    return whereql.GetResponse.from_records(records, ANYTHING).to_dict()


# What it does.


def test_a_file_is_loaded_and_found(tmp_path: Path, url: str) -> None:
    file = write_papers(tmp_path / "papers.jsonl", 250)
    assert run("load", str(file), url).output == "250 records read, 250 added, 0 there already\n"
    assert stored(url) == expected(read_records(file))
    found = run("get", url, "n < 5 AND NOT open", "--include", "metadatas", "--format", "jsonl").output.splitlines()
    assert [json.loads(line)["metadata"]["n"] for line in found] == [1, 3]
    assert run("count", url, "n >= 5").output == "245\n"
    assert run("load", str(file), url).output == "250 records read, 0 added, 250 there already\n"
    assert stored(url) == expected(read_records(file))


def test_collections_have_names(tmp_path: Path, url: str) -> None:
    one, two = write_papers(tmp_path / "one.jsonl", 1), write_papers(tmp_path / "two.jsonl", 2)
    assert run("load", str(one), url, "--collection", "one").output == "1 record read, 1 added, 0 there already\n"
    run("load", str(two), url, "--collection", "two")
    assert [run("count", url, "n >= 0", "--collection", name).output for name in ("one", "two")] == ["1\n", "2\n"]


def test_options_of_a_store_are_read_as_json(tmp_path: Path, url: str) -> None:
    file = write_papers(tmp_path / "papers.jsonl", 2)
    assert run("load", str(file), url, "--target-option", "timeout=5", "--target-option", "read_only=false").exit_code == 0
    assert run("count", url, "n >= 0", "--option", "read_only=true", "--option", "timeout=5.5").output == "2\n"
    refused = run("load", str(file), url, "--target-option", "read_only=true")
    assert (refused.exit_code, refused.stdout) == (5, "") and "error WQ713" in refused.output
    assert "error WQ712" in run("count", url, "--option", 'read_only="true"').output
    numbered = tmp_path / "numbered.csv"
    numbered.write_text("5,n\na,1\n", encoding="utf-8")
    assert run("count", str(numbered), "n = 1", "--option", 'id="5"').output == "1\n"
    assert "the name of a column is a string" in run("count", str(numbered), "--option", "id=5").output


def test_each_batch_is_told_as_json(tmp_path: Path, url: str) -> None:
    file = write_papers(tmp_path / "papers.jsonl", 25)
    with whereql.open(url) as collection:
        collection.add_records(read_records(file)[3:5])
    lines = run("load", str(file), url, "--batch", "10", "--json").output.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"read": 10, "added": 8, "skipped": 2}, {"read": 20, "added": 18, "skipped": 2}, {"read": 25, "added": 23, "skipped": 2},
    ]  # fmt: skip
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert json.loads(run("load", str(empty), url, "--json").output) == {"read": 0, "added": 0, "skipped": 0}
    assert run("load", str(empty), url).output == "0 records read, 0 added, 0 there already\n"


def write_csv(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["sku", "zip", "text"], ["a", "123", "one"], ["b", "456", "two"]])


def write_json(path: Path) -> None:
    path.write_text(json.dumps([{"sku": "a", "zip": "123", "text": "one"}, {"sku": "b", "zip": "456", "text": "two"}]), encoding="utf-8")


def write_jsonl(path: Path) -> None:
    path.write_text('{"sku": "a", "zip": "123", "text": "one"}\n{"sku": "b", "zip": "456", "text": "two"}\n', encoding="utf-8")


def write_parquet(path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the parquet extra")
    pq = pytest.importorskip("pyarrow.parquet", reason="needs the parquet extra")
    pq.write_table(pa.table({"sku": ["a", "b"], "zip": ["123", "456"], "text": ["one", "two"]}), path)


@pytest.mark.parametrize("write", [write_csv, write_json, write_jsonl, write_parquet])
def test_every_format_with_its_options(write: Any, tmp_path: Path, url: str) -> None:
    file = tmp_path / f"shop.{write.__name__.removeprefix('write_')}"
    write(file)
    kinds = ["--kind", "zip=string"] if write is write_csv else []
    named = file.rename(tmp_path / "shop.txt")
    done = run("load", str(named), url, "--option", "id=sku", "--option", "document=text", "--option", f"format={file.suffix[1:]}", *kinds)
    assert (done.exit_code, done.output) == (0, "2 records read, 2 added, 0 there already\n")
    response = stored(url)
    assert (response["ids"], response["documents"], response["metadatas"]) == (["a", "b"], ["one", "two"], [{"zip": "123"}, {"zip": "456"}])


def test_a_pipe_is_read_once(tmp_path: Path, url: str) -> None:
    file = write_papers(tmp_path / "papers.jsonl", 300)
    with file.open("rb") as stream:
        source = subprocess.Popen(["cat"], stdin=stream, stdout=subprocess.PIPE)
        words = ["load", "/dev/stdin", url, "--option", "format=jsonl", "--batch", "7"]
        done = subprocess.run([*PROGRAM, *words], stdin=source.stdout, capture_output=True, text=True, check=True)
        assert source.stdout is not None
        source.stdout.close()
        source.wait()
    assert (done.stdout, done.stderr) == ("300 records read, 300 added, 0 there already\n", "")
    assert stored(url) == expected(read_records(file))


def test_a_bar_is_shown_to_a_terminal_and_to_nobody_else(tmp_path: Path, url: str) -> None:
    pty = pytest.importorskip("pty", reason="a terminal to look at is made by POSIX systems only")
    file = write_papers(tmp_path / "papers.jsonl", 30)
    screen, terminal = pty.openpty()
    command = [*PROGRAM, "load", str(file), url, "--batch", "10"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, env={**os.environ, "TERM": "xterm"}, check=True)
    os.close(terminal)
    shown = os.read(screen, 100_000).decode()
    os.close(screen)
    assert "loading" in shown and "30/30" in shown
    assert done.stdout == b"30 records read, 30 added, 0 there already\n"
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


# What it refuses.


def test_a_file_with_a_mistake_at_its_end_leaves_the_store_alone(tmp_path: Path, url: str) -> None:
    file = write_papers(tmp_path / "papers.jsonl", 100)
    with file.open("a") as stream:
        stream.write('{"id": "last", "metadata": {"a": {"b": 1}}}\n')
    done = run("load", str(file), url, "--batch", "10")
    assert (done.exit_code, done.stdout) == (5, "")
    assert "error WQ703" in done.output and "papers.jsonl:101" in done.output
    assert not (tmp_path / "papers.db").exists()


@pytest.mark.parametrize(
    ("words", "code", "shown"),
    [
        (["nowhere.jsonl", "memory:"], 5, "error WQ707"),
        (["FILE", "nowhere:"], 5, "error WQ601"),
        (["FILE", "FILE"], 5, "error WQ713"),
        (["FILE", "memory:", "--option", "idd=sku"], 5, "did you mean id?"),
        (["FILE", "memory:", "--option", "timeout=5"], 5, "those of the target are --target-option"),
        (["FILE", "memory:", "--option", "id=sku"], 5, "error WQ709"),
        (["FILE", "memory:", "--option", "progress=x"], 5, "error WQ712"),
        (["FILE", "memory:", "--option", "kinds=x"], 5, "error WQ710"),
        (["FILE", "memory:", "--kind", "n=int"], 5, "error WQ710"),
        (["FILE", "memory:", "--target-option", "size=5"], 5, "error WQ712"),
        (["FILE", "memory:", "--target-option", "size"], 2, "write --target-option NAME=VALUE"),
        (["FILE", "memory:", "--collection", "c"], 5, "error WQ712"),
        (["FILE", "memory:", "--batch", "0"], 2, "0 is not in the range"),
        (["FILE"], 2, "Missing argument 'TARGET'"),
    ],
)
def test_refusals(words: list[str], code: int, shown: str, tmp_path: Path) -> None:
    file = write_papers(tmp_path / "papers.jsonl", 3)
    done = run("load", *[str(file) if word == "FILE" else word for word in words])
    assert (done.exit_code, done.stdout) == (code, "")
    assert shown in done.output


class Breaking(Store):
    """A store that takes two batches."""

    def add(self, records: Sequence[Record]) -> int:
        if len(self.kept) >= 20:
            raise BackendError("WQ704", "the store is out of order", hint="mend it")
        self.kept += records
        return len(records)


def test_an_error_says_what_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, store = write_papers(tmp_path / "papers.jsonl", 50), Breaking([])
    monkeypatch.setattr("whereql.collection.open", lambda *arguments, **options: Collection(store))
    done = run("load", str(file), "memory:", "--batch", "10", "--json")
    assert done.exit_code == 5
    assert json.loads(done.stdout.splitlines()[-1]) == {"read": 20, "added": 20, "skipped": 0}
    assert "error WQ704: the store is out of order" in done.output
    assert "hint: mend it; the first 20 of 50 records are stored, run it again for the others" in done.output
    assert store.kept == read_records(file)[:20]


def test_batches_come_as_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a batch is held: what follows it is not read before it is written."""
    file = write_papers(tmp_path / "papers.jsonl", 50)
    read: list[str] = []

    def noting(*arguments: Any, **options: Any) -> Any:
        for record in iter_records(*arguments, **options):
            read.append(record.id)
            yield record

    class Looking(Store):
        def add(self, records: Sequence[Record]) -> int:
            assert read[50:][-len(records) :] == [each.id for each in records]  # the first 50 were read to check them
            return len(records)

    monkeypatch.setattr("whereql.files.iter_records", noting)
    monkeypatch.setattr("whereql.collection.open", lambda *arguments, **options: Collection(Looking([])))
    assert run("load", str(file), "memory:", "--batch", "20").output == "50 records read, 50 added, 0 there already\n"


def test_records_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl"
    file.write_text('{"id": "a"}\n{"id": "b"}\nnothing\n')
    records = iter_records(file)
    assert [next(records).id, next(records).id] == ["a", "b"]
    with pytest.raises(BackendError, match="WQ706"):
        next(records)
    with pytest.raises(BackendError, match="WQ706"):
        read_records(file)


# What kills it.

COUNT, BATCH = 2_000, 50


def start(file: Path, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*PROGRAM, "load", str(file), url, "--batch", str(BATCH), "--json"], stdout=subprocess.PIPE, text=True)


def killed_after(process: subprocess.Popen[str], lines: int, rng: random.Random) -> int:
    """Kill a load once it has told of so many batches; how many records it told of in all, also before the signal reached it."""
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(lines)]
    for _ in range(rng.randrange(1_000_000)):  # some moment within the next batch
        pass
    process.kill()
    told += process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait()
    whole = [line for line in told if line.endswith("\n")]
    return json.loads(whole[-1])["read"] if whole else 0


def settled(url: str) -> Any:
    """What is stored, once a server is done with what the killed program had sent: nothing, if it was killed before it made a place."""
    try:
        found = stored(url)
        while (later := (time.sleep(0.2), stored(url))[1]) != found:
            found = later
    except whereql.BackendError as error:
        assert error.code == "WQ718"
        return expected([])
    return found


@pytest.mark.parametrize("kills", [3, 3, 4])
def test_a_load_that_is_killed_leaves_whole_batches_and_is_finished_by_another(kills: int, tmp_path: Path, url: str) -> None:
    """Ten moments in all, of three loads; another ten with each run."""
    file, rng = write_papers(tmp_path / "papers.jsonl", COUNT), random.Random()
    records = read_records(file)
    for lines in sorted(rng.sample(range(COUNT // BATCH), kills)):
        told = killed_after(start(file, url), lines, rng)
        found = settled(url)
        size = len(found["ids"])
        assert size >= told >= lines * BATCH  # nothing that was reported is lost,
        assert size % BATCH == 0  # whole batches,
        assert found == expected(records[:size])  # and each record whole
    last = start(file, url)
    out, _ = last.communicate()
    assert last.returncode == 0
    done = json.loads(out.splitlines()[-1])
    assert (done["read"], done["added"]) == (COUNT, COUNT - size)
    assert stored(url) == expected(records)


def test_no_engine_loses_what_was_reported(sql_url: str, tmp_path: Path) -> None:
    file, rng = write_papers(tmp_path / "papers.jsonl", COUNT), random.Random(7)
    records = read_records(file)
    told = killed_after(start(file, sql_url), 5, rng)
    found = stored(sql_url)
    size = len(found["ids"])
    assert size >= told >= 5 * BATCH and size % BATCH == 0
    assert found == expected(records[:size])
    last = start(file, sql_url)
    out, _ = last.communicate()
    assert json.loads(out.splitlines()[-1]) == {"read": COUNT, "added": COUNT - size, "skipped": size}
    assert stored(sql_url) == expected(records)
