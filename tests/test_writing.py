"""What every writer shares: the split, the residual, the notes, the options, and the schema of a target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import whereql
from whereql.ast import And, Const, Expr, Or, Predicate
from whereql.dialect import Dialect, Option, Sql, Translation
from whereql.dialects.fields import Fields
from whereql.dialects.writing import InfixWriter, Joined, Leaf, Writer, exact, refused, superset, write
from whereql.operators import Op
from whereql.semantics import holds
from whereql.support import ANY_SHAPE, Shape, Support
from whereql.testing.generators import FilterMaker, Generator


class Spoken(InfixWriter):
    """Says = and IN, finds too much for LIKE, and knows nothing else. It writes whereql's text, so that it can be read back."""

    def __init__(self, shape: Shape = ANY_SHAPE) -> None:
        self.shape = shape
        self.asked: list[tuple[Predicate, bool]] = []

    def leaf(self, predicate: Predicate, negated: bool) -> Leaf:
        self.asked.append((predicate, negated))
        text = whereql.to_text(whereql.Not(predicate) if negated else predicate)
        match predicate.op:
            case Op.EQ | Op.IN:
                return exact(text)
            case Op.LIKE:
                return superset("TRUE", "it is vague", "be exact")
        return refused("it has no word for it", "say it in other words")

    def constant(self, value: bool) -> Leaf:
        return exact("TRUE" if value else "FALSE")


SPOKEN = Dialect("Spoken", writes=lambda expr, options: write(expr, Spoken()))


def said(text: str, **shape: Any) -> Translation:
    return write(whereql.parse(text), Spoken(Shape(**shape)))


@pytest.mark.parametrize(
    ("text", "native", "residual"),
    [
        ("a = 1", "a = 1", None),
        ("NOT (a = 1 OR b = 2)", "a != 1 AND b != 2", None),
        ("(a = 1 OR b = 2) AND c = 3", "(a = 1 OR b = 2) AND c = 3", None),
        ("a = 1 AND b > 2", "a = 1", "b > 2"),
        ("NOT (a = 1 AND b > 2)", "TRUE", "a != 1 OR NOT b > 2"),
        ("a = 1 OR b > 2", "TRUE", "a = 1 OR b > 2"),
        ("a = 1 AND (b = 2 OR c > 3)", "a = 1", "b = 2 OR c > 3"),
        ("TRUE", "TRUE", None),
        ("FALSE", "FALSE", None),
        ("a = 1 AND FALSE", "FALSE", None),
        ("NOT a IN ()", "TRUE", None),
        ("a > 1 AND a <= 1", "FALSE", None),  # only its normal form can be said
        ("a LIKE 'x'", "a = 'x'", None),
    ],
)
def test_a_filter_is_split_by_what_can_be_said(text: str, native: str, residual: str | None) -> None:
    found = said(text)
    assert found.native == native
    assert (None if found.residual is None else whereql.to_text(found.residual)) == residual
    assert found.exact is (residual is None)


def test_it_is_said_as_it_was_said_where_that_can_be() -> None:
    assert said("b = 2 AND (a = 1 OR a = 3)").native == "b = 2 AND (a = 1 OR a = 3)"
    assert said("b = 2 AND (a = 1 OR a = 3)", depth=1).native == "a IN (1, 3) AND b = 2"


@pytest.mark.parametrize("target", ["elasticsearch", "meilisearch", "pinecone", "redis", "s3vectors", "typesense", "vespa"])
def test_what_the_target_says_alike_is_said_once(target: str) -> None:
    merged = whereql.translate({"lang": "en"}, "mongodb", target, allow_residual=True)
    assert merged.native == whereql.translate("lang = 'en'", "text", target, allow_residual=True).native
    assert None if merged.residual is None else whereql.to_text(merged.residual) == "lang = 'en' OR lang HAS 'en'"


@pytest.mark.parametrize("target", ["chroma", "jsonlogic", "mongodb", "qdrant", "sqlite"])
def test_one_and_true_are_not_said_alike(target: str) -> None:
    options = {"layout": "columns"} if target == "sqlite" else {}
    one, true, both = (whereql.translate(text, "text", target, allow_residual=True, **options).native for text in ("k = 1", "k = TRUE", "k = 1 OR k = TRUE"))
    assert repr(both) not in (repr(one), repr(true))


def test_limits_are_kept_by_the_parts_that_are_left_out() -> None:
    assert (said("a = 1 AND b = 2 AND c = 3", width=2).native, said("a IN (1, 2, 3)", items=2).native) == ("a = 1 AND b = 2", "a IN (1, 2) OR a IN (3)")
    assert said("a = 1 AND b = 2 AND c = 3", width=2).residual == whereql.parse("c = 3")


def test_notes_say_why_and_first_what_is_the_cause() -> None:
    found = said("a = 1 AND b LIKE 'x_' AND c > 1")
    assert [(note.predicate, note.support, note.reason, note.hint) for note in found.notes] == [
        ("b LIKE 'x_'", Support.INEXACT, "it is vague", "be exact"), ("c > 1", Support.NONE, "it has no word for it", "say it in other words"),
    ]  # fmt: skip


def test_each_predicate_is_asked_for_once() -> None:
    writer = Spoken()
    write(whereql.parse("a = 1 AND (a = 1 OR b = 2) AND NOT (a = 1 AND b = 2)"), writer)
    assert len(writer.asked) == len(set(writer.asked)) == 4


def test_a_residual_is_refused_unless_it_is_asked_for() -> None:
    with pytest.raises(whereql.TranslateError) as caught:
        SPOKEN.encode(whereql.parse("a = 1 AND NOT b > 2"))
    error = caught.value
    assert (error.code, error.message) == ("WQ501", "Spoken can't say NOT b > 2: it has no word for it")
    assert error.hint == "say it in other words; allow_residual=True finds more, and says what is left to test"
    assert error.span is not None and "a = 1 AND NOT b > 2"[error.span.start : error.span.end] == "b > 2"
    assert SPOKEN.encode(whereql.parse("a = 1 AND NOT b > 2"), allow_residual=True).native == "a = 1"


def test_the_two_parts_make_the_filter_on_any_record() -> None:
    generator = Generator(4)
    tried = inexact = 0
    for _ in range(20):
        records = generator.records(20)
        maker = FilterMaker(generator.random, records)
        for _ in range(40):
            expr = maker.filter()
            found = write(expr, Spoken())
            pushed: Expr = whereql.parse(found.native)
            for record in records:
                both = holds(pushed, record) and (found.residual is None or holds(found.residual, record))
                assert both is holds(expr, record)
            tried += 1
            inexact += not found.exact
    assert tried == 800 and inexact > 300


class Mute(Spoken):
    """Has no word for nothing."""

    def constant(self, value: bool) -> Leaf:
        return exact("TRUE") if value else refused("there is no word for nothing", "don't ask")


def test_nothing_is_left_to_the_residual_where_there_is_no_word_for_it() -> None:
    found = write(whereql.parse("FALSE"), Mute())
    assert (found.native, found.residual) == ("TRUE", Const(False))
    assert not found.exact


def test_parameters_are_bound_first() -> None:
    with pytest.raises(whereql.CheckError) as caught:
        SPOKEN.encode(whereql.parse("a = :p"))
    assert caught.value.code == "WQ308"


def test_options_are_checked_and_completed() -> None:
    seen: list[dict[str, Any]] = []

    def writes(expr: Expr, options: Any) -> Translation:
        seen.append(dict(options))
        return Translation("")

    dialect = Dialect("Spoken", writes=writes, options={"version": Option("of the server", "2", ("1", "2")), "prefix": Option("before each key")})
    dialect.encode(Const(True), version="1")
    assert seen == [{"version": "1", "prefix": None}]
    with pytest.raises(whereql.CheckError, match="Spoken has no option 'versoin'") as unknown:
        dialect.encode(Const(True), versoin="1")
    assert (unknown.value.code, unknown.value.hint) == ("WQ314", "did you mean version?")
    with pytest.raises(whereql.CheckError, match="version is not '3': of the server") as wrong:
        dialect.encode(Const(True), version="3")
    assert (wrong.value.code, wrong.value.hint) == ("WQ314", "it is 1 or 2")


def test_a_direction_that_is_missing_is_told() -> None:
    for call in (lambda: SPOKEN.decode("x"), lambda: Dialect("Read", reads=lambda source, options: Const(True)).encode(Const(True))):
        with pytest.raises(whereql.UnsupportedError) as caught:
            call()
        assert caught.value.code == "WQ505" and caught.value.hint


def test_joined_texts_stand_in_parentheses_as_parts_only() -> None:
    writer = Spoken()
    inner = writer.join(Or, ["a", "b"])
    assert isinstance(inner, Joined)
    assert writer.finish(writer.join(And, [inner, "c"])) == "(a OR b) AND c"
    assert type(writer.finish(inner)) is str


def test_sql_reads_as_its_text() -> None:
    assert str(Sql("a = ?", (1,))) == "a = ?"


@pytest.mark.parametrize(
    ("text", "declared", "kinds", "plain"),
    [
        ("k = 1", None, {"int", "float"}, True),
        ("k = 1 OR k = 'a'", None, {"int", "float", "string"}, False),
        ("k HAS 1.5", None, {"int[]", "float[]"}, True),
        ("k HAS 'a' AND k = 'a'", None, {"string[]", "string"}, False),
        ("k IS NULL", None, set(), False),
        ("k = 1", {"k": "string"}, {"string"}, True),
        ("k = 1", {"k": ["int", "float!"]}, {"int", "float"}, True),
        ("k = 1", {"k": ["int", "string"]}, {"int", "string"}, False),
        ("k = 1", "inferred", {"int", "float"}, True),
    ],
)
def test_the_kinds_of_a_key(text: str, declared: Any, kinds: set[str], plain: bool) -> None:
    fields = Fields(whereql.parse(text), declared)
    assert (fields.kinds("k"), fields.is_plain("k")) == (kinds, plain)
    assert fields.is_declared("k") is (declared is not None)
    assert (fields.schema is None) is (declared is None)


def test_a_key_that_every_record_has_is_told_by_an_exclamation_mark() -> None:
    fields = Fields(Const(True), {"a": "int!", "b": "int"})
    assert (fields.is_required("a"), fields.is_required("b"), fields.is_required("c")) == (True, False, False)
    assert fields.schema is not None
    assert whereql.to_text(whereql.normalize(whereql.parse("NOT a > 5"), schema=fields.schema)) == "a < 6"
    assert whereql.to_text(whereql.normalize(whereql.parse("NOT b > 5"), schema=fields.schema)) == "NOT b > 5"


def test_a_schema_may_be_taken_from_the_filter() -> None:
    fields = Fields(whereql.parse("a = 1 AND b IS NULL AND c HAS 'x'"), "inferred")
    assert (fields.is_declared("a"), fields.is_declared("b"), fields.is_declared("c"), fields.kinds("c")) == (True, False, True, {"string[]"})
    reader = Fields(Const(True), "inferred")
    assert (reader.is_declared("a"), reader.kinds("a")) == (True, {"string", "int", "float", "bool"})
    for wrong in ("guessed", ["a"], 5):
        with pytest.raises(whereql.CheckError, match="a schema is an object of keys and kinds"):
            Fields(Const(True), wrong)  # type: ignore[arg-type]  # as a command line may have it


def test_a_kind_that_there_is_none_of_is_told() -> None:
    with pytest.raises(whereql.CheckError, match="the schema says 'strng' of the key 'k'") as caught:
        Fields(Const(True), {"k": "strng"})
    assert caught.value.hint == "did you mean string?"


def test_a_writer_is_to_be_completed() -> None:
    writer = Writer()
    calls: Sequence[Any] = (lambda: writer.leaf(Predicate(whereql.Field("k"), Op.EXISTS), False), lambda: writer.join(And, []), lambda: writer.constant(True))
    for call in calls:
        with pytest.raises(NotImplementedError):
            call()
