"""What workers of Python share: the pipe to the tests. It imports nothing of whereql, which may not be in the environment."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

Open = Callable[[Sequence[dict[str, Any]], dict[str, Any]], Any]
Find = Callable[[Any, Any], Sequence[str]]


def serve(versions: dict[str, str], load: Open, find: Find, unload: Callable[[Any], None] = lambda held: None) -> None:
    """Answer until the pipe closes.

    load: makes of records (id, document, uri, metadata) and the settings what `find` searches; find: a native filter to the ids
    of the records; what it raises is an answer, too. unload: frees what `load` made.
    """
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what an engine prints goes where errors go
    settings: dict[str, Any] = {}
    held: Any = None
    for line in sys.stdin:
        question = json.loads(line)
        if "settings" in question:
            settings = question["settings"]
            answer: dict[str, Any] = {"versions": versions}
        elif "records" in question:
            if held is not None:
                unload(held)
                held = None
            answer = {}
            try:
                held = load(question["records"], settings)
            except Exception as error:  # whatever the engine raises is for the test to show
                answer = {"failed": f"{type(error).__name__}: {error}"}
        else:
            answer = {"answers": [_found(find, held, native) for native in question["filters"]]}
        pipe.write(json.dumps(answer) + "\n")
        pipe.flush()
    if held is not None:
        unload(held)


def _found(find: Find, held: Any, native: Any) -> list[str] | str:
    try:
        return list(find(held, native))
    except Exception as error:  # see serve
        return f"{type(error).__name__}: {error}"
