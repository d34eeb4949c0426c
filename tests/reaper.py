"""Stops what a test run started, even if the run itself was killed: a child process that waits for its parent to be gone.

Each line on its standard input names a process (`pid 123`) or a folder (`folder /tmp/…`); at the end of the input, which comes
with the death of the parent at the latest, the processes are killed and the folders removed. A line may also name the file
that a server keeps its process id in (`pidfile …`).
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path


def processes(what: str, name: str) -> list[int]:
    if what == "pid":
        return [int(name)]
    with suppress(OSError, ValueError, IndexError):
        return [int(Path(name).read_text().split()[0])]
    return []


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; this process ends after the tests
    named = [tuple(line.rstrip("\n").split(" ", 1)) for line in sys.stdin]
    pids = [pid for what, name in named if what != "folder" for pid in processes(what, name)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        time.sleep(0.5 if pids else 0)
    for what, name in named:
        if what == "folder":
            shutil.rmtree(name, ignore_errors=True)


if __name__ == "__main__":
    main()
