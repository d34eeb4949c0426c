"""`whereql.translate`, and the commands on top of it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import whereql
from whereql.ast import Const
from whereql.cli.commands import cli
from whereql.dialect import Dialect, Sql, Translation
from whereql.dialects.plugin import DIALECTS
from whereql.errors import WhereqlError
from whereql.plugins import registry
from whereql.translation import SAYINGS, Ability, abilities, dialect, settle, translate_to_all


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, words, input=stdin, env={"COLUMNS": "100"}, catch_exceptions=False)


def test_a_filter_goes_from_one_language_to_the_other() -> None:
    found = whereql.translate({"year": {"$gte": 2020}}, "chroma", "text")
    assert found == Translation("year >= 2020")
    assert whereql.translate("year >= 2020", "text", "chroma").native == {"year": {"$gte": 2020}}
    assert whereql.translate(whereql.parse("a = 1"), "text", "chroma").native == {"a": 1}


def test_options_go_to_their_side() -> None:
    both: dict[str, Any] = {"a": 1, "b": 2}
    assert whereql.translate(both, "chroma", "text", source_options={"lenient": True}).native == "a = 1 AND b = 2"
    with pytest.raises(whereql.WhereError):
        whereql.translate(both, "chroma", "text")
    with pytest.raises(whereql.CheckError, match="WQ314"):
        whereql.translate("a = 1", "text", "chroma", version_of="x")


def test_facts_about_the_data_go_to_both_sides() -> None:
    source = {"year": {"$gt": 2020}}
    with pytest.raises(whereql.UnsupportedError):  # an array would be searched, too
        whereql.translate(source, "mongodb", "text")
    for facts in ({"schema": {"year": "int"}}, {"schema": "inferred"}, {"arrays": False}):
        assert whereql.translate(source, "mongodb", "text", **facts).native == "year > 2020"
    assert whereql.translate(source, "mongodb", "elasticsearch", schema={"year": "int"}).exact
    assert whereql.translate({"year": 5}, "mongodb", "text", arrays=False, source_options={"arrays": True}).native != "year = 5"
    with pytest.raises(whereql.CheckError, match="whereql's text has no option 'schema'"):
        whereql.translate("a = 1", "text", "text", schema="inferred")


def test_what_the_schema_says_of_every_record_is_not_asked_for() -> None:
    source = {"genre": {"$ne": "drama"}, "year": {"$gte": 2020}}
    with pytest.raises(whereql.TranslateError, match="whether a key is there"):
        whereql.translate(source, "pinecone", "chroma", schema={"genre": "string", "year": "int"})
    schema = {"genre": "string!", "year": "int"}
    assert whereql.translate(source, "pinecone", "chroma", schema=schema).native == {"$and": [{"genre": {"$ne": "drama"}}, {"year": {"$gte": 2020}}]}
    words = ["--from", "pinecone", "--to", "chroma", "-e", json.dumps({"genre": {"$ne": "drama"}})]
    assert run("translate", *words, "--option", "schema={'genre': 'string!'}").stdout == '{"genre": {"$ne": "drama"}}\n'
    assert whereql.translate("k IS NOT NULL AND a = 1", "text", "chroma", schema={"k": "int!"}).native == {"a": 1}  # neither has the option
    assert run("translate", "--to", "chroma", "-e", "k IS NOT NULL AND a = 1", "--option", "schema={'k': 'int!'}").stdout == '{"a": 1}\n'


SETTLED: list[tuple[str, str]] = [
    ("a IS NULL", "FALSE"), ("a IS NOT NULL", "TRUE"), ("b IS NULL", "b IS NULL"), ("a IS NOT NULL AND b = 1", "b = 1"), ("a IS NULL OR b = 1 OR b = 2", "b = 1 OR b = 2"),
    ("a IS NOT NULL OR b = 1", "TRUE"), ("a IS NULL AND b = 1", "FALSE"), ("NOT (a IS NOT NULL AND NOT (b = 1 AND a IS NULL))", "FALSE"), ("NOT (a IS NOT NULL AND a = 1)", "NOT a = 1"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), SETTLED)
def test_settling_keeps_the_meaning_on_records_with_the_key(before: str, after: str) -> None:
    assert settle(whereql.parse(before), {"a": "int!", "b": "int"}) == whereql.parse(after)
    assert settle(whereql.parse(before), "inferred") == settle(whereql.parse(before), None) == whereql.parse(before)


def test_what_can_not_be_said_is_refused_or_left() -> None:
    with pytest.raises(whereql.TranslateError, match="Chroma can't say NOT b > 5"):
        whereql.translate("a = 1 AND NOT b > 5", "text", "chroma")
    found = whereql.translate("a = 1 AND NOT b > 5", "text", "chroma", allow_residual=True)
    assert (found.native, found.residual) == ({"a": 1}, whereql.parse("NOT b > 5"))


@pytest.mark.parametrize("source", [None, 5, {"a": 1}, [], b"a = 1"], ids=repr)
@pytest.mark.parametrize("name", sorted(registry().dialects))
def test_what_is_no_filter_at_all_is_an_error_of_whereqls(name: str, source: object) -> None:
    with contextlib.suppress(WhereqlError):
        dialect(name).decode(source)


def test_a_name_that_no_dialect_has_is_told() -> None:
    with pytest.raises(whereql.PluginError, match="there is no dialect 'quadrant'"):
        whereql.translate("a = 1", "text", "quadrant")


def test_a_registered_thing_that_is_no_dialect_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = next(iter(registry().dialects.values()))
    monkeypatch.setitem(registry().dialects, "odd", type(entry)("odd", "whereql.dialects.text", "whereql-odd"))
    with pytest.raises(whereql.PluginError, match=r"the dialect 'odd' of whereql-odd is .*, not a Dialect") as caught:
        dialect("odd")
    assert caught.value.code == "WQ602"


def test_every_language_is_written_in_one_go() -> None:
    found = translate_to_all(whereql.parse("lang = 'en' AND NOT year > 5"), {"schema": {"lang": "string", "year": "int"}})
    assert found.keys() == {name for name in DIALECTS if dialect(name).writes is not None}
    assert found["text"] == Translation("lang = 'en' AND NOT year > 5")
    assert all(isinstance(each, Translation) or (isinstance(each, WhereqlError) and each.hint) for each in found.values())


def test_abilities_say_how_each_condition_is_said() -> None:
    assert set(abilities(dialect("text")).values()) == {Ability.EXACT}
    chroma = abilities(dialect("chroma"))
    assert list(chroma) == [saying.name for saying in SAYINGS]
    assert (chroma["!="], chroma["NOT <"], chroma["IS NULL"]) == (Ability.EXACT, Ability.RESIDUAL, Ability.RESIDUAL)


@pytest.mark.parametrize("name", DIALECTS)
def test_every_language_says_everything_and_has_its_options_told(name: str) -> None:
    found = dialect(name)
    assert found.title and found.form in ("text", "json", "sql")
    assert all(option.what for option in found.options.values())
    if found.writes is not None:
        assert found.encode(Const(True)).exact
        assert found.encode(Const(False), allow_residual=True).residual in (None, Const(False))


COMMANDS: list[tuple[list[str], str | None, str]] = [
    (["--to", "chroma", "-e", "a = 1"], None, '{"a": 1}\n'),
    (["--from", "chroma", "--to", "text", "-"], '{"a": {"$in": [1, 2]}}', "a IN (1, 2)\n"),
    (["--from", "chroma", "--from-option", "lenient=true", "--to", "text", "-"], '{"a": 1, "b": 2}', "a = 1 AND b = 2\n"),
    (["--to", "text", "-"], "  a=1  \n", "a = 1\n"),
    (["--to", "text", "--param", "v=5", "-e", "a = :v"], None, "a = 5\n"),
    (["--to", "text", "--normalize", "-e", "a = 2 OR a = 1"], None, "a IN (1, 2)\n"),
]


@pytest.mark.parametrize(("words", "stdin", "output"), COMMANDS)
def test_translate_prints_the_filter(words: list[str], stdin: str | None, output: str) -> None:
    done = run("translate", *words, stdin=stdin)
    assert (done.exit_code, done.stdout) == (0, output), done.output


def test_translate_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "filter.json"
    path.write_text('{"a": 1}', encoding="utf-8")
    assert run("translate", "--from", "chroma", "--to", "text", str(path)).stdout == "a = 1\n"


def test_what_is_left_is_told_beside_the_filter() -> None:
    refused = run("translate", "--to", "chroma", "-e", "a = 1 AND NOT b > 5")
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "error WQ501: Chroma can't say NOT b > 5" in refused.stderr
    taken = run("translate", "--to", "chroma", "-e", "a = 1 AND NOT b > 5", "--allow-residual")
    assert (taken.exit_code, taken.stdout) == (0, '{"a": 1}\n')
    assert taken.stderr == "left to test on each record found: NOT b > 5\n"


HINTS: list[tuple[list[str], str]] = [  # as they are typed, not as Python says them
    (["--to", "chroma", "-e", "NOT b > 5"], "--allow-residual finds more"),
    (["--to", "qdrant", "-e", "#document CONTAINS 'a'"], '--option "document=\'…\'"'),
    (["--from", "chroma", "--to", "qdrant", "-e", '{"a": 1, "b": 2}'], "--from-option lenient=True"),
    (["--from", "mongodb", "--to", "text", "-e", '{"a": {"$gt": 1}}'], "--option arrays=False"),
    (["--from", "sqlite", "--to", "text", "-e", "metadata->>'a' = ?"], "by --param 1=…"),
]


@pytest.mark.parametrize(("words", "part"), HINTS)
def test_hints_are_as_the_command_line_has_it(words: list[str], part: str) -> None:
    refused = run("translate", *words)
    assert refused.exit_code in (3, 4)
    hint = refused.stderr.rpartition("hint: ")[2]
    assert part in hint and "allow_residual" not in hint, refused.stderr


@pytest.mark.parametrize("value", ["{'year': 'int'}", '{"year": "int"}'])
def test_options_are_json_or_as_python_has_them(value: str) -> None:
    done = run("translate", "--from", "mongodb", "--to", "text", "-e", '{"year": {"$gt": 5}}', "--option", f"schema={value}")
    assert done.stdout == "year > 5\n", done.output
    assert run("translate", "--from", "mongodb", "--to", "text", "-e", '{"year": {"$gt": 5}}', "--option", "arrays=False").stdout == "year > 5\n"
    assert run("translate", "--to", "chroma", "-e", "a = 1", "--option", "version=None").stdout == '{"a": 1}\n'
    broken = run("translate", "--from", "mongodb", "--to", "text", "-e", "{}", "--option", "schema={year: int}")
    assert broken.exit_code == 3 and "a schema is an object of keys and kinds, got a string" in broken.stderr


def test_parameters_of_sql_are_given_by_place_or_by_name() -> None:
    by_place = run("translate", "--from", "sqlite", "--to", "text", "-e", "metadata->>'a' = ? AND metadata->>'b' = ?", "--param", "1=en", "--param", "2=de", "--option", "schema=inferred")
    assert by_place.stdout == "a = 'en' AND b = 'de'\n", by_place.output
    by_name = run("translate", "--from", "sqlite", "--to", "text", "-e", "metadata->>'a' = :a", "--param", "a=en", "--option", "schema=inferred", "--from-option", "params=named")
    assert by_name.stdout == "a = 'en'\n", by_name.output


@pytest.mark.parametrize("name", ["sqlite", "postgres", "duckdb"])
def test_a_column_of_sql_is_a_key_beside_those_in_json(name: str) -> None:
    assert whereql.translate("lang = 'en' AND year >= 2000", name, "text").native == "lang = 'en' AND year >= 2000"
    assert whereql.translate("NOT lang = 'en' AND (metadata->>'genre') = 'a'", name, "text", schema="inferred").native == "lang IS NOT NULL AND lang != 'en' AND genre = 'a'"
    with pytest.raises(whereql.UnsupportedError, match="a column lang beside a key lang"):
        whereql.translate("lang = 'en' OR (metadata->>'lang') = 'de'", name, "text", schema="inferred")
    with pytest.raises(whereql.UnsupportedError):
        whereql.translate("metadata = 'en'", name, "text", schema="inferred")


def test_a_limit_of_the_whole_is_told_as_one() -> None:
    made = Dialect("Some", writes=lambda expr, options: Translation("all", expr))
    with pytest.raises(whereql.TranslateError, match="each condition, but not so many, so deep, or joined so"):
        made.encode(whereql.parse("a = 1 OR b = 2"))


def test_options_are_listed_with_the_defaults_that_they_have() -> None:
    listed = run("dialects", "pinecone").stdout
    assert "options, as --option NAME=VALUE" in listed and "(default true)" in listed and "null" not in listed


def test_json_is_laid_out_in_lines_that_fit() -> None:
    done = run("translate", "--to", "chroma", "-e", "lang IN ('en', 'de') AND title != 'a long title, and longer' AND year >= 2020 AND venue = 'a venue'")
    lines = done.stdout.splitlines()
    assert lines[:3] == ["{", '  "$and": [', '    {"lang": {"$in": ["en", "de"]}},'] and max(map(len, lines)) <= 100
    assert json.loads(done.stdout)["$and"][3] == {"venue": "a venue"}


def test_explain_says_why() -> None:
    done = run("translate", "--to", "chroma", "-e", "a = 1 AND NOT b > 5", "--explain")
    assert "NOT b > 5  not said  Chroma has no complement of an order" in done.stdout
    assert run("translate", "--to", "text", "-e", "a = 1", "--explain").stdout == "a = 1\nevery condition is said exactly\n"


def test_programs_get_json() -> None:
    found = json.loads(run("translate", "--to", "chroma", "-e", "a = 1 AND NOT b > 5", "--allow-residual", "--json").stdout)
    assert (found["native"], found["exact"], found["residual"]) == ({"a": 1}, False, "NOT b > 5")
    assert found["notes"][0]["support"] == "none"
    everything = json.loads(run("translate", "--to", "all", "-e", "a = 1", "--json").stdout)
    assert everything["text"] == {"native": "a = 1", "exact": True, "residual": None, "notes": []}


def test_sql_is_shown_with_its_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Dialect("Some SQL", writes=lambda expr, options: Translation(Sql("a = ?", ("it's",))), form="sql")
    entry = next(iter(registry().dialects.values()))
    monkeypatch.setitem(registry().dialects, "some-sql", type(entry)("some-sql", made, "whereql-some"))
    assert run("translate", "--to", "some-sql", "-e", "a = 1").stdout == 'a = ?\n-- parameters: ["it\'s"]\n'
    assert json.loads(run("translate", "--to", "some-sql", "-e", "a = 1", "--json").stdout)["native"] == {"sql": "a = ?", "params": ["it's"]}


def test_all_is_a_table_of_every_language() -> None:
    done = run("translate", "--to", "all", "-e", "a = 1 AND NOT b > 5")
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert lines.keys() >= {name for name in DIALECTS if dialect(name).writes is not None}
    assert lines["text"].split() == ["text", "yes", "a", "=", "1", "AND", "NOT", "b", ">", "5"]
    assert lines["chroma"].split()[1] == "no"
    assert "hint: more of them say it exactly" in done.stderr
    assert run("translate", "--to", "all", "-e", "a = 1", "--option", "schema=inferred").stderr == ""


USAGE: list[tuple[list[str], int, str]] = [
    (["translate", "--to", "text"], 2, "give the filter once"),
    (["translate", "--to", "text", "x", "-e", "a = 1"], 2, "give the filter once"),
    (["translate", "--to", "text", "no such file"], 2, "there is no text file 'no such file'"),
    (["translate", "--from", "chroma", "--to", "text", "-e", "{"], 3, "WQ213"),
    (["translate", "--from", "chroma", "--to", "text", "-e", "a = 1"], 3, "WQ2"),
    (["translate", "--to", "nope", "-e", "a = 1"], 5, "there is no dialect 'nope'"),
    (["translate", "--to", "chroma", "--option", "x=1", "-e", "a = 1"], 3, "Chroma has no option 'x'"),
    (["translate", "--to", "chroma", "-e", "a = :p"], 3, "WQ308"),
    (["dialects", "nope"], 5, "there is no dialect 'nope'"),
]


@pytest.mark.parametrize(("words", "code", "message"), USAGE)
def test_mistakes_are_told(words: list[str], code: int, message: str) -> None:
    done = run(*words)
    assert done.exit_code == code
    assert message in done.stderr and "Traceback" not in done.output


def test_dialects_lists_them_all() -> None:
    done = run("dialects")
    assert done.exit_code == 0
    first = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert set(DIALECTS) <= set(first)
    found = json.loads(run("dialects", "--json").stdout)
    assert set(DIALECTS) <= found.keys()
    assert found["chroma"]["reads"] and found["chroma"]["says"]["!="] == "yes"


def test_dialects_shows_the_options_of_one() -> None:
    done = run("dialects", "chroma").stdout
    assert done.startswith("Chroma: read and written, as json\n")
    assert "lenient: read several conditions in one object, and $not (default false)" in done
    assert json.loads(run("dialects", "chroma", "--json").stdout)["options"]["lenient"]["default"] is False
