"""Lucene 9.9, out of the jar that the source package of pyserini brings, by a program of Java in one file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "pyserini==1.6.0"
HOME = Path(os.environ.get("WHEREQL_ENGINES") or "~/.cache/whereql-engines").expanduser()


def jar() -> Path:
    """The jar, fetched (165 MB) if it isn't there yet; half of one is never taken for a whole."""
    found = HOME / f"lucene-{PACKAGE.replace('==', '-')}.jar"
    if not found.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=HOME) as folder:
            command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "-d", folder, PACKAGE]
            subprocess.run(command, check=True, stdout=sys.stderr)
            with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as archive:
                member = next(member for member in archive if member.name.endswith("-fatjar.jar"))
                source = archive.extractfile(member)
                assert source is not None
                half = Path(folder) / "half.jar"
                with half.open("wb") as target:
                    shutil.copyfileobj(source, target)
            half.rename(found)
    return found


if __name__ == "__main__":
    program = Path(__file__).with_name("LuceneWorker.java")
    os.execvp("java", ["java", "-Xmx1g", "-cp", str(jar()), str(program)])  # it speaks for itself
