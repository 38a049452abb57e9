import json
from itertools import product

import pyarrow as pa
import pytest

from detector import Detector
from detector.corpus.documents import Document, Problem, batches, documents_of, key_of, table_of
from detector.corpus.judging import judge
from detector.corpus.schema import Carried, carried_columns, copied_row, results_schema, row_of
from tests.conftest import TRAINING_TEXT, make_classifier
from tests.corpus.conftest import record_of

LONG = TRAINING_TEXT + " " + TRAINING_TEXT.replace("boats", "ships")


@pytest.fixture
def detector(tiny):
    return Detector(tiny, make_classifier(tiny))


def carrying(**fields):
    return Document("x", None, "Text.", fields=fields)


def test_a_row_holds_the_whole_record(detector):
    result = detector.detect(LONG, id="x", path="x.txt")
    row = row_of(Document("x", "x.txt", LONG, key="00"), result, ())
    pa.Table.from_pylist([row], schema=results_schema([]))  # it fits
    assert record_of(row) == result.to_dict()


def test_a_copy_says_how_it_was_read_itself_and_what_the_text_is(detector):
    quoted = f"“{LONG}” That is all that I have."
    book = Document("a", "a.epub", quoted, ("Taken from a book.",))
    (original,) = judge(detector, [book]).rows.to_pylist()
    (own, of_the_text) = json.loads(original["warnings"])
    assert own == "Taken from a book."
    assert "quotations" in of_the_text
    paper = Document("b", "b.pdf", quoted, ("Taken from a PDF.", "1 page."))
    copy = copied_row(original, paper, original["text_sha256"], [])
    assert json.loads(copy["warnings"]) == ["Taken from a PDF.", "1 page.", of_the_text]
    again = copied_row(copy, book, original["text_sha256"], [])
    assert json.loads(again["warnings"]) == [own, of_the_text]


def test_columns_take_the_narrowest_type():
    found = carried_columns(
        [carrying(a=1, b=1, c=True, d="x", e=None, f=1), carrying(a=2, b=0.5, c=None, d=None, e=None, f="y")]
    )
    assert [(c.field, c.type) for c in found] == [
        ("a", "integer"),
        ("b", "number"),
        ("c", "boolean"),
        ("d", "string"),
        ("e", "string"),
        ("f", "string"),
    ]


def test_a_column_never_hides_a_result():
    found = carried_columns([carrying(score=1, Verdict="x", input_score=2, topic="y")])
    names = [c.column for c in found]
    assert names == ["input_score", "input_Verdict", "input_input_score", "topic"]
    assert len(set(results_schema(found).names)) == len(results_schema(found).names)


def test_names_that_differ_in_case_alone_are_numbered():
    names = ["".join(letters) for letters in product(*zip("abcdefghij", "ABCDEFGHIJ", strict=True))]
    columns = [carried.column for carried in carried_columns([carrying(**dict.fromkeys(names, 1))])]
    assert len({column.lower() for column in columns}) == len(names) == 1024
    assert max(map(len, columns)) <= len("input_abcdefghij_1024")


def test_what_does_not_fit_is_kept_beside(detector):
    carried = [Carried("year", "year", "integer"), Carried("tag", "tag", "string")]
    documents = [
        carrying(year=1999, tag=5),
        carrying(year="unknown", tag=None, late="z"),
        carrying(year=10**30),
    ]
    rows = judge(detector, documents, carried).rows.to_pylist()
    assert [(r["year"], r["tag"], r["other_fields"]) for r in rows] == [
        (1999, "5", None),
        (None, None, '{"year": "unknown", "late": "z"}'),
        (None, None, '{"year": 1000000000000000000000000000000}'),
    ]


def test_documents_survive_as_a_table():
    documents = [
        Document("a", "p", "Text \u2028 \U0001f600", ("careful",), {"n": 1, "x": 0.5, "s": "t", "b": True, "no": None}),
        Document("b", None, None, problem=Problem("unreadable", "Why."), key="ff"),
    ]
    assert documents_of(table_of(documents)) == documents


def test_keys_tell_path_id_text_and_occurrence_apart():
    keys = [
        key_of("p", "i", "t", 1),
        key_of("q", "i", "t", 1),
        key_of("p", "j", "t", 1),
        key_of("p", "i", "u", 1),
        key_of("p", "i", "t", 2),
        key_of(None, "pi", "t", 1),
    ]
    assert len(set(keys)) == len(keys)


def test_batches_hold_so_many_documents_or_characters():
    lengths = [1, 1, 1, 5, 9, 1]
    documents = [Document(str(n), None, "x" * n) for n in lengths]
    found = [[len(d.text) for d in batch] for batch in batches(documents, 2, 6)]
    assert found == [[1, 1], [1, 5], [9], [1]]


def test_every_document_gets_a_row_in_order(detector):
    documents = [
        Document("long", None, LONG, key="01"),
        Document("none", None, None, problem=Problem("unreadable", "No such file."), key="02"),
        Document("short", None, "Short.", ("said before",), key="03"),
        Document("empty", None, "", key="04"),
    ]
    found = judge(detector, documents, keep_tokens=True)
    rows = found.rows.to_pylist()
    assert [(r["id"], r["reason"]) for r in rows] == [
        ("long", None),
        ("none", "unreadable"),
        ("short", "too_short"),
        ("empty", "empty"),
    ]
    assert [r["document_key"] for r in rows] == ["01", "02", "03", "04"]
    assert rows[2]["warnings"] == '["said before"]'
    (tokens,) = found.tokens.to_pylist()
    assert tokens["text_sha256"] == rows[0]["text_sha256"]
    assert len(tokens["rank"]) == len(tokens["start_char"]) == rows[0]["n_tokens"] == found.n_tokens
    assert LONG[tokens["start_char"][0] : tokens["end_char"][-1]] == LONG


def test_company_does_not_change_a_row(detector):
    documents = [Document(str(i), None, LONG[i * 20 :], key=f"{i:02}") for i in range(3)]
    together = judge(detector, documents).rows.to_pylist()
    alone = [judge(detector, [document]).rows.to_pylist()[0] for document in documents]
    for a, b in zip(together, alone, strict=True):
        assert a["score"] == pytest.approx(b["score"], abs=1e-5)
        assert (a["verdict"], a["p_value"]) == (b["verdict"], b["p_value"])


class Breaking:
    """A detector that breaks at some texts."""

    def __init__(self, detector, breaks):
        self._detector, self._breaks = detector, breaks
        self.language_model = detector.language_model

    def detect_stream(self, sources):
        for source in sources:
            if self._breaks(source[2]):
                raise RuntimeError("no memory left")
            yield self._detector.detect(source[2], source[0])


def test_one_document_that_breaks_scoring_stands_alone(detector):
    documents = [Document("a", None, LONG), Document("b", None, "bad"), Document("c", None, LONG + "!")]
    rows = judge(Breaking(detector, lambda text: text == "bad"), documents).rows.to_pylist()
    assert [r["reason"] for r in rows] == [None, "failed", None]
    assert "RuntimeError: no memory left" in rows[1]["explanation"]


def test_a_judge_that_breaks_at_everything_ends_the_run(detector):
    documents = [Document(str(i), None, LONG + str(i)) for i in range(12)]
    with pytest.raises(RuntimeError, match="no memory left"):
        judge(Breaking(detector, lambda text: True), documents)
