"""The hooks of a whereql plugin. A plugin is a module named by an entry point of the group `whereql`.

```python
import whereql


@whereql.hookimpl
def register_backends(register):
    register("parquet-lake", "my_package.lake:open_lake", schemes=["lake"])
```
"""

from __future__ import annotations

from typing import Any

import pluggy

hookspec = pluggy.HookspecMarker("whereql")
hookimpl = pluggy.HookimplMarker("whereql")


@hookspec
def register_backends(register: Any) -> None:
    """Register backends: `register(name, target, schemes=[…], endings=[…], packer=…)`.

    target: a function `(url, collection, options) -> Backend`, or where it is (`"module:function"`), imported when needed;
    schemes: of URLs, such as `"sqlite"`; endings: of file names, such as `".jsonl"`; packer: what writes such a file for
    `whereql.pack`, if anything does: a function `(target, source, options, *, overwrite, words, progress) -> int`, or where it is. source: the
    path of a file that `whereql.files` reads with these options, or an iterator of records.
    """


@hookspec
def register_dialects(register: Any) -> None:
    """Register filter languages: `register(name, target)`; target: a `whereql.Dialect`, or where it is (`"module:NAME"`)."""


@hookspec
def register_passes(register: Any) -> None:
    """Register optimizer passes: `register(name, target)`; target is a pure function `Expr -> Expr` that keeps the meaning."""


@hookspec
def register_commands(cli: Any) -> None:
    """Add commands to the `whereql` program; cli: its click group."""
