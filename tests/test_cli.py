"""The command line: each command's output and exit code, from a table of cases."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from stores import Store, without

import whereql
from whereql.cli.commands import cli

LINES = [
    {"id": "a", "document": "alpha beta", "metadata": {"year": 2019, "tags": ["x"], "lang": "en"}, "uri": "u:a", "embedding": [0.1, 0.2]},
    {"id": "b", "document": None, "metadata": {"year": 2021, "tags": ["y"], "open": True, "score": 0.5}},
    {"id": "c", "document": "line\nbreak \x1b[31mred", "metadata": None},
]


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "papers.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES), encoding="utf-8")
    return str(path)


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, words, input=stdin, env={"COLUMNS": "100"}, catch_exceptions=False)


GOOD: list[tuple[list[str], str]] = [
    (["get", "SOURCE", "year > 2020"], "id  year  tags  open  score\nb   2021  y     true    0.5\n1 record\n"),
    (["get", "SOURCE", "year > 3000"], "0 records\n"),
    (["get", "SOURCE", "--ids", "c,a", "--format", "jsonl", "--include", "uris"], '{"id": "a", "uri": "u:a"}\n{"id": "c", "uri": null}\n'),
    (["get", "SOURCE", "--limit", "1", "--offset", "1", "--format", "jsonl", "--include", "metadatas"], f"{json.dumps({'id': 'b', 'metadata': LINES[1]['metadata']})}\n"),
    (["get", "SOURCE", "--ids", "a", "--format", "jsonl", "--include", "embeddings"], '{"id": "a", "embedding": [0.1, 0.2]}\n'),
    (["get", "SOURCE", "--where-json", '{"year": 2019}', "--format", "csv", "--include", "metadatas,documents"], 'id,document,year,tags,lang\na,alpha beta,2019,"[""x""]",en\n'),
    (["get", "SOURCE", "--ids", "a", "--format", "csv", "--include", "embeddings"], 'id,embedding\na,"[0.1, 0.2]"\n'),
    (["get", "SOURCE", "lang = :l", "--param", "l=en", "--format", "jsonl", "--include", ""], '{"id": "a"}\n'),
    (["get", "SOURCE", "year IN :y", "--param", "y=[2019, 1]", "--format", "jsonl", "--include", ""], '{"id": "a"}\n'),
    (["count", "SOURCE"], "3\n"),
    (["count", "SOURCE", "NOT open"], "2\n"),
    (["count", "SOURCE", "--where-document", '{"$contains": "beta"}'], "1\n"),
    (["count", "SOURCE", "year > 2000", "--where-json", '{"lang": "en", "year": {"$gt": 1}}', "--lenient"], "1\n"),
    (["count", "SOURCE", "--ids", "a,zzz"], "1\n"),
    (["check", "year > 5"], "ok\n"),
    (["check", "year > :y"], "ok\n"),
    (["check", "year > :y", "--param", "y=5", "--json"], '{\n  "ok": true,\n  "findings": []\n}\n'),
    (["fmt", "NOT(a=1)"], "a != 1\n"),
    (["fmt", "--where-json", '{"a": {"$nin": [1, 2]}}'], "a NOT IN (1, 2)\n"),
    (["fmt", "a = :x", "--param", 'x="5"'], "a = '5'\n"),
    (["fmt", "a = :x", "--param", "x=five"], "a = 'five'\n"),
    (["normalize", "NOT (k != 2 AND k != 1)"], "k IN (1, 2)\n"),
    (["normalize", "k IN :ks OR k = 3", "--param", "ks=[3, 2]"], "k IN (2, 3)\n"),
    (["normalize", "--where-json", '{"$and": [{"k": {"$gt": 5}}, {"k": {"$gt": 7}}]}'], "k > 7\n"),
    (["normalize", "k > 5 AND k > 7 AND j = 1", "--trace"], "filter:  k > 5 AND k > 7 AND j = 1\nmerging: k > 7 AND j = 1\norder:   j = 1 AND k > 7\n"),
    (["normalize", "k > 5 AND k > 7", "--json"], '{\n  "filter": "k > 5 AND k > 7",\n  "steps": [\n    {\n      "pass": "merging",\n      "after": "k > 7"\n    }\n  ],\n  "normal": "k > 7"\n}\n'),
    (["explain", "SOURCE", "NOT year = 2019"], "filter:   year != 2019\npushed:   year != 2019\nnative:   3 records\n            scan for all but year = 2019: 2 rows, about 2 expected\nrows:     2\n"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "output"), GOOD)
def test_prints(words: list[str], output: str, source: str) -> None:
    result = run(*[source if word == "SOURCE" else word for word in words])
    assert "".join(f"{line.rstrip()}\n" for line in result.stdout.splitlines()) == output
    assert (result.exit_code, result.stderr) == (0, "")


ANSWERS: list[tuple[list[str], int, str]] = [
    (["sat", "k > 5 AND tags HAS 'a'"], 0, "yes: this record matches\nkey   value\nk     6\ntags  [\"a\"]\n"),
    (["sat", "k > 5 AND k < 5.000000000000001"], 1, "no: no record can match\n"),
    (["implies", "k > 7", "k > 5"], 0, "yes: no record matches the first filter and not the second\n"),
    (["implies", "NOT k > 5", "k <= 5"], 1, "no: this record matches the first filter and not the second\nkey  value\nk    (missing)\n"),
    (["implies", '{"tenant": "acme"}', "tenant = :t", "--param", "t=acme"], 0, "yes: no record matches the first filter and not the second\n"),
    (["equivalent", "k = 1 OR k = 2", "k IN (2, 1)"], 0, "yes: no record matches only one of the filters\n"),
    (["equivalent", "k = 1", "k IN (2, 1)"], 1, "no: this record matches the second filter and not the first\nkey  value\nk    2\n"),
    (["disjoint", "#document STARTS WITH 'a'", "#document = 'b'"], 0, "yes: no record matches both filters\n"),
    (["disjoint", "#document STARTS WITH 'a' AND #uri IS NULL", "#document ENDS WITH 'b'"], 1, "no: this record matches both filters\nkey        value\n#document  \"ab\"\n#uri       (missing)\n"),
    (["sat", "k MATCHES '^[ab]*a[ab]{18}$' AND k MATCHES '^[ab]*b[ab]{18}$'"], 3, "unknown: the budget ended before it was known which values of 'k' satisfy MATCHES together\n"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "output"), ANSWERS)
def test_questions_are_answered_with_an_exit_code(words: list[str], code: int, output: str) -> None:
    result = run(*words)
    printed = "".join(f"{line.rstrip()}\n" for line in result.stdout.splitlines())
    assert (result.exit_code, result.stderr) == (code, "")
    assert printed == output


def test_an_answer_as_json_holds_the_witness() -> None:
    answer = json.loads(run("implies", "k > 5 OR #id = 'x'", "k > 5", "--json").stdout)
    assert answer == {
        "verdict": "no", "reason": "this record matches the first filter and not the second",
        "witness": {"id": "x", "document": None, "uri": None, "metadata": None},
    }  # fmt: skip
    assert json.loads(run("sat", "FALSE", "--json").stdout) == {"verdict": "no", "reason": "no record can match", "witness": None}


@pytest.mark.parametrize("words", [["sat", "k >"], ["implies", "k = 1", "k = :x"], ["equivalent", "k = 1", "k = 1", "--param", "y=2"], ["disjoint", "{", "k = 1"]])
def test_a_question_about_no_filter_is_wrong_usage_and_no_answer(words: list[str]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error WQ" in result.stderr


BAD: list[tuple[list[str], int, str]] = [
    (["get", "SOURCE", "year >"], 3, "error WQ104: expected a value after '>'\n  1 | year >\n    |       ^\nhint: write a number"),
    (["get", "SOURCE", "--where-json", '{"year": {"$gt": "a"}}'], 3, "at $.year.$gt"),
    (["get", "SOURCE", "--where-json", "{year: 1}"], 3, "error WQ213: --where-json is not JSON"),
    (["get", "SOURCE", "year > :y"], 3, "error WQ308: the parameter :y has no value"),
    (["get", "nowhere.jsonl"], 5, "error WQ707"),
    (["get", "papers.xyz"], 5, "error WQ601"),
    (["get", "SOURCE", "--option", "frmat=csv"], 5, "did you mean format?"),
    (["get", "SOURCE", "--option", "progress=x"], 5, "there is no option 'progress'"),
    (["get", "SOURCE", "--option", "kinds=x"], 5, "error WQ710"),
    (["get", "SOURCE", "--collection", "x"], 5, "error WQ712"),
    (["get", "SOURCE", "--include", "document"], 3, "did you mean documents?"),
    (["get", "SOURCE", "--param", "novalue"], 2, "write --param NAME=VALUE"),
    (["get", "SOURCE", "--param", "a=1", "--param", "a=2"], 2, "--param a is given twice"),
    (["get", "SOURCE", "--limit", "-1"], 2, "Invalid value for '--limit'"),
    (["get"], 2, "Missing argument 'SOURCE'"),
    (["fmt", "@nowhere.txt"], 2, "there is no text file 'nowhere.txt'"),
    (["check", "a = "], 1, "error WQ104"),
    (["check", "--where-json", "{}"], 1, "error WQ202"),
    (["check", "year > :year", "--param", "yaer=5"], 1, "did you mean yaer?"),
    (["check", "tags CONTAINS 'x' AND yer = 1", "--source", "SOURCE"], 1, "hint: write tags HAS 'x'\n\nerror WQ311: no record here has the key yer"),
    (["nonsense"], 2, "No such command"),
    (["get", "SOURCE", "a = '\udc80'"], 3, "error WQ307"),
]


@pytest.mark.parametrize(("words", "code", "message"), BAD)
def test_fails_with_a_message_and_a_code(words: list[str], code: int, message: str, source: str) -> None:
    result = run(*[source if word == "SOURCE" else word for word in words])
    assert message in result.stderr
    assert (result.exit_code, result.stdout) == (code, "")
    assert "Traceback" not in result.stderr


def test_check_prints_json_for_programs(source: str) -> None:
    result = run("check", "yer = 1", "--source", source, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "ok": False,
        "findings": [{"code": "WQ311", "message": "no record here has the key yer", "span": [0, 3], "path": None, "hint": "did you mean year?"}],
    }


def test_reads_standard_input_and_files(tmp_path: Path) -> None:
    assert run("fmt", "-", stdin="a   =   1\n").stdout == "a = 1\n"
    (tmp_path / "filter.txt").write_text("b=2", encoding="utf-8")
    assert run("fmt", f"@{tmp_path / 'filter.txt'}").stdout == "b = 2\n"


def test_jsonl_and_json_are_read_back(source: str, tmp_path: Path) -> None:
    columns = "documents,metadatas,uris,embeddings"
    for form in ("jsonl", "json"):
        copy = tmp_path / f"copy.{form}"
        copy.write_text(run("get", source, "--format", form, "--include", columns).stdout, encoding="utf-8")
        again = run("get", str(copy), "--format", form, "--include", columns).stdout
        assert again == copy.read_text(encoding="utf-8")


def test_csv_is_read_by_a_csv_reader(source: str) -> None:
    rows = list(csv.DictReader(io.StringIO(run("get", source, "--format", "csv").stdout)))
    assert rows[2]["document"] == LINES[2]["document"]
    assert rows[1]["open"] == "true"


def test_no_control_character_reaches_the_terminal(source: str) -> None:
    shown = run("get", source, "--include", "documents").stdout
    assert "\x1b" not in shown
    assert "␛[31mred" in shown


def test_warnings_go_to_the_other_stream(source: str) -> None:
    result = run("count", source, "tags = 'x'")
    assert (result.stdout, result.exit_code) == ("0\n", 0)
    assert result.stderr == "warning: tags = 'x' matches no record here: tags holds string[] (write tags HAS 'x')\n"


def test_schema(source: str) -> None:
    shown = run("schema", source).stdout
    assert "tags   string[]      67 %" in shown
    assert "3 records, 5 keys" in shown
    assert json.loads(run("schema", source, "--json").stdout)["keys"]["year"] == {"count": 2, "kinds": {"int": 2}, "examples": [2019, 2021]}


def test_csv_kinds_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sku,zip\nx,12345\n", encoding="utf-8")
    assert run("count", str(path), "zip = 12345", "--option", "id=sku").stdout == "1\n"
    assert run("count", str(path), "zip = '12345'", "--option", "id=sku", "--kind", "zip=string").stdout == "1\n"


def test_check_opens_a_source_as_get_does(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sku,zip\nx,12345\n", encoding="utf-8")
    assert run("check", "zip = '12345'", "--source", str(path), "--option", "id=sku").exit_code == 1
    assert run("check", "zip = '12345'", "--source", str(path), "--option", "id=sku", "--kind", "zip=string").stdout == "ok\n"


def test_a_table_into_a_pipe_is_not_cut(source: str) -> None:
    wide = CliRunner().invoke(cli, ["get", source, "--include", "documents"], env={"COLUMNS": None})
    assert "alpha beta" in wide.stdout


def test_plugins_and_grammar_are_listed() -> None:
    assert "backend memory" in run("plugins").stdout
    assert run("grammar").stdout.startswith("# ")
    assert "%ignore" in run("grammar", "--lark").stdout
    assert {row["plugin"] for row in json.loads(run("plugins", "--json").stdout)} >= {"memory", "dialects"}


def test_version_and_help() -> None:
    from importlib.metadata import version

    assert version("whereql") in run("--version").stdout
    assert "whereql get papers.jsonl" in run("--help").stdout
    assert "[FILTER]" in run("get", "--help").stdout


def test_without_the_extra_it_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['click'] = None; from whereql.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "The command line needs click and rich: pip install 'whereql[cli]'\n")


def test_a_broken_import_is_not_mistaken_for_a_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from whereql.cli import main

    monkeypatch.setitem(sys.modules, "whereql.cli.commands", None)
    with pytest.raises(ModuleNotFoundError):
        main()


def test_every_error_has_an_exit_code() -> None:
    from whereql.cli.reporting import _EXIT_CODES

    assert _EXIT_CODES[-1] == (whereql.WhereqlError, 3)


def test_what_a_store_cannot_answer_is_shown_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [whereql.make_record(id, metadata={"n": n}) for n, id in enumerate("abc")]
    monkeypatch.setattr("whereql.collection.open", lambda *arguments, **options: whereql.Collection(Store(records, without(whereql.Op.LIKE))))
    filter = "n > 0 AND #id LIKE '_'"
    assert run("count", "store:", filter).output == "2\n"
    shown = run("explain", "store:", filter).output.splitlines()
    assert shown[-3:] == ["pushed:   n > 0", "residual: #id LIKE '_'", "rows:     2 of 2 fetched"]
    told = json.loads(run("explain", "store:", filter, "--json").output)
    assert (told["pushed"], told["residual"], told["fetched"], told["rows"]) == ("n > 0", "#id LIKE '_'", 2, 2)
    for command in ("get", "count"):
        refused = run(command, "store:", filter, "--strict")
        assert (refused.exit_code, refused.stdout) == (4, "")
        assert "error WQ503: this store can't answer #id LIKE '_' exactly" in refused.output
        assert run(command, "store:", "n > 0", "--strict").exit_code == 0
