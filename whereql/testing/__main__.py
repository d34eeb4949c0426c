"""`python -m whereql.testing papers.jsonl`: what the store behind a URL, or a file, answers by itself."""

from __future__ import annotations

import sys

import whereql
from whereql.testing.tables import capability_table


def main() -> None:
    """Print the table of the collection that the arguments name."""
    usage = "usage: python -m whereql.testing URL [COLLECTION]\nPrints which predicates the store behind a URL, or a file, answers by itself."
    if sys.argv[1:] in (["--help"], ["-h"]):
        sys.stdout.write(f"{usage}\n")
        return
    if len(sys.argv) not in (2, 3):
        sys.exit(usage)
    try:
        with whereql.open(*sys.argv[1:]) as collection:
            sys.stdout.write(f"{capability_table(collection.backend)}\n")
    except whereql.WhereqlError as error:
        sys.exit(error.render())


if __name__ == "__main__":
    main()
