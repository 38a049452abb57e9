"""Files of many records are told from texts, and the command for them is said."""

import shlex

import pytest

from detector import InputError
from detector.documents.reading import text_of
from detector.documents.records import columns_of, is_table_name, records_in
from tests.conftest import TRAINING_TEXT


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("two.csv", b"\xef\xbb\xbfid,text\n1,\"One, two.\nThree.\"\n2,Four.\n", "of 2 rows (columns id, text)"),
        ("two.tsv", b"id\ttext\n1\tOne, two.\n2\tFour.\n", "of 2 rows (columns id, text)"),
        ("two.jsonl", b'{"id": 1, "text": "One."}\n{"id": 2, "text": "Two."}\n', "of 2 rows (columns id, text)"),
        ("two.jsonl.gz", b"\x1f\x8b\x08", "is a table and not one text"),
        ("two.parquet", b"PAR1....PAR1", "is a table and not one text"),
        ("nameless", b"PAR1....PAR1", "is a table and not one text"),
    ],
)  # fmt: skip
def test_tables_point_to_batch(name, data, said):
    with pytest.raises(InputError) as refused:
        text_of(data, name)
    assert said in str(refused.value)
    assert str(refused.value).endswith(f"detect batch {name} --out results")


@pytest.mark.parametrize(
    ("header", "option"), [("id,essay", "--text-field essay"), ("id,wording", "--text-field COLUMN")]
)
def test_a_column_of_another_name_is_in_the_command(header, option):
    with pytest.raises(InputError) as refused:
        text_of(f"{header}\n1,One.\n2,Two.\n".encode(), "a b.csv")
    assert str(refused.value).endswith(f"detect batch {shlex.quote('a b.csv')} --out results {option}")


@pytest.mark.parametrize(
    "text",
    [
        TRAINING_TEXT,
        "Well, yes\nNo, thanks\nAnn, come here\n",
        "Dear Ann, Bob\nit rains, and it snows, and then it does not.\nYours, Cy\n",
        "a,b\n",
        "",
        "{ this is no JSON }",
        "One\nTwo\nThree",
    ],
)
def test_prose_with_commas_is_no_table(text):
    if text.startswith("Well"):  # every line has one comma: only the names of the columns tell
        assert columns_of(text)[0] == ["Well", "yes"]
    else:
        assert records_in(text) is None


def test_json_is_told():
    assert records_in('[{"text": "a"}, {"text": "b"}]') == "JSON (2 items)"
    assert records_in('{"text": "a"}') == "JSON (1 fields)"


def test_names():
    assert is_table_name("a.CSV")
    assert is_table_name("a.jsonl.zst")
    assert not is_table_name("a.csv.txt")
