"""Strings that would break out of a query, a key or a file, if they were not taken as data."""

from __future__ import annotations

_PLANES = "".join(chr(plane * 0x10000 + 0xFFF0) + chr(plane * 0x10000 + 0x1234) for plane in range(17))

HOSTILE_TEXTS = [
    "'", '"', "`", "\\", "\\'", '\\"', "''", "'; DROP TABLE records; --", '"; DROP TABLE records; --', "x' OR '1'='1", "1) OR (1=1", "/* */ -- #",
    "%", "_", "%_%", "\\%", "[a-z]*", "?", "$1", ":name", "%s", "{}", "{{0}}", "${k}", "$and", '{"$ne": null}', "[1, 2]", "null", "NaN", "true", "*", "*:*",
    "AND", "a AND NOT b", "+a -b", "a:b", "a~2", "(", ")", "\t", "\n", "\r\n", " ", "a ", " a", "\x1b[31m", "\x7f", "\u200b", "\u202e", "\ufeff", "\u2028", "\ufffd",
    "\0", "a\0b", "é", "e\u0301", _PLANES, "😀" * 1000, "x" * 255, "x" * 256, "x" * 100_000, "x" * 99_999 + "y", "'" * 5000, "../../etc/passwd", "<script>", "\\N", "\\x00", "",
]  # fmt: skip

SHORT_TEXTS = [text if len(text) <= 2_000 else text[:1_000] + text[-1_000:] for text in HOSTILE_TEXTS]
"""The same, but for those that are hostile by their length only: for what is done with each of them again and again."""

HOSTILE_KEYS = [
    "'", '"', "`", "\\", "k'; DROP TABLE records; --", 'k"', "a.b", "a->b", "a->>'b'", "$.a", "$and", "#id", "#document", "%", "?", ":k", "%s", "{}", " ", "k ",
    "K", "k", "select", "id", "document", "metadata", "rowid", "é", "e\u0301", "ключ", "日本語", "😀", "\U0010ffff", "\0", "k\0", "\n", "k" * 1000, "*", "a[0]", "_", "",
]  # fmt: skip
