"""The plugin host: a third party's plugins beside whereql's own, broken ones, and names taken twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import whereql
from whereql.plugins import Registry, registry, split_url

EXAMPLES = Path(__file__).parent.parent / "examples"


class Distribution:
    """What an entry point tells of where it comes from."""

    def __init__(self, name: str) -> None:
        self.name, self.version = name, "1.2"


def point(name: str, module: str, distribution: str) -> EntryPoint:
    made = EntryPoint(name=name, value=module, group="whereql")
    vars(made)["dist"] = Distribution(distribution)
    return made


def module(name: str, monkeypatch: pytest.MonkeyPatch, **hooks: Any) -> str:
    made = ModuleType(name)
    for hook, function in hooks.items():
        function.__name__ = hook
        setattr(made, hook, whereql.hookimpl(function))
    monkeypatch.setitem(sys.modules, name, made)
    return name


def own_points() -> list[EntryPoint]:
    return [p for p in entry_points(group="whereql") if p.dist is not None and p.dist.name == "whereql"]


def nothing(url: str, collection: str | None, options: Any) -> Any:
    raise AssertionError("not opened here")


def test_own_plugins_enter_by_the_same_door() -> None:
    found = registry()
    assert {"memory"} <= set(found.backends)
    assert {"text", "chroma"} <= set(found.dialects)
    assert found.dialect("text").decode("a = 1") == whereql.parse("a = 1")


def test_a_third_party_registers_all_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    name = module(
        "plugin_full", monkeypatch,
        register_backends=lambda register: register("lake", nothing, schemes=["lake"], endings=[".lake"]),
        register_dialects=lambda register: register("klingon", "whereql.dialects.text:DIALECT"),
        register_passes=lambda register: register("nothing", lambda expr: expr),
    )  # fmt: skip
    found = Registry([*own_points(), point("full", name, "whereql-full")])
    assert found.opener("lake://x").name == "lake" == found.opener("a/b.LAKE").name
    assert found.dialect("klingon").encode(whereql.parse("a=1")).native == "a = 1"
    assert found.passes["nothing"].load()(1) == 1
    assert found.plugins[-1].provides == ["backend lake", "dialect klingon", "pass nothing"]


def test_a_broken_plugin_harms_nothing_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Registry([point("broken", "no_such_module_anywhere", "whereql-broken"), *own_points()])
    assert found.opener("memory:").name == "memory"
    with pytest.raises(whereql.PluginError, match=r"plugins that failed to load: broken of whereql-broken") as caught:
        found.opener("lake:")
    assert caught.value.code == "WQ601"
    failure = found.failure(found.plugins[0])
    assert failure is not None
    assert failure.code == "WQ602"
    assert "ModuleNotFoundError" in failure.message


def test_a_backend_that_fails_when_it_is_needed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    name = module("plugin_late", monkeypatch, register_backends=lambda register: register("late", "no_such_module:f", schemes=["late"]))
    found = Registry([point("late", name, "whereql-late")])
    with pytest.raises(whereql.PluginError, match="'late' of whereql-late failed: ModuleNotFoundError") as caught:
        found.opener("late:").load()
    assert caught.value.code == "WQ602"


@pytest.mark.parametrize(
    "second",
    [
        lambda register: register("memory", nothing),
        lambda register: register("other", nothing, schemes=["memory"]),
        lambda register: register("other", nothing, endings=[".csv"]),
    ],
)
def test_a_taken_name_is_refused_naming_both(monkeypatch: pytest.MonkeyPatch, second: Any) -> None:
    found = Registry([*own_points(), point("twice", module("plugin_twice", monkeypatch, register_backends=second), "whereql-twice")])
    failure = found.failure(found.plugins[-1])
    assert failure is not None
    assert failure.code == "WQ603"
    assert "by whereql and by whereql-twice" in failure.message
    assert found.opener("memory:").distribution == "whereql"


@pytest.mark.parametrize(
    ("url", "hint"),
    [("memry:", "did you mean memory:?"), ("papers.jsnl", "did you mean .jsonl?"), ("papers", "known are .csv"), ("qdrant://x", "known are .csv")],
)
def test_an_unknown_store_says_what_is_known(url: str, hint: str) -> None:
    with pytest.raises(whereql.PluginError) as caught:
        whereql.open(url)
    assert hint in str(caught.value)
    assert caught.value.code == "WQ601"


@pytest.mark.parametrize(
    ("opener", "words"),
    [(lambda url, collection, options: 5, "it opened an int, not a backend"), (lambda url, collection, options: 1 / 0, "ZeroDivisionError: division by zero")],
)
def test_an_opener_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, opener: Any, words: str) -> None:
    name = module("plugin_odd", monkeypatch, register_backends=lambda register: register("odd", opener, schemes=["odd"]))
    found = Registry([point("odd", name, "whereql-odd")])
    with pytest.raises(whereql.PluginError, match=f"'odd' of whereql-odd failed: .*{words}"):
        found.opener("odd:").open("odd:", None, {})


class Half:
    shape = whereql.Shape()

    def get(self, query: Any) -> None:
        """The one method that it has."""


@pytest.mark.parametrize(
    ("opener", "words", "hint"),
    [
        (lambda url, collection, options: None, "it opened None, not a backend", "opener answers an open backend"),
        (lambda url, collection, options: Half(), "it opened a Half, not a backend: it lacks cheap_schema, support, count, scan,", "opener answers"),
        (lambda url: Half(), "TypeError", "opener is called with (url, collection, options)"),
        ("no_such_module:open_store", "ModuleNotFoundError", "register('odd', …) names it as 'no_such_module:open_store'"),
        ("whereql:no_such_function", "AttributeError", "a module, or module:function, that can be imported"),
    ],
)
def test_an_author_is_told_what_an_opener_is(monkeypatch: pytest.MonkeyPatch, opener: Any, words: str, hint: str) -> None:
    if not isinstance(opener, str):
        opener.__name__ = "opener"
    name = module("plugin_author", monkeypatch, register_backends=lambda register: register("odd", opener, schemes=["odd"]))
    found = Registry([point("odd", name, "whereql-odd")])
    with pytest.raises(whereql.PluginError) as caught:
        found.opener("odd:").open("odd:", None, {})
    assert words in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("hook", "words", "hint"),
    [
        (lambda register: register("ledger", nothing, schemes="ledger"), "registers schemes='ledger', a string and no list", "write schemes=['ledger']"),
        (lambda register: register("ledger", nothing, endings=".ledger"), "registers endings='.ledger', a string and no list", "write endings=['.ledger']"),
        (lambda register: register("ledger", nothing, endings=["ledger"]), "registers the ending 'ledger'", "an ending has its dot: '.ledger'"),
        (None, "provides nothing", "is @whereql.hookimpl missing"),
    ],
)
def test_an_author_is_told_what_register_takes(monkeypatch: pytest.MonkeyPatch, hook: Any, words: str, hint: str) -> None:
    name = module("plugin_ledger", monkeypatch, **({} if hook is None else {"register_backends": hook}))
    sys.modules[name].register_backends = sys.modules[name].__dict__.get("register_backends", lambda register: None)  # type: ignore[attr-defined]
    found = Registry([point("ledger", name, "whereql-ledger"), *own_points()])
    failure = found.failure(found.plugins[0])
    assert failure is not None
    assert failure.message == f"the plugin 'ledger' of whereql-ledger {words}"
    assert hint in (failure.hint or "")
    assert "ledger" not in found.backends
    with pytest.raises(whereql.PluginError, match="failed to load: ledger of whereql-ledger; see whereql plugins"):
        found.opener("ledger:")


def test_an_opener_tells_what_is_wrong_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, collection: str | None, options: Any) -> Any:
        raise whereql.BackendError("WQ712", "no such shelf")

    found = Registry([point("shelf", module("plugin_shelf", monkeypatch, register_backends=lambda register: register("shelf", refuse, schemes=["shelf"])), "s")])
    with pytest.raises(whereql.BackendError, match="no such shelf"):
        found.opener("shelf:").open("shelf:", None, {})


def test_a_misspelt_hook_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    misspelt = point("typo", module("plugin_typo", monkeypatch, register_backend=lambda register: None), "whereql-typo")
    wrong = point("args", module("plugin_args", monkeypatch, register_backends=lambda registry: None), "whereql-args")
    found = Registry([misspelt, wrong, *own_points()])
    messages = [failure.message for plugin in found.plugins if (failure := found.failure(plugin)) is not None]
    assert len(messages) == 2
    assert "register_backend" in messages[0]
    assert "registry" in messages[1]
    assert found.opener("memory:").name == "memory"


def test_an_unknown_dialect_says_what_is_known() -> None:
    with pytest.raises(whereql.PluginError, match="did you mean chroma"):
        registry().dialect("croma")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("memory:", ("memory", "")), ("sqlite:///a.db", ("sqlite", "")), ("postgresql+psycopg://h/d", ("postgresql+psycopg", "")),
        ("a/b.JSONL", ("", ".jsonl")), (r"C:\data\a.csv", ("", ".csv")), ("a:b", ("", "")), ("../x.y/z", ("", "")), (".hidden", ("", ".hidden")),
        ("1st:2.json", ("", ".json")),
    ],
)  # fmt: skip
def test_splits_urls_and_paths(url: str, parts: tuple[str, str]) -> None:
    assert split_url(url) == parts


def run(code: str, *paths: Path, **environment: str) -> str:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout.strip()


@pytest.fixture
def installed_notes(tmp_path: Path) -> Path:
    """The example plugin, as `pip install` would leave it: its module and the metadata with its entry point."""
    info = tmp_path / "whereql_notes-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: whereql-notes\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[whereql]\nnotes = whereql_notes\n")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "b.md").write_text("buy milk")
    (tmp_path / "notes" / "a.md").write_text("TODO write the paper on filters")
    return tmp_path


def test_the_example_plugin_is_found_and_answers(installed_notes: Path) -> None:
    code = f"import whereql; print(whereql.open('notes:{installed_notes}/notes').get('words > 2').ids)"
    assert run(code, installed_notes, EXAMPLES / "whereql-notes") == "['a.md']"
    listed = run("from whereql.cli import main; import sys; sys.argv=['whereql','plugins','--json']; main()", installed_notes, EXAMPLES / "whereql-notes")
    assert {"plugin": "notes", "distribution": "whereql-notes", "version": "0.1.0", "provides": ["backend notes"], "error": None} in json.loads(listed)


def test_the_environment_leaves_third_parties_out(installed_notes: Path) -> None:
    code = "from whereql.plugins import registry; print(sorted(registry().backends))"
    assert run(code, installed_notes, EXAMPLES / "whereql-notes") == "['http', 'memory', 'notes', 'snapshot', 'sql']"
    assert run(code, installed_notes, EXAMPLES / "whereql-notes", WHEREQL_PLUGINS="0") == "['http', 'memory', 'snapshot', 'sql']"


def test_a_plugin_adds_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    click = pytest.importorskip("click", reason="commands need the cli extra")
    name = module("plugin_cli", monkeypatch, register_commands=lambda cli: cli.add_command(click.Command("hello")))
    failing = module("plugin_bad_cli", monkeypatch, register_commands=lambda cli: 1 / 0)
    group = click.Group("whereql")
    found = Registry([point("cli", name, "whereql-cli"), point("bad", failing, "whereql-bad")])
    found.add_commands(group)
    assert list(group.commands) == ["hello"]
    assert isinstance(found.plugins[1].error, ZeroDivisionError)
