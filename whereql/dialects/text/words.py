"""The words and signs that people write by habit from other languages, and what to write here instead.

Data for `errors`; every entry is a hint, never a silent correction.
"""

from __future__ import annotations

# What stands where an operator is due: the exact spelling first, by its lower-case form.
OPERATOR_ALIASES: dict[str, str] = {
    "eq": "write =", "equals": "write =", "is_equal": "write =", "ne": "write !=", "neq": "write !=",
    "gt": "write >", "gte": "write >=", "ge": "write >=", "lt": "write <", "lte": "write <=", "le": "write <=",
    "nin": "write NOT IN", "notin": "write NOT IN", "not_in": "write NOT IN",
    **dict.fromkeys(("startswith", "starts_with", "starts", "start", "begins", "prefix"), "write STARTS WITH"),
    **dict.fromkeys(("endswith", "ends_with", "ends", "end", "suffix"), "write ENDS WITH"),
    "includes": "write HAS for a list, CONTAINS for a part of a string", "contain": "write CONTAINS",
    "notcontains": "write NOT CONTAINS", "not_contains": "write NOT CONTAINS", "icontains": "write ILIKE '%part%'",
    "any": "write HAS ANY (…)", "all": "write HAS ALL (…)", "overlaps": "write HAS ANY (…)",
    "regex": "write MATCHES 'pattern'", "regexp": "write MATCHES 'pattern'", "rlike": "write MATCHES 'pattern'",
    "match": "write MATCHES 'pattern'", "similar": "write MATCHES 'pattern'",
    "exists": "write EXISTS(key) or key IS NOT NULL", "isnull": "write IS NULL", "notnull": "write IS NOT NULL",
    "null": "write IS NULL", "glob": "write LIKE 'a%' or MATCHES 'pattern'",
    "lower": "to ignore case write ILIKE", "upper": "to ignore case write ILIKE", "ilike": "write ILIKE 'pattern%'",
    "len": "the length of a value can't be tested", "length": "the length of a value can't be tested", "size": "the size of a list can't be tested",
    "[": "elements have no numbers; to find one in a list write key HAS value", "(": "a list stands behind IN, HAS ANY or HAS ALL",
    "!": "write !=, or NOT before the whole condition",
    "now": "pass the time as a parameter: created >= :since", "datetime": "write TIMESTAMP('2024-05-01T00:00:00Z')",
}  # fmt: skip

OPERATOR_WORDS = ("IN", "BETWEEN", "HAS", "CONTAINS", "STARTS WITH", "ENDS WITH", "LIKE", "ILIKE", "MATCHES", "IS NULL", "AND", "OR")

# What stands where a value is due.
VALUE_ALIASES: dict[str, str] = {
    "null": "a missing key is key IS NULL, a present one key IS NOT NULL",
    "none": "a missing key is key IS NULL, a present one key IS NOT NULL",
    "nil": "a missing key is key IS NULL, a present one key IS NOT NULL",
    "undefined": "a missing key is key IS NULL, a present one key IS NOT NULL",
    "nan": "NaN is no value; a missing key is key IS NULL",
    "inf": "infinities are no values; the largest float is 1.7976931348623157e308",
    "infinity": "infinities are no values; the largest float is 1.7976931348623157e308",
    "yes": "write TRUE, or 'yes' for the text", "no": "write FALSE, or 'no' for the text",
    "on": "write TRUE, or 'on' for the text", "off": "write FALSE, or 'off' for the text",
    "today": "pass the day as a parameter: created >= :today", "now": "pass the time as a parameter: created >= :now",
}  # fmt: skip

# What a list behind an operator that takes one value is meant to be.
LIST_HINTS: dict[str, str] = {
    "HAS": "several elements go with HAS ANY (…) or HAS ALL (…)", "BETWEEN": "write key BETWEEN 1 AND 5",
    **dict.fromkeys(("CONTAINS", "LIKE", "ILIKE", "MATCHES", "WITH"), "one value stands there, without brackets; join several conditions with OR"),
    **dict.fromkeys((",", "(", "["), "a list holds values, no further lists"),
    **dict.fromkeys(("=", "==", "!=", "<>"), "several values go with IN (…) or NOT IN (…)"),
}  # fmt: skip

# Words of a whole SQL statement, of which a filter is only the condition.
CLAUSE_HINTS: dict[str, str] = {
    **dict.fromkeys(("where", "having", "filter", "if", "when"), "a filter is the condition alone: leave the word out"),
    **dict.fromkeys(("select", "delete", "update", "from"), "a filter is the condition alone, what stands after WHERE"),
    **dict.fromkeys(("order", "sort", "limit", "offset", "group"), "a filter is the condition alone; limit and offset are arguments of get"),
}  # fmt: skip

# What stands where AND, OR or the end is due.
CONNECTIVE_HINTS: dict[str, str] = {",": "write AND between two conditions", "&": "write AND or &&", "|": "write OR or ||"}

# Signs that are no part of the language anywhere; the longest spelling of each stands first.
CHARACTER_HINTS: list[tuple[str, str]] = [
    ("===", "write ="), ("!==", "write !="), ("<=>", "write ="), ("=>", "write >="), ("=<", "write <="), ("=!", "write !="), ("><", "write !="),
    ("!<", "write NOT and the comparison"), ("!>", "write NOT and the comparison"), ("~=", "write =~"),
    ("~*", "write MATCHES '(?i)pattern'"), ("~", "write =~ or MATCHES"),
    ("${", "write :name and pass params"), ("$", "operators are written =, !=, <, >=, IN …; a parameter is :name"),
    ("{{", "write :name and pass params"), ("{", "this looks like JSON: pass it as a dict, or to --where-json"), ("}", "this looks like JSON: pass it as a dict"),
    ("@>", "write HAS, HAS ANY (…) or HAS ALL (…)"), ("?", "a parameter is written :name"), ("@", "a parameter is written :name"), ("%(", "a parameter is written :name"),
    ("%", "% is a wildcard inside quotes: key LIKE 'a%'"), ("*", "there is no arithmetic and no *; a wildcard is key LIKE 'a%'"),
    ("/*", "a comment is -- to the end of the line"), ("//", "a comment is -- to the end of the line"),
    ("/", "a regular expression stands in quotes: key MATCHES 'pattern'"), ("\\", "escapes stand inside double quotes"),
    ("^", "write NOT, AND, OR; there is no ^"), ("::", "there are no casts; a value has the kind of its spelling: 1, 1.0, '1', TRUE"),
    ("--", "a comment needs a space before and after its dashes"), (";", "a filter is one condition; join several with AND"),
    ("&", "write AND or &&"), ("|", "write OR or ||"), ("+", "there is no arithmetic; a number is 1, -2, 1.5"),
    (":=", "write ="), (".", "a dot stands only between two parts of a key: author.name"),
]  # fmt: skip

# Characters that look like a sign of the language, and the sign.
LOOKALIKES: dict[str, str] = {
    **dict.fromkeys("“”„‟″＂«»", 'a straight "'), **dict.fromkeys("‘’‚‛′＇´", "a straight '"), "｀": "a backtick",
    "＝": "=", "≠": "!=", "≤": "<=", "≥": ">=", "＜": "<", "＞": ">", "！": "!", "（": "(", "）": ")", "［": "[", "］": "]",
    "，": ",", "、": ",", "：": ":", "＃": "#", "－": "-", "−": "-", "–": "-", "—": "--", "＋": "+", "．": ".",
    "∧": "AND", "∨": "OR", "¬": "NOT", "∈": "IN", "∉": "NOT IN",
}  # fmt: skip
