"""A Tantivy index as a collection: `whereql.open("tantivy:/path/to/index")`, or `tantivy:` for one in memory.

Each record is one document of the index: its values as terms to look up, its text as trigrams, and all of it as JSON to return.

Tantivy's typed fields would be the obvious way, and are not taken: a schema is fixed before the keys are known, and a JSON field
(tried with 0.27) no longer finds a string that looks like a time, and panics on a range of floats where a key has ints, too.
A term means what it says. Its digits are hexadecimal, so that the order of terms is the order of values, and a range is a
regular expression over them.
"""

import itertools
import json
import math
import re
import struct
import threading
from hashlib import blake2b
from pathlib import Path

import tantivy

import whereql
from whereql import And, Const, Document, Field, Kind, Not, Op, Or, Predicate, Support

DIGITS = "0123456789abcdef"
LONGEST = 24  # bytes of a string that its term spells out; what follows is hashed
HAS_EMBEDDING = "embedding?"
ORDER = {Op.LT, Op.LE, Op.GT, Op.GE, Op.STARTS}

TABLE = whereql.Capabilities(
    whereql.Capability([Op.EQ, Op.IN, Op.HAS, Op.EXISTS]),
    whereql.Capability(sorted(ORDER, key=lambda op: op.value), kinds=[Kind.STRING, Kind.INT, Kind.FLOAT]),
    # The trigrams of a text that contains another are a superset of the other's: all that contain it are found, and maybe more.
    whereql.Capability([Op.CONTAINS], [Document], plain=Support.INEXACT, negated=Support.NONE),
)


def name_of(subject):
    """What the terms of a subject begin with: 16 digits, whatever the key is."""
    label = f"key {subject.name}" if isinstance(subject, Field) else type(subject).__name__
    return blake2b(label.encode(), digest_size=8).hexdigest()


def digits_of(value):
    """A string or a number in digits that sort as the values do. An int and a float that are equal have the same."""
    if isinstance(value, str):
        text = value.encode()
        return text.hex() if len(text) <= LONGEST else f"{text[:LONGEST].hex()}~{blake2b(text).hexdigest()}"
    below = float(value)
    below = math.nextafter(below, -math.inf) if below > value else below  # the largest double up to an int, and the rest of it
    (bits,) = struct.unpack(">Q", struct.pack(">d", below + 0.0))
    return f"{bits ^ (2**64 - 1 if bits >> 63 else 2**63):016x}{value - int(below) if isinstance(value, int) else 0:03x}"


def term_of(subject, value, array=False):
    """The term that a document has for a value, or for an element of an array."""
    kind, digits = ("b", str(value)) if isinstance(value, bool) else ("s" if isinstance(value, str) else "n", digits_of(value))
    return f"{name_of(subject)}{kind.upper() if array else kind}{digits}"


def terms_of(record):
    """All terms of a record: one per value and element, and one per subject that says that it is there."""
    if record.embedding is not None:
        yield HAS_EMBEDDING
    own = ((whereql.Id(), record.id), (Document(), record.document), (whereql.Uri(), record.uri))
    for subject, value in (*own, *((Field(key), value) for key, value in (record.metadata or {}).items())):
        if value is not None:
            yield f"{name_of(subject)}?"
        if isinstance(value, list):
            yield from (term_of(subject, element, array=True) for element in value)
        elif value is not None and not isinstance(value, dict):
            yield term_of(subject, value)


def above(digits, end):
    """A pattern of the digits that sort behind some, or begin with them, if `end` says so."""
    for digit in reversed(digits):
        end = f"([{DIGITS[DIGITS.index(digit) + 1]}-f].*|{digit}{end})" if digit != "f" else f"f{end}"
    return end


def below(digits, end):
    """A pattern of the digits that sort before some; `end` is "" if these belong to it, and None if not."""
    for digit in reversed(digits):
        ways = ([f"[0-{DIGITS[DIGITS.index(digit) - 1]}].*"] if digit != "0" else []) + ([f"{digit}{end}"] if end is not None else [])
        end = f"({'|'.join(ways)})?" if ways else ""
    return end


def pattern_of(op, value):
    """The pattern of what is compared with a value, None where nothing can be."""
    digits = digits_of(value)
    return {Op.GT: above(digits, ".+"), Op.GE: above(digits, ".*"), Op.LT: below(digits, None), Op.LE: below(digits, ""), Op.STARTS: f"{digits}.*"}[op]


class Index(whereql.ScanBackend):
    """An open index. Any number of threads may read it; writes come one after the other."""

    def __init__(self, path=None):
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("terms", tokenizer_name="raw", index_option="basic")
        schema.add_text_field("trigrams", tokenizer_name="trigrams", index_option="basic")
        schema.add_text_field("record", stored=True, tokenizer_name="raw", index_option="basic")
        schema.add_integer_field("place", fast=True)
        self._schema, self._lock = schema.build(), threading.Lock()
        try:
            if path is not None:
                Path(path).mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, path)
        except (ValueError, OSError) as error:
            raise whereql.BackendError("WQ715", f"the index can't be opened: {error}", path=path, hint="name the folder of an index, or a new one") from error
        trigrams = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(3, 3, False)).build()
        self._index.register_tokenizer("trigrams", trigrams)
        self._index.reload()

    def support(self, predicate, negated):
        """As the table says, but for strings that terms don't spell out, and for parts shorter than a trigram."""
        value = getattr(predicate.operand, "value", None)
        if isinstance(value, str) and ((predicate.op in ORDER and len(value.encode()) >= LONGEST) or (predicate.op is Op.CONTAINS and len(value) < 3)):
            return Support.NONE
        return TABLE.support(predicate, negated)

    def _translate(self, expr):
        match expr:
            case And(args) | Or(args):
                occur = tantivy.Occur.Must if isinstance(expr, And) else tantivy.Occur.Should
                return tantivy.Query.boolean_query([(occur, self._translate(arg)) for arg in args])
            case Not(arg):  # alone it would find nothing: it takes away from what the other clauses find
                return tantivy.Query.boolean_query([(tantivy.Occur.Must, tantivy.Query.all_query()), (tantivy.Occur.MustNot, self._translate(arg))])
            case Const(value):
                return tantivy.Query.all_query() if value else tantivy.Query.empty_query()
            case Predicate(subject, Op.EXISTS):
                return self._terms([f"{name_of(subject)}?"])
            case Predicate(subject, Op.IN | Op.HAS as op, items):
                return self._terms([term_of(subject, item.value, array=op is Op.HAS) for item in items])
            case Predicate(subject, Op.EQ, item):
                return self._terms([term_of(subject, item.value)])
            case Predicate(_, Op.CONTAINS, item):
                grams = {item.value[at : at + 3] for at in range(len(item.value) - 2)}
                return tantivy.Query.boolean_query([(tantivy.Occur.Must, tantivy.Query.term_query(self._schema, "trigrams", gram)) for gram in grams])
            case Predicate(subject, op, item):
                pattern = pattern_of(op, item.value)
                head = name_of(subject) + ("s" if isinstance(item.value, str) else "n")
                return tantivy.Query.empty_query() if pattern is None else tantivy.Query.regex_query(self._schema, "terms", head + pattern)

    def _terms(self, terms):
        return tantivy.Query.term_set_query(self._schema, "terms", terms) if terms else tantivy.Query.empty_query()

    def _query(self, query):
        where = self._translate(query.where)
        ids = [] if query.ids is None else [(tantivy.Occur.Must, self._terms([term_of(whereql.Id(), id) for id in query.ids]))]
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, where), *ids])

    def _found(self, query, limit=None):
        """The place and the record of each document that a query of Tantivy finds, in the order of insertion."""
        searcher = self._index.searcher()
        hits = searcher.search(query, limit=limit or max(1, searcher.num_docs), order_by_field="place", order=tantivy.Order.Asc).hits
        for place, address in hits:
            yield place, whereql.make_record(**json.loads(searcher.doc(address)["record"][0]))

    def records(self):
        """All records."""
        return self.search(whereql.Query())

    def search(self, query):
        """The records that Tantivy finds, read as they are asked for."""
        return (record for _, record in self._found(self._query(query)))

    def count(self, query):
        """Counted by Tantivy, without reading a record."""
        return self._index.searcher().search(self._query(query), limit=1).count

    def native(self, query):
        """Tantivy's own words for a query, without the automata, of which it prints every state."""
        return re.sub(r'(Regex\("[^"]*"\)).*?, field', r"\1, field", repr(self._query(query)), flags=re.DOTALL)

    def add(self, records):
        """Append the records whose id is new, the first of each id."""
        with self._lock:
            stored = self._stored(record.id for record in records)
            new = {record.id: (None, record) for record in reversed(records) if record.id not in stored}
            self._write([], [new[id] for id in dict.fromkeys(record.id for record in records) if id in new])
        return len(new)

    def upsert(self, changes):
        """Write each change at the place of the record that has its id, or at the end."""
        with self._lock:
            records = self._stored(change.record.id for change in changes)
            for change in changes:
                place, old = records.get(change.record.id, (None, None))
                records[change.record.id] = place, change.apply(old)
            self._write(records, records.values())
        return len(changes)

    def delete(self, query):
        """Delete the records of a query."""
        with self._lock:
            gone = self.get(query).ids
            self._write(gone, [])
        return len(gone)

    def _stored(self, ids):
        """By id, the place and the record of those that are there."""
        return {record.id: (place, record) for place, record in self._found(self._query(whereql.Query(ids=tuple(ids))))}

    def _write(self, gone, records):
        """Drop the records of these ids and write others, each at its place or behind the last: all of it, or nothing."""
        self._check_dimension([record for _, record in records])
        last = self._index.searcher().search(tantivy.Query.all_query(), limit=1, order_by_field="place").hits
        places = itertools.count(last[0][0] + 1 if last else 0)
        try:
            writer = self._index.writer(15_000_000, 1)
        except ValueError as error:
            raise whereql.BackendError("WQ715", f"the index can't be written: {error}", hint="end the program that is writing it") from error
        try:
            for id in gone:
                writer.delete_documents_by_term("terms", term_of(whereql.Id(), id))
            for place, record in records:
                fields = {"terms": list(terms_of(record)), "trigrams": record.document or "", "record": to_json(record)}
                writer.add_document(tantivy.Document(place=next(places) if place is None else place, **fields))
            writer.commit()
        finally:
            writer.wait_merging_threads()
            self._index.reload()

    def _check_dimension(self, records):
        stored = (record for _, record in self._found(self._terms([HAS_EMBEDDING]), limit=1))
        sizes = {len(record.embedding) for record in (*records, *stored) if record.embedding is not None}
        if len(sizes) > 1:
            raise whereql.BackendError("WQ704", f"embeddings of {min(sizes)} and of {max(sizes)} numbers", hint="embed all records with one model")


def to_json(record):
    """A record as JSON: ints stay ints, and a float32 is written as the double that it is."""
    embedding = None if record.embedding is None else record.embedding.tolist()
    return json.dumps({"id": record.id, "document": record.document, "uri": record.uri, "embedding": embedding, "metadata": record.metadata})


def open_index(url, collection, options):
    """Open `tantivy:FOLDER`, or `tantivy:` for an index in memory."""
    if options or collection is not None:
        raise whereql.BackendError("WQ712", "an index takes no options and has one collection", hint="write tantivy:FOLDER, nothing else")
    return Index(url.removeprefix("tantivy:") or None)


@whereql.hookimpl
def register_backends(register):
    """Open `tantivy:FOLDER` as a collection."""
    register("tantivy", open_index, schemes=["tantivy"])
