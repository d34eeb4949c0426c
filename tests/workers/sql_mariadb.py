# /// script
# dependencies = ["pymysql==1.1.2"]
# ///
"""MariaDB, in a folder of its own, over a socket: a table with metadata in JSON.

The server is Debian's, unpacked beside the environments on first use and never installed. Without `apt-get` one in the path is taken.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pymysql
from serving import serve

PACKAGES = ["mariadb-server-core", "libaio1", "liburing2"]
HOME = Path(os.environ.get("WHEREQL_ENGINES") or "~/.cache/whereql-engines").expanduser()


class Server:
    """A server without users and networking, which ends with this process, and a connection to it."""

    def __init__(self) -> None:
        program, root = found()
        self.folder = tempfile.mkdtemp(prefix="whereql-mariadb-")
        start = [str(program), "--no-defaults", "--user=root", f"--basedir={root / 'usr'}", f"--lc-messages-dir={root / 'usr/share/mysql'}"]
        places = [f"--datadir={self.folder}", f"--tmpdir={self.folder}", f"--socket={self.folder}/socket", "--skip-networking", "--skip-grant-tables"]
        libraries = ":".join(str(each) for each in (root / "usr/lib").glob("*-linux-gnu"))
        log = Path(self.folder, "log").open("w")  # noqa: SIM115  # open as long as the server is
        started = {"stdout": log, "stderr": log, "env": os.environ | {"LD_LIBRARY_PATH": libraries}, "preexec_fn": ends_with_parent}
        self.process = subprocess.Popen([*start, *places, "--innodb-flush-log-at-trx-commit=0"], **started)
        self.connection = self.connected()

    def connected(self) -> Any:
        deadline = time.monotonic() + 60
        while True:
            try:
                return pymysql.connect(unix_socket=f"{self.folder}/socket", user="root", charset="utf8mb4", autocommit=True)
            except pymysql.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    sys.stderr.write(Path(self.folder, "log").read_text()[-2000:])
                    raise
                time.sleep(0.05)

    def run(self, text: str, params: Any = None) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(text, params)
            return list(cursor.fetchall())

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


def ends_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def found() -> tuple[Path, Path]:
    """The server, and the folder that it thinks is the root."""
    installed = shutil.which("mariadbd")
    if installed is None or shutil.which("apt-get") is not None:
        root = unpacked()
        return root / "usr/sbin/mariadbd", root
    return Path(installed), Path("/")


def unpacked() -> Path:
    """The folder with the server, made if there is none yet; half of one is never taken for a whole."""
    root = HOME / "mariadb"
    if not root.exists():
        half = root.with_name(f"mariadb.{os.getpid()}")
        (half / "packages").mkdir(parents=True)
        subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=half / "packages", check=True, stdout=sys.stderr)
        for package in (half / "packages").glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(half)], check=True)
        half.rename(root)
    return root


def load(records: list[dict[str, Any]], settings: dict[str, Any]) -> Server:
    SERVER.run("CREATE DATABASE IF NOT EXISTS d CHARACTER SET utf8mb4")  # with a collation that takes A for a
    SERVER.run("USE d")
    SERVER.run("DROP TABLE IF EXISTS t")
    SERVER.run("CREATE TABLE t (id LONGTEXT, document LONGTEXT, uri LONGTEXT, metadata JSON)")
    for number, record in enumerate(records):
        metadata = json.dumps(record["metadata"], ensure_ascii=number % 2 == 0) if record["metadata"] else None
        SERVER.run("INSERT INTO t VALUES (%s, %s, %s, %s)", [record["id"], record["document"], record["uri"], metadata])
    return SERVER


def find(server: Server, native: dict[str, Any]) -> list[str]:
    text = native["text"] if "text" in native else f"SELECT id FROM t WHERE {native['sql']}"
    return [row[0] for row in server.run(text, native["params"])]


if __name__ == "__main__":
    SERVER = Server()
    try:
        ((version,),) = SERVER.run("SELECT VERSION()")
        serve({"MariaDB": version.split("-")[0]}, load, find)
    finally:
        SERVER.close()
