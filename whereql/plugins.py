"""The plugin host: who registers backends, dialects, passes and commands, and how one is found by name.

Plugins are modules named by entry points of the group `whereql`; whereql's own enter by the same door. They are imported
when the first of them is needed. One that fails to import is kept with its error, which is told when it is asked for, and
harms nothing else. `WHEREQL_PLUGINS=0` in the environment leaves out all but whereql's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import pluggy

from whereql import hookspecs
from whereql.errors import PluginError, WhereqlError
from whereql.source import quote, visible
from whereql.suggest import did_you_mean
from whereql.values import describe_type

if TYPE_CHECKING:
    from whereql.backend import Backend

GROUP = "whereql"


@dataclass(frozen=True, slots=True)
class Entry:
    """One registered backend, dialect or pass: its name, where it is, who brought it, what it opens and packs (backends)."""

    name: str
    target: str | Any
    distribution: str
    schemes: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    packer: str | Any = None

    def load(self) -> Any:
        """The function or object itself, imported now if it is named by a string. Raises PluginError if that fails."""
        return self._imported(self.target)

    def load_packer(self) -> Any:
        """What writes files that this backend opens, None if nothing does. Raises PluginError if it can't be imported."""
        return self._imported(self.packer)

    def _imported(self, target: str | Any) -> Any:
        if not isinstance(target, str):
            return target
        module, _, attribute = target.partition(":")
        try:
            found = import_module(module)
            return getattr(found, attribute) if attribute else found
        except Exception as error:  # whatever a stranger's module raises is that plugin's failure, not ours
            raise _broken(self.name, self.distribution, error, f"register({self.name!r}, …) names it as {target!r}: a module, or module:function, that can be imported") from error

    def open(self, url: str, collection: str | None, options: Mapping[str, Any]) -> Backend:
        """The backend that this entry opens. Raises PluginError where a stranger's code fails or answers something else."""
        from whereql.backend import Backend  # the program lists its plugins' commands without opening anything

        opener = self.load()
        try:
            backend = opener(url, collection, options)
        except WhereqlError:
            raise
        except Exception as error:  # see load
            raise _broken(self.name, self.distribution, error, f"{_described(self.target)} is called with (url, collection, options), and answers a backend") from error
        if not isinstance(backend, Backend):
            raise _broken(self.name, self.distribution, TypeError(f"it opened {_not_a_backend(backend)}"), f"{_described(self.target)} answers an open backend")
        return backend


@dataclass(slots=True)
class Plugin:
    """One entry point: the distribution it came with, and the error where it could not be imported."""

    name: str
    distribution: str
    version: str
    error: Exception | None = None
    provides: list[str] = field(default_factory=list)


_MEMBERS = ("cheap_schema", "shape", "support", "get", "count", "scan", "schema", "native", "close")


def _not_a_backend(answer: object) -> str:
    """What an opener answered, and what that lacks."""
    lacks = [name for name in _MEMBERS if not hasattr(answer, name)]
    if answer is None or len(lacks) == len(_MEMBERS):
        return f"{'None' if answer is None else describe_type(answer)}, not a backend"
    return f"{describe_type(answer)}, not a backend: it lacks {', '.join(lacks)}"


def _described(target: object) -> str:
    return target if isinstance(target, str) else str(getattr(target, "__name__", "the function"))


def _broken(name: str, distribution: str, error: Exception, hint: str = "") -> PluginError:
    reason = " ".join(str(error).split())
    return PluginError(
        "WQ602",
        visible(f"the plugin {quote(name)} of {distribution} failed: {type(error).__name__}: {reason}"[:500]),
        hint=visible(hint[:500]) or f"reinstall or remove {distribution}; WHEREQL_PLUGINS=0 leaves third parties out",
    )


class Registry:
    """Everything that the plugins of one set of entry points register."""

    def __init__(self, points: Iterable[EntryPoint]) -> None:
        self.plugins: list[Plugin] = []
        self.backends: dict[str, Entry] = {}
        self.dialects: dict[str, Entry] = {}
        self.passes: dict[str, Entry] = {}
        self._openers: dict[str, Entry] = {}
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        for point in points:
            self._load(point)

    def _load(self, point: EntryPoint) -> None:
        dist = point.dist
        plugin = Plugin(point.name, dist.name if dist else "unknown", dist.version if dist else "")
        self.plugins.append(plugin)
        try:
            module = point.load()
            if self._manager.register(module, name=f"{plugin.distribution}:{plugin.name}") is None:
                return
            self._manager.check_pending()  # a hook that doesn't exist is a misspelt one
            if not self._manager.get_hookcallers(module):
                raise self._wrong(plugin, "provides nothing", "is @whereql.hookimpl missing before a function such as register_backends?")
            self._call(plugin, "register_backends", register=partial(self._register_backend, plugin))
            self._call(plugin, "register_dialects", register=partial(self._register, plugin, "dialect", self.dialects))
            self._call(plugin, "register_passes", register=partial(self._register, plugin, "pass", self.passes))
        except Exception as error:  # a stranger's module may raise anything while it is imported; see `broken`
            plugin.error = error
            self._manager.unregister(name=f"{plugin.distribution}:{plugin.name}")

    def _call(self, plugin: Plugin, hook: str, **arguments: Any) -> None:
        """Call one plugin's hook, so that what it registers is known to be its own."""
        own = f"{plugin.distribution}:{plugin.name}"
        others = [other for name, other in self._manager.list_name_plugin() if name != own and other is not None]
        self._manager.subset_hook_caller(hook, others)(**arguments)

    def _register(self, plugin: Plugin, what: str, table: dict[str, Entry], name: str, target: Any) -> None:
        self._add(plugin, what, table, Entry(name, target, plugin.distribution))

    def _register_backend(self, plugin: Plugin, name: str, target: Any, schemes: Sequence[str] = (), endings: Sequence[str] = (), packer: Any = None) -> None:
        for what, given in (("schemes", schemes), ("endings", endings)):
            if isinstance(given, str):
                raise self._wrong(plugin, f"registers {what}={quote(given)}, a string and no list", f"write {what}=[{quote(given)}]")
        if undotted := [ending for ending in endings if not ending.startswith(".")]:
            raise self._wrong(plugin, f"registers the ending {quote(undotted[0])}", f"an ending has its dot: {quote(f'.{undotted[0]}')}")
        entry = Entry(name, target, plugin.distribution, tuple(schemes), tuple(endings), packer)
        for opener in (*schemes, *endings):
            if opener in self._openers:
                raise self._taken(plugin, "the opener of", opener, self._openers[opener])
        self._add(plugin, "backend", self.backends, entry)
        self._openers.update(dict.fromkeys((*schemes, *endings), entry))

    def _add(self, plugin: Plugin, what: str, table: dict[str, Entry], entry: Entry) -> None:
        if entry.name in table:
            raise self._taken(plugin, what, entry.name, table[entry.name])
        table[entry.name] = entry
        plugin.provides.append(f"{what} {entry.name}")

    def _wrong(self, plugin: Plugin, what: str, hint: str) -> PluginError:
        return PluginError("WQ602", f"the plugin {quote(plugin.name)} of {plugin.distribution} {what}", hint=hint)

    def _taken(self, plugin: Plugin, what: str, name: str, first: Entry) -> PluginError:
        return PluginError(
            "WQ603",
            f"{what} {quote(name)} is registered twice: by {first.distribution} and by {plugin.distribution}",
            hint=f"remove one of them; {first.distribution} is used",
        )

    def opener(self, url: str) -> Entry:
        """The backend that opens a URL or a file, by its scheme or the ending of its name. Raises PluginError."""
        scheme, ending = split_url(url)
        entry = self._openers.get(scheme.split("+")[0]) or self._openers.get(scheme) if scheme else self._openers.get(ending)
        if entry is not None:
            return entry
        what = f"no backend opens {scheme}: URLs" if scheme else f"no backend opens files that end in {quote(ending)}"
        if not scheme and not ending:
            what = f"{quote(url)} has neither a scheme nor an ending that names a backend"
        known = sorted(key if key.startswith(".") else f"{key}:" for key in self._openers)
        hint = did_you_mean(ending or f"{scheme}:", known) or f"known are {', '.join(known)}"
        raise PluginError("WQ601", f"{what}{self._failures()}", hint=hint)

    def dialect(self, name: str) -> Any:
        """The dialect of this name. Raises PluginError if there is none, or if it can't be loaded."""
        if name not in self.dialects:
            hint = did_you_mean(name, self.dialects) or f"known are {', '.join(sorted(self.dialects))}"
            raise PluginError("WQ601", f"there is no dialect {quote(name)}{self._failures()}", hint=hint)
        return self.dialects[name].load()

    def _failures(self) -> str:
        broken = [f"{plugin.name} of {plugin.distribution}" for plugin in self.plugins if plugin.error]
        return f" (plugins that failed to load: {', '.join(broken)}; see whereql plugins)" if broken else ""

    def failure(self, plugin: Plugin) -> PluginError | None:
        """Why a plugin is not in use, as an error to show."""
        if plugin.error is None or isinstance(plugin.error, PluginError):
            return plugin.error
        return _broken(plugin.name, plugin.distribution, plugin.error)

    def add_commands(self, cli: Any) -> None:
        """Let each plugin add its commands to the program; one that fails is marked as broken."""
        for plugin in self.plugins:
            if plugin.error is None:
                try:
                    self._call(plugin, "register_commands", cli=cli)
                except Exception as error:  # see _load
                    plugin.error = error


def split_url(url: str) -> tuple[str, str]:
    """The scheme of a URL (lower case, empty for a path; a single letter is a Windows drive) and the ending of a path."""
    scheme, colon, _ = url.partition(":")
    if colon and len(scheme) > 1 and scheme.isascii() and scheme[0].isalpha() and all(c.isalnum() or c in "+-." for c in scheme):
        return scheme.lower(), ""
    name = url.replace("\\", "/").rpartition("/")[2]
    return "", f".{name.rpartition('.')[2].lower()}" if "." in name else ""


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The installed plugins, found and registered on first use."""
    points = sorted(entry_points(group=GROUP), key=lambda point: (point.dist is None or point.dist.name != "whereql", point.name))
    if os.environ.get("WHEREQL_PLUGINS") == "0":
        points = [point for point in points if point.dist is not None and point.dist.name == "whereql"]
    return Registry(points)
