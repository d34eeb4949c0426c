"""Random expressions of Milvus, for the proof that they are read as an engine means them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from whereql.records import Record

WORDS = {"and": ["and", "AND", "&&"], "or": ["or", "OR", "||"], "not": ["not ", "NOT ", "!"]}
OLD_WORDS = {"and": ["and", "&&"], "or": ["or", "||"]}  # Lite 2.5 takes capitals for a name before a parenthesis


def literal(rng: random.Random, value: Any) -> str:
    """A value, a string in either quotes."""
    if isinstance(value, bool):
        return rng.choice(["true", "True", "TRUE"]) if value else rng.choice(["false", "False", "FALSE"])
    if isinstance(value, str):
        quote = rng.choice("'\"")
        escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace(quote, f"\\{quote}")
        return f"{quote}{escaped}{quote}"
    return repr(value)


class Sources:
    """Random expressions about the values of some records. is_new: for Lite 3.2; json: the field of the keys, None for typed fields."""

    def __init__(self, rng: random.Random, records: Sequence[Record], *, is_new: bool, json: str | None) -> None:
        self.rng = rng
        self.is_new = is_new
        self.json = json
        self.nots = 0
        self.values: dict[str, list[Any]] = {}
        for record in records:
            for key, value in (record.metadata or {}).items():
                if self._takes_key(key) and not isinstance(value, dict):
                    self.values.setdefault(key, []).append(value)
        if json is None and not is_new:  # Lite 2.5 has no null, so only what each record has is a field
            self.values = {key: values for key, values in self.values.items() if len(values) == len(records)}
        self.values = {key: kept for key, values in self.values.items() if (kept := [v for v in values if self._takes(v)])}

    def expression(self, depth: int = 2) -> str:
        rng = self.rng
        if not self.values:
            return 'id != "nobody"'
        if depth and rng.random() < 0.5:
            word = rng.choice(["and", "or"])
            parts = [f"({part})" if " " in (part := self.expression(depth - 1)) and rng.random() < 0.9 else part for _ in range(rng.randint(2, 3))]
            return f" {rng.choice(WORDS[word] if self.is_new else OLD_WORDS[word])} ".join(parts)
        if self.is_new and rng.random() < 0.3:
            self.nots += 1
            inner = self.expression(depth - 1) if depth else self.leaf()
            self.nots -= 1
            return f"{rng.choice(WORDS['not'])}({inner})"
        return self.leaf()

    def leaf(self) -> str:
        rng = self.rng
        key = rng.choice(sorted(self.values))
        name = key if self.json is None else f"{self.json}[{literal(rng, key)}]"
        value = rng.choice(self.values[key])
        if isinstance(value, list) or (self.json is not None and rng.random() < 0.05):
            return self._members(name, value if isinstance(value, list) else [value])
        forms = ["==", "!="]
        if not isinstance(value, bool):
            forms += ["<", "<=", ">", ">=", "turned"]
            if self.json is None:  # neither lite takes a range over a key of JSON
                forms += [] if self.is_new else ["range"]
        if isinstance(value, str):
            forms += ["like", "like"]
        if self.is_new:
            forms += ["is null", "is not null", *(["exists"] if self.json is not None else [])]
        if not self.is_new:
            forms += ["in", "not in"]
        elif self.json is None and not self.nots:  # behind a key of JSON, Lite 3.2 knows no list; on nulls, its two evaluators differ in `not` of one
            forms.append("in")
        form = rng.choice(forms)
        return self._said(form, key, name, value)

    def _said(self, form: str, key: str, name: str, value: Any) -> str:
        rng = self.rng
        if form == "turned":
            return f"{literal(rng, value)} {rng.choice(['<', '<=', '>', '>='])} {name}"
        if form == "range":
            low, high = sorted([value, self._other(key, value)])
            return f"{literal(rng, low)} {rng.choice(['<', '<='])} {name} {rng.choice(['<', '<='])} {literal(rng, high)}"
        if form == "like":
            start = rng.randrange(len(value) + 1)
            part = value[start : start + rng.randint(1, 3)].replace("%", "").replace("_", "").replace("\\", "")
            if not part:  # Lite 2.5 finds nothing by "%"
                return f"{name} >= {literal(rng, value)}"
            return f"{name} {rng.choice(['like', 'LIKE'])} {literal(rng, rng.choice([f'%{part}', f'{part}%', f'%{part}%']))}"
        if form in ("in", "not in"):
            items = list(dict.fromkeys([value, *(self._other(key, value) for _ in range(rng.randint(0, 2)))]))
            return f"{name} {form} [{', '.join(literal(rng, item) for item in items)}]"
        if form in ("is null", "is not null"):
            return f"{name} {form}"
        return f"exists {name}" if form == "exists" else f"{name} {form} {literal(rng, value)}"

    def _other(self, key: str, value: Any) -> Any:
        """Another value of the same type: a list of Milvus has one."""
        return self.rng.choice([each for each in self.values[key] if type(each) is type(value)])

    def _members(self, name: str, items: list[Any]) -> str:
        rng = self.rng
        of = "json" if self.json is not None else "array"
        if not items:
            return f"{of}_contains({name}, {literal(rng, rng.choice(['a', 3]))})" if self.json is not None else 'id != "nobody"'
        item = rng.choice(items)
        if isinstance(item, bool) or rng.random() < 0.4:  # Lite 2.5 has no bool in a list
            return f"{of}_contains({name}, {literal(rng, item)})" if not str(item).startswith("-") or isinstance(item, str) else f"{of}_contains_any({name}, [{item!r}])"
        few = [each for each in items if type(each) is type(item)][:3]
        return f"{of}_contains_{rng.choice(['any', 'all'])}({name}, [{', '.join(literal(rng, each) for each in few)}])"

    def _takes_key(self, key: str) -> bool:
        return key != "" and not any(character in key for character in "\"\\'\0\x01\n")

    def _takes(self, value: Any) -> bool:
        if isinstance(value, list):
            return bool(value) and all(self._takes(item) and not (not self.is_new and type(item) in (int, float)) for item in value)  # Lite 2.5: 1 is no 1.0 there
        if isinstance(value, str):
            return self.is_new or not any(character in value for character in "\n\r\t")  # Lite 2.5 knows no such escape
        return isinstance(value, bool) or abs(value) < 2**53  # beyond, Lite 2.5 rounds, and 3.2 has limits of its own
