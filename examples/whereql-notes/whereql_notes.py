"""A folder of Markdown notes as a collection: `whereql get notes:~/notes "words > 200 AND #document CONTAINS 'TODO'"`."""

from pathlib import Path

import whereql


class Notes(whereql.ScanBackend):
    """One record per file: its name as the id, its text as the document, its length as metadata."""

    def __init__(self, folder):
        self.folder = Path(folder).expanduser()

    def records(self):
        """The notes in the order of their names; whereql evaluates the filter on each."""
        for path in sorted(self.folder.glob("*.md")):
            text = path.read_text(encoding="utf-8")
            yield whereql.make_record(path.name, document=text, metadata={"words": len(text.split())})


@whereql.hookimpl
def register_backends(register):
    """Open `notes:FOLDER` as a collection."""
    register("notes", lambda url, collection, options: Notes(url.removeprefix("notes:")), schemes=["notes"])
